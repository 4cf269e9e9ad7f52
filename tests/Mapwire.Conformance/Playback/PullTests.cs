using System.Globalization;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>Every playable file comes off the wire as ffmpeg reads it from the disk: every byte, every millisecond.</summary>
public sealed class PullTests(ServedFilms films)
{
    private const string Everything = "2000000000"; // milliseconds; the server's bound is set out of the way

    public static TheoryData<string> Names() => [.. FilmRecipes.Plain.Keys.Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Ffmpeg_copies_it_whole(string name)
    {
        (Recording expected, MapwireServer server) = await PrepareAsync(name);
        Expectation.Same(expected, await FfmpegCopy.ReadAsync(server.Address(name), "-rtmp_buffer", Everything), "ffmpeg -c copy");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Rtmpdump_saves_it_whole(string name)
    {
        (Recording expected, MapwireServer server) = await PrepareAsync(name);
        Expectation.Same(expected, await Rtmpdump.ReadAsync(server.Address(name)), "rtmpdump");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Ffprobe_learns_what_it_is(string name)
    {
        (Recording expected, MapwireServer server) = await PrepareAsync(name);
        Recording actual = await Ffprobe.ReadAsync(server.Address(name), "-rtmp_buffer", Everything);
        Expectation.Same(expected, actual, "ffprobe");

        Assert.NotNull(actual.Duration);
        Assert.InRange(actual.Duration.Value, expected.Duration!.Value - Expectation.Tolerance,
            expected.Duration!.Value + Expectation.Tolerance);
        foreach (MediaStream stream in expected.Streams)
        {
            MediaStream served = Assert.Single(actual.Streams, other => other.Kind == stream.Kind);
            Assert.Equal(stream with { Index = served.Index, FrameRate = served.FrameRate }, served);
        }

        // Sync samples are marked on the wire as in the file.
        Assert.Equal(expected.Of("video").Select(packet => packet.IsKey), actual.Of("video").Select(packet => packet.IsKey));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_player_that_takes_everything_gets_it_in_order_and_told_once(string name)
    {
        (Recording expected, MapwireServer server) = await PrepareAsync(name);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.SetBufferAsync(TimeSpan.FromDays(20));
        await player.PlayAsync("mp4:" + name);
        await player.ToTheEndAsync(TimeSpan.FromSeconds(60));

        Expectation.Same(expected, player.Film, "the test's player");
        Assert.Equal(expected.Streams.Count(stream => stream.Kind == "video"),
            player.Heard.Count(message => message.Type == Message.Video && message.Body is [not 0x57, 0, ..]));
        Assert.Equal(expected.Streams.Count(stream => stream.Codec == "aac"),
            player.Heard.Count(message => message.Type == Message.Audio && message.Body is [0xAF, 0, ..]));

        // Messages come by decode time: a player that waits for one track never has to store much of the other.
        double latest = 0;
        foreach (Packet packet in player.Heard.Select(message => message.Packet).OfType<Packet>())
        {
            Assert.True(packet.Dts >= latest - 1e-9,
                string.Create(CultureInfo.InvariantCulture, $"{packet.Kind} at {packet.Dts} after {latest}"));
            latest = Math.Max(latest, packet.Dts);
        }
    }

    [Theory]
    [InlineData("moov-last.mp4")]
    [InlineData("late-video.mp4")]
    [InlineData("mp3.mp4")]
    public async Task Gstreamer_plays_it_to_the_end(string name)
    {
        (Recording expected, MapwireServer server) = await PrepareAsync(name);
        string file = Path.Combine(TemporaryFolder.Create("gstreamer"), "film.flv");
        string audio = expected.Streams.First(stream => stream.Kind == "audio").Codec == "mp3" ? "mpegaudioparse" : "aacparse";
        ToolResult result = await Tool.SucceedAsync("gst-launch-1.0", [
            "-e", "rtmp2src", $"location={server.Address(name)}", "!", "tee", "name=both",
            "both.", "!", "queue", "!", "filesink", "async=false", $"location={file}",
            "both.", "!", "queue", "!", "flvdemux", "name=demux",
            "demux.video", "!", "queue", "!", "h264parse", "!", "fakesink", "sync=false", "async=false",
            "demux.audio", "!", "queue", "!", audio, "!", "fakesink", "sync=false", "async=false",
        ]);
        Assert.Contains("Got EOS from element", result.Output, StringComparison.Ordinal);
        Expectation.Same(expected, FlvFile.Read(file), "rtmp2src");
    }

    private async Task<(Recording Expected, MapwireServer Server)> PrepareAsync(string name) =>
        (Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name))), await films.Server);
}
