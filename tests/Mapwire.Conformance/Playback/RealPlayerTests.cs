using System.Globalization;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>mpv and VLC play films to their end: they decode picture and sound, shown and heard by nobody.</summary>
public sealed class RealPlayerTests(ServedFilms films)
{
    private const int Pictures = 75; // three seconds at 25 a second

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("moov-first.mp4")]
    [InlineData("moov-last.mp4")]
    public async Task Mpv_decodes_every_picture_to_the_end(string film)
    {
        await FilmFactory.GetAsync(film);
        MapwireServer server = await films.Server;
        string status = "--term-status-msg=picture ${estimated-frame-number} dropped ${frame-drop-count}";
        string[] words =
            ["--no-config", "--vo=null", "--ao=null", "--msg-level=all=info,statusline=status", status, server.Address(film) + "?end=3"];
        ToolResult result = await Tool.RunAsync("mpv", words, Patience);
        Assert.True(result.ExitCode == 0, result.ToString());
        string said = result.Output + result.Errors;
        Assert.Contains("Exiting... (End of file)", said, StringComparison.Ordinal);
        Assert.Contains("VO: [null]", said, StringComparison.Ordinal);
        Assert.Contains("AO: [null]", said, StringComparison.Ordinal);
        int last =
            Regex.Matches(said, @"picture (\d+) dropped")
                .Max(static match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.InRange(last, Pictures - 5, Pictures); // the status line is not printed for each
    }

    [Theory]
    [InlineData("moov-first.mp4")]
    [InlineData("moov-last.mp4")]
    public async Task VLC_decodes_picture_and_sound_to_the_end(string film)
    {
        await FilmFactory.GetAsync(film);
        MapwireServer server = await films.Server;
        string home = TemporaryFolder.Create("vlc");
        string[] play = ["--no-color", "-vv", "--vout", "dummy", "--aout", "dummy", "--play-and-exit", server.Address(film) + "?end=3"];
        // VLC refuses to run as root.
        string[] words = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", $"HOME={home}", Tool.Path("cvlc"), .. play]
            : [Tool.Path("cvlc"), .. play];
        ToolResult result = await Tool.RunAsync(words[0], words[1..], Patience);
        Assert.True(result.ExitCode == 0, result.ToString());
        string said = result.Output + result.Errors;
        Assert.Contains("using video decoder module", said, StringComparison.Ordinal);
        Assert.Contains("using audio decoder module", said, StringComparison.Ordinal);
        Assert.Contains("Received first picture", said, StringComparison.Ordinal);
        Assert.Contains("EOF reached", said, StringComparison.Ordinal);
    }
}
