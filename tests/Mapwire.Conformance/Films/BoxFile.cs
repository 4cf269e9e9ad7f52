using System.Buffers.Binary;

namespace Mapwire.Conformance.Films;

/// <summary>A small MP4 file as boxes, to be changed and written elsewhere.</summary>
internal sealed class BoxFile
{
    private BoxFile(List<Box> boxes) => Boxes = boxes;

    public List<Box> Boxes { get; }

    public Box Moov => Boxes.First(box => box.Type == "moov");

    public static BoxFile Read(string path) => new(Box.ParseAll(File.ReadAllBytes(path)));

    public void Write(string path)
    {
        using FileStream file = File.Create(path);
        foreach (Box box in Boxes)
        {
            box.WriteTo(file);
        }
    }

    /// <summary>Writes ftyp, the samples behind a hole of this many bytes, and then a moov with 64-bit chunk offsets.</summary>
    /// <remarks>The hole is one <c>free</c> box with a 64-bit size; the file takes no more room than before.</remarks>
    public void WriteBehindHole(string path, long hole)
    {
        Box ftyp = Boxes[0];
        Box mdat = Boxes.First(box => box.Type == "mdat");
        long before = Boxes.TakeWhile(box => box != mdat).Sum(box => box.Length);
        using FileStream file = File.Create(path);
        ftyp.WriteTo(file);

        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(header, 1);
        "free"u8.CopyTo(header[4..]);
        BinaryPrimitives.WriteInt64BigEndian(header[8..], hole);
        file.Write(header);
        file.Position += hole - header.Length;
        long moved = file.Position - before;
        mdat.WriteTo(file);

        foreach (Box stbl in Moov.All("stbl").ToArray())
        {
            int at = stbl.Children.FindIndex(child => child.Type == "stco");
            stbl.Children[at] = new Box("co64", Widen(stbl.Children[at], moved));
        }

        Moov.WriteTo(file);
    }

    private static byte[] Widen(Box stco, long moved)
    {
        int count = (int)stco.UInt32(4);
        byte[] payload = new byte[8 + (8 * count)];
        stco.Payload.AsSpan(0, 8).CopyTo(payload);
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(8 + (8 * i)), stco.UInt32(8 + (4 * i)) + moved);
        }

        return payload;
    }
}
