using System.Globalization;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Statistics;

/// <summary>Real readers of HLS and DASH in <c>mapwire top</c>: each is one player, whatever it asks for.</summary>
public sealed class ViewerTests
{
    private const string Film = "twelve-seconds.mp4";

    private readonly string _folder = TemporaryFolder.Create("viewers");

    [Theory]
    [InlineData("index.m3u8", "hls")]
    [InlineData("manifest.mpd", "dash")]
    public async Task ffmpeg_is_one_viewer_with_its_title_and_bytes(string resource, string protocol)
    {
        await using MapwireServer server = await StartAsync();
        Recording read = await Ffprobe.ReadEnhancedAsync(server.WebAddress(Film, resource));
        int bytes = read.Packets.Sum(static packet => packet.Size);
        JsonElement seen = await Top.WhenAsync(_folder, one => one.List("players") is [var only] && only.Number("bytes") >= bytes);
        JsonElement player = Assert.Single(seen.List("players"));
        Assert.Equal((protocol, Film), (player.Text("protocol"), player.Text("title")));
        Assert.Equal(1, seen.GetProperty("protocols").GetProperty(protocol).GetInt32());
        Assert.InRange(player.Number("bytes"), bytes, 2 * bytes); // headers, and what a reader asks for twice
        Assert.InRange(player.Number("position"), 0, 12.5);
        Assert.StartsWith("127.0.0.1:", player.Text("peer"), StringComparison.Ordinal);
        Assert.Contains($"1 {protocol}", (await Top.RunAsync(_folder, "--once")).Output, StringComparison.Ordinal);
        await Task.Delay(TimeSpan.FromSeconds(17)); // of three target durations
        seen = await Top.WhenAsync(_folder, static one => one.List("players").Count == 0);
        Assert.Empty(seen.List("players"));
        Assert.Equal(1, seen.Number("plays"));
    }

    [Fact]
    public async Task Each_seat_of_the_load_generator_is_one_viewer()
    {
        const int Seats = 20;
        await using MapwireServer server = await StartAsync();
        Task<ToolResult> load = Tool.SucceedAsync(
            MapwireServer.Program,
            [
                "bench", server.WebAddress(Film, "index.m3u8"), "--players", Seats.ToString(CultureInfo.InvariantCulture), "--seconds", "6",
                "--rehearsal", "0", "--json",
            ]);
        JsonElement seen = await Top.WhenAsync(
            _folder,
            static one => one.List("players") is { Count: Seats } all && all.All(static player => player.Number("bytes") > 0));
        await load;
        Assert.Equal(Seats, seen.List("players").Count);
        Assert.All(seen.List("players"), static player => Assert.Equal(("hls", Film), (player.Text("protocol"), player.Text("title"))));
        seen = Assert.Single(await Top.ServersAsync(_folder));
        Assert.InRange(seen.List("players").Count, 1, Seats); // whatever they asked for until the end
    }

    private async Task<MapwireServer> StartAsync()
    {
        await FilmFactory.GetAsync(Film);
        return await MapwireServer.StartAsync(FilmFactory.Folder, "--statistics", "viewers", "--statistics-folder", _folder);
    }
}
