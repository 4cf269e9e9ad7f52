using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Mapwire.Rtmp.Amf;

/// <summary>Reads AMF0 values, AMF3 ones behind an avmplus marker included (AMF0 1.21, section 2).</summary>
/// <remarks>
/// Borrows the caller's bytes. Text that is not UTF-8 is read with replacement characters: a player with an old locale should
/// hear that its title does not exist, and not lose its connection.
/// </remarks>
public ref struct Amf0Reader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly AmfLimits _limits;
    private AmfContext? _context;
    private int _at;

    /// <summary>Starts to read.</summary>
    /// <param name="bytes">The values, and nothing else.</param>
    /// <param name="limits">Null is <see cref="AmfLimits.Default"/>.</param>
    public Amf0Reader(ReadOnlySpan<byte> bytes, AmfLimits? limits = null)
    {
        _bytes = bytes;
        _limits = limits ?? AmfLimits.Default;
    }

    /// <summary>Whether all is read.</summary>
    public readonly bool IsAtEnd => _at == _bytes.Length;

    /// <summary>Bytes read so far.</summary>
    public readonly int Offset => _at;

    /// <summary>The marker of the next value.</summary>
    /// <exception cref="RtmpProtocolException">There is none.</exception>
    public readonly Amf0Marker Next => IsAtEnd ? throw Truncated() : (Amf0Marker)_bytes[_at];

    /// <summary>Reads a number (also an AMF3 one).</summary>
    /// <exception cref="RtmpProtocolException">The bytes end, or it is something else.</exception>
    public double ReadNumber()
    {
        if (Next == Amf0Marker.Number)
        {
            _at++;
            return ReadDouble();
        }

        int at = _at;
        return ReadValue().AsNumber() ?? throw WrongType("a number", at);
    }

    /// <summary>Reads a boolean; a number counts as whether it is not zero, as Flash would convert it.</summary>
    /// <exception cref="RtmpProtocolException">The bytes end, or it is something else.</exception>
    public bool ReadBoolean()
    {
        int at = _at;
        AmfValue value = ReadValue();
        return value.AsBoolean() ?? (value.AsNumber() is { } number ? number != 0 : throw WrongType("a boolean", at));
    }

    /// <summary>Reads a string, short or long (also an AMF3 one).</summary>
    /// <exception cref="RtmpProtocolException">The bytes end, or it is something else.</exception>
    public string ReadString()
    {
        int at = _at;
        if (Next == Amf0Marker.String)
        {
            _at++;
            return Encoding.UTF8.GetString(ReadText(2));
        }

        return ReadValue().AsString() ?? throw WrongType("a string", at);
    }

    /// <summary>Reads a short string as the UTF-8 that was sent, without allocation.</summary>
    /// <exception cref="RtmpProtocolException">The bytes end, or it is something else.</exception>
    public ReadOnlySpan<byte> ReadUtf8()
    {
        if (Next != Amf0Marker.String)
        {
            return Encoding.UTF8.GetBytes(ReadString());
        }

        _at++;
        return ReadText(2);
    }

    /// <summary>Reads a short string if that is what comes next, and all of it is there; else reads nothing.</summary>
    internal bool TryReadUtf8(out ReadOnlySpan<byte> text)
    {
        // marker(8)=2 | length(16) | UTF-8
        ReadOnlySpan<byte> rest = _bytes[_at..];
        text = default;
        if (rest.Length < 3 || rest[0] != (byte)Amf0Marker.String)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
        if (length > rest.Length - 3)
        {
            return false;
        }

        text = rest.Slice(3, length);
        _at += 3 + length;
        return true;
    }

    /// <summary>Reads past one value of any kind.</summary>
    /// <exception cref="RtmpProtocolException">The value is malformed or past the limits.</exception>
    public void Skip() => _ = ReadValue();

    /// <summary>Reads one value of any kind.</summary>
    /// <exception cref="RtmpProtocolException">The value is malformed or past the limits.</exception>
    public AmfValue ReadValue() => ReadValue(0);

    private AmfValue ReadValue(int depth)
    {
        int at = _at;
        Amf0Marker marker = Next;
        _at++;
        switch (marker)
        {
            case Amf0Marker.Null:
                return AmfValue.Null;
            case Amf0Marker.Undefined:
                return AmfValue.Undefined;
            case Amf0Marker.Unsupported:
                return AmfValue.Unsupported;
            case Amf0Marker.Boolean:
                return AmfValue.Boolean(Take(1)[0] != 0);
            case Amf0Marker.Number:
                return AmfValue.Number(ReadDouble());
            case Amf0Marker.String:
                return AmfValue.String(Encoding.UTF8.GetString(ReadText(2)));
            case Amf0Marker.LongString:
                return AmfValue.String(Encoding.UTF8.GetString(ReadText(4)));
            case Amf0Marker.XmlDocument:
                return AmfValue.XmlDocument(Encoding.UTF8.GetString(ReadText(4)));
            case Amf0Marker.Date:
                double milliseconds = ReadDouble();
                _ = Take(2);
                return AmfValue.Date(milliseconds);
        }

        _context ??= new AmfContext(_limits);
        switch (marker)
        {
            case Amf0Marker.Reference:
                int index = BinaryPrimitives.ReadUInt16BigEndian(Take(2));
                return _context.Resolve(_context.Amf0Objects, index, depth, at);
            case Amf0Marker.AvmPlus:
                Amf3Reader reader = new(_bytes[_at..], _context, _at);
                AmfValue value = reader.ReadValue(depth);
                _at += reader.Offset;
                return value;
            case Amf0Marker.Object or Amf0Marker.EcmaArray or Amf0Marker.TypedObject or Amf0Marker.StrictArray:
                _context.Enter(depth + 1, at);
                int slot = _context.Amf0Objects.Count;
                _context.Amf0Objects.Add(null);
                AmfValue built = ReadComplex(marker, depth + 1);
                _context.Amf0Objects[slot] = built;
                return built;
            default:
                throw new RtmpProtocolException(RtmpError.AmfMarker, $"AMF0 marker {(byte)marker}", at);
        }
    }

    private AmfValue ReadComplex(Amf0Marker marker, int depth)
    {
        _context!.Count(1, _at);
        switch (marker)
        {
            case Amf0Marker.StrictArray:
                return AmfValue.StrictArray(ReadItems(depth));
            case Amf0Marker.EcmaArray:
                _ = Take(4); // an approximate count: the end marker decides
                return AmfValue.EcmaArray(ReadProperties(depth));
            case Amf0Marker.TypedObject:
                string className = Encoding.UTF8.GetString(ReadText(2));
                return AmfValue.Object(ReadProperties(depth), className);
            default:
                return AmfValue.Object(ReadProperties(depth));
        }
    }

    private ImmutableArray<AmfProperty> ReadProperties(int depth)
    {
        ImmutableArray<AmfProperty>.Builder properties = ImmutableArray.CreateBuilder<AmfProperty>();
        while (true)
        {
            string name = Encoding.UTF8.GetString(ReadText(2));
            if (name.Length == 0 && Next == Amf0Marker.ObjectEnd)
            {
                _at++;
                return properties.DrainToImmutable();
            }

            _context!.Count(1, _at);
            properties.Add(new AmfProperty(name, ReadValue(depth)));
        }
    }

    private ImmutableArray<AmfValue> ReadItems(int depth)
    {
        uint count = BinaryPrimitives.ReadUInt32BigEndian(Take(4));
        if (count > (uint)(_bytes.Length - _at)) // every item has at least its marker
        {
            throw Truncated();
        }

        ImmutableArray<AmfValue>.Builder items = ImmutableArray.CreateBuilder<AmfValue>();
        for (uint i = 0; i < count; i++)
        {
            _context!.Count(1, _at);
            items.Add(ReadValue(depth));
        }

        return items.DrainToImmutable();
    }

    private double ReadDouble() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    private ReadOnlySpan<byte> ReadText(int lengthBytes)
    {
        ReadOnlySpan<byte> head = Take(lengthBytes);
        uint length = lengthBytes == 2 ? BinaryPrimitives.ReadUInt16BigEndian(head) : BinaryPrimitives.ReadUInt32BigEndian(head);
        return Take(length);
    }

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > (uint)(_bytes.Length - _at))
        {
            throw Truncated();
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private ReadOnlySpan<byte> Take(int count) => Take((uint)count);

    private readonly RtmpProtocolException Truncated() => new(RtmpError.AmfTruncated, "AMF0 data ends inside a value", _at);

    private static RtmpProtocolException WrongType(string wanted, int at) => new(RtmpError.AmfType, $"AMF0 value that is not {wanted}", at);
}
