namespace Mapwire.Media.Mp4;

/// <summary>
/// Reads the colour boxes of a visual sample entry: <c>colr</c>, <c>mdcv</c>, <c>clli</c> (ISO/IEC 14496-12, 12.1.5 to 12.1.7), and
/// <c>SmDm</c>, <c>CoLL</c> (VP Codec ISO Media File Format Binding). What is malformed in them is left out: no player needs it.
/// </summary>
internal static class ColorBoxes
{
    private const uint Colr = 'c' << 24 | 'o' << 16 | 'l' << 8 | 'r';
    private const uint Mdcv = 'm' << 24 | 'd' << 16 | 'c' << 8 | 'v';
    private const uint Clli = 'c' << 24 | 'l' << 16 | 'l' << 8 | 'i';
    private const uint SmDm = 'S' << 24 | 'm' << 16 | 'D' << 8 | 'm';
    private const uint CoLL = 'C' << 24 | 'o' << 16 | 'L' << 8 | 'L';
    private const uint Nclx = 'n' << 24 | 'c' << 16 | 'l' << 8 | 'x';
    private const uint Nclc = 'n' << 24 | 'c' << 16 | 'l' << 8 | 'c';

    /// <param name="entry">What follows the fields of the sample entry.</param>
    /// <returns>Null when nothing is said.</returns>
    internal static VideoColor? Read(BoxReader entry)
    {
        VideoColor? color = null;
        try
        {
            while (entry.TryReadBox(out BoxHeader header, out BoxReader box))
            {
                color = header.Type.Value switch
                {
                    Colr => ReadColor(box, color),
                    Mdcv => (color ?? VideoColor.Unknown) with { Mastering = ReadMastering(box) },
                    SmDm => (color ?? VideoColor.Unknown) with { Mastering = ReadWebMastering(box) },
                    Clli => ReadLight(box, color),
                    CoLL => ReadWebLight(box, color),
                    _ => color,
                };
            }
        }
        catch (Mp4FormatException)
        {
            // as far as it could be read
        }

        return color;
    }

    private static VideoColor? ReadColor(BoxReader box, VideoColor? color)
    {
        // colour_type(32) | primaries(16) | transfer(16) | matrix(16) | full_range(1) reserved(7), the last in nclx only
        uint type = box.ReadUInt32();
        if (type is not (Nclx or Nclc))
        {
            return color;
        }

        return (color ?? VideoColor.Unknown) with
        {
            Primaries = box.ReadUInt16(),
            Transfer = box.ReadUInt16(),
            Matrix = box.ReadUInt16(),
            IsFullRange = type == Nclx && (box.ReadByte() & 0x80) != 0,
        };
    }

    private static MasteringDisplay ReadMastering(BoxReader box)
    {
        // { x(16) | y(16) } * 3: green, blue, red | white x(16) | white y(16), in 0.00002 | maximum(32) | minimum(32), in 0.0001
        const double chroma = 50_000;
        const double luma = 10_000;
        (double greenX, double greenY) = (box.ReadUInt16() / chroma, box.ReadUInt16() / chroma);
        (double blueX, double blueY) = (box.ReadUInt16() / chroma, box.ReadUInt16() / chroma);
        (double redX, double redY) = (box.ReadUInt16() / chroma, box.ReadUInt16() / chroma);
        return new MasteringDisplay(
            redX, redY, greenX, greenY, blueX, blueY, box.ReadUInt16() / chroma, box.ReadUInt16() / chroma, box.ReadUInt32() / luma,
            box.ReadUInt32() / luma);
    }

    private static MasteringDisplay ReadWebMastering(BoxReader box)
    {
        // version(8)=0 | flags(24) | { x(16) | y(16) } * 3: red, green, blue | white x(16) | white y(16), in 0.16 fixed point
        // | maximum(32) in 24.8 | minimum(32) in 18.14
        const double chroma = 1 << 16;
        box.ReadVersion(0, out _);
        return new MasteringDisplay(
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt16() / chroma,
            box.ReadUInt32() / 256.0,
            box.ReadUInt32() / 16384.0);
    }

    private static VideoColor ReadLight(BoxReader box, VideoColor? color) =>
        (color ?? VideoColor.Unknown) with { MaxContentLight = box.ReadUInt16(), MaxPictureLight = box.ReadUInt16() };

    private static VideoColor ReadWebLight(BoxReader box, VideoColor? color)
    {
        box.ReadVersion(0, out _);
        return ReadLight(box, color);
    }
}
