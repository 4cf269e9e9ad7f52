using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>How long parts are where pictures come less often than when PART-TARGET was chosen, and no header says so.</summary>
public sealed class LivePartsTests : IDisposable
{
    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private LiveStreams? _streams;
    private LivePublisher? _publisher;
    private double _time;
    private int _pictures;
    private long _keys;

    public void Dispose()
    {
        _streams?.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(500, new double[] { 66.667 })] // 15 a second: a phone in the dark
    [InlineData(500, new double[] { 100 })]
    [InlineData(500, new double[] { 142.857 })]
    [InlineData(500, new double[] { 33.333, 66.667 })]
    [InlineData(500, new double[] { 20, 90, 33, 33, 120 })]
    [InlineData(500, new double[] { 16.667 })]
    [InlineData(200, new double[] { 66.667 })]
    [InlineData(200, new double[] { 100 })]
    [InlineData(200, new double[] { 142.857 })]
    [InlineData(200, new double[] { 66.667, 33.333 })]
    [InlineData(200, new double[] { 20, 90, 33, 33, 120 })]
    [InlineData(200, new double[] { 16.667 })]
    public void No_part_is_longer_than_the_target_whatever_becomes_of_the_frame_rate(int part, double[] steps)
    {
        LiveSegments segments = Begin(part);
        Play(8_000, steps);
        LiveSegment[] whole = [.. Assert.Single(segments.Renditions).Listed.Where(static one => one.IsWhole)];
        Assert.InRange(whole.Length, 4, 6);
        Assert.All(whole, segment =>
        {
            Assert.All(segment.Parts, one => Assert.True(one.Duration <= segments.Lengths.Part, $"{one.Duration}"));
            Assert.Equal(segment.Duration.Ticks, segment.Parts.Sum(static one => one.Duration.Ticks));
            Assert.Equal(0, segment.Breaks);

            // No more of them than is needed, where a part has as many whole frames as fit.
            int most = (int)Math.Ceiling(segment.Duration.TotalMilliseconds / (part - steps.Max())) + 2;
            Assert.InRange(segment.Parts.Count, 1, most);
        });
        Assert.All(whole.Zip(whole.Skip(1)), static pair => Assert.Equal(pair.First.End, pair.Second.Start));
    }

    [Fact]
    public void Parts_of_pictures_that_come_unevenly_are_filled()
    {
        LiveSegments segments = Begin(200);
        Play(8_000, [33.333, 66.667]); // the longer one is no reason to end a part before a shorter one
        LiveSegment[] whole = [.. Assert.Single(segments.Renditions).Listed.Where(static one => one.IsWhole)];
        LivePart[] parts = [.. whole.Skip(3).SelectMany(static one => one.Parts.SkipLast(1))];
        Assert.NotEmpty(parts);
        Assert.All(parts, one => Assert.True(one.Duration >= 0.85 * segments.Lengths.Part, $"{one.Duration}"));
    }

    [Fact]
    public void A_picture_that_lasts_longer_than_a_part_is_followed_by_a_gap()
    {
        LiveSegments segments = Begin(200);
        Play(4_000, [300]);
        LiveRendition video = Assert.Single(segments.Renditions);
        Assert.All(
            video.Listed.SelectMany(static one => one.Parts),
            one => Assert.True(one.Duration <= segments.Lengths.Part, $"{one.Duration}"));
        LivePart last = video.Listed[^1].Parts[^1];
        Assert.InRange(last.Duration.TotalMilliseconds, 100, 201); // and not a thirtieth of a second
    }

    [Fact]
    public void Pages_of_a_picture_that_begins_the_next_part_are_held_for_it_alone()
    {
        LiveSegments segments = Begin(500);
        Play(60_000, [20, 90, 33, 33, 120]); // three windows
        LivePages pages = _publisher!.Stream.Pages;
        Assert.InRange(pages.Fullness, 0, 0.02);
        _publisher.Leave(isFinished: true, LoopClock.Milliseconds);
        segments.Release();
        Assert.True(_publisher.Stream.TryRelease(LoopClock.Milliseconds));
        pages.Collect();
        Assert.Equal(0, pages.Fullness); // no hold is left
    }

    /// <summary>30 pictures a second for four seconds.</summary>
    private LiveSegments Begin(int part)
    {
        LiveOptions options = new(
            Window: 20_000, MemoryBytes: 64L << 20, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000, PlayWait: 15_000,
            SegmentTime: 2_000, PartTime: part, TakesOver: true);
        _streams = new LiveStreams(options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _publisher = _streams.TryPublish("cam", static (_, reason) => Assert.Fail(reason), out _, 1_000_000)!;
        _publisher.Take(TrackKind.Video, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord], 0, 1_000_000);
        Play(4_000, [33.333]);
        return _publisher.Stream.GetSegments(default)!;
    }

    /// <summary>Pictures so far from each other, with a key picture each second.</summary>
    private void Play(int length, double[] steps)
    {
        for (double end = _time + length; _time < end;)
        {
            bool isKey = _time >= _keys * 1_000;
            _keys += isKey ? 1 : 0;
            byte[] body = [(byte)(isKey ? 0x17 : 0x27), 1, 0, 0, 0, 1, 2, 3];
            _publisher!.Take(TrackKind.Video, body, (uint)Math.Round(_time), 1_000_000 + (long)_time);
            _publisher.Publish();
            _time += steps[_pictures++ % steps.Length];
        }
    }
}
