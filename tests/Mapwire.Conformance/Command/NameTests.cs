using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary>Names of films as file systems have them and players send them.</summary>
public sealed class NameTests
{
    [Fact]
    public async Task Every_name_that_the_system_allows_is_played()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has rules of its own.");
        string folder = TemporaryFolder.Create("names");
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        (string File, string[] Sent)[] names =
        [
            ("2024-01-01T12:00:00.mp4", ["2024-01-01T12:00:00.mp4", "2024-01-01T12%3A00%3A00.mp4", "mp4:2024-01-01T12:00:00"]),
            ("S.H.I.E.L.D./e1.mp4", ["S.H.I.E.L.D./e1.mp4", "S.H.I.E.L.D./e1"]),
            ("trailing blank /e1.mp4", ["trailing blank /e1.mp4", "trailing%20blank%20/e1"]),
            ("Mr..mp4", ["Mr."]),
            ("take 1 .mp4", ["take 1 ", "take%201%20"]),
            ("back\\slash.mp4", ["back\\slash.mp4", "back%5Cslash.mp4"]),
            ("FILM.MP4", ["FILM", "./FILM.MP4", "_definst_/mp4:FILM"]),
            ("new\nline\u202e.mp4", ["new\nline\u202e.mp4"]),
        ];
        foreach ((string file, _) in names)
        {
            string path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(film, path);
        }

        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Assert.Equal(names.Length, server.Titles);
        foreach (string sent in names.SelectMany(static name => name.Sent))
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
            await player.PlayAsync(sent);
            await player.StatusAsync("NetStream.Play.Start");
        }

        await server.Process.HearsAsync(new Regex(@" play new\\u000aline\\u202e\.mp4 from "));
    }

    [Theory]
    [InlineData(".3gp")]
    [InlineData(".3g2")]
    [InlineData(".m4b")]
    [InlineData(".m4r")]
    [InlineData(".qt")]
    [InlineData(".isma")]
    [InlineData(".m4s")]
    [InlineData(".film")]
    public async Task Probe_and_server_agree_about_an_extension(string extension)
    {
        string folder = TemporaryFolder.Create("extensions");
        string path = Path.Combine(folder, "film" + extension);
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), path);
        ToolResult probe = await Tool.RunAsync(MapwireServer.Program, ["probe", path]);

        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Assert.Equal(probe.ExitCode == 0 ? 1 : 0, server.Titles);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync("film" + extension);
        await player.StatusAsync(probe.ExitCode == 0 ? "NetStream.Play.Start" : "NetStream.Play.StreamNotFound");
        Assert.True(probe.ExitCode == 0 || probe.Output.Contains($"files named *{extension} are not served", StringComparison.Ordinal),
            probe.ToString());
    }

    [Fact]
    public async Task A_token_in_a_query_stands_in_no_log_line()
    {
        string folder = TemporaryFolder.Create("tokens");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
        await File.WriteAllTextAsync(Path.Combine(folder, "list.m3u8"), "film.mp4?token=SECRET\nnothing.mp4?token=SECRET\n");
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        foreach (string name in (string[])["film.mp4?token=SECRET", "nothing.mp4?token=SECRET", "film.mp4?start=x&token=SECRET",
            "list.m3u8?token=SECRET"])
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, "vod?token=SECRET");
            await player.PlayAsync(name);
            await player.UntilAsync(
                message => message.StatusCode is "NetStream.Play.Start" or "NetStream.Play.StreamNotFound" or "NetStream.Play.Failed");
        }

        await using (RtmpPlayer other = await RtmpPlayer.ConnectAsync(server.Port))
        {
            await other.PlayAsync("film.mp4/../last");
            await other.StatusAsync("NetStream.Play.StreamNotFound");
        }

        await server.Process.HearsAsync(new Regex("last refused"));
        await server.Process.HearsAsync(new Regex(@" play nothing\.mp4 refused: no title nothing\.mp4"));
        Assert.DoesNotContain("SECRET", server.Process.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_served_folder_that_is_a_link_is_followed_when_it_is_switched()
    {
        string outer = TemporaryFolder.Create("switched");
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        foreach ((string folder, string name) in ((string, string)[])[("r1", "one.mp4"), ("r2", "two.mp4")])
        {
            Directory.CreateDirectory(Path.Combine(outer, folder));
            File.Copy(film, Path.Combine(outer, folder, name));
        }

        string current = Path.Combine(outer, "current");
        Directory.CreateSymbolicLink(current, "r1");
        await using MapwireServer server = await MapwireServer.StartAsync(current);
        await PlaysAsync("one.mp4", "NetStream.Play.Start");
        await PlaysAsync("two.mp4", "NetStream.Play.StreamNotFound");
        Directory.Delete(current);
        Directory.CreateSymbolicLink(current, "r2");
        await PlaysAsync("two.mp4", "NetStream.Play.Start");
        await PlaysAsync("one.mp4", "NetStream.Play.StreamNotFound");

        async Task PlaysAsync(string name, string status)
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
            await player.PlayAsync(name);
            await player.StatusAsync(status);
        }
    }

    [Fact]
    public async Task A_folder_without_permission_is_refused_with_the_missing_right()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has rights of its own.");
        string folder = TemporaryFolder.Create("locked");
        await Tool.SucceedAsync("chmod", ["0", folder]);
        string[] command = [MapwireServer.Program, "serve", folder, "--rtmp", "127.0.0.1:0"];
        // root may enter any folder, so without its rights:
        string[] words = Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", .. command] : command;
        await using ServerProcess server = ServerProcess.Start(words[0], words[1..]);
        Assert.Equal(2, await server.EndsAsync(TimeSpan.FromSeconds(20)));
        await Task.Delay(50);
        Assert.Contains($"cannot serve {folder}: this user (", server.Errors, StringComparison.Ordinal);
    }
}
