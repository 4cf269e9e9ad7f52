using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Edit lists written into files, read as ffprobe reads them. Rules: docs/adr/0003-edit-lists.md.</summary>
public sealed class EditListTests
{
    private const string Source = "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -f lavfi -i sine=440:r=44100:d=4 "
        + "-c:v libx264 -preset veryfast -g 25 -bf 3 -x264-params b-pyramid=normal:open-gop=1 -c:a aac -video_track_timescale 12800";

    /// <summary>Duration in ms, media time in ms (-1 is a pause); of video, then of audio.</summary>
    public static TheoryData<string, string, string> SingleEdits => new()
    {
        { "whole", "4000,80", "4000,23.22" },
        { "leading pause", "500,-1 3500,80", "3500,23.22" },
        { "two leading pauses", "500,-1 250,-1 3000,80", "250,-1 3500,0" },
        { "odd pause", "333,-1 3500,80", "777,-1 3500,23.22" },
        { "media from the start", "4000,0", "4000,0" },
        { "start in a group of pictures", "2000,1500", "2000,1500" },
        { "start between two pictures", "2000,1513", "2000,1513" },
        { "start at a sync sample", "1500,1080", "1500,1044.9" },
        { "start just before a sync sample", "1500,1079", "1500,1044" },
        { "start in leading pictures", "1500,1040", "1500,1040" },
        { "trim at the end", "1000,80", "1000,23.22" },
        { "trim in the middle of a picture", "1013,80", "1013,23.22" },
        { "one picture", "40,2000", "23,2000" },
        { "less than a picture", "5,2000", "5,2000" },
        { "past the end", "9000,80", "9000,1000" },
        { "last picture", "40,3980", "23,3990" },
        { "pause and trim", "100,-1 700,1333", "1100,-1 700,1333" },
    };

    public static TheoryData<string, string, string> SeveralEdits => new()
    {
        { "skip forward", "1000,80 1000,2080", "1000,23 1000,2000" },
        { "skip forward off sync", "1000,80 1000,2500", "1000,23 1000,2500" },
        { "skip back", "1000,2080 1000,80", "1000,2000 1000,23" },
        { "repeat", "500,580 500,580 500,580", "500,500 500,500 500,500" },
        { "adjacent", "1000,80 1000,1080", "1000,0 1000,1000" },
    };

    [Theory]
    [MemberData(nameof(SingleEdits))]
    public void One_edit_is_read_as_ffprobe_reads_it(string name, string video, string audio)
    {
        _ = name;
        EditableFile file = Edit(video, audio, version: 0);
        string path = file.Save();
        Movie movie = Mp4Files.Parse(path);
        Reference.AssertSame(path, movie.Tracks[0], "v:0");
        Reference.AssertSame(path, movie.Tracks[1], "a:0");
    }

    [Theory]
    [MemberData(nameof(SingleEdits))]
    public void Version_1_says_the_same(string name, string video, string audio)
    {
        _ = name;
        Movie narrow = Mp4Files.Parse(Edit(video, audio, version: 0).ToBytes());
        byte[] wideFile = Edit(video, audio, version: 1).ToBytes();
        Movie wide = Mp4Files.Parse(wideFile);
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(narrow.Tracks[i].Samples, wide.Tracks[i].Samples);
            Assert.Equal(narrow.Tracks[i].Duration, wide.Tracks[i].Duration);
        }
    }

    /// <summary>What ffprobe shows as kept must be kept at the same presentation times, and decode times must be in order.</summary>
    [Theory]
    [MemberData(nameof(SeveralEdits))]
    public void Several_edits_keep_what_ffprobe_keeps(string name, string video, string audio)
    {
        _ = name;
        string path = Edit(video, audio, version: 0).Save();
        Movie movie = Mp4Files.Parse(path);
        for (int i = 0; i < 2; i++)
        {
            List<Packet> kept = [.. Ffmpeg.Packets(path, i == 0 ? "v:0" : "a:0").Where(packet => !packet.IsDiscarded)];
            List<Sample> actual = [.. movie.Tracks[i].Samples];
            int next = 0;
            foreach (Sample sample in actual)
            {
                if (next < kept.Count && kept[next].Position == sample.Offset && kept[next].Pts == sample.PresentationTime)
                {
                    next++;
                }
            }

            Assert.Equal(kept.Count, next);
            Assert.Equal(actual.Select(sample => sample.DecodeTime).Order(), actual.Select(sample => sample.DecodeTime));
            Assert.InRange(actual.Count, kept.Count, kept.Count + 4 * 25);
        }
    }

    [Fact]
    public void What_a_decoder_needs_first_begins_at_a_sync_sample_before_zero()
    {
        Movie movie = Mp4Files.Parse(Edit("2000,1500", "2000,1500", version: 0).ToBytes());
        Sample first = movie.Tracks[0].Samples.First();
        Assert.True(first.IsSync);
        Assert.True(first.PresentationTime < 0);
        Assert.Equal(first.DecodeTime, movie.Tracks[0].FirstDecodeTime);
        Sample[] sound = [.. movie.Tracks[1].Samples.Take(3)];
        Assert.True(sound[0].PresentationTime + 1024 <= 0);
        Assert.True(sound[1].PresentationTime + 1024 > 0);
    }

    [Theory]
    [InlineData(0, 2000, 1500)]
    [InlineData(500, 2000, 1500)]
    [InlineData(0, 0, 3000)]
    public void The_run_up_is_what_is_presented_before_the_presentation_starts(int pause, int from, int length)
    {
        byte[] film = new Mp4Builder { Delta = 40, Sizes = [.. Enumerable.Repeat(9u, 100)] }.Build(moov =>
        {
            moov["trak/mdia/minf/stbl"].Set(new EditableBox("stss", EditableBox.Bytes(0, 2, 1, 26)));
            moov["trak"].Set(pause > 0
                ? Mp4Builder.EditList(((uint)pause, -1, 0x10000), ((uint)length, from, 0x10000))
                : Mp4Builder.EditList(((uint)length, from, 0x10000)));
        });
        Track track = Mp4Files.Parse(film).Tracks[0];
        Assert.Equal(pause, track.PresentationStart);
        int expected = (from / 40) - (from >= 1000 ? 25 : 0);
        Assert.Equal(expected, track.Samples.Count(sample => sample.PresentationTime < track.PresentationStart));
        Assert.Equal(from % 40 == 0 ? pause : 0,
            track.Samples.First(sample => sample.PresentationTime >= track.PresentationStart).PresentationTime);
    }

    [Fact]
    public void Aac_priming_has_a_negative_time()
    {
        string path = Ffmpeg.Make("edit-source.mp4", Source);
        Assert.Equal(-1024, Mp4Files.Parse(path).Tracks[1].Samples.First().DecodeTime);
    }

    [Theory]
    [InlineData("500,-1 3000,80", 3500)]
    [InlineData("1000,80", 1000)]
    [InlineData("1000,80 1000,2080", 2000)]
    [InlineData("100,-1 1000,80 400,-1 1000,2080", 2500)]
    public void The_duration_is_the_presentations(string video, int milliseconds)
    {
        Track track = Mp4Files.Parse(Edit(video, "4000,0", version: 0).ToBytes()).Tracks[0];
        Assert.InRange(track.Duration.TotalMilliseconds, milliseconds - 40, milliseconds);
    }

    [Fact]
    public void A_last_edit_without_a_duration_goes_on_to_the_end()
    {
        Track whole = Mp4Files.Parse(Edit("4000,80", "4000,0", version: 0).ToBytes()).Tracks[0];
        Track open = Mp4Files.Parse(Edit("0,80", "4000,0", version: 0).ToBytes()).Tracks[0];
        Assert.Equal(whole.Samples, open.Samples);
        Assert.Equal(whole.Duration, open.Duration);
    }

    [Fact]
    public void A_rate_of_0_is_time_passing()
    {
        EditableFile file = EditableFile.Open(Ffmpeg.Make("edit-source.mp4", Source));
        file.Movie["trak#0"].Set(Mp4Builder.EditList((1000, 12800, 0), (1000, 1024, 0x10000)));
        Track track = Mp4Files.Parse(file.ToBytes()).Tracks[0];
        Assert.Equal(12800, track.Samples.Min(sample => sample.PresentationTime));
    }

    [Fact]
    public void An_edit_list_that_leaves_nothing_makes_the_track_unplayable_not_the_file()
    {
        Movie movie = Mp4Files.Parse(Edit("1000,90000", "4000,0", version: 0).ToBytes());
        Assert.Equal("its edit list leaves no sample", movie.Tracks[0].UnplayableReason);
        Assert.Empty(movie.Tracks[0].Samples);
        Assert.Null(movie.Tracks[1].UnplayableReason);
    }

    [Fact]
    public void Refuses_what_cannot_be_followed()
    {
        AssertRefused(Mp4Error.BadEditList, new EditableBox("elst", Bytes(0, 1, 1000, -2, 0x10000)));
        AssertRefused(Mp4Error.BadEditList, new EditableBox("elst", Bytes(0x01000000, 1, 1000L, long.MaxValue, 0x10000)));
        AssertRefused(Mp4Error.BadTable, new EditableBox("elst", Bytes(0, 2, 1000, 0, 0x10000)));
        AssertRefused(Mp4Error.BadTable, new EditableBox("elst", Bytes(0, uint.MaxValue)));
        AssertRefused(Mp4Error.UnsupportedVersion, new EditableBox("elst", Bytes(0x02000000, 0)));
        AssertRefused(Mp4Error.LimitExceeded, new EditableBox("elst", Bytes(0, 1025, new byte[1025 * 12])));
        byte[] many = Bytes([.. Enumerable.Repeat<object>(Bytes(1000, 0, 0x10000), 1024)]);
        AssertRefused(Mp4Error.LimitExceeded, new EditableBox("elst", Bytes(0, 1024, many)), samples: 2000);
    }

    [Fact]
    public void The_movie_timescale_0_is_refused_only_where_an_edit_list_needs_it()
    {
        Mp4Builder builder = new() { MovieTimescale = 0 };
        Assert.Equal(4, Mp4Files.Parse(builder.Build()).Tracks[0].SampleCount);
        Mp4FormatException e = Assert.Throws<Mp4FormatException>(
            () => Mp4Files.Parse(builder.Build(moov => moov["trak"].Set(Mp4Builder.EditList((1000, 0, 0x10000))))));
        Assert.Equal(Mp4Error.BadTimescale, e.Error);
    }

    [Fact]
    public void The_longest_times_do_not_overflow()
    {
        Mp4Builder builder = new() { Timescale = uint.MaxValue, MovieTimescale = 1, Delta = uint.MaxValue - 480_000 };
        EditableBox edits = new("edts", new EditableBox("elst", Bytes(
            0x01000000, 3, ulong.MaxValue, -1L, 0x10000, ulong.MaxValue, 0L, 0x10000, ulong.MaxValue, 1L << 60, 0x10000)));
        Track track = Mp4Files.Parse(builder.Build(moov => moov["trak"].Set(edits))).Tracks[0];
        Assert.Equal(4, track.SampleCount);
        Assert.Equal(1L << 61, track.FirstDecodeTime);
    }

    private static void AssertRefused(Mp4Error error, EditableBox elst, int samples = 1 << 24)
    {
        byte[] file = new Mp4Builder().Build(moov => moov["trak"].Set(new EditableBox("edts", elst)));
        Mp4FormatException e = Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file, new MediaLimits { SamplesPerTrack = samples }));
        Assert.Equal(error, e.Error);
        Assert.Equal("elst", e.Box);
    }

    private static EditableFile Edit(string video, string audio, byte version)
    {
        EditableFile file = EditableFile.Open(Ffmpeg.Make("edit-source.mp4", Source));
        file.Movie["trak#0"].Set(List(video, 12800));
        file.Movie["trak#1"].Set(List(audio, 44100));
        return file;

        EditableBox List(string edits, int timescale)
        {
            List<object> fields = [(uint)version << 24, edits.Split(' ').Length];
            foreach (string edit in edits.Split(' '))
            {
                string[] parts = edit.Split(',');
                int duration = int.Parse(parts[0]);
                int time = parts[1] == "-1" ? -1 : (int)Math.Round(double.Parse(parts[1]) * timescale / 1000);
                fields.AddRange(version == 0 ? [duration, time, 0x10000] : [(long)duration, (long)time, 0x10000]);
            }

            return new EditableBox("edts", new EditableBox("elst", Bytes([.. fields])));
        }
    }
}
