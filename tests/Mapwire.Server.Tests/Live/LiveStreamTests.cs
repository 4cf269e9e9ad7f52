using Mapwire.Media;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>What a publisher sends, and what becomes of it for viewers who come when they like and read as they can.</summary>
public sealed class LiveStreamTests : IDisposable
{
    private static readonly LiveOptions Options = PublishedStream.Options with { Window = 60_000, MemoryBytes = 32L << 20, Latency = 0 };

    private static readonly byte[] VideoHeader = [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord];
    private static readonly byte[] AudioHeader = [0xAF, 0, 0x12, 0x10];

    /// <summary>hvcC of a 64x48 picture, as ffmpeg 5.1 and x265 3.5 write it, without the encoder's own message.</summary>
    private static readonly byte[] HevcRecord = Convert.FromHexString(
        "0101600000009000000000001ef000fcfdf8f800000f03" + "a00001001840010c01ffff01600000030090000003000003001e959409"
        + "a10001002942010101600000030090000003000003001ea0208316595952930bc05a020000030002000003003210" + "a200010006" + "4401c073c089");

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly List<string> _dismissed = [];
    private readonly List<LiveStreams> _made = [];
    private readonly List<LiveViewer> _viewers = [];
    private long _now = 1_000_000;
    private LiveStreams _streams;

    public LiveStreamTests() => _streams = Make(Options);

    public void Dispose()
    {
        _viewers.ForEach(static viewer => viewer.Dispose());
        _made.ForEach(static streams => streams.Dispose());
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void A_viewer_who_waits_is_sent_all_from_the_first_key_picture_on_with_times_from_zero()
    {
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Empty(viewer.Said);
        LivePublisher publisher = Publish();
        Begin(publisher, 5_000_000);
        for (uint i = 0; i < 30; i++)
        {
            Picture(publisher, 5_000_000 + (i * 40), i % 10 == 0, 100, composition: 80);
            publisher.Publish();
            viewer.Read();
        }

        Assert.Equal(["started"], viewer.Said);
        Assert.Equal(30, viewer.Tags.Count);
        Assert.Equal(Enumerable.Range(0, 30).Select(static i => (uint)i * 40), viewer.Tags.Select(static tag => tag.Time));
        Assert.All(viewer.Tags, static tag => Assert.Equal([1, 0, 0, 80], tag.Body[1..5]));
    }

    [Fact]
    public void Whoever_comes_late_begins_with_the_newest_key_picture_at_time_zero()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 95; i++)
        {
            Picture(publisher, i * 40, i % 10 == 0, 50);
            Sound(publisher, i * 40);
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(10, viewer.Tags.Count);
        Assert.True(viewer.Tags[0] is { IsVideo: true, Time: 0 } && viewer.Tags[0].Body[0] == 0x17);
        Assert.Equal(160u, viewer.Tags[^1].Time);
    }

    [Theory]
    [InlineData(99, 19)] // the newest key picture is 320 ms old
    [InlineData(100, 10)] // 360 ms
    [InlineData(5, 5)] // there is no other one
    public void Whoever_comes_late_has_as_much_in_hand_as_messages_gather_for(int pictures, int sent)
    {
        _streams = Make(Options with { Latency = 250 });
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < pictures; i++)
        {
            Picture(publisher, i * 40, i % 10 == 0, 50);
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(sent, viewer.Tags.Count);
        Assert.True(viewer.Tags[0] is { IsVideo: true, Time: 0 } && viewer.Tags[0].Body[0] == 0x17);
        Assert.Equal(((uint)sent - 1) * 40, viewer.Tags[^1].Time);
    }

    [Fact]
    public void A_viewer_may_begin_some_time_ago_and_is_not_sent_all_of_it_at_once()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 1000; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 50);
        }

        publisher.Publish();
        LiveViewer viewer = Watch(behind: 20_000);
        viewer.Read();
        Assert.InRange(viewer.Tags[^1].Time, 2900u, 4100u); // what players buffer
        Assert.True(viewer.Play.TrySeek(new PlayerTime(12_000)));
        viewer.Read();
        Assert.Contains(viewer.Tags, static tag => tag.Time is >= 11_000 and <= 12_000);
    }

    [Fact]
    public void Whoever_wants_to_begin_before_the_stream_did_is_sent_what_there_is_at_once()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 250; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 50);
        }

        publisher.Publish();
        LiveViewer viewer = Watch(behind: 60_000);
        viewer.Read();
        Assert.InRange(viewer.Tags.Count, 75, 77); // what players buffer, of ten seconds
        for (uint i = 250; i < 300; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 50);
            publisher.Publish();
        }

        viewer.Read();
        Assert.InRange(viewer.Tags.Count, 125, 127);
    }

    [Fact]
    public void The_same_headers_once_more_change_nothing_and_others_are_told_where_they_begin_to_count()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Take(TrackKind.Video, VideoHeader, 40, _now);
        publisher.Take(TrackKind.Audio, AudioHeader, 40, _now);
        Picture(publisher, 40, isKey: false, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
        LiveFormat before = viewer.Play.Cursor!.Format;

        byte[] other = [.. VideoHeader];
        other[^1] ^= 1;
        publisher.Take(TrackKind.Video, other, 80, _now);
        Picture(publisher, 80, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal(3, viewer.Tags.Count);
        Assert.NotEqual(before, viewer.Play.Cursor.Format);
        Assert.Equal(other[5..], viewer.Play.Cursor.Tracks.Codecs.Lanes[0]!.SequenceHeader![5..]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_track_that_is_promised_and_never_comes_is_waited_for_a_second(bool hasMetadata)
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        if (hasMetadata)
        {
            publisher.TakeData(Metadata(("videocodecid", 7), ("audiocodecid", 10)), _now);
        }

        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Empty(viewer.Said);
        _now += 1000;
        Assert.False(publisher.Stream.Tick(_now, out _));
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
        Assert.Single(viewer.Tags);
        Assert.Single(viewer.Play.Cursor!.Tracks.Codecs.Lanes);
    }

    [Fact]
    public void A_track_that_metadata_rule_out_is_not_waited_for()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        publisher.TakeData(Metadata(("videocodecid", 7), ("audiocodecid", 0)), _now);
        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
    }

    [Fact]
    public void Sound_that_comes_later_is_another_format()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        Picture(publisher, 0, isKey: true, 10);
        _now += 2000;
        publisher.Stream.Tick(_now, out _);
        viewer.Read();
        publisher.Take(TrackKind.Audio, AudioHeader, 100, _now);
        Sound(publisher, 100);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal([true, false], viewer.Tags.Select(static tag => tag.IsVideo));
    }

    [Fact]
    public void A_stream_without_a_key_picture_for_long_is_watched_by_its_sound_alone_until_one_comes()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 1_000; i++)
        {
            Picture(publisher, i * 40, isKey: false, 50);
            Sound(publisher, i * 40);
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.NotEmpty(viewer.Tags);
        Assert.All(viewer.Tags, static tag => Assert.False(tag.IsVideo));
        Picture(publisher, 40_000, isKey: true, 50);
        Picture(publisher, 40_040, isKey: false, 50);
        publisher.Publish();
        viewer.Read();
        Assert.Equal([true, true], viewer.Tags.TakeLast(2).Select(static tag => tag.IsVideo));
    }

    [Fact]
    public void What_is_not_understood_is_passed_over()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        publisher.Take(TrackKind.Video, [], 0, _now);
        publisher.Take(TrackKind.Video, [0x17], 0, _now);
        publisher.Take(TrackKind.Video, [0x17, 9, 0, 0, 0, 1], 0, _now);
        publisher.Take(TrackKind.Video, [0x17, 0, 0, 0, 0, 1, 2, 3], 0, _now); // garbage in the record: the one before counts
        publisher.Take(TrackKind.Video, [0x17, 1, 0, 0, 0], 0, _now); // no NAL unit
        publisher.Take(TrackKind.Audio, [0xD1, 2, 3], 0, _now); // no codec of FLV
        publisher.TakeData([2, 0, 99], _now);
        publisher.TakeData([5], _now);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Single(viewer.Tags);
        Assert.True(publisher.Malformed > 0);
    }

    [Fact]
    public void Enhanced_codecs_go_to_those_who_offer_them_and_others_are_refused_by_name()
    {
        LivePublisher publisher = Publish();
        byte[] header = [0x90, .. "vp09"u8, 0, 10, 0x82, 1, 1, 1, 0, 0];
        publisher.Take(TrackKind.Video, header, 0, _now);
        publisher.Take(TrackKind.Video, [0x91, .. "vp09"u8, 1, 2, 3, 4], 0, _now);
        publisher.Publish();
        _now += 1000;
        publisher.Stream.Tick(_now, out _);
        LiveViewer plain = Watch();
        plain.Read();
        Assert.Contains("vp09", Assert.Single(plain.Said), StringComparison.Ordinal);
        LiveViewer enhanced = Watch(PlayerCodecs.All);
        enhanced.Read();
        Assert.Equal(["started"], enhanced.Said);
        Assert.Equal([0x91, .. "vp09"u8, 1, 2, 3, 4], Assert.Single(enhanced.Tags).Body);
    }

    [Fact]
    public void A_publisher_that_was_lost_comes_back_to_the_same_stream_and_times_go_on()
    {
        LiveViewer viewer = Watch();
        LivePublisher first = Publish();
        Begin(first, 0);
        Picture(first, 0, isKey: true, 10);
        Picture(first, 40, isKey: false, 10);
        first.Publish();
        first.Leave(isFinished: false, _now);
        viewer.Read();
        _now += 9_000;
        Assert.False(first.Stream.Tick(_now, out _));
        LivePublisher second = Publish();
        Assert.Equal(first.Stream, second.Stream);
        Begin(second, 777_000);
        Picture(second, 777_000, isKey: true, 10);
        second.Publish();
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
        Assert.Equal([0u, 40u, 80u], viewer.Tags.Select(static tag => tag.Time));
    }

    [Fact]
    public void A_publisher_that_does_not_come_back_in_time_ends_the_stream_after_all_of_it_was_read()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Leave(isFinished: false, _now); // what came in the same turn is not lost
        _now += 10_001;
        publisher.Stream.Tick(_now, out _);
        viewer.Read();
        Assert.Equal(["started", "ended"], viewer.Said);
        Assert.Single(viewer.Tags);
    }

    [Fact]
    public void An_end_that_was_said_ends_the_stream_at_once_and_another_one_may_begin()
    {
        LiveViewer viewer = Watch();
        LivePublisher first = Publish();
        Begin(first, 0);
        Picture(first, 0, isKey: true, 10);
        first.Leave(isFinished: true, _now);
        viewer.Read();
        Assert.Equal(["started", "ended"], viewer.Said);
        Assert.Null(_streams.Find("cam"));
        LivePublisher second = Publish();
        Assert.NotEqual(first.Stream, second.Stream);
        first.Leave(isFinished: false, _now);
        Assert.Equal(LiveState.Published, second.Stream.State);
    }

    [Fact]
    public void A_silent_publisher_is_let_go_and_one_that_takes_over_is_told_to_nobody_but_the_other()
    {
        LivePublisher first = Publish();
        Begin(first, 0);
        _now += Options.PublishTimeout + 1;
        first.Stream.Tick(_now, out LivePublisher? silent);
        Assert.Equal(first, silent);
        Publish();
        Publish();
        Assert.Equal(["another publisher has taken the stream over"], _dismissed);
    }

    [Fact]
    public void A_second_publisher_is_refused_where_it_does_not_take_over()
    {
        _streams = Make(Options with { TakesOver = false });
        Publish();
        Assert.Null(_streams.TryPublish("cam", Dismiss, out string? refusal, _now));
        Assert.Equal("it is being published already", refusal);
        Assert.Empty(_dismissed);
    }

    [Fact]
    public void Nobody_is_waited_for_longer_than_the_wait()
    {
        _loop.Now = _now;
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(_now + Options.PlayWait, viewer.Play.NextWake);
        _loop.Now += Options.PlayWait;
        viewer.Read();
        Assert.Equal("refused: nobody publishes cam", Assert.Single(viewer.Said));
        Assert.Equal(TimerWheel.Never, viewer.Play.NextWake);
    }

    [Fact]
    public void A_viewer_who_is_too_slow_goes_on_with_the_newest_key_picture_and_never_inside_a_group()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 1000);
        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read(300); // in the middle of a message
        for (uint i = 1; i < 600; i++)
        {
            Picture(publisher, i * 40, i % 10 == 0, 1000);
        }

        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "skipped"], viewer.Said);
        Assert.Equal(0u, viewer.Tags[0].Time); // what had begun was finished
        Assert.Equal(590u * 40, viewer.Tags[1].Time);
        Assert.Equal(0x17, viewer.Tags[1].Body[0]);
        Assert.Equal(11, viewer.Tags.Count);
    }

    [Fact]
    public void A_reader_of_a_hundredth_of_the_rate_is_sent_right_bytes_alone_while_the_pages_turn_over()
    {
        _streams = Make(Options with { MemoryBytes = 32 * LivePages.SegmentLength });
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 9000);
        publisher.Publish();
        LiveViewer viewer = Watch();
        Random random = new(3);
        for (uint i = 1; i < 20_000; i++)
        {
            Picture(publisher, i * 40, i % 10 == 0, 5000 + random.Next(8000));
            publisher.Publish();
            viewer.Read(random.Next(200));
        }

        viewer.Read();
        Assert.InRange(viewer.Tags.Count, 150, 2000);
        foreach (LiveTag tag in viewer.Tags)
        {
            byte mark = (byte)(tag.Time / 40 * 7); // as Picture fills it
            Assert.True(tag.Body.AsSpan(5).IndexOfAnyExcept(mark) < 0, $"other bytes at {tag.Time} ms");
        }

        Assert.Equal(0, publisher.Stream.LeftOut);
    }

    [Fact]
    public void A_hundred_thousand_tiny_messages_cost_bounded_memory()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 200_000; i++)
        {
            Picture(publisher, i / 100, i % 1000 == 0, 1);
        }

        publisher.Publish();
        Assert.InRange(publisher.Stream.Strip.Length, 1, LiveOptions.MaxEntries);
        Assert.InRange(publisher.Stream.Pages.Fullness, 0, 0.2);
    }

    [Fact]
    public void Headers_that_change_all_the_time_cost_bounded_memory()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        byte[] other = [.. VideoHeader];
        WeakReference first = FirstFormat(publisher);
        for (uint i = 0; i < 5000; i++)
        {
            other[^1] ^= 1;
            publisher.Take(TrackKind.Video, other, i * 40, _now);
            Picture(publisher, i * 40, isKey: true, 10);
            publisher.Publish();
        }

        GC.Collect();
        Assert.False(first.IsAlive);
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
    }

    [Fact]
    public void A_pause_that_is_longer_than_the_window_empties_it_and_the_stream_goes_on()
    {
        _streams = Make(Options with { Window = 1000 });
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < LiveBlock.Length; i++)
        {
            Picture(publisher, i, isKey: i == 0, 10);
        }

        for (uint i = 0; i < 600; i++)
        {
            Picture(publisher, 5000 + (i * 2000), isKey: true, 10); // each leaves alone in the window
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Single(viewer.Tags);
    }

    [Fact]
    public void A_viewer_who_pauses_goes_on_with_the_newest_picture_whatever_has_left_meanwhile()
    {
        _streams = Make(Options with { Window = 1000 });
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        viewer.Play.Pause(true, _now);
        for (uint i = 1; i < 1000; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 10);
            publisher.Publish();
            viewer.Read();
        }

        Assert.Single(viewer.Tags);
        viewer.Play.Pause(false, _now);
        viewer.Read();
        Assert.Equal(975u * 40, viewer.Tags[1].Time);
        Assert.Equal(26, viewer.Tags.Count);
        Assert.Equal(["started"], viewer.Said); // it was away, and not too slow
    }

    [Fact]
    public void Whoever_watches_from_some_time_ago_is_sent_the_rest_when_the_stream_ends()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 1000; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 10);
        }

        publisher.Publish();
        LiveViewer viewer = Watch(behind: 20_000);
        viewer.Read();
        publisher.Leave(isFinished: true, _now);
        viewer.Read();
        Assert.Equal(["started", "ended"], viewer.Said);
        Assert.InRange(viewer.Tags.Count, 500, 525);
    }

    [Fact]
    public void Another_sound_does_not_stop_the_pictures()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        publisher.Take(TrackKind.Audio, [0xAF, 0, 0x11, 0x90], 40, _now); // 48 kHz
        Picture(publisher, 40, isKey: false, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal(2, viewer.Tags.Count);
    }

    [Fact]
    public void The_header_that_makes_the_stream_complete_lets_viewers_in_by_itself()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        int wakes = publisher.Stream.Viewers; // one watches
        Assert.Equal(1, wakes);
        publisher.Take(TrackKind.Audio, AudioHeader, 0, _now);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
    }

    [Fact]
    public void Pictures_that_nothing_begins_with_are_no_places_to_begin()
    {
        LivePublisher publisher = Publish();
        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        for (uint i = 0; i < 500; i++)
        {
            Picture(publisher, i * 40, isKey: i == 0, 10); // one key picture in 20 s
        }

        _now += 1000;
        publisher.Stream.Tick(_now, out _);
        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(500, viewer.Tags.Count);
    }

    [Fact]
    public void Names_that_are_asked_for_and_left_are_forgotten_at_once()
    {
        for (int i = 0; i < 100; i++)
        {
            using LiveViewer viewer = new(_streams, $"name {i}", _loop);
            Assert.Single(_streams.All);
        }

        Assert.Empty(_streams.All);
    }

    [Fact]
    public void Other_headers_all_the_time_leave_no_more_formats_than_a_bound()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        byte[] other = [.. VideoHeader];
        for (uint i = 0; i < 1000; i++)
        {
            other[^1] ^= 1;
            publisher.Take(TrackKind.Video, other, i, _now);
            Picture(publisher, i, isKey: true, 10);
        }

        publisher.Publish();
        Assert.InRange(publisher.Stream.Strip.Length, 1, 65);
        publisher.Take(TrackKind.Video, [.. VideoHeader[..5], .. new byte[70_000]], 1000, _now);
        Assert.Equal(1, publisher.Stream.LeftOut);
    }

    [Fact]
    public void Metadata_that_change_are_told()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        publisher.TakeData(Metadata(("framerate", 25)), _now);
        publisher.TakeData(Metadata(("framerate", 25)), _now);
        Picture(publisher, 40, isKey: false, 10);
        Picture(publisher, 80, isKey: false, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal(3, viewer.Tags.Count);
        Assert.True(viewer.Play.Cursor!.Tracks.Metadata.Span.IndexOf("framerate"u8) > 0);
    }

    [Fact]
    public void A_seek_while_a_message_is_cut_is_done_behind_it()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 500; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 1000);
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read(300);
        Assert.True(viewer.Play.TrySeek(new PlayerTime(-5000)));
        viewer.Read();
        Assert.Equal(475u * 40 / 40 * 7 % 256, viewer.Tags[0].Body[5]);
        Assert.InRange(viewer.Tags.Count, 70, 200);
    }

    [Fact]
    public void Pictures_for_which_there_is_no_room_are_left_out_up_to_the_next_key_picture()
    {
        _streams = Make(Options with { MemoryBytes = 4 * LivePages.SegmentLength });
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, 100);
        Picture(publisher, 40, isKey: false, 5 * LivePages.SegmentLength); // never fits
        Picture(publisher, 80, isKey: false, 100);
        Picture(publisher, 120, isKey: true, 100);
        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(2, publisher.Stream.LeftOut);
        Assert.Equal(0x17, Assert.Single(viewer.Tags).Body[0]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HEVC_comes_by_its_code_and_by_the_number_that_encoders_agreed_on(bool hasCode)
    {
        byte[] payload = [0, 0, 0, 3, 0x26, 1, 2];
        LivePublisher publisher = Publish();
        publisher.Take(TrackKind.Video, hasCode ? [0x90, .. "hvc1"u8, .. HevcRecord] : [0x1C, 0, 0, 0, 0, .. HevcRecord], 0, _now);
        publisher.Take(TrackKind.Audio, AudioHeader, 0, _now);
        publisher.Take(TrackKind.Video, hasCode ? [0x91, .. "hvc1"u8, 0, 0, 80, .. payload] : [0x1C, 1, 0, 0, 80, .. payload], 0, _now);
        publisher.Publish();
        LiveViewer enhanced = Watch(PlayerCodecs.All);
        enhanced.Read();
        Assert.Equal([0x91, .. "hvc1"u8, 0, 0, 80, .. payload], Assert.Single(enhanced.Tags).Body);
        LiveViewer number = Watch(PlayerAbilities.UnofficialNumbers);
        number.Read();
        Assert.Equal([0x1C, 1, 0, 0, 80, .. payload], Assert.Single(number.Tags).Body);
        Assert.Equal([0x1C, 0, 0, 0, 0, .. HevcRecord], number.Play.Cursor!.Tracks.Codecs.Lanes[0]!.SequenceHeader);
    }

    [Fact]
    public void A_publisher_that_comes_back_with_another_codec_has_its_headers_told_to_who_stayed()
    {
        LiveViewer viewer = Watch(PlayerCodecs.All);
        LivePublisher first = Publish();
        Begin(first, 0);
        Picture(first, 0, isKey: true, 10);
        first.Publish();
        viewer.Read();
        first.Leave(isFinished: false, _now);
        LivePublisher second = Publish();
        second.Take(TrackKind.Video, [0x90, .. "vp09"u8, 0, 10, 0x82, 1, 1, 1, 0, 0], 0, _now);
        second.Take(TrackKind.Video, [0xA1, .. "vp09"u8, 9], 0, _now); // not before a key picture
        second.Take(TrackKind.Video, [0x91, .. "vp09"u8, 1, 2, 3, 4], 40, _now);
        second.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal([0x91, .. "vp09"u8, 1, 2, 3, 4], viewer.Tags[^1].Body);
        Assert.Equal(2, viewer.Tags.Count);
    }

    [Fact]
    public void AAC_without_a_header_leaves_the_pictures_alone_until_a_header_comes()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        publisher.TakeData(Metadata(("videocodecid", 7), ("audiocodecid", 10)), _now);
        publisher.Take(TrackKind.Video, VideoHeader, 0, _now);
        for (uint i = 0; i < 30; i++)
        {
            Picture(publisher, i * 40, isKey: i % 10 == 0, 10);
            Sound(publisher, i * 40); // nobody can decode it
            _now += 40;
            publisher.Publish();
            viewer.Read();
        }

        Assert.Equal(["started"], viewer.Said);
        Assert.All(viewer.Tags, static tag => Assert.True(tag.IsVideo));
        Assert.Equal(30, publisher.Stream.LeftOut);
        publisher.Take(TrackKind.Audio, AudioHeader, 1200, _now);
        Sound(publisher, 1200);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.False(viewer.Tags[^1].IsVideo);
    }

    [Fact]
    public void Sound_alone_is_watched_from_half_a_second_ago_and_its_window_is_bounded()
    {
        _streams = Make(Options with { Window = 5_000 });
        LivePublisher publisher = Publish();
        publisher.TakeData(Metadata(("videocodecid", 0), ("audiocodecid", 10)), _now);
        publisher.Take(TrackKind.Audio, AudioHeader, 0, _now);
        for (uint i = 0; i < 5000; i++)
        {
            Sound(publisher, i * 23);
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.InRange(viewer.Tags.Count, 1, 23);
        Assert.InRange(publisher.Stream.Strip.Length, 200, 225);
        LiveTracks tracks = viewer.Play.Cursor!.Tracks;
        Assert.Null(tracks.Codecs.Lanes[0]);
        Assert.True(tracks.Metadata.Span.IndexOf("audiocodecid"u8) > 0 && tracks.Metadata.Span.IndexOf("videocodecid"u8) < 0);
    }

    [Fact]
    public void A_header_that_is_repeated_while_the_stream_is_set_up_is_one()
    {
        LiveViewer viewer = Watch();
        LivePublisher publisher = Publish();
        for (int i = 0; i < 3; i++)
        {
            Begin(publisher, 0);
        }

        Picture(publisher, 0, isKey: true, 10);
        publisher.Publish();
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
        Assert.Null(publisher.Stream.Format!.Next);
        Assert.Single(viewer.Tags);
    }

    [Fact]
    public void Pages_that_were_given_up_shorten_no_window_though_nobody_has_taken_them_yet()
    {
        _streams = Make(Options with { MemoryBytes = 3 * LivePages.SegmentLength });
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        Picture(publisher, 0, isKey: true, LivePages.SegmentLength - 100);
        Picture(publisher, 40, isKey: false, LivePages.SegmentLength - 100);
        for (uint i = 2; i < 100; i++)
        {
            Picture(publisher, i * 40, i % 10 == 0, 100); // the last segment has room for all of them
        }

        publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(10, viewer.Tags.Count);
    }

    [Fact]
    public void A_stream_that_is_over_gives_its_pages_back()
    {
        LivePublisher publisher = Publish();
        Begin(publisher, 0);
        for (uint i = 0; i < 1000; i++)
        {
            Picture(publisher, i * 40, i % 25 == 0, 5000);
        }

        LivePages pages = publisher.Stream.Pages;
        Assert.True(pages.Fullness > 0.1);
        publisher.Leave(isFinished: true, _now);
        Assert.True(publisher.Stream.Tick(_now, out _));
        Assert.True(publisher.Stream.TryRelease(_now));
        _ = pages.TryTake(1); // what waits is looked at when something is taken
        Assert.InRange(pages.Fullness, 0, 0.01);
    }

    private static WeakReference FirstFormat(LivePublisher publisher)
    {
        Assert.NotNull(publisher);
        publisher.Take(TrackKind.Video, [0x17, 1, 0, 0, 0, 5], 0, 1_000_000);
        return new WeakReference(publisher.Stream.Format);
    }

    private static byte[] Metadata(params (string Name, double Value)[] values)
    {
        Amf0Writer writer = new(stackalloc byte[256]);
        writer.WriteString("onMetaData");
        writer.WriteValue(AmfValue.EcmaArray(
            [.. values.Select(static value => new AmfProperty(value.Name, AmfValue.Number(value.Value)))]));
        byte[] bytes = writer.Written.ToArray();
        writer.Dispose();
        return bytes;
    }

    private LiveStreams Make(LiveOptions options)
    {
        LiveStreams streams = new(options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _made.Add(streams);
        return streams;
    }

    private void Dismiss(LivePublisher publisher, string reason) => _dismissed.Add(reason);

    private LivePublisher Publish() => _streams.TryPublish("cam", Dismiss, out _, _now)!;

    private LiveViewer Watch(PlayerAbilities abilities = PlayerAbilities.None, long behind = 0)
    {
        LiveViewer viewer = new(_streams, "cam", _loop, abilities, behind);
        _viewers.Add(viewer);
        return viewer;
    }

    private void Begin(LivePublisher publisher, uint timestamp)
    {
        publisher.Take(TrackKind.Video, VideoHeader, timestamp, _now);
        publisher.Take(TrackKind.Audio, AudioHeader, timestamp, _now);
    }

    /// <summary>A picture whose bytes tell its timestamp.</summary>
    private void Picture(LivePublisher publisher, uint timestamp, bool isKey, int size, byte composition = 0)
    {
        byte[] body = new byte[5 + size];
        body[0] = (byte)(isKey ? 0x17 : 0x27);
        body[1] = 1;
        body[4] = composition;
        body.AsSpan(5).Fill((byte)(timestamp / 40 * 7));
        publisher.Take(TrackKind.Video, body, timestamp, _now);
    }

    private void Sound(LivePublisher publisher, uint timestamp) =>
        publisher.Take(TrackKind.Audio, [0xAF, 1, 1, 2, 3], timestamp, _now);
}
