using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Xunit;
using static Mapwire.Server.Tests.Live.PublishedStream;

namespace Mapwire.Server.Tests.Live;

/// <summary>How a live stream is cut into segments and parts: where they begin and end, what is in them, how long they are kept.</summary>
public sealed class LiveSegmentsTests : IDisposable
{
    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly PublishedStream _cam;

    public LiveSegmentsTests()
    {
        _streams = new LiveStreams(Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _cam = new PublishedStream(_streams);
    }

    private LivePublisher Publisher => _cam.Publisher;

    private LiveStream Stream => _cam.Stream;

    private long Now => _cam.Now;

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Nothing_is_decided_before_some_frames_have_come()
    {
        Begin();
        Play(0, 1_000);
        Assert.Null(Stream.GetSegments(default)); // nobody knows how far apart key pictures are
        Play(1_000, 1_040);
        Assert.NotNull(Stream.GetSegments(default));
    }

    [Fact]
    public void Segments_end_at_key_pictures_and_parts_before_they_are_too_long()
    {
        LiveSegments segments = Segments(8_000);
        LiveRendition video = Track(segments, "v1");
        LiveSegment[] whole = [.. video.Listed.Where(static one => one.IsWhole)];
        Assert.True(whole.Length >= 3);
        Assert.All(whole, segment =>
        {
            Assert.Equal(TimeSpan.FromSeconds(2), segment.Duration);
            Assert.True(segment.Parts[0].IsIndependent);
            Assert.Equal(segment.Duration.Ticks, segment.Parts.Sum(static part => part.Duration.Ticks));
            Assert.All(segment.Parts, part => Assert.True(part.Duration <= segments.Lengths.Part, $"a part of {part.Duration}"));
            Assert.All(segment.Parts.SkipLast(1), part => Assert.True(part.Duration >= segments.Lengths.Part * 0.85, $"{part.Duration}"));
        });
        Assert.All(whole.Zip(whole.Skip(1)), static pair =>
        {
            Assert.Equal(pair.First.Number + 1, pair.Second.Number);
            Assert.Equal(pair.First.End, pair.Second.Start);
        });
    }

    [Fact]
    public void Sound_is_cut_where_the_picture_is_and_its_times_are_those_of_its_samples()
    {
        LiveSegments segments = Segments(8_000);
        LiveSegment[] sound = [.. Track(segments, "a1").Listed.Where(static one => one.IsWhole)];
        Assert.True(sound.Length >= 3);
        foreach (LiveSegment segment in sound.Skip(1))
        {
            TimeSpan picture = TimeSpan.FromMilliseconds(segment.Boundary.Start.Milliseconds);
            Assert.InRange((segment.Start - picture).TotalMilliseconds, -1, 25);
            double frames = segment.Duration.TotalSeconds * 44_100 / 1024;
            Assert.Equal(Math.Round(frames), frames, 0.001);
        }
    }

    [Fact]
    public void The_bytes_of_a_segment_are_its_headers_and_the_frames_as_they_were_published()
    {
        LiveSegments segments = Segments(5_000);
        LiveSegment segment = Track(segments, "v1").Listed.First(static one => one.IsWhole);
        byte[] bytes = Read(segment.ToPieces(null));
        Assert.Equal(segment.Length, bytes.Length);
        Assert.Equal("styp"u8.ToArray(), bytes[4..8]);
        int frames = 0;
        for (int at = 0; at < bytes.Length;)
        {
            int length = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
            if (bytes.AsSpan(at + 4, 4).SequenceEqual("mdat"u8))
            {
                for (int frame = at + 8; frame < at + length; frame += FrameLength)
                {
                    byte expected = ValueOf((uint)((segment.Start.TotalMilliseconds - LiveClock.Start) + (frames * 40)));
                    Assert.All(bytes[frame..(frame + FrameLength)], value => Assert.Equal(expected, value));
                    frames++;
                }
            }

            at += length;
        }

        Assert.Equal(50, frames);
    }

    [Fact]
    public void A_stream_without_key_pictures_for_long_is_cut_at_the_target_and_says_that_decoding_cannot_start_there()
    {
        Begin();
        Play(0, 2_000);
        LiveSegments segments = Stream.GetSegments(default)!;
        Play(2_000, 14_000, keys: false);
        LiveSegment[] whole = [.. Track(segments, "v1").Listed.Where(static one => one.IsWhole)];
        Assert.True(whole.Length >= 2);
        Assert.All(whole, segment => Assert.True(segment.Duration <= segments.Lengths.Longest, $"{segment.Duration}"));
        Assert.All(whole.Skip(1), static segment => Assert.False(segment.Parts[0].IsIndependent));
        Assert.All(whole, static segment => Assert.Equal(0, segment.Breaks));
    }

    [Fact]
    public void Another_configuration_is_one_break_and_one_init_segment_and_the_same_again_is_none()
    {
        LiveSegments segments = Segments(4_000);
        LiveRendition video = Track(segments, "v1");
        LiveInit first = video.Init!;
        Publisher.Take(TrackKind.Video, VideoHeader, 4_000, Now); // as it is
        Play(4_000, 6_000);
        Assert.Same(first, video.Init);
        byte[] other = [.. VideoHeader];
        other[^1] ^= 1; // of the picture parameter set
        Publisher.Take(TrackKind.Video, other, 6_000, Now);
        Play(6_000, 12_000);
        Assert.NotSame(first, video.Init);
        Assert.Equal([1], video.Listed.Select(static one => one.Breaks).Where(static breaks => breaks > 0));
        Assert.Equal([1], Track(segments, "a1").Listed.Select(static one => one.Breaks).Where(static breaks => breaks > 0));
        Assert.Same(first, video.FindInit(first.Number));
        Assert.NotEqual(first.Number, video.Init!.Number);
    }

    [Fact]
    public void Another_configuration_of_sound_is_a_break_at_the_next_key_picture_and_costs_no_picture()
    {
        LiveSegments segments = Segments(4_000);
        LiveRendition video = Track(segments, "v1");
        LiveRendition sound = Track(segments, "a1");
        LiveInit first = sound.Init!;
        Play(4_000, 4_520);
        Publisher.Take(TrackKind.Audio, OtherAudioHeader, 4_520, Now);
        Play(4_520, 12_000);
        LiveSegment begin = Assert.Single(video.Listed, static one => one.Breaks > 0);
        Assert.Equal(1, begin.Breaks);
        Assert.Equal(TimeSpan.FromMilliseconds(LiveClock.Start + 5_000), begin.Start);
        Assert.All(video.Listed, static one => Assert.True(one.Parts[0].IsIndependent));
        Assert.All(video.Listed.Zip(video.Listed.Skip(1)), static pair => Assert.Equal(pair.First.End, pair.Second.Start));
        LiveSegment other = Assert.Single(sound.Listed, static one => one.Breaks > 0);
        Assert.Equal((1, begin.Boundary), (other.Breaks, other.Boundary));
        Assert.NotSame(first, other.Init);
        Assert.InRange((other.Start - begin.Start).TotalMilliseconds, -25, 25);
        Assert.All(sound.Listed, one => Assert.Equal(one.Number >= other.Number, one.Init != first));
    }

    [Fact]
    public void Another_configuration_of_sound_waits_for_no_key_picture_longer_than_a_segment_lasts()
    {
        LiveSegments segments = Segments(4_000);
        Play(4_000, 4_480);
        Publisher.Take(TrackKind.Audio, OtherAudioHeader, 4_480, Now);
        _cam.Play(4_480, 12_000, pictures: false);
        LiveRendition sound = Track(segments, "a1");
        LiveSegment other = Assert.Single(sound.Listed, static one => one.Breaks > 0);
        Assert.InRange(other.Start.TotalMilliseconds - LiveClock.Start, 4_480, 4_000 + segments.Lengths.Longest.TotalMilliseconds);
        Assert.True(sound.Listed[^1].End > TimeSpan.FromMilliseconds(LiveClock.Start + 11_400));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // sound comes first
    public void Pictures_behind_a_pause_amid_a_group_begin_with_the_next_key_picture(bool pictures)
    {
        LiveSegments segments = Segments(4_000);
        Play(4_000, 4_520);
        _cam.Play(12_520, 13_000, pictures: pictures);
        Play(13_000, 16_000);
        LiveSegment begin = Assert.Single(Track(segments, "v1").Listed, static one => one.Breaks > 0);
        Assert.True(begin.Parts[0].IsIndependent);
        Assert.Equal(TimeSpan.FromMilliseconds(LiveClock.Start + 13_000), begin.Start);
        LiveSegment other = Assert.Single(Track(segments, "a1").Listed, static one => one.Breaks > 0);
        Assert.InRange(other.Start.TotalMilliseconds - LiveClock.Start, 12_500, 12_560);
        Assert.Equal((1, 1), (begin.Breaks, other.Breaks));
    }

    [Fact]
    public async Task A_clock_that_is_behind_the_one_on_the_wall_costs_no_picture_where_no_key_picture_is()
    {
        Begin();
        Play(0, 3_400);
        LiveSegments segments = Stream.GetSegments(default)!;
        await Task.Delay(4_000, TestContext.Current.CancellationToken); // the wall goes on, and the stream does not
        Play(3_400, 5_000, keys: false);
        LiveRendition video = Track(segments, "v1");
        Assert.DoesNotContain(video.Listed, static one => one.Breaks > 0);
        Assert.Contains(video.Listed, static one => !one.Parts[0].IsIndependent);
        Assert.InRange(LiveClock.Start + 5_000 - video.Listed[^1].End.TotalMilliseconds, 0, 600); // all but the part to come
        Play(5_000, 8_000);
        LiveSegment begin = Assert.Single(video.Listed, static one => one.Breaks > 0); // where a key picture is, it is followed
        Assert.Equal(TimeSpan.FromMilliseconds(LiveClock.Start + 5_000), begin.Start);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(30)]
    [InlineData(60)]
    public void Parts_behind_a_change_of_the_frame_rate_fill_the_part_target_and_are_not_longer(int rate)
    {
        LiveSegments segments = Segments(4_000);
        byte[] other = [.. VideoHeader];
        other[^1] ^= 1; // of the picture parameter set
        Publisher.Take(TrackKind.Video, other, 4_000, Now);
        for (int i = 0; i <= 6 * rate; i++)
        {
            byte[] body = [(byte)(i % rate == 0 ? 0x17 : 0x27), 1, 0, 0, 0, 1, 2, 3];
            Publisher.Take(TrackKind.Video, body, 4_000 + (uint)(i * 1_000 / rate), Now);
            Publisher.Publish();
        }

        LiveSegment[] behind = [.. Track(segments, "v1").Listed.SkipWhile(static one => one.Breaks == 0).Where(static one => one.IsWhole)];
        Assert.Equal(3, behind.Length);
        Assert.All(
            behind.SelectMany(static one => one.Parts),
            part => Assert.True(part.Duration <= segments.Lengths.Part, $"{part.Duration}"));
        Assert.All(
            behind.SelectMany(static one => one.Parts.SkipLast(1)),
            part => Assert.True(part.Duration >= segments.Lengths.Part * 0.85, $"{part.Duration}"));
    }

    [Fact]
    public void A_pause_is_a_break_and_no_segment_is_longer_than_the_target()
    {
        LiveSegments segments = Segments(4_000);
        Play(12_000, 16_000);
        LiveSegment[] listed = [.. Track(segments, "v1").Listed];
        Assert.Equal(1, listed.Sum(static one => one.Breaks));
        Assert.All(listed, segment => Assert.True(segment.Duration <= segments.Lengths.Longest, $"{segment.Duration}"));
    }

    [Fact]
    public void Pictures_that_stand_still_longer_than_the_window_are_sent_as_they_were_whatever_else_was_written_since()
    {
        LiveSegments segments = Segments(3_400);
        LiveRendition video = Track(segments, "v1");
        PublishedStream other = new(_streams, "other");
        other.Begin();
        for (int i = 0; i < 4_000; i++) // 93 s of sound alone, while another stream takes what is free
        {
            _cam.Sound();
            Publisher.Publish();
            if (i % 4 == 0)
            {
                other.Play((uint)(i / 4 * 40), (uint)((i / 4 * 40) + 40), sounds: false);
            }
        }

        Publisher.Leave(isFinished: true, Now);
        LivePart last = video.Find(video.NextWhole - 1)!.Parts[^1];
        byte[] bytes = Read(new PieceList.Builder().Add(last.Frames[0].Offset, last.Frames[0].Length).Build());
        int first = 3_400 - (bytes.Length / FrameLength * 40);
        byte[] expected = [.. Enumerable.Range(0, bytes.Length).Select(i => ValueOf((uint)(first + (i / FrameLength * 40))))];
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void Sound_is_cut_where_pictures_do_not_come_and_lists_stay_short()
    {
        LiveSegments segments = Segments(4_000);
        for (int i = 0; i < 4_000; i++)
        {
            _cam.Sound();
            Publisher.Publish();
        }

        LiveRendition sound = Track(segments, "a1");
        Assert.All(sound.Listed, segment => Assert.True(segment.Duration <= segments.Lengths.Longest, $"{segment.Duration}"));
        Assert.InRange(sound.Listed.Count, 8, 14); // 20 s
        Assert.All(Track(segments, "v1").Listed, static segment => Assert.True(segment.IsWhole));
    }

    [Fact]
    public void Sound_begins_where_no_key_picture_ever_comes()
    {
        Begin();
        Play(40, 36_000, keys: false);
        LiveSegments segments = Stream.GetSegments(default)!;
        Play(36_000, 44_000, keys: false);
        Assert.Equal(["a1"], segments.Renditions.Where(static one => one.Listed.Count > 0).Select(static one => one.Name));
        Assert.True(segments.HasBegun);
        Play(44_000, 47_000);
        Assert.True(Track(segments, "v1").Listed[0].Parts[0].IsIndependent);
    }

    [Fact]
    public void A_codec_that_MP4_has_not_is_no_track_and_hurts_nobody()
    {
        LiveSegments segments = Segments(4_000);
        Publisher.Take(TrackKind.Audio, [0xB6, 1, 2, 3], 4_000, Now); // Speex
        Play(4_000, 4_040, sounds: false);
        Publisher.Take(TrackKind.Audio, [0xB6, 1, 2, 3], 4_040, Now);
        Play(4_040, 9_000, sounds: false);
        Assert.Null(segments.TakeFault());
        Assert.True(Track(segments, "v1").Listed.Count > 3);
    }

    [Fact]
    public void A_playlist_is_never_empty_behind_a_pause()
    {
        LiveSegments segments = Segments(4_000);
        Play(60_000, 60_040);
        LiveRendition video = Track(segments, "v1");
        Assert.True(video.Listed[0].Parts.Count > 0);
        Assert.True(video.Listed.Sum(static one => one.Duration.TotalSeconds) >= 3.9);
    }

    [Fact]
    public void Who_asks_for_what_is_far_ahead_takes_nobody_the_place()
    {
        LiveSegments segments = Segments(4_500);
        LiveRendition video = Track(segments, "v1");
        LiveSegment open = video.Listed[^1];
        Assert.True(segments.CanReach(video, open.Number, open.Parts.Count + 5));
        Assert.False(segments.CanReach(video, open.Number, open.Parts.Count + 6)); // 3 s of parts of half a second
        Assert.True(segments.CanReach(video, open.Number + 1, 0));
        Assert.False(segments.CanReach(video, open.Number + 1, 6));
        Assert.True(segments.CanReach(video, open.Number + 2, null));
        Assert.False(segments.CanReach(video, open.Number + 3, null));
    }

    [Fact]
    public void What_a_playlist_says_of_the_bit_rate_is_never_nothing()
    {
        Begin();
        Play(0, 1_600);
        LiveSegments segments = Stream.GetSegments(default)!;
        LiveRendition video = Track(segments, "v1");
        Assert.DoesNotContain(video.Listed, static segment => segment.IsWhole);
        Assert.InRange(video.Bandwidth.Peak, 25 * FrameLength * 8, 25 * FrameLength * 9);
        Assert.Equal(video.Bandwidth.Peak, video.Bandwidth.Average);
    }

    [Fact]
    public void A_publisher_of_a_configuration_a_picture_is_given_no_more_than_so_many_segments()
    {
        LiveSegments segments = Segments(4_000);
        byte[] other = [.. VideoHeader];
        for (uint i = 0; i < 2_000; i++)
        {
            other[^1] ^= 1;
            Publisher.Take(TrackKind.Video, other, 4_000, Now);
            _cam.Picture(4_000, isKey: true);
            Publisher.Publish();
        }

        LiveRendition video = Track(segments, "v1");
        Assert.InRange(video.Listed.Count, 2, 64 + (2 * 20));
        Assert.InRange(Stream.Pages.Fullness, 0, 0.1);
    }

    [Fact]
    public void Segments_are_numbered_as_if_they_had_been_cut_when_they_came()
    {
        long before = (long)(DateTimeOffset.UtcNow - new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalSeconds;
        LiveSegments segments = Segments(20_000);
        LiveSegment first = Track(segments, "v1").Listed[0];
        Assert.InRange(first.Number, before - 21, before - 17);
        Assert.InRange(first.Boundary.Discontinuity, 1, 10_000_000); // an array as long as this is no burden to a player
    }

    [Fact]
    public void Segments_that_nobody_asks_for_are_given_up_and_numbers_go_on()
    {
        LiveSegments segments = Segments(8_000);
        long next = segments.NextNumbers.Segment;
        Stream.Tick(segments.AskedAt + 300_000, out _);
        Assert.Same(segments, Stream.Segments);
        Stream.Tick(segments.AskedAt + 300_001, out _);
        Assert.Null(Stream.Segments);
        Assert.Empty(Track(segments, "v1").Listed);
        Assert.True(Track(Stream.GetSegments(default)!, "v1").Listed[0].Number >= next);
    }

    [Fact]
    public async Task Who_waits_for_a_part_goes_on_when_it_is_whole_and_not_before()
    {
        LiveSegments segments = Segments(3_000);
        LiveRendition video = Track(segments, "v1");
        LiveSegment open = video.Listed[^1];
        Assert.Equal(TimeSpan.FromMilliseconds(521), segments.Lengths.Part); // 13 pictures, and a millisecond
        Task next = segments.WhenReached(video, open.Number, open.Parts.Count, Now); // of 2,520 to 3,040 ms
        Task behind = segments.WhenReached(video, open.Number + 1, null, Now);
        Play(3_000, 3_040);
        Assert.False(next.IsCompleted);
        Play(3_040, 3_080);
        await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Play(3_080, 6_000);
        Assert.False(behind.IsCompleted);
        Play(6_000, 6_040);
        await behind.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.True(segments.WhenReached(video, open.Number, 0, Now).IsCompletedSuccessfully);
    }

    [Fact]
    public void A_part_behind_the_last_one_of_a_segment_is_the_first_of_the_next()
    {
        LiveSegments segments = Segments(4_500);
        LiveRendition video = Track(segments, "v1");
        LiveSegment whole = video.Listed.Last(static one => one.IsWhole);
        Assert.True(video.HasReached(whole.Number, whole.Parts.Count - 1));
        Assert.Equal(video.HasReached(whole.Number + 1, 0), video.HasReached(whole.Number, whole.Parts.Count + 3));
        Assert.False(video.HasReached(whole.Number + 1, 40));
        Assert.True(video.HasReached(whole.Number, null));
        Assert.False(video.HasReached(whole.Number + 1, null));
    }

    [Fact]
    public async Task What_never_comes_is_not_waited_for_longer_than_three_target_durations()
    {
        LiveSegments segments = Segments(4_000);
        LiveRendition video = Track(segments, "v1");
        Task next = segments.WhenReached(video, video.Listed[^1].Number + 1, 0, Now);
        segments.Tick(Now + (3 * (long)segments.Lengths.Target.TotalMilliseconds));
        Assert.False(next.IsCompleted);
        segments.Tick(Now + (3 * (long)segments.Lengths.Target.TotalMilliseconds) + 1);
        TitleException refusal = await Assert.ThrowsAsync<TitleException>(() => next);
        Assert.Equal(TitleError.Unavailable, refusal.Error);
    }

    [Fact]
    public async Task The_end_of_the_stream_makes_what_there_is_whole_and_lets_all_go_who_wait()
    {
        LiveSegments segments = Segments(4_300);
        LiveRendition video = Track(segments, "v1");
        LiveSegment open = video.Listed[^1];
        Task last = segments.WhenReached(video, open.Number, open.Parts.Count, Now);
        Task next = segments.WhenReached(video, open.Number, open.Parts.Count + 1, Now);
        Publisher.Leave(isFinished: true, Now);

        // The last part first, so that no player takes a segment for loaded that had one more; what is whole has no part to come.
        await last.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        long soon = Now + Math.Min(2 * (long)segments.Lengths.Part.TotalMilliseconds, 1_000);
        segments.Tick(soon - 1);
        Assert.False(next.IsCompleted);
        Assert.True(open.IsWhole);
        Assert.False(segments.IsEnded);
        long version = segments.Version;
        segments.Tick(soon);
        await next.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.True(segments.Version > version);
        Assert.True(segments.IsEnded);
        Assert.All(video.Listed, static segment => Assert.True(segment.IsWhole));
        long frames = video.Listed.Sum(
            static segment => (segment.Length - segment.Parts.Sum(static part => part.Headers.Length)) / FrameLength);
        Assert.Equal(108, frames); // 0 to 4,280 ms
    }

    [Fact]
    public void What_leaves_the_playlist_is_kept_for_another_window_and_then_gives_its_pages_back()
    {
        LiveSegments segments = Segments(4_000);
        LiveRendition video = Track(segments, "v1");
        long first = video.Listed[0].Number;
        Play(4_000, 30_000);
        Assert.True(video.Listed[0].Number > first, "nothing has left the playlist");
        Assert.InRange((video.Listed[^1].End - video.Listed[0].Start).TotalSeconds, 20, 25);
        Assert.NotNull(video.Find(first));
        Assert.Equal(ValueOf(1_960), Read(video.Find(first)!.ToPieces(null))[^1]);
        Play(30_000, 60_000);
        Assert.Null(video.Find(first));
        LivePages pages = Stream.Pages;
        double fullness = pages.Fullness;
        Play(60_000, 120_000);
        Assert.InRange(pages.Fullness, 0, fullness * 1.3);
    }

    [Fact]
    public void Who_sends_a_segment_keeps_its_pages_whatever_becomes_of_it()
    {
        LiveSegments segments = Segments(4_000);
        LiveRendition video = Track(segments, "v1");
        LiveSegment segment = video.Listed[0];
        PieceList pieces = segment.ToPieces(null);
        byte[] before = Read(pieces);
        LiveHold hold = segment.Hold(Stream.Pages);
        Play(4_000, 200_000);
        Assert.Null(video.Find(segment.Number));
        Assert.Equal(before, Read(pieces));
        hold.Release();
        hold.Release(); // once counts
        Play(200_000, 400_000);
        Assert.NotEqual(before, Read(pieces));
    }

    [Fact]
    public void Numbers_go_on_where_the_stream_of_that_name_before_ended()
    {
        LiveSegments first = Segments(4_000);
        LiveNumbers next = first.NextNumbers;
        Publisher.Leave(isFinished: true, Now);
        Assert.True(_streams.TryGetSegments("cam", out LiveSegments? over));
        Assert.Same(first, over);
        PublishedStream again = new(_streams);
        again.Begin();
        again.Play(0, 4_000, sounds: false);
        Assert.True(_streams.TryGetSegments("cam", out LiveSegments? second));
        Assert.NotSame(first, second);
        LiveSegment begin = Track(second!, "v1").Listed[0];
        Assert.True(begin.Number >= next.Segment && begin.Boundary.Discontinuity >= next.Break, $"{begin.Number} after {next}");
        Assert.True(next.Break > Track(first, "v1").Listed[^1].Boundary.Discontinuity);
    }

    [Fact]
    public void A_stream_of_sound_alone_is_cut_by_time()
    {
        Publisher.Take(TrackKind.Audio, AudioHeader, 0, Now);
        for (int i = 0; i < 400; i++)
        {
            _cam.Sound();
            Publisher.Publish();
            _cam.Now += 23;
        }

        LiveSegments segments = Stream.GetSegments(default)!;
        LiveRendition sound = Assert.Single(segments.Renditions);
        Assert.Equal("a1", sound.Name);
        Assert.All(
            sound.Listed.Where(static one => one.IsWhole), static segment => Assert.InRange(segment.Duration.TotalSeconds, 1.9, 2.1));
        Assert.All(sound.Listed.SelectMany(static one => one.Parts), static part => Assert.True(part.IsIndependent));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(23.976)]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(29.97)]
    [InlineData(30)]
    [InlineData(50)]
    [InlineData(59.94)]
    public void A_part_target_is_filled_by_whole_frames_of_all_tracks(double rate)
    {
        foreach (long wanted in (long[])[200, 333, 500, 1_000])
        {
            foreach (double sound in (double[])[1024 / 48.0, 1024 / 44.1, 1024 / 32.0, 2048 / 44.1, 20, 1152 / 44.1])
            {
                LiveSegmentLengths lengths = LiveSegmentLengths.Choose(2_000, wanted, [1000 / rate, sound], 2_000);
                double target = lengths.Part.TotalMilliseconds;
                Assert.InRange(target, wanted, wanted + 450);
                foreach (double frame in (double[])[1000 / rate, sound])
                {
                    double filled = Math.Floor(target / frame) * frame;
                    Assert.True(filled >= 0.85 * target, $"{rate} a second, {wanted} ms: frames of {frame} fill {filled} of {target}");
                }
            }
        }
    }

    [Theory]
    [InlineData(2_000L, 2)]
    [InlineData(1_000L, 2)]
    [InlineData(3_000L, 3)]
    [InlineData(10_000L, 10)]
    [InlineData(30_000L, 12)]
    [InlineData(0L, 2)]
    [InlineData(null, 4)]
    public void The_target_duration_is_that_of_whole_intervals_of_key_pictures(long? interval, int seconds) =>
        Assert.Equal(seconds, LiveSegmentLengths.Choose(2_000, 500, [40], interval).Target.TotalSeconds);

    private static LiveRendition Track(LiveSegments segments, string name) => segments.Renditions.Single(one => one.Name == name);

    /// <summary>The stream as it is after some time of 25 pictures a second, with a key picture each second.</summary>
    private LiveSegments Segments(uint until)
    {
        Begin();
        Play(0, until);
        LiveSegments segments = Stream.GetSegments(default)!;
        Assert.NotNull(segments);
        return segments;
    }

    private void Begin() => _cam.Begin();

    private void Play(uint from, uint until, bool keys = true, bool sounds = true) => _cam.Play(from, until, keys, sounds);

    private byte[] Read(PieceList pieces) =>
        [.. pieces.SelectMany(piece => piece.IsFileRange
            ? Stream.Pages.Read(piece.Offset, (int)piece.Length).ToArray()
            : piece.Bytes.ToArray())];
}
