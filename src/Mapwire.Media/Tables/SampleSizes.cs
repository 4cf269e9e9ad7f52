using System.Buffers.Binary;

namespace Mapwire.Media.Tables;

/// <summary>The size of every sample, in as few bytes as the largest needs.</summary>
internal readonly struct SampleSizes
{
    private readonly uint _constant;
    private readonly byte[]? _narrow;
    private readonly ushort[]? _medium;
    private readonly uint[]? _wide;

    private SampleSizes(uint constant, byte[]? narrow, ushort[]? medium, uint[]? wide, int count) =>
        (_constant, _narrow, _medium, _wide, Count) = (constant, narrow, medium, wide, count);

    internal int Count { get; }

    /// <summary>Whether one number stands for all of them, however many are declared.</summary>
    internal bool IsConstant => _narrow is null && _medium is null && _wide is null;

    internal uint this[int index] =>
        _medium is not null ? _medium[index] : _wide is not null ? _wide[index] : _narrow is not null ? _narrow[index] : _constant;

    /// <summary>The first of them.</summary>
    internal SampleSizes Take(int count) => new(_constant, _narrow, _medium, _wide, count);

    /// <summary>All samples have one size.</summary>
    internal static SampleSizes Constant(uint size, int count) => new(size, null, null, null, count);

    /// <summary>Sizes of their own.</summary>
    internal static SampleSizes From(ReadOnlySpan<uint> sizes)
    {
        uint largest = 0;
        foreach (uint size in sizes)
        {
            largest = Math.Max(largest, size);
        }

        if (largest <= byte.MaxValue)
        {
            byte[] narrow = new byte[sizes.Length];
            for (int i = 0; i < narrow.Length; i++)
            {
                narrow[i] = (byte)sizes[i];
            }

            return new SampleSizes(0, narrow, null, null, narrow.Length);
        }

        if (largest <= ushort.MaxValue)
        {
            ushort[] medium = new ushort[sizes.Length];
            for (int i = 0; i < medium.Length; i++)
            {
                medium[i] = (ushort)sizes[i];
            }

            return new SampleSizes(0, null, medium, null, medium.Length);
        }

        return new SampleSizes(0, null, null, sizes.ToArray(), sizes.Length);
    }

    /// <summary>Reads fields of 4, 8, 16 or 32 bits, big-endian; of 4 bits, the first is the high half.</summary>
    /// <param name="fields">As many bytes as <paramref name="count"/> fields take.</param>
    /// <param name="fieldBits">4, 8, 16 or 32.</param>
    /// <param name="count">How many fields to read.</param>
    internal static SampleSizes Read(ReadOnlySpan<byte> fields, int fieldBits, int count)
    {
        uint[] sizes = new uint[count];
        for (int i = 0; i < count; i++)
        {
            sizes[i] = fieldBits switch
            {
                4 => (uint)(i % 2 == 0 ? fields[i / 2] >> 4 : fields[i / 2] & 15),
                8 => fields[i],
                16 => BinaryPrimitives.ReadUInt16BigEndian(fields[(i * 2)..]),
                _ => BinaryPrimitives.ReadUInt32BigEndian(fields[(i * 4)..]),
            };
        }

        return From(sizes);
    }
}
