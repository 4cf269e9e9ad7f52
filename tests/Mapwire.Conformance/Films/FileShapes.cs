using System.Buffers.Binary;

namespace Mapwire.Conformance.Films;

/// <summary>Rewrites a file whose moov lies last into shapes that other writers leave: the samples are the same.</summary>
internal static class FileShapes
{
    /// <summary>Every box of the moov with a 64-bit size, and chunk offsets of 64 bits.</summary>
    public static void LargeSizes(BoxFile file)
    {
        foreach (Box stbl in file.Moov.All("stbl").ToArray())
        {
            int at = stbl.Children.FindIndex(static child => child.Type == "stco");
            stbl.Children[at] = SampleLayout.Offsets64([.. SampleLayout.Offsets32(stbl.Children[at])]);
        }

        Enlarge(file.Moov);
    }

    /// <summary>Boxes that nobody knows at every level, as cameras leave them.</summary>
    public static void OddBoxes(BoxFile file)
    {
        byte[] noise = new byte[333];
        new Random(3).NextBytes(noise);
        foreach (string type in (string[])["moov", "trak", "mdia", "minf", "stbl"])
        {
            foreach (Box box in file.Moov.All(type).ToArray())
            {
                box.Children.Insert(0, new Box("uuid", noise));
                box.Children.Add(new Box("\u00A9xyz", [0, 1]));
                box.Children.Add(new Box("zzzz", []));
            }
        }

        file.Boxes.Add(new Box("uuid", noise));
        file.Boxes.Add(new Box("CAM!", noise));
    }

    /// <summary>Free space in the moov, before and between what it holds, as writers leave that reserve room.</summary>
    public static void FreeInside(BoxFile file)
    {
        foreach (string type in (string[])["moov", "trak", "stbl"])
        {
            foreach (Box box in file.Moov.All(type).ToArray())
            {
                box.Children.Insert(0, new Box("free", new byte[5000]));
                box.Children.Insert(2, new Box("skip", []));
                box.Children.Add(new Box("free", new byte[1]));
            }
        }
    }

    /// <summary>Sample sizes of eight bits each (<c>stz2</c>).</summary>
    public static void CompactSizes(BoxFile file)
    {
        foreach (Box stbl in file.Moov.All("stbl"))
        {
            int at = stbl.Children.FindIndex(static child => child.Type == "stsz");
            Box stsz = stbl.Children[at];
            int count = (int)stsz.UInt32(8);
            byte[] payload = new byte[12 + count];
            payload[7] = 8;
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(8), (uint)count);
            uint[] sizes = SampleLayout.Sizes(stsz);
            for (int i = 0; i < count; i++)
            {
                payload[12 + i] = checked((byte)sizes[i]);
            }

            stbl.Children[at] = new Box("stz2", payload);
        }
    }

    /// <summary>One chunk a track: all pictures, then all sounds.</summary>
    public static void NotInterleaved(BoxFile file)
    {
        SampleLayout layout = new(file);
        layout.Write(Enumerable.Range(0, layout.Tables.Length).Select(layout.Whole));
    }

    /// <summary>A chunk for every sample, of the tracks in turn.</summary>
    public static void BySample(BoxFile file)
    {
        SampleLayout layout = new(file);
        layout.Write(
            layout.Samples.SelectMany(static (track, t) => track.Select((_, s) => new SampleChunk(t, s, 1)))
                .OrderBy(static chunk => chunk.First).ThenBy(static chunk => chunk.Track));
    }

    /// <summary>Chunks of half a second, as MP4Box writes them.</summary>
    public static void HalfSeconds(BoxFile file)
    {
        SampleLayout layout = new(file);
        layout.Write(layout.HalfSeconds());
    }

    /// <summary>Everything that can have 64 bits has them: sizes of boxes, chunk offsets, times in headers and in the edit list.</summary>
    public static void LargeEverything(BoxFile file)
    {
        SampleLayout layout = new(file);
        file.Boxes.First(static box => box.Type == "mdat").DeclaredLargeSize = 16;
        layout.Write(layout.HalfSeconds());
        foreach ((string type, int between) in (IEnumerable<(string, int)>)[("mvhd", 4), ("mdhd", 4), ("tkhd", 8)])
        {
            foreach (Box box in file.Moov.All(type))
            {
                // creation | modification | what lies between | duration
                byte[] old = box.Payload;
                box.Payload =
                    [1, .. old[1..4], 0, 0, 0, 0, .. old[4..8], 0, 0, 0, 0, .. old[8..12], .. old[12..(12 + between)], 0, 0, 0, 0,
                    .. old[(12 + between)..]];
            }
        }

        foreach (Box elst in file.Moov.All("elst"))
        {
            List<byte> wide = [1, .. elst.Payload[1..8]];
            for (int at = 8; at < elst.Payload.Length; at += 12)
            {
                byte sign = (byte)(elst.Payload[at + 4] >= 0x80 ? 0xFF : 0);
                wide.AddRange([0, 0, 0, 0, .. elst.Payload[at..(at + 4)], sign, sign, sign, sign, .. elst.Payload[(at + 4)..(at + 12)]]);
            }

            elst.Payload = [.. wide];
        }

        Enlarge(file.Moov);
    }

    /// <summary>
    /// What OBS Studio leaves of a hybrid recording that was ended well: the fragments and the first moov lie inside one mdat of 64 bits,
    /// and a last moov finds the samples between them.
    /// </summary>
    /// <param name="file">Becomes that.</param>
    /// <param name="fragments">The same film in fragments.</param>
    public static void Hybrid(BoxFile file, BoxFile fragments)
    {
        SampleLayout layout = new(file);
        file.Boxes.RemoveAll(static box => box.Type == "free");
        file.Boxes.First(static box => box.Type == "mdat").DeclaredLargeSize = 16;
        byte[][] moofs = [.. fragments.Boxes.Where(static box => box.Type == "moof").Select(static box => box.ToBytes())];
        byte[] mdatHeader = [0, 0, 0, 8, .. "mdat"u8];
        layout.Write(layout.HalfSeconds().Select((chunk, i) =>
            chunk with
            {
                Before =
                [.. i == 0 ? fragments.Moov.ToBytes() : [], .. chunk.Track == 0 ? moofs[i / 2 % moofs.Length] : [],
                .. chunk.Track == 0 ? mdatHeader : []]
            }));
    }

    /// <summary>
    /// A camera's file: boxes of its maker before the samples, strings and settings in the moov, and tracks of telemetry and timecode
    /// before and behind those of picture and sound.
    /// </summary>
    public static void Camera(BoxFile file)
    {
        byte[] noise = new byte[333];
        new Random(4).NextBytes(noise);
        SampleLayout layout = new(file);
        int mdat = file.Boxes.FindIndex(static box => box.Type == "mdat");
        file.Boxes.InsertRange(mdat,
            [new Box("wide", []), new Box("uuid", noise), new Box("free", new byte[65536]), new Box("skip", noise)]);
        layout.Write(layout.HalfSeconds());
        file.Boxes.Add(new Box("free", noise));
        Box udta =
            new("udta",
            [.. Text("\u00A9mak", "A maker"), .. Text("\u00A9mod", "A model"), .. Text("\u00A9xyz", "+48.2-016.4/"),
            .. new Box("GPMF", noise).ToBytes(), .. new Box("free", []).ToBytes(), 0, 0, 0, 0]);
        Box sound = file.Moov.Children.Last(static box => box.Type == "trak");
        file.Moov.Children.InsertRange(1,
            [new Box("uuid", noise), new Box("iods", [0, 0, 0, 0, 0x10, 7, 0, 0x4F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF]),
            Telemetry(sound, 7, "meta", "gpmd"), udta]);
        file.Moov.Children.AddRange([Telemetry(sound, 8, "meta", "camm"), Telemetry(sound, 9, "tmcd", "tmcd"), new Box("free", [])]);

        static byte[] Text(string type, string text) =>
            new Box(type, [0, (byte)text.Length, 0x15, 0xC7, .. System.Text.Encoding.ASCII.GetBytes(text)]).ToBytes();
    }

    /// <summary>A track with the samples of another, which are something else.</summary>
    private static Box Telemetry(Box track, uint id, string handler, string entry)
    {
        Box copy = new("trak", track.ToBytes()[8..]);
        copy.At("tkhd").SetUInt32(12, id);
        System.Text.Encoding.ASCII.GetBytes(handler, copy.At("mdia/hdlr").Payload.AsSpan(8));
        copy.At("mdia/minf").Children.First(static box => box.Type == "smhd").Type = "nmhd";
        copy.At("mdia/minf/stbl/stsd").Payload =
            [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 16, .. System.Text.Encoding.ASCII.GetBytes(entry), 0, 0, 0, 0, 0, 0, 0, 1];
        return copy;
    }

    private static long Enlarge(Box box)
    {
        long children = box.IsContainer ? box.Children.Sum(Enlarge) : box.Payload.Length;
        box.DeclaredLargeSize = (ulong)(16 + children);
        return 16 + children;
    }
}
