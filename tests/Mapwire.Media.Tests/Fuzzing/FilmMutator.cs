using System.Buffers.Binary;

namespace Mapwire.Media.Tests.Fuzzing;

/// <summary>Damages a file in ways that get past the first check: it knows where boxes and tags begin and which numbers hurt.</summary>
/// <param name="random">The only source of chance.</param>
internal sealed class FilmMutator(Random random)
{
    private static readonly uint[] Numbers =
    [
        0, 1, 2, 3, 4, 7, 8, 12, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0x80000001,
        0xFFFFFFFE, 0xFFFFFFFF, 0x01000000, 0x02000000,
    ];

    /// <summary>One damaged copy of a file.</summary>
    /// <param name="file">A sound file, or a damaged one.</param>
    /// <param name="other">Another one, to take pieces from.</param>
    public byte[] Mutate(byte[] file, byte[] other)
    {
        List<byte> bytes = [.. file];
        int times = 1 + random.Next(4);
        for (int i = 0; i < times && bytes.Count > 16; i++)
        {
            switch (random.Next(10))
            {
                case 0:
                    bytes[random.Next(bytes.Count)] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    Write(bytes, random.Next(bytes.Count - 4), Numbers[random.Next(Numbers.Length)]);
                    break;
                case 2:
                    Write(bytes, random.Next(bytes.Count - 4), (uint)random.Next(bytes.Count * 2));
                    break;
                case 3:
                    bytes.RemoveRange(random.Next(bytes.Count - 8), 1 + random.Next(8));
                    break;
                case 4:
                    bytes.RemoveRange(bytes.Count / 2, random.Next(bytes.Count / 2));
                    break;
                default:
                    MutateBox(bytes, other);
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Boxes are found by their look, not by their nesting, so that damage made before does not stop the search.</summary>
    private void MutateBox(List<byte> bytes, byte[] other)
    {
        List<int> boxes = Find(bytes);
        if (boxes.Count == 0)
        {
            return;
        }

        int at = boxes[random.Next(boxes.Count)];
        uint size = Read(bytes, at);
        bool isWhole = size >= 8 && size <= (uint)(bytes.Count - at);
        switch (random.Next(8))
        {
            case 0:
                Write(bytes, at, Numbers[random.Next(Numbers.Length)]);
                break;
            case 1:
                Write(bytes, at, (uint)(size + random.Next(-16, 17)));
                break;
            case 2 when isWhole && bytes.Count < 1 << 16:
                bytes.InsertRange(at, bytes.GetRange(at, (int)size));
                break;
            case 3 when isWhole:
                bytes.RemoveRange(at, (int)size);
                break;
            case 4:
                int from = boxes[random.Next(boxes.Count)];
                for (int i = 4; i < 8; i++)
                {
                    bytes[at + i] = bytes[from + i];
                }

                break;
            case 5 when isWhole && size > 12:
                // a field of the box, where its counts and versions are
                Write(bytes, at + 8 + 4 * random.Next(Math.Max(1, Math.Min(8, ((int)size - 8) / 4))), Numbers[random.Next(Numbers.Length)]);
                break;
            case 6 when isWhole && size > 16:
                Write(bytes, at + 8 + random.Next((int)size - 12), Numbers[random.Next(Numbers.Length)]);
                break;
            case 7 when bytes.Count < 1 << 16:
                List<byte> donor = [.. other];
                List<int> pieces = Find(donor);
                if (pieces.Count == 0)
                {
                    break;
                }

                int piece = pieces[random.Next(pieces.Count)];
                uint length = Math.Min(Read(donor, piece), (uint)(donor.Count - piece));
                bytes.InsertRange(at, donor.GetRange(piece, (int)length));
                break;
        }
    }

    private static List<int> Find(List<byte> bytes)
    {
        List<int> found = [];
        for (int i = 0; i + 8 <= bytes.Count; i++)
        {
            bool isType = true;
            for (int k = 4; k < 8 && isType; k++)
            {
                isType = bytes[i + k] is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9')
                    or (>= (byte)'A' and <= (byte)'Z');
            }

            if (isType)
            {
                found.Add(i);
            }
        }

        return found;
    }

    private static uint Read(List<byte> bytes, int at) =>
        (uint)(bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);

    private static void Write(List<byte> bytes, int at, uint value)
    {
        if (at < 0 || at + 4 > bytes.Count)
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(buffer, value);
        for (int i = 0; i < 4; i++)
        {
            bytes[at + i] = buffer[i];
        }
    }
}
