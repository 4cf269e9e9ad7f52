using System.Net;
using System.Text.RegularExpressions;
using Mapwire.Server.Hosting;
using Mapwire.Server.Statistics;
using Xunit;

namespace Mapwire.Server.Tests.Http.Viewers;

/// <summary>
/// Viewers of a whole server: by addresses as its playlists have them, over sockets, in the statistics that it publishes.
/// </summary>
public sealed class WatchingTests : IDisposable
{
    private readonly TemporaryFolder _films = new();
    private readonly string _statistics = Directory.CreateTempSubdirectory("mapwire-statistics-").FullName;
    private readonly RecordingLog _log = new();
    private readonly HttpClient _client = new();
    private MediaServer? _server;

    public WatchingTests() => _films.Add("film.mp4");

    public void Dispose()
    {
        _client.Dispose();
        _server?.Dispose();
        _films.Dispose();
        Directory.Delete(_statistics, recursive: true);
    }

    [Fact]
    public async Task A_viewer_of_HLS_is_one_player_with_its_title_and_bytes_whatever_connections_it_has()
    {
        Start();
        string[] segments = await SegmentsOfAsync("film.mp4");
        long bytes = 0;
        foreach (string segment in segments)
        {
            using HttpClient another = new(); // with a connection of its own
            bytes += (await another.GetByteArrayAsync(segment)).Length;
        }

        PlayerSnapshot player = Assert.Single(When(seen => seen.Players is [var one] && one.Bytes >= bytes).Players);
        Assert.Equal((PlayerProtocol.Hls, "film.mp4"), (player.Protocol, player.Title));
        Assert.InRange(player.Bytes, bytes, bytes + 10_000);
        Assert.Equal(IPAddress.Loopback, player.Peer!.Address);
        Assert.Equal(1, When(static seen => seen.Plays == 1).Titles.Single().Players);
        Assert.Contains(_log.Lines, static line => line.Contains("watch film.mp4 by Hls", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Viewers_of_each_protocol_are_players_of_it()
    {
        Start();
        string[] hls = await SegmentsOfAsync("film.mp4");
        await _client.GetByteArrayAsync(hls[0]);
        string manifest = await _client.GetStringAsync(Address("film.mp4/manifest.mpd"));
        string media = Regex.Match(manifest, "media=\"(v1-[^\"]+)\"").Groups[1].Value.Replace("$Number$", "1", StringComparison.Ordinal);
        await _client.GetByteArrayAsync(Address($"film.mp4/{media.Replace("&amp;", "&", StringComparison.Ordinal)}"));
        using HttpClient whole = new();
        await whole.GetByteArrayAsync(Address("film.mp4/stream.mp4?end=2"));
        using HttpClient file = new();
        await file.GetByteArrayAsync(Address("film.mp4"));
        using HttpClient flv = new();
        using Stream watched = await flv.GetStreamAsync(Address("film.mp4/stream.flv"));
        await watched.ReadExactlyAsync(new byte[1000]);
        ServerSnapshot seen = When(static seen =>
            seen.Players.Count == 5 && seen.Plays == 5 && seen.Players.All(static one => one.Title is not null));
        Assert.Equal(
            [
                (PlayerProtocol.Flv, 1), (PlayerProtocol.Hls, 1), (PlayerProtocol.Dash, 1), (PlayerProtocol.Mp4, 1),
                (PlayerProtocol.File, 1),
            ],
            seen.Protocols);
        Assert.All(seen.Players, static player => Assert.Equal("film.mp4", player.Title));
        Assert.Equal(5, seen.Plays);
        whole.Dispose();
        file.Dispose();
        watched.Dispose();
        When(static seen => seen.Players.Count == 2); // connections that are closed; segments may still be asked for
    }

    [Fact]
    public async Task A_viewer_of_a_list_is_one_player_from_its_playlist_on_and_watches_the_film_that_it_was_sent_last()
    {
        _films.Add("next.mp4");
        File.WriteAllText(Path.Combine(_films.Path, "list.m3u8"), "film.mp4\nnext.mp4\n");
        Start();
        string master = await _client.GetStringAsync(Address("list.m3u8/index.m3u8"));
        string variant = Address("list.m3u8/" + master.Split('\n').First(static line => line.Length > 0 && line[0] != '#'));
        Assert.Empty(When(static _ => true).Players);
        string playlist = await _client.GetStringAsync(variant);
        Assert.Equal("film.mp4", Assert.Single(When(static seen => seen.Players.Count == 1).Players).Title); // which comes first
        string last = playlist.Split('\n').Last(static line => line.Length > 0 && line[0] != '#');
        Assert.StartsWith("../next.mp4/", last, StringComparison.Ordinal);
        await _client.GetByteArrayAsync(Address($"list.m3u8/{last}"));
        Assert.Equal("next.mp4", Assert.Single(When(static seen => seen.Plays == 2).Players).Title);
        await _client.GetStringAsync(variant); // players that come back look at it once more
        await _client.GetByteArrayAsync(Address($"list.m3u8/{last}"));
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        ServerSnapshot seen = When(static _ => true);
        Assert.Equal((2L, "next.mp4", PlayerProtocol.Hls), ((long)seen.Plays, seen.Players.Single().Title, seen.Players.Single().Protocol));
    }

    [Fact]
    public async Task Looking_at_a_film_makes_no_player()
    {
        Start();
        await SegmentsOfAsync("film.mp4", fetchesPlaylist: false);
        foreach (string path in (string[])["film.mp4", "film.mp4/stream.mp4", "film.mp4/v1a1.m3u8", "film.mp4/v1a1-1.m4s"])
        {
            using HttpRequestMessage look = new(HttpMethod.Head, Address(path));
            Assert.Equal(HttpStatusCode.OK, (await _client.SendAsync(look)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync(Address("film.mp4/v1a1-99.m4s"))).StatusCode);
        Assert.Empty(When(static _ => true).Players);
    }

    [Fact]
    public async Task One_viewer_more_than_there_may_be_hears_503_with_the_reason_and_when_to_come_again()
    {
        Start(maxPerAddress: 2);
        string[][] seats = [await SegmentsOfAsync("film.mp4"), await SegmentsOfAsync("film.mp4")];
        foreach (string address in (string[])["film.mp4/index.m3u8", "film.mp4/manifest.mpd", "film.mp4", "film.mp4/stream.flv"])
        {
            using HttpResponseMessage refused = await _client.GetAsync(Address(address));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal(5, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
            Assert.Equal("*", Assert.Single(refused.Headers.GetValues("Access-Control-Allow-Origin")));
            Assert.Contains(
                "\"error\":\"its address has 2 of the 2 players that an address may have (MaxConnectionsPerAddress)\"",
                await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        foreach (string segment in seats.SelectMany(static seat => seat))
        {
            Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(segment)).StatusCode); // who is there goes on
        }
    }

    [Fact]
    public async Task A_made_up_id_is_served_as_none_is_and_counts_as_one_viewer_of_its_address()
    {
        Start();
        string segment = (await SegmentsOfAsync("film.mp4", fetchesPlaylist: true))[0];
        for (int i = 0; i < 20; i++)
        {
            string forged = Regex.Replace(segment, "v=[0-9a-f]+", $"v={i:x24}");
            Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(forged)).StatusCode);
        }

        Assert.Equal(2, When(static seen => seen.Players.Count >= 2).Players.Count);
    }

    [Fact]
    public async Task Playlists_with_an_id_are_private_and_without_ids_all_of_an_address_are_one_player()
    {
        Start();
        using (HttpResponseMessage master = await _client.GetAsync(Address("film.mp4/index.m3u8")))
        {
            Assert.True(master.Headers.CacheControl!.Private);
            Assert.Matches("v=[0-9a-f]{24}\n", await master.Content.ReadAsStringAsync());
        }

        _server!.Dispose();
        Start(hasViewerIds: false);
        using (HttpResponseMessage master = await _client.GetAsync(Address("film.mp4/index.m3u8")))
        {
            Assert.True(master.Headers.CacheControl!.Public);
            Assert.DoesNotContain("v=", await master.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await _client.GetByteArrayAsync((await SegmentsOfAsync("film.mp4"))[0]);
        Assert.Equal(PlayerProtocol.Hls, Assert.Single(When(static seen => seen.Players.Count > 0).Players).Protocol);
    }

    private void Start(int maxPerAddress = 0, bool hasViewerIds = true)
    {
        _server = new MediaServer(
            new MediaServerOptions
            {
                Folder = _films.Path,
                EndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                HttpEndPoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                Workers = 2,
                MaxConnectionsPerAddress = maxPerAddress,
                HasViewerIds = hasViewerIds,
                StatisticsName = "viewers",
                StatisticsFolder = _statistics,
            },
            _log);
        _server.Start();
    }

    private string Address(string path) => $"http://{_server!.HttpEndPoints[0]}/vod/{path}";

    /// <summary>The addresses of a film's segments, as a new viewer is told them.</summary>
    private async Task<string[]> SegmentsOfAsync(string film, bool fetchesPlaylist = true)
    {
        string master = await _client.GetStringAsync(Address($"{film}/index.m3u8"));
        string variant = master.Split('\n').First(static line => line.Length > 0 && line[0] != '#');
        return fetchesPlaylist
            ? [.. (await _client.GetStringAsync(Address($"{film}/{variant}"))).Split('\n')
                .Where(static line => line.Length > 0 && line[0] != '#').Select(line => Address($"{film}/{line}"))]
            : [];
    }

    /// <summary>The statistics, once they are as wanted.</summary>
    private ServerSnapshot When(Func<ServerSnapshot, bool> wanted)
    {
        using ServerStatisticsReader reader = ServerStatisticsReader.Open("viewers", _statistics);
        ServerSnapshot? seen = null;
        SpinWait.SpinUntil(() => wanted(seen = reader.Read()), TimeSpan.FromSeconds(20));
        return seen!;
    }
}
