using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Conformance.Players;

/// <summary>As much AMF0 as a player needs: numbers, booleans, strings, objects, arrays and null.</summary>
internal static class Amf0
{
    public static byte[] Write(params object?[] values)
    {
        MemoryStream stream = new();
        foreach (object? value in values)
        {
            WriteValue(stream, value);
        }

        return stream.ToArray();
    }

    public static List<object?> Read(ReadOnlySpan<byte> bytes)
    {
        List<object?> values = [];
        int at = 0;
        while (at < bytes.Length)
        {
            values.Add(ReadValue(bytes, ref at));
        }

        return values;
    }

    private static void WriteValue(MemoryStream stream, object? value)
    {
        switch (value)
        {
            case null:
                stream.WriteByte(5);
                break;
            case bool truth:
                stream.Write([1, truth ? (byte)1 : (byte)0]);
                break;
            case string text:
                stream.WriteByte(2);
                WriteText(stream, text);
                break;
            case IReadOnlyDictionary<string, object?> fields:
                stream.WriteByte(3);
                foreach ((string name, object? field) in fields)
                {
                    WriteText(stream, name);
                    WriteValue(stream, field);
                }

                stream.Write([0, 0, 9]);
                break;
            case IReadOnlyList<string> list:
                stream.Write([10, 0, 0, (byte)(list.Count >> 8), (byte)list.Count]);
                foreach (string item in list)
                {
                    WriteValue(stream, item);
                }

                break;
            default:
                stream.WriteByte(0);
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteDoubleBigEndian(number, Convert.ToDouble(value, null));
                stream.Write(number);
                break;
        }
    }

    private static void WriteText(MemoryStream stream, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        stream.Write([(byte)(bytes.Length >> 8), (byte)bytes.Length]);
        stream.Write(bytes);
    }

    private static object? ReadValue(ReadOnlySpan<byte> bytes, ref int at)
    {
        byte marker = bytes[at++];
        switch (marker)
        {
            case 0:
                at += 8;
                return BinaryPrimitives.ReadDoubleBigEndian(bytes[(at - 8)..]);
            case 1:
                return bytes[at++] != 0;
            case 2:
                return ReadText(bytes, ref at);
            case 3:
                return ReadFields(bytes, ref at);
            case 5 or 6:
                return null;
            case 8:
                at += 4;
                return ReadFields(bytes, ref at);
            case 10:
                int count = (int)BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
                at += 4;
                List<object?> list = [];
                for (int i = 0; i < count; i++)
                {
                    list.Add(ReadValue(bytes, ref at));
                }

                return list;
            case 11:
                at += 10;
                return BinaryPrimitives.ReadDoubleBigEndian(bytes[(at - 10)..]);
            case 12:
                int length = (int)BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
                at += 4 + length;
                return Encoding.UTF8.GetString(bytes.Slice(at - length, length));
            default:
                throw new InvalidDataException($"AMF0 marker {marker} at {at - 1}");
        }
    }

    private static Dictionary<string, object?> ReadFields(ReadOnlySpan<byte> bytes, ref int at)
    {
        Dictionary<string, object?> fields = new(StringComparer.Ordinal);
        while (true)
        {
            string name = ReadText(bytes, ref at);
            if (name.Length == 0 && bytes[at] == 9)
            {
                at++;
                return fields;
            }

            fields[name] = ReadValue(bytes, ref at);
        }
    }

    private static string ReadText(ReadOnlySpan<byte> bytes, ref int at)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
        at += 2 + length;
        return Encoding.UTF8.GetString(bytes.Slice(at - length, length));
    }
}
