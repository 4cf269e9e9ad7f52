using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Live;

/// <summary>Encoders other than ffmpeg's plain one publish films as they are: what is watched has the same frames.</summary>
public sealed class EncoderTests
{
    private const string Key = "long-and-secret";

    [Theory]
    [InlineData("cam", "no-b-frames.mp4", "fcunpublish+closestream+deletestream")]
    [InlineData("live/cam", "moov-last.mp4", "deletestream")]
    public async Task Gstreamer_publishes_a_film_as_it_muxes_it(string name, string published, string commands)
    {
        string film = await FilmFactory.GetAsync(published);
        string muxed = Path.Combine(TemporaryFolder.Create("muxed"), "film.flv");
        await Tool.SucceedAsync("gst-launch-1.0", Pipeline(film, "filesink", $"location={muxed}"));
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--publish-key", Key);
        Task<Recording> watching = Ffprobe.ReadAsync(server.Address(name));
        await WaitForLogAsync(server.Process, "connect");
        await Tool.SucceedAsync(
            "gst-launch-1.0",
            Pipeline(film, "rtmp2sink", $"location={server.Address(name)}?key={Key}", "sync=true", $"stop-commands={commands}"));
        Expectation.Same(await Ffprobe.ReadAsync(muxed), await watching, "GStreamer");
        Assert.Contains($"publish {name} ended: it was ended", server.Process.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("protocol error", server.Process.Said, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, server.Process.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ffmpeg_publishes_encrypted_what_others_watch_either_way()
    {
        string keys = TemporaryFolder.Create("keys");
        await Tool.SucceedAsync(MapwireServer.Program, ["certificate", keys]);
        string film = await FilmFactory.GetAsync("moov-last.mp4");
        await using ServerProcess server = ServerProcess.Start(
            MapwireServer.Program,
            [
                "serve", FilmFactory.Folder, "--rtmp", "127.0.0.1:0", "--rtmps", "127.0.0.1:0", "--publish-key", Key,
                "--certificate", Path.Combine(keys, "cert.pem"), "--key", Path.Combine(keys, "key.pem"),
            ]);
        string plain = (await server.HearsAsync(new Regex(@"Listening on (rtmp://127\.0\.0\.1:\d+/vod)"))).Groups[1].Value;
        string encrypted = (await server.HearsAsync(new Regex(@"Listening on (rtmps://127\.0\.0\.1:\d+/vod)"))).Groups[1].Value;
        Task<Recording> watching = Ffprobe.ReadAsync($"{plain}/cam");
        await WaitForLogAsync(server, "connect");
        Task<Recording> watchingEncrypted = Ffprobe.ReadAsync($"{encrypted}/cam");
        await WaitForLogAsync(server, "connect", times: 2);
        await Tool.SucceedAsync(
            "ffmpeg",
            [
                "-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-i", film, "-c", "copy", "-f", "flv",
                $"{encrypted}/cam?key={Key}",
            ]);
        string published = Path.Combine(TemporaryFolder.Create("published"), "film.flv");
        await Tool.SucceedAsync("ffmpeg", ["-v", "error", "-nostdin", "-i", film, "-c", "copy", published]);
        Recording expected = await Ffprobe.ReadAsync(published);
        Expectation.Same(expected, await watching, "plain");
        Expectation.Same(expected, await watchingEncrypted, "encrypted");
        Assert.DoesNotContain(Key, server.Said, StringComparison.Ordinal);
    }

    /// <summary>A film's own frames through GStreamer's muxer, which leaves some sound out at both ends.</summary>
    private static string[] Pipeline(string film, params string[] sink) =>
    [
        "-q", "filesrc", $"location={film}", "!", "qtdemux", "name=film", "flvmux", "name=flv", "streamable=true", "!", .. sink,
        "film.video_0", "!", "queue", "!", "h264parse", "!", "flv.", "film.audio_0", "!", "queue", "!", "aacparse", "!", "flv.",
    ];

    private static async Task WaitForLogAsync(ServerProcess server, string words, int times = 1)
    {
        for (int i = 0; Regex.Count(server.Said, Regex.Escape(words)) < times; i++)
        {
            Assert.True(i < 600, $"never said '{words}': {Tool.Shorten(server.Said)}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
