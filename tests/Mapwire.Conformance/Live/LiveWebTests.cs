using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Http;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;
using static Mapwire.Conformance.Live.Publishing;

namespace Mapwire.Conformance.Live;

/// <summary>Who watches a live stream by HTTP requests is sent what was published, byte for byte and at its times.</summary>
public sealed class LiveWebTests
{
    private const string Film = "moov-last.mp4"; // keyframes at 0, 1, 2 and 3 s; ends at 4 s

    private static readonly HttpClient Client = new();

    [Theory]
    [InlineData("index.m3u8")]
    [InlineData("manifest.mpd")]
    [InlineData("index.m3u8", "--http-fast-lane", "off")]
    [InlineData("index.m3u8", "--live-segment-duration", "1", "--live-part-duration", "0.1", "--viewer-ids", "off")]
    public async Task All_of_a_stream_is_there_when_it_is_over(string resource, params string[] options)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync(options);
        string address = $"http://127.0.0.1:{server.HttpPort}/vod/live/cam/{resource}";
        Task publishing = PublishAsync(server, film, "live/cam");
        await WaitForLogAsync(server, "publish live/cam");
        using (HttpResponseMessage first = await Client.GetAsync(address, TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode); // who comes before the first part is whole waits for it
        }

        await publishing;
        await WaitForEndAsync($"http://127.0.0.1:{server.HttpPort}/vod/live/cam/v1.m3u8");
        CheckTail(
            await ReadAsFlvAsync(film), await Ffprobe.ReadAsync(address), resource, leftOut: 3,
            endsEarly: resource.EndsWith(".mpd", StringComparison.Ordinal) ? 8 : 0);
    }

    /// <summary>Waits until players are told the end, soon after the last segments were whole.</summary>
    private static async Task WaitForEndAsync(string playlist)
    {
        for (int i = 0; !(await Client.GetStringAsync(playlist, TestContext.Current.CancellationToken))
            .Contains("#EXT-X-ENDLIST", StringComparison.Ordinal); i++)
        {
            Assert.True(i < 50, "no end after 5 s");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--http-fast-lane", "off")]
    public async Task One_fragmented_MP4_goes_on_until_the_stream_is_over(params string[] options)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync(options);
        Task publishing = PublishAsync(server, film, "live/cam");
        await WaitForLogAsync(server, "publish live/cam");
        Recording came = await Ffprobe.ReadAsync($"http://127.0.0.1:{server.HttpPort}/vod/live/cam/stream.mp4");
        await publishing;
        CheckTail(await ReadAsFlvAsync(film), came, "stream.mp4", leftOut: 60);
    }

    [Theory]
    [InlineData("stream.flv")]
    [InlineData("stream.flv", "--http-fast-lane", "off")]
    [InlineData("stream.mp4")]
    [InlineData("index.m3u8")]
    [InlineData("index.m3u8", "--http-fast-lane", "off")]
    public async Task Whoever_comes_before_the_publisher_waits_and_is_sent_the_stream(string resource, params string[] options)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync(options);
        Task<Recording> watching = Ffprobe.ReadAsync($"http://127.0.0.1:{server.HttpPort}/vod/live/cam/{resource}");
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.False(watching.IsCompleted);
        Task publishing = PublishAsync(server, film, "live/cam");
        Recording came = await watching;
        await publishing;
        CheckTail(await ReadAsFlvAsync(film), came, resource, leftOut: 0);
    }

    [Fact]
    public async Task A_web_socket_that_comes_before_the_publisher_waits_and_is_sent_the_stream()
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync();
        using ClientWebSocket client = new();
        Task connecting = client.ConnectAsync(
            new Uri($"ws://127.0.0.1:{server.HttpPort}/vod/live/cam/stream.flv"), TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.False(connecting.IsCompleted);
        Task publishing = PublishAsync(server, film, "live/cam");
        await connecting;
        string path = Path.Combine(TemporaryFolder.Create("live-frames"), "came.flv");
        await using (FileStream file = File.Create(path))
        {
            byte[] buffer = new byte[1 << 16];
            while (await client.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is { CloseStatus: null } frame)
            {
                file.Write(buffer, 0, frame.Count);
            }
        }

        await publishing;
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        CheckTail(await ReadAsFlvAsync(film), await Ffprobe.ReadAsync(path), "web socket", leftOut: 0);
    }

    [Theory]
    [InlineData("stream.flv", true)]
    [InlineData("stream.mp4", true)]
    [InlineData("index.m3u8", true)]
    [InlineData("manifest.mpd", true)]
    [InlineData("v1.m3u8", true)]
    [InlineData("v1-1.m4s", false)]
    [InlineData("", false)]
    public async Task What_nobody_publishes_is_refused_after_the_wait_in_words(string resource, bool isAwaited)
    {
        await using MapwireServer server = await StartAsync("--live-play-wait", "2");
        Stopwatch watch = Stopwatch.StartNew();
        using HttpResponseMessage answer = await Client.GetAsync(
            $"http://127.0.0.1:{server.HttpPort}/vod/live/cam/{resource}", TestContext.Current.CancellationToken);
        Assert.Equal(isAwaited, watch.Elapsed >= TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        JsonElement body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        Assert.Equal(404, body.GetProperty("status").GetInt32());
        Assert.Equal(isAwaited, body.GetProperty("error").GetString() == "nobody publishes live/cam");
    }

    [Theory]
    [InlineData("v1.m3u8?_HLS_part=1", HttpStatusCode.BadRequest)]
    [InlineData("v1.m3u8?_HLS_msn=x", HttpStatusCode.BadRequest)]
    [InlineData("v1.m3u8?_HLS_msn=2000000000", HttpStatusCode.BadRequest)]
    [InlineData("v9.m3u8", HttpStatusCode.NotFound)]
    [InlineData("v1-1.m4s", HttpStatusCode.NotFound)]
    [InlineData("v1-1-part-1.m4s", HttpStatusCode.NotFound)]
    [InlineData("v1-init-1.mp4", HttpStatusCode.NotFound)]
    [InlineData("clip.mp4", HttpStatusCode.NotFound)]
    [InlineData("index.m3u8?loop=1", HttpStatusCode.UnprocessableEntity)]
    [InlineData("index.m3u8?video=none&audio=none", HttpStatusCode.UnprocessableEntity)]
    [InlineData("index.m3u8?video=none", HttpStatusCode.OK)]
    [InlineData("stream.mp4?audio=7&video=none", HttpStatusCode.UnprocessableEntity)]
    [InlineData("", HttpStatusCode.OK)]
    public async Task What_cannot_be_had_is_refused_at_once(string resource, HttpStatusCode status)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync();
        Task publishing = PublishAsync(server, film, "live/cam");
        await WaitForLogAsync(server, "publish live/cam");
        string folder = $"http://127.0.0.1:{server.HttpPort}/vod/live/cam/";
        (await Client.GetAsync(folder + "index.m3u8", TestContext.Current.CancellationToken)).Dispose();
        using (HttpResponseMessage answer = await Client.GetAsync(folder + resource, TestContext.Current.CancellationToken))
        {
            Assert.Equal(status, answer.StatusCode);
        }

        await publishing;
    }

    [Theory]
    [InlineData]
    [InlineData("--http-fast-lane", "off")]
    public async Task Viewers_of_low_latency_are_sent_each_part_when_it_is_whole(params string[] options)
    {
        string film = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await StartAsync([.. options, "--live-part-duration", "0.2"]);
        await using ServerProcess publisher = ServerProcess.Start(
            "ffmpeg", ["-stream_loop", "-1", .. PublishWords(server, film, $"live/cam?key={Key}")]);
        await WaitForLogAsync(server, "publish live/cam");
        ToolResult result = await Tool.RunAsync(
            MapwireServer.Program,
            [
                "bench", $"http://127.0.0.1:{server.HttpPort}/vod/live/cam/index.m3u8", "--low-latency", "--players", "20",
                "--seconds", "6", "--json",
            ]);
        Assert.True(result.ExitCode == 0, result.ToString());
        JsonElement report = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal("{}", report.GetProperty("failures").GetRawText());
        Assert.Equal(20, report.GetProperty("servedPlayers").GetInt32());
        JsonElement delay = report.GetProperty("http").GetProperty("partDelay");
        Assert.InRange(delay.GetProperty("count").GetInt64(), 20 * 20, 20 * 60); // 6 s of parts of 0.2 s, and what was there already
        Assert.InRange(delay.GetProperty("p50").GetDouble(), 0, 400);
    }

    /// <summary>Checks what came from some packet on to the end: who comes late begins with a later one.</summary>
    /// <param name="published">What was published.</param>
    /// <param name="came">What came.</param>
    /// <param name="name">What is read.</param>
    /// <param name="leftOut">Packets that may be missing at the beginning.</param>
    /// <param name="endsEarly">Packets that may be missing at the end: ffmpeg's reader of DASH ends with the track that ends first.</param>
    private static void CheckTail(Recording published, Recording came, string name, int leftOut, int endsEarly = 0)
    {
        List<Packet> packets = [];
        foreach (string kind in (string[])["video", "audio"])
        {
            Packet[] all = [.. published.Of(kind)];
            string[] hashes = [.. came.Of(kind).Select(static packet => packet.Hash)];
            int from = Enumerable.Range(0, Math.Max(0, all.Length - hashes.Length) + 1)
                .LastOrDefault(from => all[from..(from + hashes.Length)].Select(static packet => packet.Hash).SequenceEqual(hashes), -1);
            Assert.True(from >= 0, $"{name}: {kind} has {hashes.Length} packets that are not {all.Length} in a row");
            Assert.InRange(from, 0, leftOut);
            Assert.InRange(from + hashes.Length, all.Length - endsEarly, all.Length);
            packets.AddRange(all[from..(from + hashes.Length)]);
        }

        WebExpectation.Same(published with { Packets = packets }, came, name);
    }
}
