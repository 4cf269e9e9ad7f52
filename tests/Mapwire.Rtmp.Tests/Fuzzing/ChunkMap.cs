using System.Buffers.Binary;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>Finds the chunks in bytes. Not the code under test: it guesses on where that would refuse, and checks nothing.</summary>
internal static class ChunkMap
{
    /// <summary>The chunks from the front on, until something cannot be one.</summary>
    public static List<ChunkSpan> Find(ReadOnlySpan<byte> bytes)
    {
        List<ChunkSpan> chunks = [];
        List<State> states = [];
        int chunkSize = 128;
        int at = 0;
        while (at < bytes.Length)
        {
            int start = at;
            int format = bytes[at] >> 6;
            int id = bytes[at] & 0x3F;
            at += id switch { 0 => 2, 1 => 3, _ => 1 };
            if (at > bytes.Length)
            {
                break;
            }

            id = id switch { 0 => 64 + bytes[start + 1], 1 => 64 + bytes[start + 1] + (bytes[start + 2] << 8), _ => id };
            int index = states.FindIndex(state => state.Id == id);
            if (index < 0)
            {
                index = states.Count;
                states.Add(new State { Id = id });
            }

            State now = states[index];
            int header = at;
            at += format switch { 0 => 11, 1 => 7, 2 => 3, _ => 0 };
            if (at > bytes.Length)
            {
                break;
            }

            bool isFirst = format < 3 || now.Left == 0;
            if (format < 3)
            {
                now.Field = (uint)(bytes[header] << 16 | bytes[header + 1] << 8 | bytes[header + 2]);
            }

            if (format < 2)
            {
                now.Length = bytes[header + 3] << 16 | bytes[header + 4] << 8 | bytes[header + 5];
                now.Type = bytes[header + 6];
            }

            bool isExtended = now.Field == 0xFFFFFF && (format < 3 || Repeats(bytes[at..], now));
            if (isExtended)
            {
                if (format < 3 && bytes.Length - at >= 4)
                {
                    now.Extended = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
                }

                at = Math.Min(bytes.Length, at + 4);
            }

            if (isFirst)
            {
                now.Left = now.Length;
            }

            int body = at;
            int length = Math.Min(Math.Min(chunkSize, now.Left), bytes.Length - at);
            at += length;
            now.Left -= length;
            states[index] = now;
            chunks.Add(new ChunkSpan(start, header, body, at, format, id, now.Type, isExtended, isFirst));
            if (now.Type == 1 && now.Left == 0 && length == 4)
            {
                chunkSize = (int)Math.Clamp(BinaryPrimitives.ReadUInt32BigEndian(bytes[body..]), 1, int.MaxValue);
            }
        }

        return chunks;
    }

    private static bool Repeats(ReadOnlySpan<byte> rest, in State state) =>
        rest.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(rest) == state.Extended;

    private struct State
    {
        public int Id;
        public int Length;
        public int Left;
        public byte Type;
        public uint Field;
        public uint Extended;
    }
}
