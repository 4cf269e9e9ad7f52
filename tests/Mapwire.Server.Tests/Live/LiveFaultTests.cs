using System.Collections;
using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>A fault of ours in one live stream is reported, and costs no other stream anything, nor the process.</summary>
public sealed class LiveFaultTests : IDisposable
{
    private static readonly LiveOptions Options = new(
        Window: 20_000, MemoryBytes: 16L << 20, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000, PlayWait: 15_000,
        SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly FaultyLoops _loops;
    private readonly List<Exception> _faults = [];
    private readonly LiveStreams _streams;
    private long _now = LoopClock.Milliseconds;

    public LiveFaultTests()
    {
        _loops = new FaultyLoops(_loop);
        _streams = new LiveStreams(Options, () => new LoopPhases(_loops), Report, ticks: false);
    }

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_fault_in_what_is_over_is_reported_and_does_not_leave_the_timer()
    {
        LivePublisher watched = Publish("watched");
        Play(watched, 0, 4_000);
        using LiveViewer viewer = new(_streams, "watched", _loop);
        LivePublisher cut = Publish("cut");
        Play(cut, 0, 4_000);
        LiveSegments segments = cut.Stream.GetSegments(default)!;
        watched.Leave(isFinished: true, _now);
        cut.Leave(isFinished: true, _now);
        _streams.Tick(_now); // the viewer has ten seconds to read the rest
        _loops.Fails = true;
        _now += 10_001 + Options.Window;
        _streams.Tick(_now);
        Assert.Single(_faults); // and that it cannot be told hurts nobody
        Assert.Empty(segments.Renditions[0].Listed); // what comes behind it was done
        _loops.Fails = false;
        _streams.Tick(_now);
        Assert.Single(_faults);
    }

    [Fact]
    public void Segments_that_a_fault_has_ended_are_followed_by_others_of_larger_numbers()
    {
        LivePublisher publisher = Publish("cam");
        Play(publisher, 0, 4_000);
        LiveStream stream = publisher.Stream;
        LiveSegments first = stream.GetSegments(default)!;
        LiveNumbers next = first.NextNumbers;
        stream.Strip.Add(new StripEntry(stream.LatestTime, 0, StripEntry.MaxOffset, 1, 0, isSync: false), isSyncPoint: false, _now);
        Play(publisher, 4_000, 5_000);
        Assert.True(first.IsEnded);
        long faulted = first.FaultedAt!.Value;
        Assert.IsType<IndexOutOfRangeException>(first.TakeFault()); // there are no pages where the entry says
        stream.Tick(faulted + 5_000, out _);
        Assert.Same(first, stream.GetSegments(default)); // who watches sees the end
        stream.Tick(faulted + 5_001, out _);
        Assert.Null(stream.Segments);
        Play(publisher, 5_000, 30_000); // the entry leaves the window
        LiveSegments second = stream.GetSegments(default)!;
        Assert.False(second.IsEnded);
        Assert.True(second.Renditions[0].Listed[0].Number >= next.Segment);
        Assert.True(second.Renditions[0].Listed[0].Boundary.Discontinuity >= next.Break);
        Play(publisher, 30_000, 34_000);
        Assert.Null(second.TakeFault());
    }

    [Fact]
    public void The_memory_of_live_streams_is_mapped_once_though_two_begin_at_once()
    {
        int mapped = 0;
        using Barrier both = new(2);
        using LiveStreams streams = new(
            Options,
            () =>
            {
                Interlocked.Increment(ref mapped);
                both.SignalAndWait(TimeSpan.FromSeconds(2)); // waits for another one that may not come
                return new LoopPhases([_loop]);
            },
            static fault => Assert.Fail(fault.ToString()), ticks: false);
        Thread[] threads = [Begin("one"), Begin("two")];
        Array.ForEach(threads, static thread => thread.Join());
        Assert.Equal(1, mapped);

        Thread Begin(string name)
        {
            Thread thread = new(() => streams.TryPublish(name, static (_, _) => { }, out _, _now));
            thread.Start();
            return thread;
        }
    }

    [Fact]
    public void Memory_that_was_short_for_the_first_stream_is_asked_for_again()
    {
        bool isShort = true;
        using LiveStreams streams = new(
            Options, () => isShort ? throw new IOException("memory is short") : new LoopPhases([_loop]),
            static fault => Assert.Fail(fault.ToString()), ticks: false);
        Assert.Null(streams.TryPublish("cam", static (_, _) => { }, out string? refusal, _now));
        Assert.Equal("memory is short", refusal);
        isShort = false;
        Assert.NotNull(streams.TryPublish("cam", static (_, _) => { }, out _, _now));
    }

    private void Report(Exception fault)
    {
        _faults.Add(fault);
        throw new InvalidOperationException("nobody can be told");
    }

    private LivePublisher Publish(string name)
    {
        LivePublisher publisher = _streams.TryPublish(name, static (_, reason) => Assert.Fail(reason), out _, _now)!;
        publisher.Take(TrackKind.Video, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord], 0, _now);
        return publisher;
    }

    private void Play(LivePublisher publisher, int from, int until)
    {
        for (int time = from; time < until; time += 40)
        {
            publisher.Take(TrackKind.Video, [(byte)(time % 1_000 == 0 ? 0x17 : 0x27), 1, 0, 0, 0, 1, 2, 3], (uint)time, _now);
            publisher.Publish();
            _now += 40;
        }
    }

    /// <summary>The loops, of which nobody can be asked while a test does not want it.</summary>
    private sealed class FaultyLoops(EventLoop loop) : IReadOnlyList<EventLoop>
    {
        public bool Fails { get; set; }

        public int Count => Fails ? throw new InvalidOperationException("no loop is there") : 1;

        public EventLoop this[int index] => loop;

        public IEnumerator<EventLoop> GetEnumerator() => new List<EventLoop> { loop }.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
