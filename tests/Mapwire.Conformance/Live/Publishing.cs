using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Live;

/// <summary>A server that takes live streams, and ffmpeg as the encoder that publishes them.</summary>
internal static class Publishing
{
    /// <summary>The key that the server is told.</summary>
    public const string Key = "long-and-secret";

    /// <summary>Starts a server that takes <see cref="Key"/>.</summary>
    public static Task<MapwireServer> StartAsync(params string[] options) =>
        MapwireServer.StartAsync(FilmFactory.Folder, ["--publish-key", Key, .. options]);

    /// <summary>Publishes a film in real time, to its end.</summary>
    public static async Task PublishAsync(MapwireServer server, string film, string name, bool hasKey = false) =>
        await Tool.SucceedAsync("ffmpeg", PublishWords(server, film, hasKey ? name : $"{name}?key={Key}"));

    /// <summary>What ffmpeg is told to publish a film in real time.</summary>
    public static string[] PublishWords(MapwireServer server, string film, string name) => PublishWords(film, server.Address(name));

    /// <summary>The same, to a whole address.</summary>
    public static string[] PublishWords(string film, string url) =>
        ["-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-i", film, "-c", "copy", "-f", "flv", url];

    /// <summary>An address with a user and a password.</summary>
    public static string Url(MapwireServer server, string user, string password, string application, string name) =>
        $"rtmp://{user}:{password}@127.0.0.1:{server.Port}/{application}/{name}";

    /// <summary>What an encoder makes of a film: the same samples, with the times that FLV has.</summary>
    public static async Task<Recording> ReadAsFlvAsync(string film)
    {
        string path = Path.Combine(TemporaryFolder.Create("published"), "film.flv");
        await Tool.SucceedAsync("ffmpeg", ["-v", "error", "-nostdin", "-i", film, "-c", "copy", path]);
        return await Ffprobe.ReadAsync(path);
    }

    /// <summary>Waits until the server has said something.</summary>
    public static async Task WaitForLogAsync(MapwireServer server, string words)
    {
        for (int i = 0; !server.Process.Said.Contains(words, StringComparison.Ordinal); i++)
        {
            Assert.True(i < 600, $"never said '{words}': {Tool.Shorten(server.Process.Said)}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
