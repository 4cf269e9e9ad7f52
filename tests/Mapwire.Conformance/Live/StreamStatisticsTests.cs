using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Statistics;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Live;

/// <summary>What <c>mapwire top</c> says of a stream that ffmpeg publishes and ffmpeg watches.</summary>
public sealed class StreamStatisticsTests
{
    private const string Film = "twelve-seconds.mp4"; // 25 pictures a second, a keyframe each 2 s

    private readonly string _folder = TemporaryFolder.Create("streams");

    [Fact]
    public async Task A_published_stream_is_told_with_its_rates_and_the_latency_of_its_viewers()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(
            FilmFactory.Folder, "--publish-key", "none", "--statistics", "live", "--statistics-folder", _folder);
        await using ServerProcess publisher = ServerProcess.Start(
            "ffmpeg",
            [
                "-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i", film, "-c", "copy", "-f", "flv",
                server.Address("live/cam"),
            ]);
        for (int i = 0; i < 600 && !server.Process.Said.Contains("publish live/cam", StringComparison.Ordinal); i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        await using ServerProcess byRtmp = Watch(server.Address("live/cam"));
        await using ServerProcess byHttp = Watch($"http://127.0.0.1:{server.HttpPort}/vod/live/cam/stream.flv");
        JsonElement seen = await Top.WhenAsync(
            _folder,
            static one => one.List("streams") is [var stream] && stream.Number("viewers") == 2
                && stream.GetProperty("keyframeInterval").ValueKind == JsonValueKind.Number
                && stream.GetProperty("latency").ValueKind == JsonValueKind.Number && stream.Number("published") > 6);
        JsonElement stream = Assert.Single(seen.List("streams"));
        Assert.Equal("live/cam", stream.Text("name"));
        Assert.InRange(stream.Number("frameRate"), 22, 28);
        Assert.Equal(2, stream.Number("keyframeInterval"), 0.05);
        Assert.InRange(stream.Number("videoBitsPerSecond"), 10_000, 10_000_000);
        Assert.InRange(stream.Number("audioBitsPerSecond"), 10_000, 500_000);
        Assert.InRange(stream.Number("soundAhead"), -0.5, 0.5);
        Assert.InRange(stream.Number("jitter"), 0, 0.5);
        Assert.InRange(stream.Number("longestPause"), 0.02, 5);
        Assert.Equal((0, 0), (stream.Number("leftOut"), stream.Number("malformed")));
        Assert.InRange(stream.Number("latency"), 0, 0.5);
        Assert.InRange(stream.Number("worstLatency"), stream.Number("latency"), 5);

        IReadOnlyList<JsonElement> players = seen.List("players");
        JsonElement publishing = Assert.Single(players, static player => player.Text("state") == "publishing");
        Assert.Equal((stream.Number("publisherId"), stream.Text("publisher")), (publishing.Number("id"), publishing.Text("peer")));
        Assert.Equal(JsonValueKind.Null, publishing.GetProperty("lag").ValueKind);
        JsonElement[] viewers = [.. players.Where(static player => player.Text("state") == "playing")];
        Assert.Equal(["flv", "rtmp"], viewers.Select(static viewer => viewer.Text("protocol")).Order());
        Assert.All(viewers, static viewer => Assert.InRange(viewer.Number("lag"), 0, 2));
        Assert.All(viewers, static viewer => Assert.InRange(viewer.Number("worstLatency"), viewer.Number("latency"), 5));

        string text = (await Top.RunAsync(_folder, "--once")).Output;
        Assert.Matches(@"(?m)^LIVE +VIEWERS +KBIT/S +FPS +KEYFRAMES +A-V +JITTER +PAUSE +LEFT OUT +LATENCY +WORST +LAG\r?$", text);
        Assert.Matches(@"(?m)^live/cam +2 +\d+ +2\d\.\d+ +2\.0 s +-?\d+ ms +\d+ ms +\d+ ms +0 +\d+ ms +\d+ ms +\d+ ms\r?$", text);
    }

    private static ServerProcess Watch(string address) => ServerProcess.Start(
        "ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", "-i", address, "-c", "copy", "-f", "null", "-"]);
}
