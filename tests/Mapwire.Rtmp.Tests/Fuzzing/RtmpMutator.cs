using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>
/// Damages bytes of a conversation where it hurts: it knows where chunks begin, what their headers say, and how AMF looks.
/// </summary>
/// <param name="random">The only source of chance.</param>
internal sealed class RtmpMutator(Random random)
{
    private static readonly uint[] Numbers =
        [0, 1, 2, 4, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE,
        0xFFFFFFFF];

    private readonly RtmpGrammar _grammar = new(random);
    private readonly AmfGrammar _amf = new(random);

    /// <summary>One damaged copy of what was said after the handshake.</summary>
    public byte[] Chunks(byte[] from, byte[] other)
    {
        List<byte> bytes = [.. from];
        for (int times = 1 + random.Next(3); times > 0 && bytes.Count > 4; times--)
        {
            if (random.Next(4) == 0)
            {
                Anywhere(bytes);
            }
            else
            {
                Chunk(bytes, other);
            }
        }

        return [.. bytes];
    }

    /// <summary>One damaged copy of AMF values.</summary>
    public byte[] Values(byte[] from, byte[] other, bool isAmf3)
    {
        List<byte> bytes = [.. from];
        for (int times = 1 + random.Next(3); times > 0; times--)
        {
            switch (bytes.Count < 4 ? 5 : random.Next(7))
            {
                case 0:
                    bytes[random.Next(bytes.Count)] = (byte)random.Next(isAmf3 ? 0x14 : 0x13); // another marker, perhaps
                    break;
                case 1 when other.Length > 0:
                    int piece = random.Next(other.Length);
                    bytes.InsertRange(random.Next(bytes.Count), other[piece..Math.Min(other.Length, piece + 1 + random.Next(40))]);
                    break;
                case 2:
                    int at = random.Next(bytes.Count);
                    int count = Math.Min(bytes.Count - at, 1 + random.Next(60));
                    if (bytes.Count < 1 << 13)
                    {
                        bytes.InsertRange(at, bytes.GetRange(at, count));
                    }

                    break;
                case 3:
                    for (int deep = random.Next(1, 50); deep > 0; deep--)
                    {
                        bytes.InsertRange(0, isAmf3 ? [9, 3, 1] : [10, 0, 0, 0, 1]);
                    }

                    break;
                case 4:
                    InAmf(bytes, 0, bytes.Count);
                    break;
                case 5:
                    bytes.AddRange(_grammar.Values(isAmf3));
                    break;
                default:
                    Anywhere(bytes);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Damage that knows nothing.</summary>
    public void Anywhere(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            return;
        }

        int at = random.Next(bytes.Count);
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                Put(bytes, at, Numbers[random.Next(Numbers.Length)], random.Next(1, 5));
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(8)));
                break;
            case 4:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
        }
    }

    private void Chunk(List<byte> bytes, byte[] other)
    {
        List<ChunkSpan> chunks = ChunkMap.Find(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes));
        if (chunks.Count == 0)
        {
            return;
        }

        ChunkSpan chunk = chunks[random.Next(chunks.Count)];
        switch (random.Next(16))
        {
            case 0:
                bytes.RemoveRange(chunk.Start, chunk.End - chunk.Start);
                break;
            case 1 when bytes.Count < 1 << 14:
                ChunkSpan copied = chunks[random.Next(chunks.Count)];
                bytes.InsertRange(chunk.Start, bytes.GetRange(copied.Start, copied.End - copied.Start));
                break;
            case 2 when other.Length > 0 && bytes.Count < 1 << 14:
                List<ChunkSpan> pieces = ChunkMap.Find(other);
                if (pieces.Count > 0)
                {
                    bytes.InsertRange(chunk.Start, other[pieces[random.Next(pieces.Count)].Start..pieces[^1].End]);
                }

                break;
            case 3:
                bytes[chunk.Start] = (byte)(bytes[chunk.Start] & 0x3F | random.Next(4) << 6);
                break;
            case 4:
                ChangeId(bytes, chunk);
                break;
            case 5 when chunk.Format < 2:
                Put(bytes, chunk.Header + 3, random.Next(2) == 0 ? Numbers[random.Next(Numbers.Length)] : (uint)random.Next(400), 3);
                break;
            case 6 when chunk.Format < 2 && chunk.Header + 6 < bytes.Count:
                bytes[chunk.Header + 6] = (byte)random.Next(random.Next(3) == 0 ? 256 : 24);
                break;
            case 7 when chunk.Format == 0:
                Put(bytes, chunk.Header + 7, (uint)random.Next(4) << 24, 4);
                break;
            case 8 when chunk.Format < 3:
                Put(bytes, chunk.Header, 0xFFFFFF, 3);
                if (!chunk.IsExtended)
                {
                    bytes.InsertRange(Math.Min(bytes.Count, chunk.Body), BitConverter.GetBytes(Numbers[random.Next(Numbers.Length)]));
                }

                break;
            case 9 when chunk.Format < 3:
                Put(bytes, chunk.Header, Numbers[random.Next(Numbers.Length)], 3);
                break;
            case 10:
                bytes.InsertRange(chunk.Start, _grammar.ControlBytes());
                break;
            case 11:
                bytes.InsertRange(random.Next(2) == 0 ? chunk.Start : chunk.End, _grammar.CommandBytes());
                break;
            case 12:
                byte[] abort =
                    [2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, (byte)(chunk.ChunkStream >> 16), (byte)(chunk.ChunkStream >> 8),
                    (byte)chunk.ChunkStream];
                bytes.InsertRange(chunk.End, abort);
                break;
            default:
                InAmf(bytes, chunk.Body, chunk.End);
                break;
        }
    }

    /// <summary>The id of a chunk stream changes, or the form that it is written in.</summary>
    private void ChangeId(List<byte> bytes, ChunkSpan chunk)
    {
        int id = random.Next(3) == 0 ? random.Next(2, 12) : random.Next(3) == 0 ? random.Next(2, 65600) : chunk.ChunkStream;
        int rest = id - 64;
        byte format = (byte)(chunk.Format << 6);
        byte[] basic = id < 64 ? [(byte)(format | id)]
            : rest < 256 && random.Next(2) == 0 ? [format, (byte)rest]
            : [(byte)(format | 1), (byte)rest, (byte)(rest >> 8)];
        bytes.RemoveRange(chunk.Start, chunk.Header - chunk.Start);
        bytes.InsertRange(chunk.Start, basic);
    }

    /// <summary>Values are found by their look: a marker, and what has to follow it.</summary>
    private void InAmf(List<byte> bytes, int start, int end)
    {
        end = Math.Min(end, bytes.Count);
        if (end - start < 4)
        {
            return;
        }

        int at = start + random.Next(end - start);
        for (int tries = 0; tries < 40 && at < end - 3; tries++, at++)
        {
            int length = bytes[at + 1] << 8 | bytes[at + 2];
            if (bytes[at] == 2 && length < 60 && at + 3 + length <= end)
            {
                byte[] name = Encoding.UTF8.GetBytes(_grammar.AnyCommand());
                bytes.RemoveRange(at + 3, length);
                bytes.InsertRange(at + 3, name);
                bytes[at + 2] = (byte)name.Length;
                return;
            }

            if (bytes[at] == 0 && at + 9 <= end && bytes[at + 1] is 0x3F or 0x40 or 0 or 0xBF or 0xC0)
            {
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteDoubleBigEndian(number, _amf.AnyNumber());
                for (int i = 0; i < 8; i++)
                {
                    bytes[at + 1 + i] = number[i];
                }

                return;
            }

            if (bytes[at] == 5)
            {
                bytes.RemoveAt(at);
                bytes.InsertRange(at, _grammar.Values(false));
                return;
            }
        }

        bytes[start + random.Next(end - start)] = (byte)random.Next(0x13);
    }

    private static void Put(List<byte> bytes, int at, uint value, int count)
    {
        for (int i = 0; i < count && at + i < bytes.Count; i++)
        {
            bytes[at + i] = (byte)(value >> 8 * (count - 1 - i));
        }
    }
}
