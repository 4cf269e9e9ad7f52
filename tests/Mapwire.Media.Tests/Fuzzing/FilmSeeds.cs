using Mapwire.Media.Tests.Tools;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Fuzzing;

/// <summary>Small files of every shape that the readers know; made by hand, so that fuzzing needs nothing but itself.</summary>
internal static class FilmSeeds
{
    private const string Stbl = "trak/mdia/minf/stbl";

    /// <summary>hvcC of a 64x48 picture, as ffmpeg 5.1 and x265 3.5 write it, without the encoder's own message.</summary>
    private static readonly byte[] HevcRecord = Convert.FromHexString(
        "0101600000009000000000001ef000fcfdf8f800000f03" + "a00001001840010c01ffff01600000030090000003000003001e959409"
        + "a10001002942010101600000030090000003000003001ea0208316595952930bc05a020000030002000003003210" + "a200010006" + "4401c073c089");

    public static IEnumerable<byte[]> All() => [.. Films(), .. Codecs(), .. InBand(), .. Fragmented(), .. Flvs(), .. DamagedFlvs()];

    private static IEnumerable<byte[]> Films()
    {
        yield return new Mp4Builder().Build();
        yield return new Mp4Builder { Sizes = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8] }.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("ctts", Bytes(0x01000000, 4, 3, 40, 3, -40, 3, 80, 3, 0)));
            moov[Stbl].Set(new EditableBox("stss", Bytes(0, 3, 1, 5, 9)));
            moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 2, 1, 3, 1, 3, 2, 1)));
            moov[Stbl].Set(new EditableBox("stco", Bytes(0, 5, 28, 52, 70, 81, 84)));
            moov["trak"].Set(Mp4Builder.EditList((100, -1, 0x10000), (200, 90, 0x10000), (120, 10, 0x10000)));
        });
        yield return new Mp4Builder { Sizes = [4, 3, 2, 1] }.Build(moov =>
        {
            moov[Stbl].Remove("stsz");
            moov[Stbl].Set(new EditableBox("stz2", Bytes(0, 4, 4, (byte)0x43, (byte)0x21)));
            moov[Stbl].Remove("stco");
            moov[Stbl].Set(new EditableBox("co64", Bytes(0, 1, 36L)));
            moov[Stbl].Set(new EditableBox("sbgp", Bytes(0, "rap ", 2, 1, 0, 2, 1)));
            moov["trak/mdia/minf"].Set(new EditableBox("dinf", new EditableBox("dref", Bytes(0, 1, Box("url ", Bytes(1))))));
            moov["trak"].Set(new EditableBox("edts", new EditableBox("elst", Bytes(0x01000000, 1, 160L, 0L, 0x10000))));
            moov.Children!.Add(new EditableBox("udta", Box("meta", Bytes(0, Box("hdlr", new byte[25]), Box("ilst", [])))));
        });
    }

    /// <summary>A file for each codec, so that its record is damaged, too.</summary>
    private static IEnumerable<byte[]> Codecs()
    {
        yield return Video("hvc1", Box("hvcC", HevcRecord), Box("colr", Bytes("nclx", (short)9, (short)16, (short)9, (byte)0x80)));
        yield return Video("av01", Box("av1C", Convert.FromHexString("81000c000a0a00000002aff79b5f2008")),
            Box("clli", Bytes((short)1000, (short)400)));
        yield return Video("vp09", Box("vpcC", Convert.FromHexString("01000000000a820202020000")), Box("mdcv", new byte[24]));
        yield return Video("mp4v", Box("esds", new byte[20]));
        byte[] esds = Box("esds", Bytes(0, Convert.FromHexString("031900010004114015000000000000000000000005021210060102")));
        yield return Sound("mp4a", 0, esds);
        yield return Sound("mp4a", 1, Bytes(1024, 0, 4, 2), Box("wave", [.. Box("frma", Bytes("mp4a")), .. esds, .. Bytes(8, 0)]));
        yield return Sound("mp4a", 2, Bytes(72, 44100.0, 2, 0x7F000000, 16, 0, 0, 1024), Box("wave", esds));
        yield return Sound(".mp3", 0);
        yield return Sound("Opus", 0, Box("dOps", Convert.FromHexString("0002013800" + "00AC44FF0000")));
        byte[] info = Convert.FromHexString("10001000" + "000000000000" + "17700370" + "00000000" + "00112233445566778899AABBCCDDEEFF");
        yield return Sound("fLaC", 0, Box("dfLa", [0, 0, 0, 0, 0x80, 0, 0, 34, .. info]));
        yield return Sound("ac-3", 0, Box("dac3", [0x10, 0x3D, 0xE0]));
        yield return Sound("ec-3", 0, Box("dec3", [4, 0, 0x20, 0x0F, 2, 0x80]));
    }

    /// <summary>
    /// Configurations without parameter sets, which lie at the start of the first sample, lengths of each size before them.
    /// </summary>
    private static IEnumerable<byte[]> InBand()
    {
        yield return InBandFilm.Avc().Build();
        yield return InBandFilm.Avc(lengthSize: 1).Build();
        yield return InBandFilm.Avc(lengthSize: 2).BuildFragmented();
        yield return InBandFilm.Hevc(HevcRecord).Build();
    }

    private static IEnumerable<byte[]> Fragmented()
    {
        Mp4Builder builder = new() { Sizes = [] };
        builder.Extra.Add(new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 20, 0x10000))));
        byte[] run = Box("trun", Bytes(0xF01, 3, 150, 40, 10, 0, 0, 40, 11, 0x10000, 80, 40, 12, 0x10000, -40));
        byte[] moof = Box("moof", Box("traf", [.. Box("tfhd", Bytes(0x20000, 1)), .. Box("tfdt", Bytes(0, 400)), .. run]));
        byte[] data = Box("mdat", new byte[120]);
        yield return [.. builder.Build(), .. moof, .. data, .. moof, .. data];

        // Everything said in tfhd, times in 64 bits, an index in front and behind, boxes between.
        byte[] tfhd = Box("tfhd", Bytes(0x3B, 1, 0L, 1, 40, 5, 0));
        byte[] full =
            Box("moof",
            [.. Box("mfhd", Bytes(0, 1)),
            .. Box("traf", [.. tfhd, .. Box("tfdt", Bytes(0x01000000, 4000L)), .. Box("trun", Bytes(4, 4, 0))])]);
        byte[] sidx = Box("sidx", Bytes(0, 1, 1000, 0, 0, (short)0, (short)1, 200, 160, 0x90000000));
        yield return [.. builder.Build(), .. sidx, .. full, .. data, .. Box("emsg", new byte[20]), .. full, .. data,
            .. Box("mfra", Box("mfro", Bytes(0, 24)))];

        // Samples in the moov first, then fragments; the last one cut off.
        Mp4Builder hybrid = new();
        hybrid.Extra.AddRange(builder.Extra);
        yield return [.. hybrid.Build(), .. moof, .. data, .. moof[..50]];
    }

    private static IEnumerable<byte[]> Flvs()
    {
        string record = Convert.ToHexString(Mp4Builder.AvcRecord);
        yield return new FlvBuilder().Tag(18, 0, "02 0001 41").Tag(9, 0, $"17 00 000000 {record}").Tag(8, 0, "AF 00 1210")
            .Tag(9, 0, "17 01 000028 AABB")
            .Tag(8, 23, "AF 01 CCDD").Tag(9, 40, "27 01 FFFFD8 AABB").Tag(8, 46, "91 4F707573 0102")
                .Tag(9, 80, "A7 02 000010 06 01 68766331 01 000000 AA").Build();
        yield return new FlvBuilder().Tag(9, 0, $"90 68766331 {Convert.ToHexString(HevcRecord)}").Tag(9, 0, "91 68766331 000000 AABB")
            .Tag(9, 40, "A3 68766331 AABB")
            .Tag(8, 0, "90 4F707573 4F70757348656164 01023801 44AC0000 0000 00").Tag(8, 20, "91 4F707573 0102")
                .Tag(8, 0xFFFFFF, "2F FFFB9064 00").Tag(9, 0x1000000, "92 68766331").Build();
    }

    /// <summary>
    /// Recordings of ten tags each, with a hole, a wrong size, foreign bytes, wrong times, a new beginning, and the codecs of FLV alone.
    /// </summary>
    private static IEnumerable<byte[]> DamagedFlvs()
    {
        byte[] whole = Recording(0).Build();
        byte[] hole = [.. whole];
        hole.AsSpan(whole.Length / 2, 60).Clear();
        yield return hole;
        byte[] size = [.. whole];
        size[whole.AsSpan(100).IndexOf<byte>([8, 0, 0]) + 103] ^= 0x10;
        yield return size;
        yield return [.. whole[..200], .. new byte[300], .. whole[200..], .. new byte[40]];
        yield return Recording(0).Picture(int.MinValue).Sound(120).Picture(160).Sound(-20).Picture(2_000_000_000).Build();
        yield return [.. whole, .. Recording(0).Build()[13..]];
        yield return new FlvBuilder().Tag(9, 0, "22 0000 84 0000").Tag(8, 0, "52 AABB").Tag(9, 40, "32 AABB").Tag(8, 20, "52 AABB").Build();
        yield return new FlvBuilder().Tag(9, 0, "14 00 7F 36 0004 0F14 00").Tag(8, 0, "B2 AABB").Tag(8, 0, "3A AABB")
            .Tag(9, 0, "33 00A0 0078").Build();
    }

    private static FlvBuilder Recording(int start)
    {
        FlvBuilder builder = new FlvBuilder().Avc().Aac();
        for (int i = 0; i < 5; i++)
        {
            builder.Picture(start + (i * 40), isKey: i == 0).Sound(start + (i * 40));
        }

        return builder;
    }

    private static byte[] Video(string type, params byte[][] boxes) =>
        new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox("stsd", Bytes(
        0, 1, Box(type, Bytes(0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], Bytes([.. boxes])))))));

    private static byte[] Sound(string type, short version, params byte[][] rest) => new Mp4Builder { Sizes = [5, 5, 5, 5] }.Build(moov =>
    {
        moov["trak/mdia"].Set(new EditableBox("hdlr", Bytes(0, 0, "soun", new byte[13])));
        byte[] entry = Box(type, Bytes(0, (short)0, (short)1, version, (short)0, 0, (short)2, (short)16, 0, 44100 << 16, Bytes([.. rest])));
        moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 1, entry)));
        moov[Stbl].Set(new EditableBox("stts", Bytes(0, 1, 4, 1024)));
        moov[Stbl].Set(new EditableBox("stsz", Bytes(0, 5, 4)));
        moov["trak"].Set(Mp4Builder.EditList((60, 1024, 0x10000)));
    });

    private static byte[] Box(string type, byte[] body) => new EditableBox(type, body).Write();
}
