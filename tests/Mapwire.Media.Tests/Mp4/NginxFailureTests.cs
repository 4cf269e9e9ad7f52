using System.Diagnostics;
using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

/// <summary>Files on which nginx-rtmp 1.2.2 hangs, crashes or plays something else. Each is refused, or read right, at once.</summary>
public sealed class NginxFailureTests
{
    private const string Stbl = "trak/mdia/minf/stbl";

    [Fact]
    public void Truncated_moov()
    {
        byte[] file = new Mp4Builder().Build();
        AssertRefused(Mp4Error.PastEnd, file[..^50]);
    }

    [Fact]
    public void Size_0_child_box()
    {
        // "to the end of the parent": here nothing follows it, so nothing is lost; in front it swallows what the movie needs.
        byte[] last = new Mp4Builder { Extra = { new EditableBox("free", Array.Empty<byte>()) } }.Build();
        last.AsSpan(last.Length - 8, 4).Clear();
        Assert.Equal(4, Mp4Files.Parse(last).Tracks[0].SampleCount);

        byte[] first = new Mp4Builder().Build(moov => moov.Children!.Insert(0, new EditableBox("free", Array.Empty<byte>())));
        int at = first.AsSpan().IndexOf("free"u8) - 4;
        first.AsSpan(at, 4).Clear();
        AssertRefused(Mp4Error.MissingBox, first);
    }

    [Fact]
    public void Extended_size_0()
    {
        byte[] file = new Mp4Builder().Build(moov => moov.Children!.Insert(0, new EditableBox("free", Bytes(0L)) { IsLarge = true }));
        int at = file.AsSpan().IndexOf("free"u8) + 4;
        file.AsSpan(at, 8).Clear();
        AssertRefused(Mp4Error.BadBoxSize, file);
    }

    [Fact]
    public void Media_timescale_0() => AssertRefused(Mp4Error.BadTimescale, new Mp4Builder { Timescale = 0 }.Build());

    [Fact]
    public void First_box_of_2_to_the_63() =>
        AssertRefused(Mp4Error.BadBoxSize, [.. Bytes(1, "ftyp", 1UL << 63), .. new Mp4Builder().Build()]);

    [Fact]
    public void Moov_that_reaches_past_the_end()
    {
        byte[] file = new Mp4Builder().Build();
        int at = file.AsSpan().IndexOf("moov"u8) - 4;
        file[at + 1] = 0x7F;
        AssertRefused(Mp4Error.PastEnd, file);
    }

    [Fact]
    public void Composition_offsets_of_version_1()
    {
        Track track = Mp4Files.Parse(new Mp4Builder().Build(
            moov => moov[Stbl].Set(new EditableBox("ctts", Bytes(0x01000000, 4, 1, 0, 1, -40, 1, 40, 1, 0))))).Tracks[0];
        Assert.All(track.Samples, sample => Assert.InRange(sample.PresentationTime, 0, 1000));
    }

    [Fact]
    public void Timescale_of_10_MHz_past_429_seconds()
    {
        Mp4Builder builder = new() { Timescale = 10_000_000, Delta = 2_000_000_000, Sizes = [1, 2, 3, 4] };
        Track track = Mp4Files.Parse(builder.Build()).Tracks[0];
        Assert.Equal([0L, 200_000, 400_000, 600_000],
            track.Samples.Select(sample => Ticks.ToMilliseconds(sample.DecodeTime, track.Timescale)));
        Assert.Equal(TimeSpan.FromSeconds(800), track.Duration);
    }

    [Fact]
    public void Edit_list()
    {
        Track track = Mp4Files.Parse(new Mp4Builder().Build(moov =>
        {
            moov[Stbl].Set(new EditableBox("ctts", Bytes(0, 1, 4, 66)));
            moov["trak"].Set(Mp4Builder.EditList((160, 66, 0x10000)));
        })).Tracks[0];
        Assert.Equal([0L, 40, 80, 120], track.Samples.Select(sample => sample.PresentationTime));
    }

    [Fact]
    public void Samples_over_1_MiB()
    {
        Track track = Mp4Files.Parse(new Mp4Builder { Sizes = [5_000_000, 3, 2_000_000] }.Build()).Tracks[0];
        Assert.Equal([5_000_000u, 3u, 2_000_000u], track.Samples.Select(sample => sample.Size));
    }

    [Fact]
    public void Empty_and_foreign_files()
    {
        AssertRefused(Mp4Error.NotMedia, []);
        AssertRefused(Mp4Error.NotMedia, new byte[7]);
        AssertRefused(Mp4Error.NotMedia, new byte[1000]);
        AssertRefused(Mp4Error.NotMedia, "This is a text, and a text is not a film."u8.ToArray());
        AssertRefused(Mp4Error.MissingBox, Bytes(8, "moov"));
        AssertRefused(Mp4Error.LimitExceeded, Bytes([.. Enumerable.Repeat<object>(Bytes(8, "free"), 70_000)]));
    }

    private static void AssertRefused(Mp4Error error, byte[] file)
    {
        Stopwatch watch = Stopwatch.StartNew();
        Mp4FormatException e = Assert.Throws<Mp4FormatException>(() => Mp4Files.Parse(file));
        Assert.Equal(error, e.Error);
        Assert.InRange(e.Offset, 0, file.Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
    }
}
