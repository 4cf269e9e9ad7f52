using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Conformance.Films;

/// <summary>A box of an MP4 file, read so that a test can break or rearrange it. Not the parser under test.</summary>
internal sealed class Box
{
    private static readonly string[] Containers = ["moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "udta"];

    public Box(string type, byte[] payload)
    {
        Type = type;
        Payload = payload;
        Children = Containers.Contains(type) ? ParseAll(payload) : [];
    }

    public string Type { get; set; }

    /// <summary>What follows the header, for a box without children.</summary>
    public byte[] Payload { get; set; }

    public List<Box> Children { get; }

    public bool IsContainer => Containers.Contains(Type) && Children.Count > 0;

    /// <summary>Written instead of the true size, to lie about it.</summary>
    public uint? DeclaredSize { get; set; }

    /// <summary>Written as a 64-bit size after a 32-bit size of 1.</summary>
    public ulong? DeclaredLargeSize { get; set; }

    public long Length => 8 + (DeclaredLargeSize is null ? 0 : 8) + (IsContainer ? Children.Sum(child => child.Length) : Payload.Length);

    public static List<Box> ParseAll(ReadOnlySpan<byte> bytes)
    {
        List<Box> boxes = [];
        while (bytes.Length >= 8)
        {
            long size = BinaryPrimitives.ReadUInt32BigEndian(bytes);
            int header = 8;
            if (size == 1)
            {
                size = BinaryPrimitives.ReadInt64BigEndian(bytes[8..]);
                header = 16;
            }

            size = size == 0 ? bytes.Length : size;
            boxes.Add(new Box(Encoding.Latin1.GetString(bytes[4..8]), bytes[header..(int)size].ToArray()));
            bytes = bytes[(int)size..];
        }

        return boxes;
    }

    /// <summary>The first box below this one along a path such as <c>trak/mdia/mdhd</c>.</summary>
    public Box At(string path)
    {
        Box box = this;
        foreach (string type in path.Split('/'))
        {
            box = box.Children.First(child => child.Type == type);
        }

        return box;
    }

    public IEnumerable<Box> All(string type) =>
        Children.SelectMany(child => child.All(type)).Concat(Type == type ? [this] : []);

    public uint UInt32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(offset));

    public void SetUInt32(int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Payload.AsSpan(offset), value);

    public byte[] ToBytes()
    {
        MemoryStream stream = new();
        WriteTo(stream);
        return stream.ToArray();
    }

    public void WriteTo(Stream stream)
    {
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(header, DeclaredSize ?? (DeclaredLargeSize is null ? (uint)Length : 1));
        Encoding.Latin1.GetBytes(Type, header[4..]);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], DeclaredLargeSize ?? 0);
        stream.Write(header[..(DeclaredLargeSize is null ? 8 : 16)]);
        if (!IsContainer)
        {
            stream.Write(Payload);
        }

        foreach (Box child in IsContainer ? Children : [])
        {
            child.WriteTo(stream);
        }
    }
}
