using System.Buffers.Binary;
using System.Globalization;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Every limit is met by a film planted for it: refused by name with a place, and read when the limit is one more.</summary>
public sealed class LimitTests
{
    private const string Stbl = "trak/mdia/minf/stbl";

    private static readonly (string Limit, string Place, MediaLimits TooNarrow, MediaLimits Enough, Func<byte[]> File)[] Films =
    [
        (nameof(MediaLimits.MovieBytes), "box 'moov'", new() { MovieBytes = MoovLength - 1 }, new() { MovieBytes = MoovLength },
        () => new Mp4Builder().Build()),
        (nameof(MediaLimits.MovieBytes), "box 'moof'", new() { MovieBytes = 900 }, new() { MovieBytes = 1100 }, () => Fragments(20)),
        (nameof(MediaLimits.Tracks), "box 'trak'", new() { Tracks = 2 }, new() { Tracks = 3 },
        () => Film(moov => moov.Children!.AddRange([moov["trak"], moov["trak"]]))),
        (nameof(MediaLimits.SamplesPerTrack), "box 'stsz'", new() { SamplesPerTrack = 3 }, new() { SamplesPerTrack = 4 },
        () => new Mp4Builder().Build()),
        (nameof(MediaLimits.SamplesPerTrack), "box 'elst'", new() { SamplesPerTrack = 4 }, new() { SamplesPerTrack = 40 }, () => Film(
            moov => moov["trak"].Set(Mp4Builder.EditList([.. Enumerable.Repeat((160u, 0, 0x10000u), 4)])))),
        (nameof(MediaLimits.SamplesPerTrack), "box 'trun'", new() { SamplesPerTrack = 5 }, new() { SamplesPerTrack = 6 },
        () => Fragments(3)),
        (nameof(MediaLimits.Boxes), "box 'free'", new() { Boxes = 50 }, new() { Boxes = 102 },
        () => [.. Boxes(100), .. new Mp4Builder().Build()]),
        (nameof(MediaLimits.Boxes), "box 'free'", new() { Boxes = 100 }, new() { Boxes = 200 },
        () => Film(moov => moov["trak/mdia"].Children!.AddRange(Many("free", 100)))),
        (nameof(MediaLimits.Boxes), "box 'free'", new() { Boxes = 100 }, new() { Boxes = 200 },
        () => [.. Fragments(1), .. new EditableBox("moof", [.. Many("free", 101)]).Write()]),
        (nameof(MediaLimits.Depth), "box 'edts'", new() { Depth = 10 }, new() { Depth = 14 },
        () => Film(moov => moov.Children!.Add(Nested(12)))),
        (nameof(MediaLimits.Edits), "box 'elst'", new() { Edits = 2 }, new() { Edits = 3 }, () => Film(
            moov => moov["trak"].Set(Mp4Builder.EditList((40, 0, 0x10000), (40, 40, 0x10000), (40, 80, 0x10000))))),
        (nameof(MediaLimits.SampleDescriptions), "box 'stsd'", new() { SampleDescriptions = 1 }, new() { SampleDescriptions = 2 },
        () => Film(
            moov => moov[Stbl + "/stsd"].Body = [.. Bytes(0, 2), .. moov[Stbl + "/stsd"].Body[8..], .. moov[Stbl + "/stsd"].Body[8..]])),
        (nameof(MediaLimits.Fragments), "box 'moof'", new() { Fragments = 4 }, new() { Fragments = 5 }, () => Fragments(5)),
        (nameof(MediaLimits.Fragments), "box 'free'", new() { Fragments = 4 }, new() { Fragments = 5 },
        () => [.. Fragments(1), .. Boxes(35)]),
        (nameof(MediaLimits.Tracks), "audio tag", new() { Tracks = 1 }, new() { Tracks = 2 }, Flv),
        (nameof(MediaLimits.SamplesPerTrack), "video tag", new() { SamplesPerTrack = 1 }, new() { SamplesPerTrack = 2 }, Flv),
        (nameof(MediaLimits.SampleDescriptions), "audio tag", new() { SampleDescriptions = 1 }, new() { SampleDescriptions = 2 }, Flv),
        (nameof(MediaLimits.ConfigurationBytes), "video tag", new() { ConfigurationBytes = 100 }, new() { ConfigurationBytes = 150 }, Flv),
        (nameof(MediaLimits.OtherTags), "audio tag", new() { OtherTags = 1 }, new() { OtherTags = 4 }, Flv),
    ];

    private static long MoovLength => new Mp4Builder().BuildMovie(0).Write().Length;

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, Films.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void The_message_says_which_limit_and_where(int number)
    {
        (string limit, string place, MediaLimits tooNarrow, MediaLimits enough, Func<byte[]> make) = Films[number];
        byte[] file = make();
        MediaFormatException refusal = Assert.ThrowsAny<MediaFormatException>(() => Parse(file, tooNarrow));
        Assert.Equal(limit, refusal.Limit);
        Assert.Equal("LimitExceeded",
            refusal is Mp4FormatException mp4 ? mp4.Error.ToString() : ((Media.Flv.FlvFormatException)refusal).Error.ToString());
        Assert.Contains($"more than the limit of {tooNarrow.GetType().GetProperty(limit)!.GetValue(tooNarrow)} ({limit})", refusal.Message,
            StringComparison.Ordinal);
        Assert.EndsWith($"({place} at offset {refusal.Offset})", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(refusal.Offset, 0, file.Length);
        Assert.NotEmpty(Parse(file, enough).Tracks);
        Assert.NotEmpty(Parse(file, null).Tracks);
    }

    [Fact]
    public void There_is_a_film_for_every_limit() =>
        Assert.All(
            typeof(MediaLimits).GetProperties()
                .Where(property => property.CanWrite
                && property.Name is not (nameof(MediaLimits.ListedBoxes) or nameof(MediaLimits.ResyncBytes))),
            property => Assert.Contains(Films, film => film.Limit == property.Name));

    [Fact]
    public void A_listing_ends_at_its_limit() => Assert.Equal(7, BoxTree.Read(Boxes(100), 0, new MediaLimits { ListedBoxes = 7 }).Length);

    [Fact]
    public void A_limit_below_1_is_refused_by_its_name() =>
        Assert.All(typeof(MediaLimits).GetProperties().Where(static property => property.CanWrite), static limit =>
        {
            Exception thrown = Assert.ThrowsAny<Exception>(
                () => limit.SetValue(new MediaLimits(), Convert.ChangeType(0, limit.PropertyType, CultureInfo.InvariantCulture)));
            ArgumentException refusal = Assert.IsType<ArgumentException>(thrown.InnerException);
            Assert.Equal(limit.Name, refusal.ParamName);
            Assert.StartsWith($"{limit.Name} must be ", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("(was 0)", refusal.Message, StringComparison.Ordinal);
        });

    /// <summary>Boxes are read by calls inside calls: what a limit lets through must not end the process.</summary>
    [Fact]
    public void The_greatest_depth_fits_into_the_smallest_stack()
    {
        Assert.StartsWith($"{nameof(MediaLimits.Depth)} must be from 1 to 1,000 (was 1001)",
            Assert.Throws<ArgumentException>(static () => new MediaLimits { Depth = MediaLimits.MaxDepth + 1 }).Message,
            StringComparison.Ordinal);
        MediaLimits limits = new() { Depth = MediaLimits.MaxDepth };
        byte[] deep = Film(moov => moov.Children!.Add(new RawBox(Nested(MediaLimits.MaxDepth - 1))));
        byte[] tooDeep = Film(moov => moov.Children!.Add(new RawBox(Nested(MediaLimits.MaxDepth))));
        Exception? fault = null;
        Thread thread = new(
            () => fault = Record.Exception(() =>
            {
                Assert.NotEmpty(Parse(deep, limits).Tracks);
                Assert.Equal(nameof(MediaLimits.Depth), Assert.Throws<Mp4FormatException>(() => Parse(tooDeep, limits)).Limit);
                Assert.Equal(MediaLimits.MaxDepth - 1, BoxTree.Read(tooDeep, 0, limits).Max(static node => node.Depth));
            }),
            512 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(fault);

        static byte[] Nested(int levels)
        {
            byte[] boxes = new byte[levels * 8];
            for (int i = 0; i < levels; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(boxes.AsSpan(i * 8), boxes.Length - (i * 8));
                "udta"u8.CopyTo(boxes.AsSpan((i * 8) + 4));
            }

            return boxes;
        }
    }

    /// <summary>A box for every eight bytes: what it costs to find one among them is bounded by how many there may be.</summary>
    [Fact]
    public void Millions_of_boxes_are_refused_at_once()
    {
        byte[] file = Film(moov => moov[Stbl].Children!.Add(new EditableBox("free", Boxes(1))));
        byte[] many = Film(moov => moov[Stbl].Children!.Insert(0, new RawBox(Boxes(2_000_000))));
        Assert.NotEmpty(Parse(file, null).Tracks);
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(nameof(MediaLimits.Boxes), Assert.Throws<Mp4FormatException>(() => Parse(many, null)).Limit);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }

    private static Movie Parse(byte[] file, MediaLimits? limits)
    {
        MovieFileReader reader = new(file.Length, limits);
        while (reader.TryGetNext(out long offset, out int length))
        {
            reader.Add(file.AsSpan((int)offset, length));
        }

        return reader.ToMovie();
    }

    private static byte[] Film(Action<EditableBox> change) => new Mp4Builder().Build(change);

    private static byte[] Boxes(int count) => Bytes([.. Enumerable.Repeat<object>(Bytes(8, "free"), count)]);

    private static IEnumerable<EditableBox> Many(string type, int count) =>
        Enumerable.Range(0, count).Select(_ => new EditableBox(type, Array.Empty<byte>()));

    private static EditableBox Nested(int depth) =>
        depth == 0 ? new EditableBox("free", Array.Empty<byte>()) : new EditableBox("edts", Nested(depth - 1));

    /// <summary>A file of fragments with two samples each.</summary>
    private static byte[] Fragments(int count)
    {
        Mp4Builder builder = new() { Sizes = [], Extra = { new EditableBox("mvex", new EditableBox("trex", Bytes(0, 1, 1, 40, 5, 0))) } };
        EditableBox traf = new("traf", new EditableBox("tfhd", Bytes(0x20000, 1)), new EditableBox("trun", Bytes(1, 2, 0)));
        byte[] moof = new EditableBox("moof", traf).Write();
        return [.. builder.Build(), .. Bytes([.. Enumerable.Repeat<object>(moof, count)])];
    }

    private static byte[] Flv()
    {
        byte[] record = [.. Mp4Builder.AvcRecord, .. new byte[80]];
        return new FlvBuilder().Tag(9, 0, [0x17, 0, 0, 0, 0, .. record]).Tag(9, 0, "17 01 000000 AA").Tag(9, 40, "27 01 000000 AA")
            .Tag(9, 40, "27 01 000000").Tag(8, 40, "AF 00 1210").Tag(8, 40, "AF 01 AA").Tag(8, 60, "AF 00 1190").Build();
    }
}
