using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Media.Tests.Tools;

/// <summary>A box that tests take apart, change and write again. Not the code under test: it knows plain 32-bit sizes only.</summary>
internal class EditableBox
{
    private static readonly string[] Containers = ["moov", "trak", "mdia", "minf", "stbl", "edts", "dinf", "mvex", "moof", "traf"];

    public EditableBox(string type, byte[] body) => (Type, Body) = (type, body);

    public EditableBox(string type, params EditableBox[] children) => (Type, Children) = (type, [.. children]);

    public string Type { get; set; }

    public byte[] Body { get; set; } = [];

    public List<EditableBox>? Children { get; }

    /// <summary>Whether the size is written in 64 bits.</summary>
    public bool IsLarge { get; set; }

    /// <summary>The only, or numbered, child at the end of a path.</summary>
    public EditableBox this[string path]
    {
        get
        {
            EditableBox box = this;
            foreach (string step in path.Split('/'))
            {
                string[] parts = step.Split('#');
                int index = parts.Length > 1 ? int.Parse(parts[1]) : 0;
                box = box.Children!.Where(child => child.Type == parts[0]).ElementAt(index);
            }

            return box;
        }
    }

    public static List<EditableBox> Parse(ReadOnlySpan<byte> bytes)
    {
        List<EditableBox> boxes = [];
        while (bytes.Length >= 8)
        {
            int size = (int)BinaryPrimitives.ReadUInt32BigEndian(bytes);
            string type = Encoding.Latin1.GetString(bytes.Slice(4, 4));
            ReadOnlySpan<byte> body = bytes[8..size];
            boxes.Add(Containers.Contains(type) ? new EditableBox(type, [.. Parse(body)]) : new EditableBox(type, body.ToArray()));
            bytes = bytes[size..];
        }

        return boxes;
    }

    public static byte[] Write(IEnumerable<EditableBox> boxes)
    {
        MemoryStream stream = new();
        foreach (EditableBox box in boxes)
        {
            stream.Write(box.Write());
        }

        return stream.ToArray();
    }

    public virtual byte[] Write()
    {
        byte[] body = Children is null ? Body : Write(Children);
        int header = IsLarge ? 16 : 8;
        byte[] bytes = new byte[header + body.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, IsLarge ? 1 : (uint)bytes.Length);
        Encoding.Latin1.GetBytes(Type, bytes.AsSpan(4));
        if (IsLarge)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(8), bytes.Length);
        }

        body.CopyTo(bytes, header);
        return bytes;
    }

    /// <summary>Replaces a child, or adds it.</summary>
    public void Set(EditableBox child)
    {
        Children!.RemoveAll(old => old.Type == child.Type);
        Children.Add(child);
    }

    public void Remove(string type) => Children!.RemoveAll(old => old.Type == type);

    /// <summary>Big-endian numbers one after another: int and uint take four bytes, long and ulong eight, short two, byte one.</summary>
    public static byte[] Bytes(params object[] fields)
    {
        MemoryStream stream = new();
        Span<byte> buffer = stackalloc byte[8];
        foreach (object field in fields)
        {
            switch (field)
            {
                case int value:
                    BinaryPrimitives.WriteInt32BigEndian(buffer, value);
                    stream.Write(buffer[..4]);
                    break;
                case uint value:
                    BinaryPrimitives.WriteUInt32BigEndian(buffer, value);
                    stream.Write(buffer[..4]);
                    break;
                case long value:
                    BinaryPrimitives.WriteInt64BigEndian(buffer, value);
                    stream.Write(buffer);
                    break;
                case ulong value:
                    BinaryPrimitives.WriteUInt64BigEndian(buffer, value);
                    stream.Write(buffer);
                    break;
                case short value:
                    BinaryPrimitives.WriteInt16BigEndian(buffer, value);
                    stream.Write(buffer[..2]);
                    break;
                case double value:
                    BinaryPrimitives.WriteDoubleBigEndian(buffer, value);
                    stream.Write(buffer);
                    break;
                case byte value:
                    stream.WriteByte(value);
                    break;
                case string value:
                    stream.Write(Encoding.Latin1.GetBytes(value));
                    break;
                case byte[] value:
                    stream.Write(value);
                    break;
                default:
                    throw new ArgumentException($"{field.GetType()} is not a field.");
            }
        }

        return stream.ToArray();
    }
}
