using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Mapwire.Rtmp.Amf;

/// <summary>Reads AMF3 values (AMF3, section 3).</summary>
/// <remarks>
/// Borrows the caller's bytes. Tables of strings, traits and objects last for the reader's life; behind an AMF0 reader, for the
/// message. Of the externalizable classes the Flex collections are known (their single value is returned); another cannot be
/// read past, and is refused.
/// </remarks>
public ref struct Amf3Reader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly AmfContext _context;
    private readonly int _origin;
    private int _at;

    /// <summary>Starts to read.</summary>
    /// <param name="bytes">The values, and nothing else.</param>
    /// <param name="limits">Null is <see cref="AmfLimits.Default"/>.</param>
    public Amf3Reader(ReadOnlySpan<byte> bytes, AmfLimits? limits = null)
        : this(bytes, new AmfContext(limits ?? AmfLimits.Default), 0)
    {
    }

    internal Amf3Reader(ReadOnlySpan<byte> bytes, AmfContext context, int origin)
    {
        _bytes = bytes;
        _context = context;
        _origin = origin;
    }

    /// <summary>Whether all is read.</summary>
    public readonly bool IsAtEnd => _at == _bytes.Length;

    /// <summary>Bytes read so far.</summary>
    public readonly int Offset => _at;

    private readonly int Position => _origin + _at;

    /// <summary>Reads one value.</summary>
    /// <exception cref="RtmpProtocolException">The value is malformed or past the limits.</exception>
    public AmfValue ReadValue() => ReadValue(0);

    internal AmfValue ReadValue(int depth)
    {
        int at = Position;
        Amf3Marker marker = (Amf3Marker)Take(1)[0];
        switch (marker)
        {
            case Amf3Marker.Undefined:
                return AmfValue.Undefined;
            case Amf3Marker.Null:
                return AmfValue.Null;
            case Amf3Marker.False:
                return AmfValue.False;
            case Amf3Marker.True:
                return AmfValue.True;
            case Amf3Marker.Integer:
                return AmfValue.Integer((int)(ReadUInt29() << 3) >> 3);
            case Amf3Marker.Double:
                return AmfValue.Number(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case Amf3Marker.String:
                return AmfValue.String(ReadString());
        }

        if (marker > Amf3Marker.Dictionary)
        {
            throw new RtmpProtocolException(RtmpError.AmfMarker, $"AMF3 marker {(byte)marker}", at);
        }

        uint head = ReadUInt29();
        if ((head & 1) == 0)
        {
            return _context.Resolve(_context.Amf3Objects, (int)(head >> 1), depth, at);
        }

        _context.Enter(depth + 1, at);
        _context.Count(1, at);
        int slot = _context.Amf3Objects.Count;
        _context.Amf3Objects.Add(null);
        AmfValue value = ReadObject(marker, head >> 1, depth + 1);
        _context.Amf3Objects[slot] = value;
        return value;
    }

    private AmfValue ReadObject(Amf3Marker marker, uint head, int depth)
    {
        switch (marker)
        {
            case Amf3Marker.XmlDocument:
                return AmfValue.XmlDocument(Encoding.UTF8.GetString(Take(head)));
            case Amf3Marker.Xml:
                return AmfValue.Xml(Encoding.UTF8.GetString(Take(head)));
            case Amf3Marker.Date:
                return AmfValue.Date(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case Amf3Marker.ByteArray:
                return AmfValue.ByteArray(Take(head));
            case Amf3Marker.Array:
                ImmutableArray<AmfProperty> named = ReadDynamic([], depth);
                ImmutableArray<AmfValue> dense = ReadItems(head, depth);
                return named.IsEmpty ? AmfValue.StrictArray(dense) : AmfValue.EcmaArray(named, dense);
            case Amf3Marker.Int32Vector or Amf3Marker.UInt32Vector or Amf3Marker.DoubleVector:
                return ReadNumbers(marker, head);
            case Amf3Marker.ObjectVector:
                bool isFixed = Take(1)[0] != 0;
                string className = ReadString();
                return AmfValue.Vector(AmfKind.ObjectVector, ReadItems(head, depth), isFixed, className);
            case Amf3Marker.Dictionary:
                bool weak = Take(1)[0] != 0;
                return AmfValue.Dictionary(ReadItems(head * 2, depth), weak);
            default:
                return ReadInstance(ReadTraits(head), depth);
        }
    }

    private AmfValue ReadNumbers(Amf3Marker marker, uint count)
    {
        bool isFixed = Take(1)[0] != 0;
        uint size = marker == Amf3Marker.DoubleVector ? 8u : 4u;
        _context.Count((int)count, Position);
        ReadOnlySpan<byte> numbers = Take((ulong)count * size);
        ImmutableArray<AmfValue>.Builder items = ImmutableArray.CreateBuilder<AmfValue>();
        for (; !numbers.IsEmpty; numbers = numbers[(int)size..])
        {
            items.Add(AmfValue.Number(marker switch
            {
                Amf3Marker.Int32Vector => BinaryPrimitives.ReadInt32BigEndian(numbers),
                Amf3Marker.UInt32Vector => BinaryPrimitives.ReadUInt32BigEndian(numbers),
                _ => BinaryPrimitives.ReadDoubleBigEndian(numbers),
            }));
        }

        AmfKind kind = AmfKind.Int32Vector + (marker - Amf3Marker.Int32Vector);
        return AmfValue.Vector(kind, items.DrainToImmutable(), isFixed);
    }

    private Amf3Traits ReadTraits(uint head)
    {
        if ((head & 1) == 0)
        {
            int index = (int)(head >> 1);
            return index < _context.Traits.Count
                ? _context.Traits[index]
                : throw new RtmpProtocolException(RtmpError.AmfReference, $"a reference to traits {index}", Position);
        }

        uint count = head >> 3;
        string className = ReadString();
        List<string> members = [];
        for (uint i = 0; i < count; i++)
        {
            _context.Count(1, Position);
            members.Add(ReadString());
        }

        Amf3Traits traits = new(className, (head & 4) != 0, (head & 2) != 0, members);
        _context.Traits.Add(traits);
        return traits;
    }

    private AmfValue ReadInstance(Amf3Traits traits, int depth)
    {
        string? className = traits.ClassName.Length == 0 ? null : traits.ClassName;
        if (traits.IsExternalizable)
        {
            return className is "flex.messaging.io.ArrayCollection" or "flex.messaging.io.ObjectProxy"
                ? ReadValue(depth)
                : throw new RtmpProtocolException(RtmpError.AmfMarker, "an externalizable class of unknown form", Position);
        }

        ImmutableArray<AmfProperty>.Builder properties = ImmutableArray.CreateBuilder<AmfProperty>();
        foreach (string member in traits.Members)
        {
            _context.Count(1, Position);
            properties.Add(new AmfProperty(member, ReadValue(depth)));
        }

        ImmutableArray<AmfProperty> all = properties.DrainToImmutable();
        return AmfValue.Object(traits.IsDynamic ? ReadDynamic(all, depth) : all, className);
    }

    private ImmutableArray<AmfProperty> ReadDynamic(ImmutableArray<AmfProperty> before, int depth)
    {
        ImmutableArray<AmfProperty>.Builder properties = ImmutableArray.CreateBuilder<AmfProperty>();
        properties.AddRange(before);
        while (ReadString() is { Length: > 0 } name)
        {
            _context.Count(1, Position);
            properties.Add(new AmfProperty(name, ReadValue(depth)));
        }

        return properties.DrainToImmutable();
    }

    private ImmutableArray<AmfValue> ReadItems(uint count, int depth)
    {
        if (count > (uint)(_bytes.Length - _at)) // every item has at least its marker
        {
            throw Truncated();
        }

        ImmutableArray<AmfValue>.Builder items = ImmutableArray.CreateBuilder<AmfValue>();
        for (uint i = 0; i < count; i++)
        {
            _context.Count(1, Position);
            items.Add(ReadValue(depth));
        }

        return items.DrainToImmutable();
    }

    private string ReadString()
    {
        int at = Position;
        uint head = ReadUInt29();
        if ((head & 1) == 0)
        {
            int index = (int)(head >> 1);
            return index < _context.Strings.Count
                ? _context.Strings[index]
                : throw new RtmpProtocolException(RtmpError.AmfReference, $"a reference to string {index}", at);
        }

        string text = Encoding.UTF8.GetString(Take(head >> 1));
        if (text.Length > 0)
        {
            _context.Strings.Add(text); // the empty string is never referred to
        }

        return text;
    }

    /// <summary>Seven bits a byte while the top bit is set; the fourth byte has eight.</summary>
    private uint ReadUInt29()
    {
        uint value = 0;
        for (int i = 0; i < 3; i++)
        {
            byte part = Take(1)[0];
            value = value << 7 | part & 0x7Fu;
            if (part < 0x80)
            {
                return value;
            }
        }

        return value << 8 | Take(1)[0];
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(_bytes.Length - _at))
        {
            throw Truncated();
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private readonly RtmpProtocolException Truncated() => new(RtmpError.AmfTruncated, "AMF3 data ends inside a value", Position);
}
