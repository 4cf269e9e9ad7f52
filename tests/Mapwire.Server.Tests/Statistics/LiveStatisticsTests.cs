using System.Net;
using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Live;
using Xunit;

namespace Mapwire.Server.Tests.Statistics;

/// <summary>What is said of live streams, their publishers and viewers, with all clocks in the test's hand.</summary>
public sealed class LiveStatisticsTests : IDisposable
{
    private static readonly LiveOptions Options = new(
        Window: 60_000, MemoryBytes: 32L << 20, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000, PlayWait: 15_000,
        SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    private readonly Publication _publication = new();
    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly List<LiveViewer> _viewers = [];
    private readonly WorkerStatistics _worker;
    private readonly long _start = Environment.TickCount64 + 1_000_000_000; // the reader's own clock adds nothing
    private readonly LivePublisher _publisher;
    private long _now;
    private uint _pictures;

    public LiveStatisticsTests()
    {
        _streams = new LiveStreams(
            Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _worker = _publication.Server.ForWorker(0);
        _now = _start;
        _publisher = _streams.TryPublish("cam", static (_, _) => { }, out _, _now)!;
        _publisher.Take(TrackKind.Video, [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord], 0, _now);
        _publisher.Take(TrackKind.Audio, [0xAF, 0, 0x12, 0x10], 0, _now);
    }

    public void Dispose()
    {
        _viewers.ForEach(static viewer => viewer.Dispose());
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
        _publication.Dispose();
    }

    [Fact]
    public void What_a_publisher_sends_is_told_with_its_viewers()
    {
        PlayerStatistics shown = _worker.Enter(new IPEndPoint(IPAddress.Loopback, 7), _now, PlayerProtocol.Rtmp)!;
        (LiveViewer viewer, PlayerStatistics watching) = Watch();
        for (int i = 0; i < 250; i++)
        {
            Picture(at: _start + (40 * i));
            shown.Update(_publisher, received: i * 1010, _now);
            Read(viewer, watching, after: 3);
        }

        _publisher.Take(TrackKind.Video, [0x17, 0, 0, 0, 0, 1], 0, _now); // a configuration that is cut
        _publisher.Take(TrackKind.Audio, [0x91, .. "????"u8, 1], 0, _now); // of a codec that is not known
        shown.Update(_publisher, received: 250 * 1010, _now);
        ServerSnapshot seen = _publication.Read();
        StreamSnapshot stream = Assert.Single(seen.Streams);
        Assert.Equal(("cam", "127.0.0.1:7"), (stream.Name, stream.Publisher!.ToString()));
        Assert.Equal(Assert.Single(seen.Players, static player => player.State == PlayerState.Publishing).Id, stream.PublisherId);
        Assert.InRange(stream.FrameRate, 24.9, 25.1);
        Assert.InRange(stream.VideoBitsPerSecond, 195_000, 205_000);
        Assert.Equal(TimeSpan.FromSeconds(2), stream.KeyframeInterval);
        Assert.Equal(TimeSpan.FromMilliseconds(40), stream.LongestPause);
        Assert.Equal((1, 1, 1), (stream.LeftOut, stream.Malformed, stream.Viewers));
        Assert.Equal(TimeSpan.FromMilliseconds(3), stream.Latency);
        Assert.Equal(TimeSpan.FromMilliseconds(3), stream.WorstLatency);
        Assert.Equal(TimeSpan.Zero, stream.WorstLag);
        TitleSnapshot title = Assert.Single(seen.Titles);
        Assert.Equal((1, Assert.Single(seen.Players, static player => player.Lag is not null).Bytes), (title.Players, title.Bytes));
    }

    [Fact]
    public void A_publisher_that_has_ended_is_told_no_more_and_its_place_is_used_again()
    {
        PlayerStatistics shown = _worker.Enter(null, _now)!;
        shown.Update(_publisher, 1000, _now);
        Assert.Single(_publication.Read().Streams);
        shown.Update(null, 0, 0, isBlocked: false, _now);
        Assert.Empty(_publication.Read().Streams);
        PlayerStatistics other = _worker.Enter(null, _now)!;
        for (int i = 0; i < 40 * StatisticsLayout.PublishersPerChunk; i++) // more than there is room for
        {
            other.Update(_publisher, 1000, _now);
            other.Leave(0);
            other = _worker.Enter(null, _now)!;
        }

        Assert.Empty(_publication.Read().Streams);
        other.Update(_publisher, 1000, _now);
        Assert.Single(_publication.Read().Streams);
    }

    [Fact]
    public void More_publishers_than_a_chunk_has_places_are_all_told()
    {
        int count = StatisticsLayout.PublishersPerChunk + 5;
        for (int i = 0; i < count; i++)
        {
            LivePublisher publisher = _streams.TryPublish($"cam{i}", static (_, _) => { }, out _, _now)!;
            _worker.Enter(null, _now)!.Update(publisher, 1000, _now);
        }

        Assert.Equal(count, _publication.Read().Streams.Count);
    }

    [Fact]
    public void The_latency_is_that_of_the_oldest_message_of_the_last_send_and_the_worst_is_forgotten()
    {
        (LiveViewer viewer, PlayerStatistics shown) = Begin();
        Picture(at: _start + 40);
        Assert.Equal((30, 30), Latencies(Read(viewer, shown, after: 30)));
        Picture(at: _start + 80);
        Picture(at: _start + 120);
        Assert.Equal((45, 45), Latencies(Read(viewer, shown, after: 5)));
        Picture(at: _start + 160);
        Assert.Equal((2, 45), Latencies(Read(viewer, shown, after: 2)));
        Picture(at: _start + 5_200); // the worst is that of the time before from here on
        Assert.Equal((1, 45), Latencies(Read(viewer, shown, after: 1)));
        Picture(at: _start + 11_000);
        PlayerSnapshot seen = Read(viewer, shown, after: 7);
        Assert.Equal((7, 7), Latencies(seen));
        Assert.Equal(TimeSpan.Zero, seen.Lag);
    }

    [Fact]
    public void What_came_before_the_viewer_did_is_not_timed()
    {
        Picture(at: _start);
        Picture(at: _start + 40);
        (LiveViewer viewer, PlayerStatistics shown) = Watch();
        PlayerSnapshot seen = Read(viewer, shown, after: 900);
        Assert.Null(seen.Latency);
        Assert.NotNull(seen.Lag);
        Picture(at: _start + 1000);
        Assert.Equal((4, 4), Latencies(Read(viewer, shown, after: 4)));
    }

    [Fact]
    public void What_came_in_a_pause_is_not_timed()
    {
        (LiveViewer viewer, PlayerStatistics shown) = Begin();
        Picture(at: _start + 40);
        Read(viewer, shown, after: 1);
        viewer.Play.Pause(isPaused: true, _now);
        Picture(at: _start + 80);
        Assert.Equal(PlayerState.Paused, Read(viewer, shown, after: 500).State);
        viewer.Play.Pause(isPaused: false, _now);
        Assert.Equal((1, 1), Latencies(Read(viewer, shown, after: 1))); // it was sent, and not timed
        Assert.Equal(3, viewer.Tags.Count);
    }

    [Fact]
    public void A_viewer_of_some_time_ago_has_no_latency()
    {
        for (int i = 0; i < 500; i++)
        {
            Picture(at: _start + (40 * i));
        }

        (LiveViewer viewer, PlayerStatistics shown) = Watch(behind: 15_000);
        PlayerSnapshot seen = Read(viewer, shown, after: 1);
        for (int i = 500; i < 1_000; i++)
        {
            Picture(at: _start + (40 * i));
            seen = Read(viewer, shown, after: 1);
        }

        Assert.Null(seen.Latency);
        Assert.InRange(seen.Lag!.Value.TotalSeconds, 11, 14); // 3 s are sent ahead
    }

    [Fact]
    public void A_message_that_is_cut_lags_behind_and_is_timed_when_it_is_whole()
    {
        (LiveViewer viewer, PlayerStatistics shown) = Begin();
        Picture(at: _start + 40);
        Read(viewer, shown, after: 1);
        Picture(at: _start + 80, size: 5_000);
        viewer.Read(most: 300);
        Picture(at: _start + 1_080);
        shown.Update(viewer.Play, 300, isBlocked: true, _now);
        PlayerSnapshot seen = Assert.Single(_publication.Read().Players);
        Assert.Equal((TimeSpan.FromSeconds(1), true), (seen.Lag, seen.IsBlocked));
        Assert.Equal((1, 1), Latencies(seen));
        Assert.Equal((1_100, 1_100), Latencies(Read(viewer, shown, after: 100)));
    }

    [Fact]
    public void A_viewer_that_asks_for_each_piece_is_one_of_the_streams_viewers()
    {
        _worker.Enter(null, _now)!.Update(_publisher, 1000, _now);
        PlayerStatistics shown = _worker.Enter(null, _now, PlayerProtocol.Hls)!;
        shown.BeginTitle(new PlayedTitle("cam", 0, 0), _now);
        shown.Update(PlayerState.Playing, 500, new TitleTime(1_000), new TitleTime(3_000), _now);
        StreamSnapshot stream = Assert.Single(_publication.Read().Streams);
        Assert.Equal((1, null, null), (stream.Viewers, stream.Latency, stream.WorstLag));
        shown.Update(PlayerState.Ended, 500, new TitleTime(1_000), new TitleTime(3_000), _now);
        Assert.Equal(0, Assert.Single(_publication.Read().Streams).Viewers);
    }

    [Fact]
    public void Other_players_have_neither_latency_nor_lag()
    {
        PlayerStatistics shown = _worker.Enter(null, _now)!;
        shown.Update(null, 0, 10, isBlocked: true, _now);
        PlayerSnapshot seen = Assert.Single(_publication.Read().Players);
        Assert.Null(seen.Latency);
        Assert.Null(seen.WorstLatency);
        Assert.Null(seen.Lag);
        Assert.True(seen.IsBlocked);
    }

    [Fact]
    public void Saying_how_publishers_and_viewers_stand_allocates_nothing()
    {
        PlayerStatistics shown = _worker.Enter(null, _now)!;
        (LiveViewer viewer, PlayerStatistics watching) = Watch();
        Picture(at: _start);
        Read(viewer, watching, after: 1);
        shown.Update(_publisher, 0, _now);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            shown.Update(_publisher, i, _now + i);
            watching.Update(viewer.Play, i, isBlocked: false, _now + i);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 9_999);
    }

    private static (double Last, double Worst) Latencies(PlayerSnapshot seen) =>
        (seen.Latency!.Value.TotalMilliseconds, seen.WorstLatency!.Value.TotalMilliseconds);

    private (LiveViewer Viewer, PlayerStatistics Shown) Watch(long behind = 0)
    {
        _loop.Now = _now;
        LiveViewer viewer = new(_streams, "cam", _loop, PlayerAbilities.None, behind);
        _viewers.Add(viewer);
        return (viewer, _worker.Enter(null, _now)!);
    }

    /// <summary>A viewer who has been sent the first picture.</summary>
    private (LiveViewer Viewer, PlayerStatistics Shown) Begin()
    {
        (LiveViewer viewer, PlayerStatistics shown) = Watch();
        Picture(at: _start);
        Assert.Null(Read(viewer, shown, after: 1).Latency);
        return (viewer, shown);
    }

    /// <summary>A picture of the publisher, whose timestamps are those of the clock; a keyframe each two seconds.</summary>
    private void Picture(long at, int size = 1000)
    {
        _now = at;
        byte[] body = new byte[5 + size];
        (body[0], body[1]) = (_pictures++ % 50 == 0 ? (byte)0x17 : (byte)0x27, 1);
        _publisher.Take(TrackKind.Video, body, (uint)(at - _start), _now);
        _publisher.Publish();
    }

    private PlayerSnapshot Read(LiveViewer viewer, PlayerStatistics shown, long after)
    {
        _now += after;
        _loop.Now = _now;
        viewer.Read();
        shown.Update(viewer.Play, viewer.BytesRead, isBlocked: false, _now);
        return Assert.Single(_publication.Read().Players, static player => player.Lag is not null);
    }
}
