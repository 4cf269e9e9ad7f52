using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Mapwire.Media.Mp4;

/// <summary>A checked, allocation-free reader of one box's body.</summary>
/// <remarks>Borrows the caller's bytes and must not outlive them. Every read past the end is a <see cref="Mp4FormatException"/>.</remarks>
public ref struct BoxReader
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly long _offset;
    private readonly FourCc _type;
    private int _position;

    /// <summary>A reader of a box's body.</summary>
    /// <param name="body">The bytes after the box's header.</param>
    /// <param name="offset">Of the first of them in the file: for error messages, and for the headers of boxes inside.</param>
    /// <param name="type">The box's type, for error messages.</param>
    public BoxReader(ReadOnlySpan<byte> body, long offset, FourCc type)
    {
        _body = body;
        _offset = offset;
        _type = type;
    }

    /// <summary>The box's type.</summary>
    public readonly FourCc Type => _type;

    /// <summary>Of the next byte, in the file.</summary>
    public readonly long Offset => _offset + _position;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _body.Length - _position;

    /// <summary>The bytes not read yet, left where they are.</summary>
    internal readonly ReadOnlySpan<byte> Rest => _body[_position..];

    /// <summary>Reads 8 bits.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>Reads 16 bits.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    /// <summary>Reads 24 bits.</summary>
    public uint ReadUInt24() => (uint)UInt24.Read(Take(3));

    /// <summary>Reads 32 bits.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>Reads 32 bits, two's complement.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    /// <summary>Reads 64 bits.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>Reads a four-character code.</summary>
    public FourCc ReadFourCc() => new(ReadUInt32());

    /// <summary>Takes bytes without copying them.</summary>
    /// <param name="count">At least 0.</param>
    public ReadOnlySpan<byte> ReadBytes(int count) => Take(count);

    /// <summary>Takes all bytes that are left.</summary>
    public ReadOnlySpan<byte> ReadRemaining() => Take(Remaining);

    /// <summary>Passes over bytes.</summary>
    /// <param name="count">At least 0.</param>
    public void Skip(int count) => Take(count);

    /// <summary>Reads the version and flags of a full box (ISO/IEC 14496-12, 4.2.2).</summary>
    /// <param name="highestVersion">The highest version whose layout the caller knows.</param>
    /// <param name="flags">The 24 flag bits.</param>
    /// <exception cref="Mp4FormatException">The version is higher.</exception>
    public byte ReadVersion(byte highestVersion, out uint flags)
    {
        long offset = Offset;
        byte version = ReadByte();
        flags = ReadUInt24();
        if (version > highestVersion)
        {
            throw new Mp4FormatException(Mp4Error.UnsupportedVersion, _type.ToString(), offset, $"version {version} is not known");
        }

        return version;
    }

    /// <summary>Reads the count of a table and checks it against the bytes that are left, before anyone allocates or loops by it.</summary>
    /// <param name="entrySize">Bytes an entry has.</param>
    /// <exception cref="Mp4FormatException">So many entries do not fit.</exception>
    public int ReadCount(int entrySize)
    {
        long offset = Offset;
        uint count = ReadUInt32();
        if ((ulong)count * (uint)entrySize > (ulong)Remaining)
        {
            throw new Mp4FormatException(
                Mp4Error.BadTable, _type.ToString(), offset,
                $"{count} entries of {entrySize} bytes do not fit into the {Remaining} bytes left");
        }

        return (int)count;
    }

    /// <summary>Goes on to the next box inside this one.</summary>
    /// <param name="header">Its header, with its offset in the file.</param>
    /// <param name="body">A reader of its body.</param>
    /// <returns>False at the end; fewer than 8 bytes left are padding.</returns>
    /// <exception cref="Mp4FormatException">Its size is impossible or reaches past this box's end.</exception>
    public bool TryReadBox(out BoxHeader header, out BoxReader body)
    {
        body = default;
        if (!BoxHeader.TryParse(_body[_position..], Offset, _offset + _body.Length, out header))
        {
            if (Remaining >= BoxHeader.MinLength)
            {
                Fail(Mp4Error.Truncated, "a box header is cut off");
            }

            _position = _body.Length;
            return false;
        }

        body = new BoxReader(_body.Slice(_position + header.HeaderLength, (int)header.BodyLength), header.BodyOffset, header.Type);
        _position += (int)header.Length;
        return true;
    }

    /// <summary>Throws for the byte that was reached.</summary>
    /// <param name="error">The kind of fault.</param>
    /// <param name="reason">What is wrong.</param>
    /// <exception cref="Mp4FormatException">Always.</exception>
    [DoesNotReturn]
    public readonly void Fail(Mp4Error error, string reason) => throw new Mp4FormatException(error, _type.ToString(), Offset, reason);

    /// <summary>Throws since there is too much of something.</summary>
    /// <param name="what">What there is too much of, with its number.</param>
    /// <param name="limit">The property of <see cref="MediaLimits"/> that forbids it.</param>
    /// <param name="most">Its value.</param>
    /// <exception cref="Mp4FormatException">Always.</exception>
    [DoesNotReturn]
    internal readonly void FailLimit(string what, string limit, long most) =>
        throw Mp4FormatException.TooMuch(_type.ToString(), Offset, what, limit, most);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > Remaining)
        {
            Fail(Mp4Error.Truncated,
                _body.IsEmpty ? $"'{_type}' is empty" : $"'{_type}' ends where {count} bytes should follow; {Remaining} do");
        }

        ReadOnlySpan<byte> bytes = _body.Slice(_position, count);
        _position += count;
        return bytes;
    }
}
