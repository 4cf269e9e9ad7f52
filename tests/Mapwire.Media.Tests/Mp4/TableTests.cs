using System.Buffers.Binary;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>The sample tables' less common shapes, and what is refused of them.</summary>
public sealed class TableTests
{
    private const string Stbl = "trak/mdia/minf/stbl";
    private const string Source = "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=440:r=44100:d=2 "
        + "-c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac";

    [Fact]
    public void Reads_co64()
    {
        EditableFile file = Open();
        foreach (EditableBox trak in file.Movie.Children!.Where(box => box.Type == "trak"))
        {
            EditableBox stbl = trak["mdia/minf/stbl"];
            byte[] narrow = stbl["stco"].Body;
            List<object> wide = [narrow[..8]];
            for (int i = 8; i < narrow.Length; i += 4)
            {
                wide.Add((long)BinaryPrimitives.ReadUInt32BigEndian(narrow.AsSpan(i)));
            }

            stbl.Remove("stco");
            stbl.Set(new EditableBox("co64", Bytes([.. wide])));
        }

        AssertAsProbed(file);
    }

    [Fact]
    public void Reads_64_bit_sizes_everywhere()
    {
        EditableFile file = Open();
        Enlarge(file.Movie);
        AssertAsProbed(file);

        static void Enlarge(EditableBox box)
        {
            box.IsLarge = true;
            box.Children?.ForEach(Enlarge);
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(4)]
    public void Reads_stz2(int bits)
    {
        uint[] sizes = [15, 3, 0, 9, 7];
        Mp4Builder builder = new() { Sizes = sizes };
        byte[] fields = bits switch
        {
            4 => [0xF3, 0x09, 0x70],
            8 => [15, 3, 0, 9, 7],
            _ => Bytes((short)15, (short)3, (short)0, (short)9, (short)7),
        };
        Movie movie = Mp4Files.Parse(builder.Build(moov =>
        {
            moov[Stbl].Remove("stsz");
            moov[Stbl].Set(new EditableBox("stz2", Bytes(0, bits, 5, fields)));
        }));
        Assert.Equal(sizes, movie.Tracks[0].Samples.Select(sample => sample.Size));
    }

    [Fact]
    public void Reads_one_size_for_all()
    {
        Track track = Build(new Mp4Builder { Sizes = [10, 10, 10] }, "stsz", Bytes(0, 10, 3)).Tracks[0];
        Assert.Equal([10u, 10u, 10u], track.Samples.Select(sample => sample.Size));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x01000000)]
    public void Composition_offsets_are_signed_in_both_versions(int version)
    {
        Track track = Build(new Mp4Builder(), "ctts", Bytes(version, 4, 1, 0, 1, 80, 1, -40, 1, -80)).Tracks[0];
        // The last two entries do not move decode times, so these two are presented before they are decoded, as ffprobe shows them.
        Assert.Equal([0L, 40, 80, 120], track.Samples.Select(sample => sample.DecodeTime));
        Assert.Equal([0L, 80, -40, -80], track.Samples.Select(sample => sample.CompositionOffset));

        track = Build(new Mp4Builder(), "ctts", Bytes(version, 4, 1, 0, 1, -40, 1, 40, 1, 0)).Tracks[0];
        Assert.Equal([-40L, 0, 40, 80], track.Samples.Select(sample => sample.DecodeTime));
        Assert.Equal([40L, 0, 80, 40], track.Samples.Select(sample => sample.CompositionOffset));
    }

    [Fact]
    public void Tables_that_are_too_short_go_on_and_too_long_stop()
    {
        Track track = Build(new Mp4Builder(), "stts", Bytes(0, 2, 1, 30, 1, 50)).Tracks[0];
        Assert.Equal([0L, 30, 80, 130], track.Samples.Select(sample => sample.DecodeTime));
        track = Build(new Mp4Builder(), "stts", Bytes(0, 3, 0, 7, 2, 30, 100, 50)).Tracks[0];
        Assert.Equal([0L, 30, 60, 110], track.Samples.Select(sample => sample.DecodeTime));
        track = Build(new Mp4Builder(), "ctts", Bytes(0, 1, 2, 30)).Tracks[0];
        Assert.Equal([30L, 30, 0, 0], track.Samples.Select(sample => sample.CompositionOffset));
        track = Build(new Mp4Builder(), "stsc", Bytes(0, 1, 1, 100, 1)).Tracks[0];
        Assert.Equal(4, track.SampleCount);
    }

    /// <summary>A duration of -40, stored unsigned, as some cameras do: the samples after it make up for it.</summary>
    [Fact]
    public void Negative_durations_are_corrected_as_ffprobe_does()
    {
        byte[] file = new Mp4Builder { Sizes = [10, 10, 10, 10, 10, 10] }.Build(
            moov => moov[Stbl].Set(new EditableBox("stts", Bytes(0, 3, 2, 40, 1, -40, 3, 40))));
        string path = Ffmpeg.NewPath(".mp4");
        File.WriteAllBytes(path, file);
        Assert.Equal(
            Ffmpeg.Packets(path, "v:0").Select(packet => packet.Dts),
            Mp4Files.Parse(file).Tracks[0].Samples.Select(sample => sample.DecodeTime));
    }

    [Fact]
    public void Sync_samples_count_from_1_or_as_some_do_from_0()
    {
        Assert.Equal([true, false, true, false], Sync(Bytes(0, 2, 1, 3)));
        Assert.Equal([true, false, true, false], Sync(Bytes(0, 2, 0, 2)));
        Assert.Equal([true, false, true, false], Sync(Bytes(0, 4, 1, 1, 3, 900)));
        Assert.Equal([true, false, false, false], Sync(Bytes(0, 0)));
        Track all = Mp4Files.Parse(new Mp4Builder().Build(moov => moov[Stbl].Remove("stss"))).Tracks[0];
        Assert.All(all.Samples, sample => Assert.True(sample.IsSync));

        static bool[] Sync(byte[] stss) => [.. Build(new Mp4Builder(), "stss", stss).Tracks[0].Samples.Select(sample => sample.IsSync)];
    }

    [Fact]
    public void Partial_sync_samples_are_sync_samples()
    {
        Track track = Build(new Mp4Builder(), "stps", Bytes(0, 2, 1, 4)).Tracks[0];
        Assert.Equal([true, false, false, true], track.Samples.Select(sample => sample.IsSync));
    }

    [Theory]
    [InlineData("rap ", 0, true)]
    [InlineData("rap ", 1, true)]
    [InlineData("roll", 0, false)]
    public void Random_access_points_are_sync_samples(string type, int version, bool isSync)
    {
        byte[] parameter = version == 0 ? [] : Bytes(0);
        Track track = Build(new Mp4Builder(), "sbgp", Bytes(version << 24, type, parameter, 3, 2, 0, 1, 1, 7, 0)).Tracks[0];
        Assert.Equal([true, false, isSync, false], track.Samples.Select(sample => sample.IsSync));
    }

    [Theory]
    [InlineData(0, "0000_0001 000C", true)]
    [InlineData(1, "0000_0002 0000_0001 000C", true)]
    [InlineData(1, "0000_0000 0000_0002 0000_0002 FFFF 0000_0004 000C_FFFF", false)] // the first of them is a run-up
    [InlineData(1, "0000_0000 0000_0001 0000_0003 000C_00", true)]
    [InlineData(1, "0000_0002 0000_0001 FFFF", false)]
    [InlineData(1, "0000_0002 0000_0000", false)]
    [InlineData(2, "0000_0001 0000_0001 000C", true)]
    public void Recovery_points_are_sync_samples_where_nothing_is_better(int version, string descriptions, bool isSync)
    {
        byte[] sgpd =
            Bytes(version << 24, "roll",
            Convert.FromHexString(descriptions.Replace(" ", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal)));
        byte[] sbgp = Bytes(0, "roll", 3, 2, 0, 1, 1, 7, 0);
        Assert.Equal([true, false, isSync, false], Sync(Bytes(0, 1, 1)));
        Assert.Equal([true, false, isSync, false], Sync(Bytes(0, 0)));
        Assert.Equal([true, false, false, true], Sync(Bytes(0, 2, 1, 4)));

        bool[] Sync(byte[] stss) => [.. Mp4Files.Parse(new Mp4Builder().Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("stss", stss));
            moov[Stbl].Set(new EditableBox("sgpd", sgpd));
            moov[Stbl].Set(new EditableBox("sbgp", sbgp));
        })).Tracks[0].Samples.Select(sample => sample.IsSync)];
    }

    [Fact]
    public void Chunks_of_different_sizes()
    {
        Mp4Builder builder = new() { Sizes = [10, 20, 30, 40, 50] };
        Track track = Mp4Files.Parse(builder.Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 2, 1, 2, 1, 3, 1, 1)));
            moov[Stbl].Set(new EditableBox("stco", Bytes(0, 3, 100, 50, 20)));
        })).Tracks[0];
        Assert.Equal([100L, 110, 50, 80, 20], track.Samples.Select(sample => sample.Offset));
    }

    /// <summary>stsd entries that differ are told apart by <see cref="Sample.Description"/>.</summary>
    [Fact]
    public void Several_sample_descriptions()
    {
        Track track = Mp4Files.Parse(new Mp4Builder().Build(moov =>
        {
            byte[] entry = moov[Stbl]["stsd"].Body[8..];
            moov[Stbl].Set(new EditableBox("stsd", Bytes(0, 2, entry, entry)));
            moov[Stbl].Set(new EditableBox("stsc", Bytes(0, 2, 1, 1, 2, 2, 3, 1)));
            moov[Stbl].Set(new EditableBox("stco", Bytes(0, 2, 40, 140)));
        })).Tracks[0];
        Assert.Equal([1, 0, 0, 0], track.Samples.Select(sample => sample.Description));
        Assert.Equal(2, track.Codecs.Length);
        Assert.Same(track.Codecs[1], track.Codec);
    }

    public static TheoryData<string, Mp4Error, byte[]> Broken => new()
    {
        { "stsz", Mp4Error.BadTable, Bytes(0, 0, 5, 1, 1, 1, 1) },
        { "stsz", Mp4Error.BadTable, Bytes(0, 0, 0x00FFFFFF) },
        { "stsz", Mp4Error.LimitExceeded, Bytes(0, 0, uint.MaxValue) },
        { "stsz", Mp4Error.LimitExceeded, Bytes(0, 1, uint.MaxValue) },
        { "stsz", Mp4Error.Truncated, Bytes(0, 1) },
        { "stsz", Mp4Error.UnsupportedVersion, Bytes(0x01000000, 1, 1) },
        { "stts", Mp4Error.BadTable, Bytes(0, 0) },
        { "stts", Mp4Error.BadTable, Bytes(0, 2, 4, 40) },
        { "stts", Mp4Error.BadTable, Bytes(0, uint.MaxValue) },
        { "ctts", Mp4Error.BadTable, Bytes(0, 1 << 29, 1, 1) },
        { "ctts", Mp4Error.UnsupportedVersion, Bytes(0x02000000, 0) },
        { "stsc", Mp4Error.BadTable, Bytes(0, 0) },
        { "stsc", Mp4Error.BadTable, Bytes(0, 1, 2, 4, 1) },
        { "stsc", Mp4Error.BadTable, Bytes(0, 1, 0, 4, 1) },
        { "stsc", Mp4Error.BadTable, Bytes(0, 1, 1, 0, 1) },
        { "stsc", Mp4Error.BadTable, Bytes(0, 1, 1, 4, 2) },
        { "stsc", Mp4Error.BadTable, Bytes(0, 2, 1, 1, 1, 1, 1, 1) },
        { "stco", Mp4Error.BadTable, Bytes(0, 0) },
        { "stco", Mp4Error.BadTable, Bytes(0, 0x40000001, 0) },
        { "stco", Mp4Error.SampleOutsideFile, Bytes(0, 1, 5000) },
        { "stco", Mp4Error.SampleOutsideFile, Bytes(0, 1, uint.MaxValue) },
        { "stss", Mp4Error.BadTable, Bytes(0, 2, 3, 1) },
        { "stss", Mp4Error.BadTable, Bytes(0, uint.MaxValue, 1) },
        { "sgpd", Mp4Error.BadTable, Bytes(1 << 24, "roll", 1, 1, 0) },
        { "sgpd", Mp4Error.BadTable, Bytes(1 << 24, "roll", 0, 1, 9, 0) },
        { "sgpd", Mp4Error.BadTable, Bytes(0, "roll", 3, 0) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Refuses_tables_that_cannot_be(string type, Mp4Error error, byte[] body)
    {
        byte[] file = new Mp4Builder().Build(moov => moov[Stbl].Set(new EditableBox(type, body)));
        Mp4FormatException e = Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file));
        Assert.Equal(error, e.Error);
        Assert.Equal(type, e.Box);
        int box = file.AsSpan().IndexOf(System.Text.Encoding.Latin1.GetBytes(type)) - 4;
        Assert.InRange(e.Offset, box, box + 8 + body.Length);
    }

    [Fact]
    public void Samples_past_4_GiB()
    {
        EditableBox moov = new Mp4Builder().BuildMovie(0);
        moov[Stbl].Remove("stco");
        moov[Stbl].Set(new EditableBox("co64", Bytes(0, 1, 5_000_000_000L)));
        Track track = MovieParser.Parse(moov.Write(), 5_000_001_000, 6_000_000_000).Tracks[0];
        Assert.Equal([5_000_000_000L, 5_000_000_100, 5_000_000_120, 5_000_000_150], track.Samples.Select(sample => sample.Offset));
        Mp4FormatException e = Assert.Throws<Mp4FormatException>(() => MovieParser.Parse(moov.Write(), 5_000_001_000, 5_000_000_099));
        Assert.True(e.Offset > 5_000_001_000);
    }

    [Fact]
    public void Refuses_a_co64_offset_past_2_to_the_63()
    {
        byte[] file = new Mp4Builder().Build(moov =>
        {
            moov[Stbl].Remove("stco");
            moov[Stbl].Set(new EditableBox("co64", Bytes(0, 1, ulong.MaxValue)));
        });
        Assert.Equal(Mp4Error.SampleOutsideFile, Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file)).Error);
    }

    [Theory]
    [InlineData("stsd")]
    [InlineData("stts")]
    [InlineData("stsc")]
    [InlineData("stsz")]
    [InlineData("stco")]
    public void Refuses_a_missing_table(string type)
    {
        byte[] file = new Mp4Builder().Build(moov => moov[Stbl].Remove(type));
        Assert.Equal(Mp4Error.MissingBox, Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file)).Error);
    }

    [Theory]
    [InlineData("stts")]
    [InlineData("stsz")]
    [InlineData("stsd")]
    public void The_first_of_two_tables_of_a_kind_counts(string type)
    {
        byte[] file = new Mp4Builder().Build(moov => moov[Stbl].Children!.Add(new EditableBox(type, Bytes(0, 0, 0))));
        Assert.Equal(4, Mp4Files.Parse(file).Tracks[0].SampleCount);
    }

    private static EditableFile Open() => EditableFile.Open(Ffmpeg.Make("table-source.mp4", Source));

    private static void AssertAsProbed(EditableFile file)
    {
        string path = file.Save();
        Movie movie = Mp4Files.Parse(path);
        Reference.AssertSame(path, movie.Tracks[0], "v:0");
        Reference.AssertSame(path, movie.Tracks[1], "a:0");
    }

    private static Movie Build(Mp4Builder builder, string type, byte[] body) =>
        Mp4Files.Parse(builder.Build(moov => moov[Stbl].Set(new EditableBox(type, body))));
}
