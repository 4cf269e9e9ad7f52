using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>GStreamer and VLC read what is served by HTTP to its end.</summary>
public sealed class WebReaderTests(ServedFilms films)
{
    [Theory]
    [InlineData("moov-first.mp4")]
    [InlineData("no-edit-list.mp4")]
    public async Task Gstreamer_takes_every_segment_of_HLS(string film)
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(film)));
        string copy = Path.Combine(TemporaryFolder.Create("hlsdemux"), "film.mp4");
        string address = (await films.Server).WebAddress(film, "index.m3u8");
        ToolResult result = await Tool.SucceedAsync("gst-launch-1.0", [
            "-e", "souphttpsrc", $"location={address}", "!", "hlsdemux", "!", "filesink", "async=false", $"location={copy}",
        ]);
        Assert.Contains("Got EOS from element", result.Output, StringComparison.Ordinal);
        Recording web = await Ffprobe.ReadAsync(copy);
        double shift = web.Of("video").First().Dts - expected.Of("video").First().Dts;
        IReadOnlyList<string> differences = Expectation.Differences(expected, web, shift);
        Assert.True(differences.Count == 0, $"{film}: {string.Join('\n', differences)}");
    }

    [Theory]
    [InlineData("index.m3u8")]
    [InlineData("stream.flv")]
    [InlineData("")]
    public async Task VLC_plays_to_the_end(string resource)
    {
        await FilmFactory.GetAsync("moov-first.mp4");
        string address = (await films.Server).WebAddress("moov-first.mp4", resource);
        string[] play = ["--no-color", "-vv", "--vout", "dummy", "--aout", "dummy", "--play-and-exit", address];
        // VLC refuses to run as root.
        string home = TemporaryFolder.Create("vlc");
        string[] words = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", $"HOME={home}", Tool.Path("cvlc"), .. play]
            : [Tool.Path("cvlc"), .. play];
        ToolResult result = await Tool.RunAsync(words[0], words[1..], TimeSpan.FromMinutes(2));
        Assert.True(result.ExitCode == 0, result.ToString());
        string said = result.Output + result.Errors;
        Assert.Contains("Received first picture", said, StringComparison.Ordinal);
        Assert.Contains("EOF reached", said, StringComparison.Ordinal);
    }
}
