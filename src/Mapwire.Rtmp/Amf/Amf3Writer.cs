using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Rtmp.Amf;

/// <summary>Writes AMF3 values (AMF3, section 3). References are never written.</summary>
/// <remarks>Dispose gives grown memory back.</remarks>
/// <param name="initial">Memory to start with, such as a stackalloc; the writer goes on in pooled memory.</param>
public ref struct Amf3Writer(Span<byte> initial)
{
    private const int MaxLength = (1 << 28) - 1;

    private AmfBuffer _buffer = new(initial);

    /// <summary>What has been written: valid until the next write or Dispose.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer.Written;

    /// <summary>Writes a value of any kind.</summary>
    /// <exception cref="ArgumentException">A property has an empty name, which AMF3 cannot say, or a length needs more than 28
    /// bits.</exception>
    public void WriteValue(AmfValue value)
    {
        switch (value.Kind)
        {
            case AmfKind.Undefined or AmfKind.Unsupported:
                WriteMarker(Amf3Marker.Undefined);
                break;
            case AmfKind.Null:
                WriteMarker(Amf3Marker.Null);
                break;
            case AmfKind.Boolean:
                WriteMarker(value.AsBoolean() == true ? Amf3Marker.True : Amf3Marker.False);
                break;
            case AmfKind.Integer:
                WriteMarker(Amf3Marker.Integer);
                WriteUInt29((uint)(int)value.AsNumber().GetValueOrDefault() & 0x1FFFFFFF);
                break;
            case AmfKind.Number:
                WriteMarker(Amf3Marker.Double);
                WriteDouble(value.AsNumber().GetValueOrDefault());
                break;
            case AmfKind.String:
                WriteMarker(Amf3Marker.String);
                WriteString(value.AsString()!);
                break;
            case AmfKind.Date:
                WriteMarker(Amf3Marker.Date);
                WriteUInt29(1);
                WriteDouble(value.AsDate().GetValueOrDefault());
                break;
            case AmfKind.XmlDocument or AmfKind.Xml:
                WriteMarker(value.Kind == AmfKind.Xml ? Amf3Marker.Xml : Amf3Marker.XmlDocument);
                WriteString(value.AsXml()!);
                break;
            case AmfKind.ByteArray:
                WriteMarker(Amf3Marker.ByteArray);
                WriteHead(value.AsBytes().Length);
                value.AsBytes().CopyTo(_buffer.Append(value.AsBytes().Length));
                break;
            case AmfKind.Object:
                WriteMarker(Amf3Marker.Object);
                WriteUInt29(0b1011); // an instance, with traits inline, dynamic, no sealed members
                WriteString(value.ClassName ?? "");
                WriteProperties(value);
                break;
            case AmfKind.EcmaArray or AmfKind.StrictArray:
                WriteMarker(Amf3Marker.Array);
                WriteHead(value.Items.Length);
                WriteProperties(value);
                WriteItems(value);
                break;
            case AmfKind.ObjectVector:
                WriteMarker(Amf3Marker.ObjectVector);
                WriteHead(value.Items.Length);
                _buffer.Append(1)[0] = value.IsFixed ? (byte)1 : (byte)0;
                WriteString(value.ClassName!);
                WriteItems(value);
                break;
            case AmfKind.Dictionary:
                WriteMarker(Amf3Marker.Dictionary);
                WriteHead(value.Items.Length / 2);
                _buffer.Append(1)[0] = value.IsFixed ? (byte)1 : (byte)0;
                WriteItems(value);
                break;
            default:
                WriteNumbers(value);
                break;
        }
    }

    /// <summary>Gives grown memory back; the writer is empty then.</summary>
    public void Dispose() => _buffer.Dispose();

    private void WriteNumbers(AmfValue value)
    {
        WriteMarker((Amf3Marker)((int)Amf3Marker.Int32Vector + (value.Kind - AmfKind.Int32Vector)));
        WriteHead(value.Items.Length);
        _buffer.Append(1)[0] = value.IsFixed ? (byte)1 : (byte)0;
        foreach (AmfValue item in value.Items)
        {
            double number = item.AsNumber().GetValueOrDefault();
            if (value.Kind == AmfKind.DoubleVector)
            {
                WriteDouble(number);
            }
            else
            {
                BinaryPrimitives.WriteUInt32BigEndian(
                    _buffer.Append(4), value.Kind == AmfKind.Int32Vector ? (uint)(int)number : (uint)number);
            }
        }
    }

    private void WriteProperties(AmfValue value)
    {
        foreach (AmfProperty property in value.Properties)
        {
            if (property.Name.Length == 0)
            {
                throw new ArgumentException("AMF3 has no property with an empty name.", nameof(value));
            }

            WriteString(property.Name);
            WriteValue(property.Value);
        }

        WriteString("");
    }

    private void WriteItems(AmfValue value)
    {
        foreach (AmfValue item in value.Items)
        {
            WriteValue(item);
        }
    }

    private void WriteString(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        WriteHead(length);
        Encoding.UTF8.GetBytes(text, _buffer.Append(length));
    }

    private void WriteHead(int count)
    {
        if (count > MaxLength)
        {
            throw new ArgumentException("A length of more than 28 bits.", nameof(count));
        }

        WriteUInt29((uint)count << 1 | 1);
    }

    private void WriteUInt29(uint value)
    {
        int count = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
        Span<byte> bytes = _buffer.Append(count);
        int at = count - 1;
        if (count == 4)
        {
            bytes[at--] = (byte)value;
            value >>= 8;
        }
        else
        {
            bytes[at--] = (byte)(value & 0x7F);
            value >>= 7;
        }

        for (; at >= 0; at--)
        {
            bytes[at] = (byte)(value | 0x80);
            value >>= 7;
        }
    }

    private void WriteDouble(double value) => BinaryPrimitives.WriteDoubleBigEndian(_buffer.Append(8), value);

    private void WriteMarker(Amf3Marker marker) => _buffer.Append(1)[0] = (byte)marker;
}
