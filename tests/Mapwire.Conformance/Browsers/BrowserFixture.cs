using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

[assembly: AssemblyFixture(typeof(BrowserFixture))]

namespace Mapwire.Conformance.Browsers;

/// <summary>One browser, and one server of pages and of segments that ffmpeg cut, for all tests of browsers.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    /// <summary>Tests that use it run one after the other on one thread: others would keep theirs while they wait for the turn.</summary>
    public const string Collection = "browser";

    private readonly Lazy<Task<Chromium>> _browser = new(Chromium.StartAsync);
    private readonly Lazy<FileServer> _pages = new(static () => new FileServer(new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["pages"] = Path.Combine(AppContext.BaseDirectory, "Pages"),
        ["players"] = Players,
        ["cut"] = Cut,
        ["films"] = NumberedFilms.Folder,
    }));

    /// <summary>One play at a time: they are judged by what they leave out.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>What npm fetched; <c>test.sh</c> sees to it.</summary>
    private static string Players => Path.Combine(MapwireServer.Root, "artifacts", "players", "node_modules");

    private static string Cut { get; } = TemporaryFolder.Create("cut");

    /// <summary>The page of a player.</summary>
    /// <param name="player">As <c>player.html</c> calls it.</param>
    /// <param name="source">What it plays; a path of this server's, or a whole address.</param>
    internal string Page(string player, string source)
    {
        if (player != "native" && !Directory.Exists(Players))
        {
            string missing = $"{Players} is missing; ./test.sh fetches it with npm";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", missing);
            throw new DirectoryNotFoundException(missing);
        }

        string address = source.Contains("://", StringComparison.Ordinal) ? source : _pages.Value.Address + source;
        return $"{_pages.Value.Address}pages/player.html?player={player}&src={Uri.EscapeDataString(address)}";
    }

    /// <summary>Does something with the browser, when it is its turn.</summary>
    internal async Task<T> WithBrowserAsync<T>(Func<BrowserPlay, Task<T>> act)
    {
        await _turn.WaitAsync();
        try
        {
            return await act(new BrowserPlay(await _browser.Value));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Cuts a film with ffmpeg's own writers of HLS and DASH.</summary>
    /// <returns>The path of the playlist or the MPD on the server of pages.</returns>
    internal static async Task<string> CutAsync(string film, string format)
    {
        string name = $"{film}.{format}";
        string folder = Path.Combine(Cut, name);
        string list = format == "hls" ? "index.m3u8" : "manifest.mpd";
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            string words = format == "hls" ? "-f hls -hls_time 1 -hls_segment_type fmp4 -hls_playlist_type vod" : "-f dash -seg_duration 1";
            await FilmFactory.EncodeAsync($"-i {await NumberedFilms.GetAsync(film)} -c copy {words}", Path.Combine(folder, list));
        }

        return $"cut/{name}/{list}";
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_browser.IsValueCreated && _browser.Value.IsCompletedSuccessfully)
        {
            await (await _browser.Value).DisposeAsync();
        }

        if (_pages.IsValueCreated)
        {
            _pages.Value.Dispose();
        }

        _turn.Dispose();
    }
}
