using System.Globalization;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Statistics;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary>
/// Every option of <c>mapwire serve</c> with bytes through it: the film comes whole whatever they say, and they do what they say.
/// </summary>
public sealed class ServeOptionTests
{
    private const string Film = "moov-first.mp4";

    [Theory]
    [InlineData("--chunk-size", "128")]
    [InlineData("--chunk-size", "16777215", "--workers", "1")]
    [InlineData("--workers", "4")]
    [InlineData("--send-buffer", "4096", "--chunk-size", "4096")]
    [InlineData("--receive-buffer", "1024")]
    [InlineData("--max-player-rate", "100000000", "--max-server-rate", "100000000")]
    [InlineData("--max-connections", "3")]
    [InlineData("--index-cache", "none", "--statistics", "off")]
    [InlineData("--legacy-hevc", "--handshake-timeout", "5", "--idle-timeout", "5", "--send-timeout", "5")]
    public async Task The_film_comes_whole_with(params string[] options)
    {
        string path = await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, ["--max-buffer", "600", .. options]);
        Recording pulled = await Ffprobe.ReadAsync(server.Address(Film), "-rtmp_buffer", "60000");
        Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(path)), pulled, string.Join(' ', options));
    }

    [Fact]
    public async Task The_index_cache_serves_a_second_run_the_same_bytes()
    {
        string path = await FilmFactory.GetAsync(Film);
        string cache = Path.Combine(TemporaryFolder.Create("own-cache"), "index");
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(path));
        for (int run = 1; run <= 2; run++)
        {
            await using MapwireServer server =
                await MapwireServer.StartAsync(FilmFactory.Folder, "--max-buffer", "600", "--index-cache", cache);
            Expectation.Same(expected, await Ffprobe.ReadAsync(server.Address(Film), "-rtmp_buffer", "60000"), $"run {run}");
            Assert.NotEmpty(Directory.GetFiles(cache));
        }
    }

    [Fact]
    public async Task Statistics_have_the_name_that_was_given()
    {
        string folder = TemporaryFolder.Create("named-statistics");
        await FilmFactory.GetAsync(Film);
        await using MapwireServer server =
            await MapwireServer.StartAsync(FilmFactory.Folder, "--statistics", "by-name", "--statistics-folder", folder);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync(Film);
        await player.UntilAsync(message => message.Packet is not null);
        JsonElement seen = await Top.WhenAsync(folder, static one => one.Number("bytes") > 0);
        Assert.Equal("by-name", seen.Text("name"));
        Assert.InRange(seen.Number("bytes"), 1, double.MaxValue);
    }

    [Fact]
    public async Task No_more_connections_are_open_than_max_connections()
    {
        await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--max-connections", "2");
        await using RtmpPlayer first = await RtmpPlayer.ConnectAsync(server.Port);
        await using RtmpPlayer second = await RtmpPlayer.ConnectAsync(server.Port);
        await Assert.ThrowsAnyAsync<Exception>(() => RtmpPlayer.ConnectAsync(server.Port));
        await first.PlayAsync(Film);
        await first.UntilAsync(message => message.Packet is not null);
    }

    [Theory]
    [InlineData("--max-player-rate")]
    [InlineData("--max-server-rate")]
    public async Task A_rate_is_kept(string option)
    {
        const long Rate = 20_000;
        await FilmFactory.GetAsync(Film);
        await using MapwireServer server =
            await MapwireServer.StartAsync(FilmFactory.Folder, "--max-buffer", "600", "--workers", "1", option,
            Rate.ToString(CultureInfo.InvariantCulture));
        string[] pull = ["bench", server.Address(Film), "--fast", "--seconds", "3", "--rehearsal", "0", "--json"];
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, pull);
        using JsonDocument report = JsonDocument.Parse(result.Output);
        double seconds = report.RootElement.GetProperty("seconds").GetDouble();
        Assert.InRange(report.RootElement.GetProperty("measuredBytes").GetInt64() / seconds, 1, 2 * Rate);
    }

    [Fact]
    public async Task The_media_sent_ahead_is_at_most_max_buffer()
    {
        await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--max-buffer", "0.5");
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.SetBufferAsync(TimeSpan.FromHours(10));
        await player.PlayAsync(Film);
        Message first = await player.UntilAsync(message => message.Packet is not null);
        await player.ListenAsync(TimeSpan.FromMilliseconds(300));
        double ahead = player.Film.Packets.Max(static packet => packet.Dts) - player.Film.Packets.Min(static packet => packet.Dts);
        Assert.InRange(ahead, 0.1, 3); // of four seconds, all of which it asked for
        Assert.NotNull(first);
    }
}
