using System.Buffers.Binary;
using Mapwire.Media;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>
/// Several tracks of a kind in one publish (Enhanced RTMP v2), as OBS's Enhanced Broadcasting has them: which of them a viewer is sent.
/// </summary>
public sealed class LiveTracksTests : IDisposable
{
    private static readonly LiveOptions Options = PublishedStream.Options with { Window = 60_000, MemoryBytes = 32L << 20, Latency = 0 };

    private static readonly byte[] AacRecord = [0x12, 0x10];
    private static readonly PlayerAbilities Everything = PlayerCodecs.All | PlayerAbilities.ManyTracks | Offer.Avc | Offer.Aac;

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly LivePublisher _publisher;
    private readonly List<LiveViewer> _viewers = [];
    private long _now = 1_000_000;

    public LiveTracksTests()
    {
        _loop.Now = _now;
        _streams = new(Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _publisher = Publish();
    }

    public void Dispose()
    {
        _viewers.ForEach(static viewer => viewer.Dispose());
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(0, 0)] // a player that knows nothing of tracks has the first
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 3)]
    public void A_viewer_is_sent_the_video_track_that_it_asks_for_as_if_there_were_no_other(int video, int track)
    {
        Begin(videos: 4);
        Group(0, 4);
        Group(400, 4);
        LiveViewer viewer = Watch(video: video);
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
        Assert.Equal(["avc 0 key", "avc 0"], [.. viewer.Tags.Where(static tag => tag.IsVideo).Select(Read)]);
        Assert.All(
            viewer.Tags.Where(static tag => tag.IsVideo),
            tag => Assert.Equal(Payload(track, tag.Time == 0 ? 400u : 440), tag.Body[5..]));
        Assert.Equal(2, viewer.Tags.Count(static tag => !tag.IsVideo));
    }

    [Fact]
    public void Who_takes_several_tracks_is_sent_all_of_them_by_their_numbers()
    {
        Begin(videos: 4, sounds: 3);
        Group(0, 4, sounds: 3);
        LiveViewer viewer = Watch(Everything);
        viewer.Read();
        Assert.Equal(
            ["avc 0 key", "avc1 1 key", "avc1 2 key", "avc1 3 key", "avc 0", "avc1 1", "avc1 2", "avc1 3"],
            [.. viewer.Tags.Where(static tag => tag.IsVideo).Select(Read)]);
        Assert.Equal(
            ["aac 0", "mp4a 1", "mp4a 2", "aac 0", "mp4a 1", "mp4a 2"],
            [.. viewer.Tags.Where(static tag => !tag.IsVideo).Select(Read)]);
        LiveTracks tracks = viewer.Play.Cursor!.Tracks;
        Assert.Equal(
            ["0: 17", "1: AF", "2: 95", "3: 95", "16: 96", "17: 96", "18: 96"],
            [.. LaneMessages.HeadersOf(tracks.Codecs, before: null).Select(static header => $"{header.Lane}: {header.Body.Span[0]:X2}")]);
        AmfValue told = Metadata(tracks);
        Assert.Equal(["1", "2", "3"], told["videoTrackIdInfoMap"]!.Properties.Select(static property => property.Name));
        Assert.Equal(["1", "2"], told["audioTrackIdInfoMap"]!.Properties.Select(static property => property.Name));
        Assert.Equal(44_100, told["audioTrackIdInfoMap"]!["1"]!["samplerate"]!.AsNumber());
        Assert.NotNull(told["videoTrackIdInfoMap"]!["3"]!["width"]);
    }

    [Fact]
    public void Who_takes_several_and_asks_for_one_is_sent_that_alone()
    {
        Begin(videos: 3, sounds: 3);
        Group(0, 3, sounds: 3);
        LiveViewer viewer = Watch(Everything, video: 2, audio: 3);
        viewer.Read();
        Assert.Equal(["avc 0 key", "avc 0"], [.. viewer.Tags.Where(static tag => tag.IsVideo).Select(Read)]);
        Assert.Equal(["aac 0", "aac 0"], [.. viewer.Tags.Where(static tag => !tag.IsVideo).Select(Read)]);
        Assert.Equal(Payload(1, 0), viewer.Tags.First(static tag => tag.IsVideo).Body[5..]);
        Assert.Equal(Payload(2, 0), viewer.Tags.First(static tag => !tag.IsVideo).Body[2..]);
        AmfValue told = Metadata(viewer.Play.Cursor!.Tracks);
        Assert.Null(told["videoTrackIdInfoMap"]);
        Assert.True(told["hasVideo"]!.AsBoolean());
    }

    [Theory]
    [InlineData(-1, 0, false, true, false)]
    [InlineData(0, -1, true, false, false)]
    [InlineData(0, 2, true, true, false)]
    [InlineData(-1, 2, false, true, true)]
    public void Either_kind_can_be_declined_and_a_sound_be_chosen(int video, int audio, bool hasVideo, bool hasAudio, bool takesMany)
    {
        Begin(videos: 2, sounds: 2);
        Group(0, 2, sounds: 2);
        LiveViewer viewer = Watch(takesMany ? Everything : PlayerAbilities.None, video: video, audio: audio);
        viewer.Read();
        Assert.Equal(hasVideo, viewer.Tags.Any(static tag => tag.IsVideo));
        Assert.Equal(hasAudio, viewer.Tags.Any(static tag => !tag.IsVideo));
        Assert.All(
            viewer.Tags.Where(static tag => !tag.IsVideo), tag => Assert.Equal(Payload(audio == 2 ? 1 : 0, tag.Time), tag.Body[2..]));
        AmfValue told = Metadata(viewer.Play.Cursor!.Tracks);
        Assert.Equal((hasVideo, hasAudio), (told["hasVideo"]!.AsBoolean(), told["hasAudio"]!.AsBoolean()));
    }

    [Theory]
    [InlineData(5, 0, "there is no video track 5 in this stream")]
    [InlineData(0, 2, "there is no audio track 2 in this stream")]
    [InlineData(64, 0, "there is no video track 64 in this stream")]
    public void A_track_that_does_not_come_is_refused_by_its_number(int video, int audio, string reason)
    {
        Begin(videos: 4);
        for (uint time = 0; time <= 2000; time += 400)
        {
            Group(time, 4);
        }

        LiveViewer viewer = Watch(video: video, audio: audio);
        viewer.Read();
        Assert.Equal(["refused: " + reason], viewer.Said);
    }

    [Fact]
    public void A_track_that_this_viewer_does_not_take_is_refused_by_its_codec()
    {
        Begin(videos: 1);
        Take(TrackKind.Video, [0x96, 0, .. "vp09"u8, 1, 0, 10, 0x82, 1, 1, 1, 0, 0], 0);
        Group(0, 1);
        LiveViewer viewer = Watch(video: 2);
        viewer.Read();
        Assert.StartsWith("refused: video track 2: VP9", Assert.Single(viewer.Said), StringComparison.Ordinal);
    }

    [Fact]
    public void A_track_whose_header_comes_a_little_later_is_waited_for_by_who_asks_for_it()
    {
        LiveViewer viewer = Watch(video: 2);
        LiveViewer late = Watch(video: 9);
        Begin(videos: 1);
        Group(0, 1);
        viewer.Read();
        Assert.Empty(viewer.Said);
        Take(TrackKind.Video, VideoHeader(1), 80);
        Group(400, 2);
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
        Assert.Equal(["avc 0 key", "avc 0"], [.. viewer.Tags.Where(static tag => tag.IsVideo).Select(Read)]);
        late.Read();
        Assert.Empty(late.Said);
        Group(1200, 2);
        late.Read();
        Assert.Equal(["refused: there is no video track 9 in this stream"], late.Said);
    }

    [Fact]
    public void Tracks_of_one_message_come_apart()
    {
        Begin(videos: 2);
        byte[] first = [0, 0, 80, .. Payload(0, 0)];
        byte[] second = [0, 0, 40, .. Payload(1, 0)];
        // ManyTracks, of one codec; the size has the composition time in it
        Take(TrackKind.Video, [0x96, 0x11, .. "avc1"u8, 0, .. Size(first), .. first, 1, .. Size(second), .. second], 0);
        // ManyTracksManyCodecs
        Take(
            TrackKind.Video,
            [
                0xA6, 0x21, .. "avc1"u8, 0, .. Size(first), .. first, .. "avc1"u8, 1, .. Size(second), .. second,
                .. "avc1"u8, 2, .. Size(first), // and one that is cut off
            ],
            40);
        Sound(0, 0);
        _publisher.Publish();
        foreach (int track in (int[])[0, 1])
        {
            LiveViewer viewer = Watch(video: track + 1);
            viewer.Read();
            LiveTag[] pictures = [.. viewer.Tags.Where(static tag => tag.IsVideo)];
            Assert.Equal([0u, 40u], pictures.Select(static tag => tag.Time));
            Assert.All(pictures, tag => Assert.Equal([1, 0, 0, (byte)(track == 0 ? 80 : 40), .. Payload(track, 0)], tag.Body[1..]));
        }
    }

    [Fact]
    public void Each_track_begins_with_a_key_picture_of_its_own()
    {
        Begin(videos: 2);
        Picture(0, 0, isKey: true);
        Picture(1, 0, isKey: false);
        Picture(0, 40, isKey: false);
        Picture(1, 40, isKey: true);
        Picture(0, 80, isKey: false);
        Picture(1, 80, isKey: false);
        _publisher.Publish();
        LiveViewer viewer = Watch(Everything);
        viewer.Read();
        Assert.Equal(["avc 0 key", "avc 0", "avc1 1 key", "avc 0", "avc1 1"], [.. viewer.Tags.Select(Read)]);
        viewer.Play.ReceivePictures(false);
        viewer.Play.ReceivePictures(true);
        Picture(0, 120, isKey: true);
        Picture(1, 120, isKey: false);
        Picture(1, 160, isKey: true);
        _publisher.Publish();
        viewer.Read();
        Assert.Equal(["avc 0 key", "avc1 1 key"], [.. viewer.Tags.Skip(5).Select(Read)]);
    }

    [Fact]
    public void A_header_that_changes_has_its_own_track_wait_for_a_key_picture_and_no_other()
    {
        Begin(videos: 2);
        Group(0, 2);
        LiveViewer viewer = Watch(Everything);
        viewer.Read();
        int before = viewer.Tags.Count;
        byte[] other = VideoHeader(1);
        other[^1] ^= 1;
        Take(TrackKind.Video, other, 80);
        Picture(0, 80, isKey: false);
        Picture(1, 80, isKey: false);
        Picture(1, 120, isKey: true);
        _publisher.Publish();
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal(["avc 0", "avc1 1 key"], [.. viewer.Tags.Skip(before).Select(Read)]);
    }

    [Fact]
    public void Without_a_first_track_the_next_one_is_it()
    {
        Take(TrackKind.Video, VideoHeader(5), 0);
        for (uint i = 0; i < 30; i++)
        {
            Picture(5, i * 40, isKey: i % 10 == 0);
        }

        _now += 1000;
        _publisher.Stream.Tick(_now, out _);
        _publisher.Publish();
        LiveViewer viewer = Watch();
        viewer.Read();
        Assert.Equal(10, viewer.Tags.Count);
        Assert.Equal("avc 0 key", Read(viewer.Tags[0]));
        LiveViewer sixth = Watch(video: 6);
        sixth.Read();
        Assert.Equal(10, sixth.Tags.Count);
    }

    [Fact]
    public void More_tracks_than_there_is_room_for_are_left_out_and_the_others_stay()
    {
        for (int track = 0; track < 256; track++)
        {
            Take(TrackKind.Video, VideoHeader(track), 0);
            Take(TrackKind.Audio, AudioHeader(track), 0);
        }

        for (int track = 0; track < 256; track++)
        {
            Picture(track, 0, isKey: true);
            Sound(track, 0);
        }

        _publisher.Publish();
        Assert.Equal(16 + 15, _publisher.Stream.Strip.Count);
        Assert.Equal(512 - 31, _publisher.Stream.LeftOut);
        LiveViewer viewer = Watch(Everything);
        viewer.Read();
        Assert.Equal(31, viewer.Tags.Count);
        Assert.Equal("avc1 15 key", viewer.Tags.Where(static tag => tag.IsVideo).Select(Read).Last());
        Assert.Equal("mp4a 14", viewer.Tags.Where(static tag => !tag.IsVideo).Select(Read).Last());
    }

    [Fact]
    public void Viewers_of_many_choices_make_no_more_forms_than_are_kept_and_each_is_right()
    {
        Begin(videos: 16);
        Group(0, 16);
        for (int video = 1; video <= 16; video++)
        {
            foreach (PlayerAbilities abilities in (PlayerAbilities[])[PlayerAbilities.None, Everything, PlayerCodecs.All])
            {
                LiveViewer viewer = Watch(abilities, video: video);
                viewer.Read();
                Assert.Equal(Payload(video - 1, 0), viewer.Tags.First(static tag => tag.IsVideo).Body[5..]);
            }
        }
    }

    [Fact]
    public void Another_publisher_of_the_stream_has_every_track_wait_for_a_key_picture()
    {
        Begin(videos: 2);
        Group(0, 2);
        LiveViewer viewer = Watch(Everything);
        viewer.Read();
        int before = viewer.Tags.Count;
        _publisher.Leave(isFinished: false, _now);
        LivePublisher second = Publish();
        second.Take(TrackKind.Video, PictureOf(0, 5000, isKey: true), 5000, _now);
        second.Take(TrackKind.Video, PictureOf(1, 5000, isKey: false), 5000, _now);
        second.Take(TrackKind.Video, PictureOf(1, 5040, isKey: true), 5040, _now);
        second.Publish();
        viewer.Read();
        Assert.Equal(["avc 0 key", "avc1 1 key"], [.. viewer.Tags.Skip(before).Select(Read)]);
    }

    /// <summary>LIVE 15: whoever ignores what a modifier says still gets each frame, byte for byte, at the message's time.</summary>
    [Theory]
    [InlineData("02 0F423F", "0")] // 999,999 ns
    [InlineData("02 FFFFFF", "0")] // more than there can be
    [InlineData("00 55", "5")] // a modifier that is not known
    [InlineData("FF 0004 0102030405", "0")] // a length of 16 bits, longer than the nanoseconds
    public void Frames_behind_modifiers_come_byte_for_byte_and_without_them(string modifier, string type)
    {
        byte[] data = Convert.FromHexString(modifier.Replace(" ", "", StringComparison.Ordinal));
        byte next = (byte)(int.Parse(type, System.Globalization.CultureInfo.InvariantCulture) << 4);
        Begin(videos: 1);
        Take(TrackKind.Video, [0x97, .. data, (byte)(next | 1), .. "avc1"u8, 0, 0, 80, .. Payload(0, 0)], 0);
        // Two of them, before CodedFramesX.
        Take(TrackKind.Video, [0xA7, .. data, (byte)(next | 7), 2, 0, 0, 1, 3, .. "avc1"u8, .. Payload(0, 40)], 40);
        Take(TrackKind.Audio, [0x97, .. data, (byte)(next | 1), .. "mp4a"u8, .. Payload(0, 0)], 0);
        _publisher.Publish();
        foreach (PlayerAbilities abilities in (PlayerAbilities[])[PlayerAbilities.None, Everything | PlayerAbilities.Nanoseconds])
        {
            LiveViewer viewer = Watch(abilities);
            viewer.Read();
            LiveTag[] pictures = [.. viewer.Tags.Where(static tag => tag.IsVideo)];
            Assert.Equal([0u, 40u], pictures.Select(static tag => tag.Time));
            Assert.Equal([0x17, 1, 0, 0, 80, .. Payload(0, 0)], pictures[0].Body); // a time in nanoseconds is promised to nobody
            Assert.Equal([0x27, 1, 0, 0, 0, .. Payload(0, 40)], pictures[1].Body);
            Assert.Equal([0xAF, 1, .. Payload(0, 0)], Assert.Single(viewer.Tags, static tag => !tag.IsVideo).Body);
        }

        Assert.Equal(0, _publisher.Malformed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(10)]
    public void A_frame_that_ends_inside_its_modifiers_is_none(int length)
    {
        Begin(videos: 1);
        byte[] whole = [0x97, 2, 0x0F, 0x42, 0x3F, 1, .. "avc1"u8, 0, 0, 0, 1];
        Take(TrackKind.Video, whole[..length], 0);
        _publisher.Publish();
        Assert.Equal(0, _publisher.Stream.Strip.Count);
        Group(0, 1);
        Assert.Equal(4, _publisher.Stream.Strip.Count);
    }

    /// <summary>The bytes of a frame: they tell its track and its time, and are no NAL unit of 0 bytes.</summary>
    private static byte[] Payload(int track, uint time) => [0, 0, 0, 5, 0x65, (byte)track, (byte)time, (byte)(time >> 8), 9];

    private static byte[] Size(byte[] part) => [(byte)(part.Length >> 16), (byte)(part.Length >> 8), (byte)part.Length];

    private static byte[] VideoHeader(int track) => track == 0
        ? [0x90, .. "avc1"u8, .. Mp4Builder.AvcRecord]
        : [0x96, 0, .. "avc1"u8, (byte)track, .. Mp4Builder.AvcRecord];

    private static byte[] AudioHeader(int track) => track == 0
        ? [0x90, .. "mp4a"u8, .. AacRecord]
        : [0x95, 0, .. "mp4a"u8, (byte)track, .. AacRecord];

    private static byte[] PictureOf(int track, uint time, bool isKey)
    {
        byte type = (byte)(isKey ? 0x90 : 0xA0);
        return track == 0
            ? [(byte)(type | 1), .. "avc1"u8, 0, 0, 80, .. Payload(track, time)]
            : [(byte)(type | 6), 1, .. "avc1"u8, (byte)track, 0, 0, 80, .. Payload(track, time)];
    }

    private static AmfValue Metadata(LiveTracks tracks)
    {
        Amf0Reader reader = new(tracks.Metadata.Span);
        Assert.Equal("onMetaData", reader.ReadString());
        return reader.ReadValue();
    }

    /// <summary>The codec, the track's number and whether decoding can start with it, as a player reads them.</summary>
    private static string Read(LiveTag tag)
    {
        FlvPacketReader reader = new(tag.IsVideo ? TrackKind.Video : TrackKind.Audio, tag.Body);
        Assert.True(reader.TryRead(out FlvPacket packet));
        Assert.Equal(FlvPacketType.Frame, packet.Type);
        Assert.Equal(9, packet.Payload.Length);
        Assert.False(packet.Track > 0 && packet.PlainHeader is not null);
        string codec = packet.PlainHeader is null ? packet.Code.ToString() : tag.IsVideo ? "avc" : "aac";
        Assert.Equal(0x6500, BinaryPrimitives.ReadUInt16BigEndian(packet.Payload[4..]) & 0xFF00);
        return $"{codec} {packet.Track}{(tag.IsVideo && packet.IsSync ? " key" : "")}";
    }

    private LivePublisher Publish() => _streams.TryPublish("cam", static (_, _) => { }, out _, _now)!;

    private LiveViewer Watch(PlayerAbilities abilities = PlayerAbilities.None, int video = 0, int audio = 0)
    {
        LiveViewer viewer = new(_streams, "cam", _loop, abilities, video: video, audio: audio);
        _viewers.Add(viewer);
        return viewer;
    }

    private void Begin(int videos, int sounds = 1)
    {
        for (int track = 0; track < videos; track++)
        {
            Take(TrackKind.Video, VideoHeader(track), 0);
        }

        for (int track = 0; track < sounds; track++)
        {
            Take(TrackKind.Audio, AudioHeader(track), 0);
        }
    }

    /// <summary>A key picture and another one of each track, and sound beside them.</summary>
    private void Group(uint time, int videos, int sounds = 1)
    {
        foreach (uint at in (uint[])[time, time + 40])
        {
            for (int track = 0; track < videos; track++)
            {
                Picture(track, at, at == time);
            }

            for (int track = 0; track < sounds; track++)
            {
                Sound(track, at);
            }
        }

        _publisher.Publish();
    }

    private void Picture(int track, uint time, bool isKey) => Take(TrackKind.Video, PictureOf(track, time, isKey), time);

    private void Sound(int track, uint time) => Take(
        TrackKind.Audio,
        track == 0 ? [0x91, .. "mp4a"u8, .. Payload(track, time)] : [0x95, 1, .. "mp4a"u8, (byte)track, .. Payload(track, time)], time);

    private void Take(TrackKind kind, byte[] body, uint time) => _publisher.Take(kind, body, time, _now);
}
