using System.Buffers.Binary;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>Writes boxes one after another; sizes are filled in when a box ends (ISO/IEC 14496-12, 4.2).</summary>
/// <param name="capacity">Bytes to begin with; exact where they are known.</param>
/// <param name="most">Bytes beyond which writing is refused.</param>
internal sealed class BoxWriter(int capacity, int most = int.MaxValue)
{
    private byte[] _bytes = new byte[capacity];

    internal int Length { get; private set; }

    /// <summary>Begins a box.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    internal int Begin(uint type)
    {
        int start = Length;
        WriteUInt32(0);
        WriteUInt32(type);
        return start;
    }

    /// <summary>Begins a full box.</summary>
    internal int Begin(uint type, byte version, uint flags)
    {
        int start = Begin(type);
        WriteUInt32((uint)version << 24 | flags);
        return start;
    }

    internal void End(int start) => BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(start), (uint)(Length - start));

    internal void WriteByte(byte value) => Take(1)[0] = value;

    internal void WriteUInt16(int value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), (ushort)value);

    internal void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    internal void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    internal void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);

    internal void WriteZeros(int count) => Take(count).Clear();

    internal void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>A box of which the body is there already.</summary>
    internal void WriteBox(uint type, ReadOnlySpan<byte> body)
    {
        int start = Begin(type);
        Write(body);
        End(start);
    }

    /// <summary>Fills in a number that was not known when its place was written.</summary>
    internal void Patch(int position, uint value) => BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(position), value);

    /// <summary>Fills in a number that was not known when its place was written.</summary>
    internal void Patch(int position, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(_bytes.AsSpan(position), value);

    internal ReadOnlyMemory<byte> ToMemory() => _bytes.AsMemory(0, Length);

    private Span<byte> Take(int count)
    {
        if (count > most - Length)
        {
            throw new Mp4WritingException(Mp4WritingError.LimitExceeded, FormattableString.Invariant(
                $"its headers have more than the limit of {most} bytes ({nameof(WritingLimits.MovieBytes)})"));
        }

        if (count > _bytes.Length - Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Math.Max(2L * _bytes.Length, Length + (long)count), Array.MaxLength));
        }

        Span<byte> bytes = _bytes.AsSpan(Length, count);
        Length += count;
        return bytes;
    }
}
