using System.Runtime.CompilerServices;
using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>What a publisher costs whose timestamps or headers are not those of any encoder: bounded memory, and others nothing.</summary>
public sealed class LiveBoundsTests : IDisposable
{
    private const int PictureLength = 5_000;

    private static readonly LiveOptions Options = new(
        Window: 20_000, MemoryBytes: 32L << 20, Latency: 250, ResumeTime: 10_000, PublishTimeout: 15_000, PlayWait: 15_000,
        SegmentTime: 2_000, PartTime: 500, TakesOver: true);

    private static readonly byte[] VideoHeader = [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord];
    private static readonly byte[] AudioHeader = [0xAF, 0, 0x12, 0x10]; // AAC of 44,100 Hz

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly List<Exception> _faults = [];
    private long _now = LoopClock.Milliseconds;

    public LiveBoundsTests() =>
        _streams = new LiveStreams(Options, () => new LoopPhases([_loop]), _faults.Add, ticks: false);

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData(0.0)] // as some cameras send them
    [InlineData(0.01)]
    [InlineData(0.05)]
    [InlineData(0.3)]
    public void Timestamps_that_stand_still_or_hardly_go_on_cost_no_more_than_others_and_others_nothing(double pace)
    {
        LivePublisher slow = Publish("slow");
        LivePublisher other = Publish("other");
        int longest = 0;
        for (int i = 0; i < 4_500; i++) // three minutes, of which the window has 20 s
        {
            Picture(slow, (uint)(i * 40 * pace), isKey: i % 25 == 0);
            Picture(other, (uint)(i * 40), isKey: i % 25 == 0);
            longest = Math.Max(longest, (int)slow.Stream.Strip.Length);
            if (i >= 100 && i % 25 == 0)
            {
                slow.Stream.GetSegments(default); // as soon as there are any
                Assert.NotNull(other.Stream.GetSegments(default));
            }

            _now += 40;
        }

        Assert.InRange(longest, 450, 800); // at most the window and half of it
        Assert.InRange(other.Stream.Strip.Length, 499, 502);
        Assert.Equal(0, other.Stream.LeftOut);
        Assert.Equal(0, slow.Stream.LeftOut);
        Assert.Equal(Options.Window, other.Stream.KeptTime);
        foreach (LiveSegment oldest in slow.Stream.Segments?.Renditions.Select(static one => one.Listed[0]) ?? [])
        {
            Assert.InRange(unchecked((uint)_now - oldest.Boundary.Came), 0u, 75_000u); // two windows and half a minute
        }

        // What is listed, and what was, has the pages of some more windows: other streams have all of theirs.
        Assert.InRange(slow.Stream.Pages.Fullness, 0, LiveStream.ShortFullness);
    }

    [Fact]
    public void Segments_go_on_where_timestamps_stand_still_and_jump_thereafter()
    {
        LivePublisher publisher = Publish("cam");
        for (int i = 0; i < 250; i++)
        {
            Picture(publisher, 0, isKey: i % 25 == 0);
            _now += 40;
        }

        LiveSegments segments = publisher.Stream.GetSegments(default)!;
        LiveRendition video = Assert.Single(segments.Renditions);
        Play(250, static _ => 0);
        long standing = video.NextWhole;
        Assert.InRange(video.Listed.Count(static one => one.IsWhole), 4, 12);
        Assert.All(video.Listed.Where(static one => one.IsWhole).Skip(1), segment =>
        {
            Assert.InRange(segment.Duration.TotalSeconds, 1, 2.4);
            Assert.True(segment.Parts[0].IsIndependent);
        });

        long breaks = video.Listed[^1].Boundary.Discontinuity;
        Play(250, static i => 36 * 60 * 60 * 1000 + (uint)(i * 40)); // a day and a half ahead
        long ahead = video.NextWhole;
        Assert.InRange(ahead - standing, 4, 6);
        Play(250, static i => (uint)(i * 40)); // and back
        Assert.InRange(video.NextWhole - ahead, 4, 6);
        Assert.InRange(video.Listed[^1].Boundary.Discontinuity - breaks, 0, 2);
        Assert.Equal(
            Enumerable.Range(0, video.Listed.Count).Select(i => video.Listed[0].Number + i), video.Listed.Select(static one => one.Number));

        void Play(int pictures, Func<int, uint> timestamp)
        {
            for (int i = 0; i < pictures; i++)
            {
                Picture(publisher, timestamp(i), isKey: i % 25 == 0);
                _now += 40;
            }
        }
    }

    [Fact]
    public void A_segment_has_no_more_than_so_many_frames_whatever_its_timestamps_are()
    {
        LivePublisher publisher = Publish("cam");
        for (int i = 0; i < 100; i++)
        {
            Picture(publisher, (uint)(i * 40), isKey: i % 25 == 0);
            _now += 40;
        }

        LiveSegments segments = publisher.Stream.GetSegments(default)!;
        byte[] tiny = [0x27, 1, 0, 0, 0, 1];
        for (int i = 0; i < 100_000; i++)
        {
            publisher.Take(TrackKind.Video, tiny, 4_000, _now); // all of them in one millisecond
            publisher.Publish();
        }

        LiveRendition video = Assert.Single(segments.Renditions);
        Assert.InRange(video.Listed.Max(static one => one.Frames), 1, 16_384);
        Assert.InRange(video.NextWhole - video.Listed[0].Number, 5, 64);
    }

    [Fact]
    public void A_stream_that_finds_no_room_goes_on_in_the_place_of_its_own_oldest_messages()
    {
        LivePublisher publisher = Publish("cam");
        Picture(publisher, 0, isKey: true);
        List<LiveRun> taken = [];
        while (publisher.Stream.Pages.TryTake(LivePages.SegmentLength) is { } run)
        {
            taken.Add(run); // others have all the rest
        }

        Assert.NotEmpty(taken);
        for (int i = 1; i < 250; i++)
        {
            Picture(publisher, (uint)(i * 40), isKey: i % 25 == 0);
            _now += 40;
        }

        Assert.Equal(0, publisher.Stream.LeftOut);
        Assert.InRange(publisher.Stream.Strip.Length, 1, LivePages.SegmentLength / PictureLength);
    }

    [Fact]
    public void Configurations_that_change_while_a_track_has_nothing_are_not_kept_for_it()
    {
        LivePublisher publisher = Publish("cam");
        LiveSegments segments = PlayBoth(publisher);
        WeakReference early = Change(publisher, 0, 4_000);
        for (int i = 1; i < 1_000; i++)
        {
            Change(publisher, i, 4_000); // all in one moment: sound has not been away for long
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(early.IsAlive);
        GC.KeepAlive(segments);
    }

    [Fact]
    public void Breaks_without_number_are_counted_and_not_listed_one_by_one()
    {
        LivePublisher publisher = Publish("cam");
        LiveSegments segments = PlayBoth(publisher);
        for (int i = 0; i < 3_000; i++)
        {
            Change(publisher, i, (uint)(4_000 + i));
        }

        LiveRendition video = segments.Renditions.Single(static one => one.IsVideo);
        LiveRendition sound = segments.Renditions.Single(static one => !one.IsVideo);
        long breaks = video.Listed[^1].Boundary.Discontinuity - sound.Listed[^1].Boundary.Discontinuity;
        Assert.True(breaks >= 2_900, $"{breaks} breaks");
        for (int i = 0; i < 100; i++) // and sound goes on
        {
            publisher.Take(TrackKind.Audio, [0xAF, 1, 1, 2, 3], (uint)(7_000 + (i * 1024 / 44.1)), _now);
            publisher.Publish();
        }

        Assert.Equal(video.Listed[^1].Boundary.Discontinuity, sound.Listed[^1].Boundary.Discontinuity);
        foreach (LiveRendition track in segments.Renditions)
        {
            Assert.True(track.Listed[0].Parts.Count > 0);
            Assert.InRange(track.Listed.Sum(static one => one.Breaks), 0, 256);
            Assert.All(track.Listed.Zip(track.Listed.Skip(1)), static pair => Assert.Equal(
                pair.Second.Boundary.Discontinuity - pair.First.Boundary.Discontinuity, pair.Second.Breaks));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // its publisher may come back
    public void What_does_not_go_on_makes_room_for_what_does_and_its_end_is_still_told(bool isOver)
    {
        _now -= 60_000; // what is over is kept by the clock on the wall, which it comes to

        // 20 s and as much again that has left the playlists: four fifths of the memory, and the next ones need two fifths.
        List<LivePublisher> first = [.. Enumerable.Range(0, 5).Select(i => Publish($"cam{i}"))];
        Play(first, 0, 4_000);
        List<LiveSegments> segments = [.. first.Select(static one => one.Stream.GetSegments(default)!)];
        Play(first, 4_000, 60_000);
        LivePages pages = first[0].Stream.Pages;
        Assert.InRange(pages.Use, 0.5, 0.9);
        first.ForEach(one => one.Leave(isFinished: isOver, _now));
        _streams.Tick(_now);
        _now += 2_000;
        _streams.Tick(_now);
        List<LivePublisher> next = [.. Enumerable.Range(0, 5).Select(i => Publish($"next{i}"))];
        Play(next, 0, 16_000); // the memory would be full
        foreach (LiveSegments one in segments)
        {
            Assert.True(one.IsEnded);
            Assert.True(one.Renditions[0].Listed.Count > 0, "nothing of it is there any more");
        }

        Play(next, 16_000, 40_000);
        Assert.All(next, static one => Assert.Equal(0, one.Stream.LeftOut));
        Assert.All(next, static one => Assert.True(one.Stream.KeptTime >= 15_000, $"{one.Stream.KeptTime} ms are kept"));
        Assert.InRange(pages.Fullness, 0, 0.96);
    }

    [Fact]
    public void The_end_of_a_stream_is_given_up_where_memory_is_short_without_it_too()
    {
        LivePublisher first = Publish("first");
        Play([first], 0, 4_000);
        LiveSegments segments = first.Stream.GetSegments(default)!;
        first.Leave(isFinished: true, _now);
        _streams.Tick(_now);
        Assert.True(_streams.Has("first"));
        LivePages pages = first.Stream.Pages;
        while (pages.Fullness <= 0.96)
        {
            Assert.NotNull(pages.TryTake(1));
        }

        _streams.Tick(_now);
        Assert.False(_streams.Has("first"));
        Assert.Empty(segments.Renditions[0].Listed);
    }

    [Fact]
    public void What_is_held_beside_the_windows_shortens_them_where_there_is_hardly_room()
    {
        LivePublisher publisher = Publish("cam");
        LivePages pages = publisher.Stream.Pages;
        List<LiveRun> held = [];
        while (pages.Fullness < 0.95 && pages.TryTake(1) is { } run)
        {
            run.Hold();
            pages.Retire(run);
            held.Add(run);
        }

        pages.Collect();
        Assert.Equal(0, pages.Occupancy);
        Assert.InRange(pages.Use, 0.94, 0.96);
        Assert.InRange(publisher.Stream.KeptTime, 8_000, 12_000);
        held.ForEach(static run => run.LetGo());
        pages.Collect();
        Assert.Equal(0, pages.Use);
        Assert.Equal(Options.Window, publisher.Stream.KeptTime);
    }

    /// <summary>Pictures of 5 KB at once, the clock as they go, looked at as the timer does.</summary>
    private void Play(List<LivePublisher> publishers, int from, int until)
    {
        for (int time = from; time < until; time += 40)
        {
            publishers.ForEach(one => Picture(one, (uint)time, isKey: time % 1_000 == 0));
            _now += 40;
            if (time % 200 == 0)
            {
                _streams.Tick(_now);
            }
        }
    }

    [Fact]
    public void All_names_of_a_place_are_one_place_that_is_waited_for()
    {
        LivePublisher publisher = Publish("cam");
        Play([publisher], 0, 6_040); // the segment at hand has no part yet
        LiveSegments segments = publisher.Stream.GetSegments(default)!;
        LiveRendition video = Assert.Single(segments.Renditions);
        LiveSegment whole = video.Listed.Last(static one => one.IsWhole);
        Assert.Empty(video.Listed[^1].Parts);
        Task next = segments.WhenReached(video, whole.Number + 1, 0, _now);
        for (int part = whole.Parts.Count; part < 10_000; part++)
        {
            Assert.True(segments.CanReach(video, whole.Number, part)); // the draft has it mean the next segment
            Assert.Same(next, segments.WhenReached(video, whole.Number, part, _now));
        }

        Task behind = segments.WhenReached(video, whole.Number + 1, 1, _now); // and others still have a place
        Assert.False(behind.IsCompleted);
        Assert.NotSame(next, behind);
        Play([publisher], 6_040, 6_600);
        Assert.True(next.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_stall_that_is_caught_up_moves_no_date_and_one_that_is_not_moves_them_once()
    {
        LivePublisher publisher = Publish("cam");
        Play([publisher], 0, 5_880);
        LiveSegments segments = publisher.Stream.GetSegments(default)!;
        LiveRendition video = Assert.Single(segments.Renditions);
        await Task.Delay(2_400, TestContext.Current.CancellationToken); // the wall goes on
        Play([publisher], 5_880, 8_280); // and all that was held up comes at once: a segment begins more than two seconds late
        Assert.Equal(0, video.Listed.Sum(static one => one.Breaks));
        DateTimeOffset zero = video.Listed[^1].Boundary.WallZero;
        Assert.Equal(video.Listed[0].Boundary.WallZero, zero);
        await Task.Delay(5_900, TestContext.Current.CancellationToken);
        Play([publisher], 8_280, 12_080); // a whole segment is late by more than that
        Assert.Equal(1, video.Listed.Sum(static one => one.Breaks));
        Assert.InRange((video.Listed[^1].Boundary.WallZero - zero).TotalSeconds, 2, 4);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // nobody had asked for it any more before it ended
    public void Breaks_of_a_name_never_go_back_however_many_there_were_and_however_long_ago(bool isAsked)
    {
        LivePublisher first = Publish("cam");
        PlayBoth(first);
        for (int i = 0; i < 30; i++)
        {
            Change(first, i, (uint)(4_000 + (i * 40)));
        }

        LiveNumbers next = first.Stream.NextNumbers;
        Assert.True(next.Break > LiveNumbers.At(DateTimeOffset.UtcNow).Break + 20);
        if (!isAsked)
        {
            _now = first.Stream.Segments!.AskedAt + 300_001;
            Picture(first, 5_240, isKey: true);
            first.Stream.Tick(_now, out _);
            Assert.Null(first.Stream.Segments);
        }

        first.Leave(isFinished: true, _now);
        _streams.Tick(_now);
        _now = LoopClock.Milliseconds + Options.Window + 1_000;
        _streams.Tick(_now);
        Assert.False(_streams.Has("cam"));
        Play([Publish("cam")], 0, 4_000);
        Assert.True(_streams.TryGetSegments("cam", out LiveSegments? second));
        LiveSegment begin = second!.Renditions[0].Listed[0];
        Assert.True(begin.Boundary.Discontinuity >= next.Break, $"{begin.Boundary.Discontinuity} behind {next.Break}");
        Assert.True(begin.Number >= next.Segment, $"{begin.Number} behind {next.Segment}");
    }

    /// <summary>LIVE 35, without sound.</summary>
    [Fact]
    public void A_stream_of_pictures_that_decoding_cannot_start_with_costs_its_window_and_its_viewers_are_told()
    {
        LivePublisher publisher = Publish("cam");
        LiveStream stream = publisher.Stream;
        _loop.Now = _now;
        using LiveViewer viewer = new(_streams, "cam", _loop);
        double fullness = 0;
        for (int i = 0; i < 2_250; i++) // 90 s
        {
            Picture(publisher, (uint)(i * 40), isKey: false);
            stream.Tick(_now, out _);
            viewer.Read();
            _now += 40;
            _loop.Now = _now;
            fullness = i == 750 ? stream.Pages.Fullness : fullness;
        }

        Assert.Equal("refused: the stream is published, and nothing has come of it yet: try again", Assert.Single(viewer.Said));
        Assert.InRange(stream.Strip.Length, 499, 502);
        Assert.InRange(stream.Pages.Fullness, 0, fullness * 1.05);
        Assert.Null(stream.GetSegments(default));
        Assert.True(_streams.TryGetSegments("cam", out LiveSegments? segments)); // it is there, and nothing of it can be played
        Assert.Null(segments);
        Picture(publisher, 90_000, isKey: true);
        using LiveViewer next = new(_streams, "cam", _loop);
        next.Read();
        Assert.Equal(["started"], next.Said);
        Assert.Single(next.Tags);
    }

    [Fact]
    public async Task Segments_that_somebody_waits_for_are_kept_while_nothing_comes()
    {
        using LiveStreams streams = new(
            Options with { PublishTimeout = 600_000 }, () => new LoopPhases([_loop]), _faults.Add, ticks: false);
        LivePublisher publisher = Publish("cam", streams);
        Play([publisher], 0, 4_000);
        LiveStream stream = publisher.Stream;
        LiveSegments segments = stream.GetSegments(default)!;
        Task more = segments.WhenBehind(segments.Read(static now => now.Version)); // as a reader of stream.mp4
        stream.Tick(segments.AskedAt + 300_001, out _);
        Assert.Same(segments, stream.Segments);
        Play([publisher], 4_000, 4_640); // a part comes, and nobody waits for the next
        await more.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        stream.Tick(segments.AskedAt + 300_001, out _);
        Assert.Null(stream.Segments);
    }

    [Fact]
    public void A_playlist_begins_with_a_whole_segment_however_short_memory_is()
    {
        using LiveStreams streams = new(Options with { Window = 5_000 }, () => new LoopPhases([_loop]), _faults.Add, ticks: false);
        LivePublisher publisher = Publish("cam", streams);
        Play([publisher], 0, 6_600);
        LiveRendition video = Assert.Single(publisher.Stream.GetSegments(default)!.Renditions);
        List<LiveRun> taken = [];
        while (publisher.Stream.Pages.Fullness < 0.97 && publisher.Stream.Pages.TryTake(1) is { } run)
        {
            taken.Add(run); // others have nearly all
        }

        for (int time = 6_600; time < 14_000; time += 40)
        {
            Play([publisher], time, time + 40);
            Assert.True(video.Listed[0].IsWhole, $"{video.Listed.Count} segments at {time} ms");
        }

        Assert.InRange(video.Listed.Count, 1, 3); // no longer than needed
        Assert.NotEmpty(taken);
    }

    private LiveSegments PlayBoth(LivePublisher publisher)
    {
        publisher.Take(TrackKind.Audio, AudioHeader, 0, _now);
        for (int i = 0; i < 100; i++)
        {
            Picture(publisher, (uint)(i * 40), isKey: i % 25 == 0);
            publisher.Take(TrackKind.Audio, [0xAF, 1, 1, 2, 3], (uint)(i * 40), _now);
            _now += 40;
        }

        return publisher.Stream.GetSegments(default)!;
    }

    /// <summary>Another configuration, and a key picture.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference Change(LivePublisher publisher, int number, uint timestamp)
    {
        publisher.Take(TrackKind.Video, [.. VideoHeader, (byte)number, (byte)(number >> 8)], timestamp, _now);
        Picture(publisher, timestamp, isKey: true, length: 10);
        return new WeakReference(publisher.Stream.Format!.Configurations[0]);
    }

    private LivePublisher Publish(string name, LiveStreams? streams = null)
    {
        LivePublisher publisher = (streams ?? _streams).TryPublish(name, static (_, reason) => Assert.Fail(reason), out _, _now)!;
        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        return publisher;
    }

    private void Picture(LivePublisher publisher, uint timestamp, bool isKey, int length = PictureLength)
    {
        byte[] body = new byte[5 + length];
        (body[0], body[1]) = ((byte)(isKey ? 0x17 : 0x27), 1);
        publisher.Take(TrackKind.Video, body, timestamp, _now);
        publisher.Publish();
    }
}
