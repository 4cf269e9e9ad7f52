using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>A stream that goes on for a day keeps a minute of it, and nothing else.</summary>
public sealed class LongStreamTests : IDisposable
{
    private static readonly LiveOptions Options = PublishedStream.Options with { Window = 60_000, MemoryBytes = 32L << 20, Latency = 0 };

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly LivePublisher _publisher;
    private readonly byte[] _picture = [0x27, 1, 0, 0, 0, .. new byte[500]];
    private long _time;

    public LongStreamTests()
    {
        _streams = new LiveStreams(Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _publisher = _streams.TryPublish("cam", static (_, _) => { }, out _, 0)!;
        _publisher.Take(TrackKind.Video, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord], 0, 0);
        _publisher.Take(TrackKind.Audio, [0xAF, 0, 0x12, 0x10], 0, 0);
    }

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Entries_that_have_left_the_window_are_collected()
    {
        Publish(minutes: 5);
        WeakReference block = FirstBlock();
        Assert.True(IsAlive(block)); // its entries are the oldest of the window
        Publish(minutes: 3); // 90 keyframes, and a window is 30
        Assert.False(IsAlive(block));
    }

    [Fact]
    public void The_pages_of_a_day_are_those_of_its_window()
    {
        Publish(minutes: 10);
        double fullness = _publisher.Stream.Pages.Fullness;
        Publish(minutes: 24 * 60);
        Assert.InRange(_publisher.Stream.Pages.Fullness, fullness / 2, fullness * 1.5);
        Assert.InRange(_publisher.Stream.Strip.Length, 1500, 1502);
        Assert.Equal(0, _publisher.Stream.LeftOut);
    }

    private static bool IsAlive(WeakReference reference)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return reference.IsAlive;
    }

    private WeakReference FirstBlock() => new(_publisher.Stream.Strip.FirstBlock);

    /// <summary>25 pictures a second, a keyframe each two seconds.</summary>
    private void Publish(int minutes)
    {
        for (long end = _time + (minutes * 60_000L); _time < end; _time += 40)
        {
            _picture[0] = _time % 2000 == 0 ? (byte)0x17 : (byte)0x27;
            _publisher.Take(TrackKind.Video, _picture, unchecked((uint)_time), _time);
            _publisher.Publish();
        }
    }
}
