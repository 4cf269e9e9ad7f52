using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Rtmp.Amf;

/// <summary>Writes AMF0 values (AMF0 1.21, section 2), without allocation while they fit the memory given.</summary>
/// <remarks>Dispose gives grown memory back. References are never written; AMF3's own kinds go behind an avmplus marker.</remarks>
/// <param name="initial">Memory to start with, such as a stackalloc; the writer goes on in pooled memory.</param>
public ref struct Amf0Writer(Span<byte> initial)
{
    private AmfBuffer _buffer = new(initial);

    /// <summary>What has been written: valid until the next write or Dispose.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer.Written;

    /// <summary>Writes a number.</summary>
    public void WriteNumber(double value)
    {
        Span<byte> bytes = _buffer.Append(9);
        bytes[0] = (byte)Amf0Marker.Number;
        BinaryPrimitives.WriteDoubleBigEndian(bytes[1..], value);
    }

    /// <summary>Writes a boolean.</summary>
    public void WriteBoolean(bool value)
    {
        Span<byte> bytes = _buffer.Append(2);
        bytes[0] = (byte)Amf0Marker.Boolean;
        bytes[1] = value ? (byte)1 : (byte)0;
    }

    /// <summary>Writes the format byte that starts messages of types 15 and 17.</summary>
    internal void WriteFormat() => _buffer.Append(1)[0] = 0;

    /// <summary>Writes null.</summary>
    public void WriteNull() => WriteMarker(Amf0Marker.Null);

    /// <summary>Writes a string, long if it must be.</summary>
    public void WriteString(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        if (length > ushort.MaxValue)
        {
            WriteLong(Amf0Marker.LongString, value, length);
            return;
        }

        WriteMarker(Amf0Marker.String);
        WriteShort(value, length);
    }

    /// <summary>Writes a date: milliseconds since 1970-01-01 UTC.</summary>
    public void WriteDate(double milliseconds)
    {
        Span<byte> bytes = _buffer.Append(11);
        bytes[0] = (byte)Amf0Marker.Date;
        BinaryPrimitives.WriteDoubleBigEndian(bytes[1..], milliseconds);
        bytes[9..].Clear();
    }

    /// <summary>Starts an object: names and values follow, then <see cref="WriteEnd"/>.</summary>
    public void WriteObject() => WriteMarker(Amf0Marker.Object);

    /// <summary>Starts an ECMA array: names and values follow, then <see cref="WriteEnd"/>.</summary>
    /// <param name="count">How many: a hint to readers.</param>
    public void WriteEcmaArray(int count) => WriteCounted(Amf0Marker.EcmaArray, count);

    /// <summary>Starts a strict array: <paramref name="count"/> values follow.</summary>
    public void WriteStrictArray(int count) => WriteCounted(Amf0Marker.StrictArray, count);

    /// <summary>Writes the name of a property.</summary>
    /// <exception cref="ArgumentException">The name has more than 65535 bytes of UTF-8.</exception>
    public void WriteName(string name)
    {
        int length = Encoding.UTF8.GetByteCount(name);
        if (length > ushort.MaxValue)
        {
            throw new ArgumentException("A name of more than 65535 bytes.", nameof(name));
        }

        WriteShort(name, length);
    }

    /// <summary>Writes a named string.</summary>
    public void WriteProperty(string name, string value)
    {
        WriteName(name);
        WriteString(value);
    }

    /// <summary>Writes a named number.</summary>
    public void WriteProperty(string name, double value)
    {
        WriteName(name);
        WriteNumber(value);
    }

    /// <summary>Writes a named boolean.</summary>
    public void WriteProperty(string name, bool value)
    {
        WriteName(name);
        WriteBoolean(value);
    }

    /// <summary>Ends an object or ECMA array.</summary>
    public void WriteEnd()
    {
        Span<byte> bytes = _buffer.Append(3);
        bytes[..2].Clear();
        bytes[2] = (byte)Amf0Marker.ObjectEnd;
    }

    /// <summary>Writes a value of any kind.</summary>
    /// <exception cref="ArgumentException">A name has more than 65535 bytes of UTF-8.</exception>
    public void WriteValue(AmfValue value)
    {
        switch (value.Kind)
        {
            case AmfKind.Undefined:
                WriteMarker(Amf0Marker.Undefined);
                break;
            case AmfKind.Null:
                WriteNull();
                break;
            case AmfKind.Unsupported:
                WriteMarker(Amf0Marker.Unsupported);
                break;
            case AmfKind.Boolean:
                WriteBoolean(value.AsBoolean() == true);
                break;
            case AmfKind.Number or AmfKind.Integer:
                WriteNumber(value.AsNumber().GetValueOrDefault());
                break;
            case AmfKind.String:
                WriteString(value.AsString()!);
                break;
            case AmfKind.Date:
                WriteDate(value.AsDate().GetValueOrDefault());
                break;
            case AmfKind.XmlDocument:
                WriteLong(Amf0Marker.XmlDocument, value.AsXml()!, Encoding.UTF8.GetByteCount(value.AsXml()!));
                break;
            case AmfKind.Object:
                WriteInstance(value);
                break;
            case AmfKind.EcmaArray when value.Items.IsEmpty:
                WriteEcmaArray(value.Properties.Length);
                WriteProperties(value);
                break;
            case AmfKind.StrictArray:
                WriteStrictArray(value.Items.Length);
                foreach (AmfValue item in value.Items)
                {
                    WriteValue(item);
                }

                break;
            default:
                WriteAmf3(value);
                break;
        }
    }

    /// <summary>Gives grown memory back; the writer is empty then.</summary>
    public void Dispose() => _buffer.Dispose();

    private void WriteInstance(AmfValue value)
    {
        if (value.ClassName is { } className)
        {
            WriteMarker(Amf0Marker.TypedObject);
            WriteName(className);
        }
        else
        {
            WriteObject();
        }

        WriteProperties(value);
    }

    private void WriteProperties(AmfValue value)
    {
        foreach (AmfProperty property in value.Properties)
        {
            WriteName(property.Name);
            WriteValue(property.Value);
        }

        WriteEnd();
    }

    private void WriteAmf3(AmfValue value)
    {
        using Amf3Writer writer = new(default);
        writer.WriteValue(value);
        WriteMarker(Amf0Marker.AvmPlus);
        writer.Written.CopyTo(_buffer.Append(writer.Written.Length));
    }

    private void WriteMarker(Amf0Marker marker) => _buffer.Append(1)[0] = (byte)marker;

    private void WriteCounted(Amf0Marker marker, int count)
    {
        Span<byte> bytes = _buffer.Append(5);
        bytes[0] = (byte)marker;
        BinaryPrimitives.WriteInt32BigEndian(bytes[1..], count);
    }

    private void WriteShort(string text, int length)
    {
        Span<byte> bytes = _buffer.Append(2 + length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)length);
        Encoding.UTF8.GetBytes(text, bytes[2..]);
    }

    private void WriteLong(Amf0Marker marker, string text, int length)
    {
        WriteCounted(marker, length);
        Encoding.UTF8.GetBytes(text, _buffer.Append(length));
    }
}
