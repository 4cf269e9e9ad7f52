using System.Buffers;
using System.Text;
using Mapwire.Media;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Http.LiveMedia;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;
using Mapwire.Server.Tests.EventLoops;
using Xunit;

namespace Mapwire.Server.Tests.Live;

/// <summary>
/// What a publisher says of colours (Enhanced RTMP, "Metadata Frame") is told to viewers of enhanced headers, and players of HLS are told
/// the range.
/// </summary>
public sealed class LiveColorTests : IDisposable
{
    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly LivePublisher _publisher;
    private readonly List<LiveViewer> _viewers = [];
    private uint _time;

    public LiveColorTests()
    {
        _loop.Now = 1_000_000;
        _streams = new LiveStreams(
            PublishedStream.Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _publisher = _streams.TryPublish("cam", static (_, reason) => Assert.Fail(reason), out _, 1_000_000)!;
    }

    public void Dispose()
    {
        _viewers.ForEach(static viewer => viewer.Dispose());
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Colours_are_told_to_who_takes_enhanced_headers_from_the_beginning_and_when_they_change()
    {
        Begin(transfer: 2);
        Say(Colors(16, maxCll: 1000));
        Play(1_000);
        LiveViewer viewer = Watch(PlayerCodecs.All);
        Assert.Equal(["90", "94"], Told(viewer, before: null));
        LiveTracks first = viewer.Play.Cursor!.Tracks;
        byte[] told = first.Codecs.Lanes[0]!.ColorInfo!;
        Assert.Equal([0x94, .. "vp09"u8, 2, 0, 9, .. "colorInfo"u8], told[..17]);
        Assert.True(LiveMetadata.TryReadColor(told.AsSpan(5), out VideoColor? color));
        Assert.Equal(
            VideoColor.Unknown with
            {
                Primaries = 9,
                Transfer = 16,
                Matrix = 9,
                MaxContentLight = 1000,
                MaxPictureLight = 400,
                Mastering = new MasteringDisplay(0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329, 1000, 0.005),
            },
            color);

        Say(Colors(16, maxCll: 1000)); // once more
        Play(400);
        viewer.Read();
        Assert.DoesNotContain("changed", viewer.Said);
        Say(Colors(18, maxCll: 1000));
        Play(400);
        viewer.Read();
        Assert.Equal(["started", "changed"], viewer.Said);
        Assert.Equal(["94"], Told(viewer, first)); // and nothing else
        LiveTracks second = viewer.Play.Cursor!.Tracks;
        Say([2, 0, 9, .. "colorInfo"u8, 6]);
        Play(400);
        viewer.Read();
        Assert.Equal(["94"], Told(viewer, second));
        Assert.Equal(
            [0x94, .. "vp09"u8, 2, 0, 9, .. "colorInfo"u8, 6],
            LaneMessages.HeadersOf(viewer.Play.Cursor!.Tracks.Codecs, second.Codecs).Single().Body.ToArray());
    }

    [Fact]
    public void Colours_of_pictures_with_plain_headers_are_told_to_nobody()
    {
        _publisher.Take(TrackKind.Video, PublishedStream.VideoHeader, 0, 1_000_000);
        Say(Colors(16, maxCll: 1000), "avc1");
        _publisher.Take(TrackKind.Video, [0x17, 1, 0, 0, 0, 1, 2, 3], 0, 1_000_000);
        _publisher.TakeData(Encoding.Latin1.GetBytes("\x02\x00\x0AonMetaData\x03\x00\x08hasAudio\x01\x00\x00\x00\x09"), 1_000_000);
        _publisher.Stream.Tick(1_002_000, out _);
        _publisher.Publish();
        Assert.Equal(["17"], Told(Watch(PlayerCodecs.All), before: null));
    }

    [Theory]
    [InlineData("02 0009 636F6C6F72496E666F")] // the name alone
    [InlineData("02 0009 636F6C6F72496E666F 03 000B 636F6C6F72436F6E666967")] // cut off
    [InlineData("02 0009 636F6C6F72496E666F 00 3FF0000000000000")] // a number
    [InlineData("02 0005 6F74686572 03 000009")]
    [InlineData("00 3FF0000000000000")]
    [InlineData("FF")]
    public void What_is_not_understood_of_colours_changes_nothing(string values)
    {
        Begin(transfer: 2);
        Say(Colors(16, maxCll: 1000));
        Play(1_000);
        LiveViewer viewer = Watch(PlayerCodecs.All);
        Say(Convert.FromHexString(values.Replace(" ", "", StringComparison.Ordinal)));
        Say([2, 0, 9, .. "colorInfo"u8, .. new byte[5000]]); // longer than any
        Play(400);
        viewer.Read();
        Assert.Equal(["started"], viewer.Said);
    }

    [Theory]
    [InlineData(16, 0, "PQ")]
    [InlineData(18, 0, "HLG")]
    [InlineData(1, 0, "SDR")]
    [InlineData(2, 0, "SDR")]
    [InlineData(2, 16, "PQ")] // by what the publisher says
    [InlineData(16, 18, "HLG")]
    public void The_master_playlist_tells_the_range_of_pictures(byte transfer, int said, string range)
    {
        Begin(transfer);
        if (said > 0)
        {
            Say(Colors(said, maxCll: 0));
        }

        Play(6_000);
        LiveSegments segments = _publisher.Stream.GetSegments(default)!;
        ArrayBufferWriter<byte> output = new();
        segments.Read(static now => LivePlaylists.DescribeMaster(now, default, "")).WriteTo(output);
        Assert.Contains($"VIDEO-RANGE={range}", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    private static byte[] Colors(int transfer, double maxCll)
    {
        Amf0Writer writer = new(stackalloc byte[1024]);
        try
        {
            writer.WriteString("colorInfo");
            writer.WriteObject();
            writer.WriteName("colorConfig");
            writer.WriteObject();
            writer.WriteProperty("bitDepth", 10);
            writer.WriteProperty("colorPrimaries", 9);
            writer.WriteProperty("transferCharacteristics", transfer);
            writer.WriteProperty("matrixCoefficients", 9);
            writer.WriteEnd();
            writer.WriteName("hdrCll");
            writer.WriteObject();
            writer.WriteProperty("maxFall", 400);
            writer.WriteProperty("maxCLL", maxCll);
            writer.WriteEnd();
            writer.WriteName("hdrMdcv");
            writer.WriteObject();
            (string Name, double Value)[] display =
            [
                ("redX", 0.708), ("redY", 0.292), ("greenX", 0.17), ("greenY", 0.797), ("blueX", 0.131), ("blueY", 0.046),
                ("whitePointX", 0.3127), ("whitePointY", 0.329), ("maxLuminance", 1000), ("minLuminance", 0.005),
            ];
            foreach ((string name, double value) in display)
            {
                writer.WriteProperty(name, value);
            }

            writer.WriteEnd();
            writer.WriteEnd();
            return writer.Written.ToArray();
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <summary>What the viewer is told where it stands, as the first bytes of messages.</summary>
    private static string[] Told(LiveViewer viewer, LiveTracks? before) =>
        [.. LaneMessages.HeadersOf(viewer.Play.Cursor!.Tracks.Codecs, before?.Codecs).Select(static one => $"{one.Body.Span[0]:X2}")];

    /// <summary>VP9 alone, whose configuration tells a transfer.</summary>
    private void Begin(byte transfer)
    {
        _publisher.Take(TrackKind.Video, [0x90, .. "vp09"u8, 2, 10, 0xA2, 9, transfer, 9, 0, 0], 0, 1_000_000);
        _publisher.TakeData(Encoding.Latin1.GetBytes("\x02\x00\x0AonMetaData\x03\x00\x08hasAudio\x01\x00\x00\x00\x09"), 1_000_000);
    }

    private void Say(byte[] values, string code = "vp09") =>
        _publisher.Take(TrackKind.Video, [0x94, .. Encoding.ASCII.GetBytes(code), .. values], _time, 1_000_000 + _time);

    private void Play(uint length)
    {
        for (uint until = _time + length; _time < until; _time += 40)
        {
            byte type = (byte)(_time % 1000 == 0 ? 0x93 : 0xA3);
            _publisher.Take(TrackKind.Video, [type, .. "vp09"u8, 1, 2, 3, 4], _time, 1_000_000 + _time);
            _publisher.Publish();
        }
    }

    private LiveViewer Watch(PlayerAbilities abilities)
    {
        LiveViewer viewer = new(_streams, "cam", _loop, abilities);
        _viewers.Add(viewer);
        viewer.Read();
        return viewer;
    }
}
