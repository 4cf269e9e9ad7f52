using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Tools;

/// <summary>A film whose parameter sets are in its first sample and not, or not all, in its sample description.</summary>
internal sealed class InBandFilm
{
    /// <summary>The sets of <see cref="Mp4Builder.AvcRecord"/>.</summary>
    public static readonly byte[] Sequence = Mp4Builder.AvcRecord[8..31];
    public static readonly byte[] Picture = Mp4Builder.AvcRecord[34..39];

    /// <summary>An access unit delimiter, and a slice of a picture that can be decoded by itself.</summary>
    public static readonly byte[] Delimiter = [0x09, 0x10];
    public static readonly byte[] Slice = [0x65, 0x88, 0x84, 0x00];

    private readonly string _type;
    private readonly string _box;
    private readonly int _lengthSize;

    private InBandFilm(string type, string box, byte[] record, int lengthSize, byte[][] units)
    {
        (_type, _box, Record, _lengthSize) = (type, box, record, lengthSize);
        First = Sample(units);
    }

    /// <summary>The configuration in the sample description.</summary>
    public byte[] Record { get; set; }

    /// <summary>The first sample; the second, of eight bytes, is no sync sample.</summary>
    public byte[] First { get; set; }

    /// <summary>AVC without any set in its configuration, whose profile and level are wrong, too.</summary>
    /// <param name="lengthSize">Bytes of a unit's length.</param>
    /// <param name="units">Of the first sample; null for all that a decoder needs.</param>
    public static InBandFilm Avc(int lengthSize = 4, params byte[][] units) => new(
        "avc3", "avcC", [1, 77, 0, 51, (byte)(0xFC | lengthSize - 1), 0xE0, 0], lengthSize,
        units.Length > 0 ? units : [Delimiter, Sequence, Picture, Slice]);

    /// <summary>HEVC whose parameter sets moved from a configuration into the sample; what else is in it stays.</summary>
    /// <param name="record">A configuration with its sets.</param>
    public static InBandFilm Hevc(byte[] record)
    {
        (byte[] header, List<(int Type, byte[] Unit)> units) = Units(record);
        byte[][] others =
            [.. units.Where(unit => unit.Type > 34)
                .Select(unit => (byte[])[(byte)unit.Type, 0, 1, .. Bytes((short)unit.Unit.Length), .. unit.Unit])];
        return new("hev1", "hvcC", [.. header, (byte)others.Length, .. others.SelectMany(array => array)], 4,
            [[0x46, 0x01, 0x50], .. units.Where(unit => unit.Type <= 34).Select(unit => unit.Unit), [0x26, 0x01, 0xAF, 0x08]]);
    }

    /// <summary>The first 22 bytes of a HEVC configuration, and what is in its arrays.</summary>
    public static (byte[] Header, List<(int Type, byte[] Unit)> Units) Units(byte[] record)
    {
        List<(int Type, byte[] Unit)> units = [];
        for (int at = 23, array = 0; array < record[22]; array++)
        {
            int type = record[at] & 0x3F;
            int count = record[at + 1] << 8 | record[at + 2];
            at += 3;
            for (; count > 0; count--)
            {
                int length = record[at] << 8 | record[at + 1];
                units.Add((type, record[(at + 2)..(at + 2 + length)]));
                at += 2 + length;
            }
        }

        return (record[..22], units);
    }

    /// <summary>Units, each behind its length.</summary>
    public byte[] Sample(params byte[][] units) =>
        [.. units.SelectMany(unit => (byte[])[.. Bytes(unit.Length)[(4 - _lengthSize)..], .. unit])];

    /// <summary>All samples in the <c>moov</c>.</summary>
    public byte[] Build() => Put(new Mp4Builder { Sizes = [(uint)First.Length, 8] }.Build(SetEntry));

    /// <summary>The same samples in a fragment.</summary>
    public byte[] BuildFragmented()
    {
        Mp4Builder builder = new() { Sizes = [] };
        builder.Extra.Add(new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 0, 0))));
        byte[] run = new EditableBox("trun", Bytes(0x601, 2, 8 + 8 + 16 + 36 + 8, First.Length, 0x2000000, 8, 0x10000)).Write();
        byte[] traf = new EditableBox("traf", [.. new EditableBox("tfhd", Bytes(0x20000, 1)).Write(), .. run]).Write();
        return [.. builder.Build(SetEntry), .. new EditableBox("moof", traf).Write(),
            .. new EditableBox("mdat", [.. First, .. new byte[8]]).Write()];
    }

    private byte[] Put(byte[] film)
    {
        First.CopyTo(film, film.AsSpan().IndexOf("mdat"u8) + 4);
        return film;
    }

    private void SetEntry(EditableBox moov) =>
        moov["trak/mdia/minf/stbl"].Set(new EditableBox("stsd", Bytes(0, 1, new EditableBox(_type, Bytes(
        0, (short)0, (short)1, new byte[16], (short)32, (short)16, new byte[50], new EditableBox(_box, Record).Write())).Write())));
}
