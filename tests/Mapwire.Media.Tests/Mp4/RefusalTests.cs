using System.Buffers.Binary;
using System.Text;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>
/// Whatever a film is refused for, the message says what is wrong, in which box and at which offset: a film for every way to be wrong.
/// </summary>
public sealed class RefusalTests
{
    private const string Stbl = "trak/mdia/minf/stbl";

    private static readonly (string Name, Mp4Error Error, string Box, string Reason, Func<byte[]> File)[] Films =
    [
        ("a media header that ends early", Mp4Error.Truncated, "mdhd", "'mdhd' ends where",
        () => Film("trak/mdia", "mdhd", Bytes(0, 0, 0))),
        ("a box header that is cut off", Mp4Error.Truncated, "moov", "a box header is cut off",
        () => Film(moov => moov.Children!.Add(Raw(1, "free", 0)))),
        ("a box smaller than its header", Mp4Error.BadBoxSize, "free", "a size of 4 is smaller",
        () => Film(moov => moov.Children!.Insert(0, Raw(4, "free")))),
        ("a box past 2^63", Mp4Error.BadBoxSize, "ftyp", "reaches past the end",
        () => [.. Bytes(1, "ftyp", 1UL << 63), .. new Mp4Builder().Build()]),
        ("a child past its parent", Mp4Error.PastEnd, "free", "reaches past the end",
        () => Film(moov => moov.Children!.Add(Raw(900, "free")))),
        ("a moov past the file", Mp4Error.PastEnd, "moov", "the file is cut off in its 'moov': a size of",
        () => new Mp4Builder().Build()[..^30]),
        ("a media header of version 2", Mp4Error.UnsupportedVersion, "mdhd", "version 2 is not known",
        () => Film("trak/mdia", "mdhd", Bytes(0x02000000, new byte[40]))),
        ("a vpcC of the draft", Mp4Error.UnsupportedVersion, "vpcC", "was a draft",
        () => Film(Stbl, "stsd", Video("vp09", "vpcC", new byte[12]))),
        ("a timescale of 0", Mp4Error.BadTimescale, "mdhd", "the timescale is 0", () => new Mp4Builder { Timescale = 0 }.Build()),
        ("an edit list without a timescale", Mp4Error.BadTimescale, "elst", "which is 0",
        () => Edited(new Mp4Builder { MovieTimescale = 0 }, 0)),
        ("no moov", Mp4Error.MissingBox, "moov", "has no 'moov'", () => Bytes(12, "free", 0)),
        ("no sizes", Mp4Error.MissingBox, "stbl", "no 'stsz' or 'stz2'", () => Film(moov => moov[Stbl].Remove("stsz"))),
        ("no chunk offsets", Mp4Error.MissingBox, "stbl", "no 'stco' or 'co64'", () => Film(moov => moov[Stbl].Remove("stco"))),
        ("no media header", Mp4Error.MissingBox, "mdia", "has no 'mdhd'", () => Film(moov => moov["trak/mdia"].Remove("mdhd"))),
        ("a compressed movie", Mp4Error.MissingBox, "cmov", "compressed", () => Film(moov => moov.Set(new EditableBox("cmov", Bytes(0))))),
        ("more sizes than bytes", Mp4Error.BadTable, "stsz", "do not fit", () => Film(Stbl, "stsz", Bytes(0, 0, 500, 1))),
        ("sizes of 5 bits", Mp4Error.BadTable, "stz2", "5 bits", () => Film(moov =>
        {
            moov[Stbl].Remove("stsz");
            moov[Stbl].Set(new EditableBox("stz2", Bytes(0, 5, 1, 0)));
        })),
        ("no decode times", Mp4Error.BadTable, "stts", "no decode times", () => Film(Stbl, "stts", Bytes(0, 0))),
        ("no chunks", Mp4Error.BadTable, "stsc", "no chunks", () => Film(Stbl, "stsc", Bytes(0, 0))),
        ("chunks out of order", Mp4Error.BadTable, "stsc", "out of order", () => Film(Stbl, "stsc", Bytes(0, 1, 2, 4, 1))),
        ("empty chunks", Mp4Error.BadTable, "stsc", "chunks without samples", () => Film(Stbl, "stsc", Bytes(0, 1, 1, 0, 1))),
        ("an unknown description", Mp4Error.BadTable, "stsc", "names sample description 2 of 1",
        () => Film(Stbl, "stsc", Bytes(0, 1, 1, 4, 2))),
        ("too few chunks", Mp4Error.BadTable, "stco", "the chunks hold 3 samples", () => Film(Stbl, "stsc", Bytes(0, 1, 1, 3, 1))),
        ("sync samples out of order", Mp4Error.BadTable, "stss", "is out of order", () => Film(Stbl, "stss", Bytes(0, 2, 3, 2))),
        ("a description that is not there", Mp4Error.BadTable, "stsd", "sample description 2 of 2 is not there", () => Film(
            moov => moov[Stbl + "/stsd"].Body = [.. Bytes(0, 2), .. moov[Stbl + "/stsd"].Body[8..], .. new byte[4]])),
        ("all samples past the file", Mp4Error.SampleOutsideFile, "stco", "the file is cut off: none of 4 samples is there",
        () => Film(Stbl, "stco", Bytes(0, 1, 5000))),
        ("an edit before the media", Mp4Error.BadEditList, "elst", "begins at the media time -2", () => Edited(new Mp4Builder(), -2)),
        ("an edit past any media", Mp4Error.BadEditList, "elst", "past any media", () => Film(moov => moov["trak"].Set(
            new EditableBox("edts", new EditableBox("elst", Bytes(0x01000000, 1, 1L, 1L << 62, 0x10000)))))),
        ("a broken avcC", Mp4Error.BadCodecConfiguration, "avc1", "", () => Film(Stbl, "stsd", Video("avc1", "avcC", [1, 0x42]))),
        ("a fragment with an unknown description", Mp4Error.BadTable, "tfhd", "names sample description 7 of 1",
        () => Fragment(Bytes(2, 1, 7), Bytes(0, 0))),
        ("a fragment past any time", Mp4Error.BadTable, "tfdt", "is past any recording",
        () => Fragment(Bytes(0, 1), Bytes(0, 0), ulong.MaxValue)),
        ("a run without its entries", Mp4Error.BadTable, "trun", "do not fit", () => Fragment(Bytes(0, 1), Bytes(0x200, 90))),
        ("a run of nothing", Mp4Error.BadTable, "trun", "have no size and no entry", () => Fragment(Bytes(0, 1), Bytes(0, 90))),
        ("a run before the file", Mp4Error.BadTable, "trun", "before the start of the file",
        () => Fragment(Bytes(0x20000, 1), Bytes(1, 1, int.MinValue))),
        ("a base past 2^63", Mp4Error.BadTable, "tfhd", "past 2^63", () => Fragment(Bytes(1, 1, ulong.MaxValue), Bytes(0, 0))),
    ];

    public static TheoryData<string> Names => [.. Films.Select(film => film.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_message_says_what_and_where(string name)
    {
        (_, Mp4Error error, string box, string reason, Func<byte[]> make) = Films.Single(film => film.Name == name);
        byte[] file = make();
        Mp4FormatException refusal = Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file));
        Assert.Equal((error, box), (refusal.Error, refusal.Box));
        Assert.Contains(reason, refusal.Reason, StringComparison.Ordinal);
        Assert.Equal($"{refusal.Reason} (box '{box}' at offset {refusal.Offset})", refusal.Message);
        Assert.Contains(Extents(file, box), extent => extent.Start <= refusal.Offset && refusal.Offset <= extent.End);
    }

    [Fact]
    public void There_is_a_film_for_every_error() =>
        Assert.All(Enum.GetValues<Mp4Error>().Where(error => error is not (Mp4Error.LimitExceeded or Mp4Error.NotMedia)),
        error => Assert.Contains(Films, film => film.Error == error));

    /// <summary>A track that is left out is described with a place, too: when no track is left, that is the refusal.</summary>
    [Fact]
    public void Tracks_that_are_left_out_have_a_place()
    {
        AssertPlace("hdlr", Film("trak/mdia", "hdlr", Bytes(0, 0, "text", new byte[13])));
        AssertPlace("mp4v", Film(Stbl, "stsd", Video("mp4v", "esds", new byte[10])));
        AssertPlace("stsd", Film(Stbl, "stsd", Bytes(0, 0)));
        AssertPlace("trak", Film(Stbl, "stsz", Bytes(0, 0, 0)));
        AssertPlace("hvc1", Film(Stbl, "stsd", Video("hvc1", "hvcC", [1, .. new byte[22]])));
        byte[] skipped = Film(moov => moov["trak"].Set(Mp4Builder.EditList((100, 5000, 0x10000))));
        AssertPlace("elst", skipped);
        Assert.Equal("box 'moov' at offset 8",
            Mp4Files.Parse(
                [.. Bytes(8, "free"), .. new EditableBox("moov", new EditableBox("mvhd", new byte[100])).Write()]).Place.ToString());
    }

    private static void AssertPlace(string box, byte[] file)
    {
        Track track = Assert.Single(Mp4Files.Parse(file).Tracks);
        Assert.NotNull(track.UnplayableReason);
        Assert.Equal($"box '{box}' at offset {track.Place.Offset}", track.Place.ToString());
        Assert.Contains(Extents(file, box), extent => extent.Start <= track.Place.Offset && track.Place.Offset <= extent.End);
    }

    /// <summary>
    /// Wherever the name of a box is, and as far as the size before it says; to the end of the file when that is nonsense.
    /// </summary>
    private static IEnumerable<(long Start, long End)> Extents(byte[] file, string box)
    {
        if (box == "moov" && file.AsSpan().IndexOf("moov"u8) < 0)
        {
            yield return (file.Length, file.Length);
        }

        byte[] type = Encoding.Latin1.GetBytes(box);
        for (int at = file.AsSpan().IndexOf(type); at >= 4; at = Next(at))
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at - 4));
            yield return (at - 4, size < 8 ? at + 12 : Math.Min(file.Length, at - 4 + size));
        }

        int Next(int at)
        {
            int next = file.AsSpan(at + 1).IndexOf(type);
            return next < 0 ? -1 : at + 1 + next;
        }
    }

    private static byte[] Film(Action<EditableBox> change) => new Mp4Builder().Build(change);

    private static byte[] Film(string parent, string type, byte[] body) => Film(moov => moov[parent].Set(new EditableBox(type, body)));

    private static byte[] Edited(Mp4Builder builder, int mediaTime) =>
        builder.Build(moov => moov["trak"].Set(Mp4Builder.EditList((160, mediaTime, 0x10000))));

    private static byte[] Video(string entry, string box, byte[] record) => Bytes(0, 1, new EditableBox(entry, Bytes(
        0, (short)0, (short)1, new byte[16], (short)160, (short)120, new byte[50], new EditableBox(box, record).Write())).Write());

    /// <summary>A box whose size is not that of its bytes.</summary>
    private static RawBox Raw(int size, string type, params object[] rest) => new(Bytes(size, type, Bytes(rest)));

    private static byte[] Fragment(byte[] tfhd, byte[] trun, ulong time = 0)
    {
        Mp4Builder builder = new() { Sizes = [], Extra = { new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 0, 0))) } };
        EditableBox traf =
            new("traf", new EditableBox("tfhd", tfhd), new EditableBox("tfdt", Bytes(0x01000000, time)), new EditableBox("trun", trun));
        return [.. builder.Build(), .. new EditableBox("moof", traf).Write()];
    }
}
