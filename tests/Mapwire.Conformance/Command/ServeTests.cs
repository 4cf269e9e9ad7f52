using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary><c>mapwire serve</c> as its users see it.</summary>
public sealed class ServeTests
{
    [Fact]
    public async Task Without_a_folder_it_serves_the_sample_clip()
    {
        ServerProcess process =
            ServerProcess.Start(MapwireServer.Program, ["serve", "--rtmp", "127.0.0.1:0", "--http", "none", "--max-buffer", "60"],
            TemporaryFolder.Create("elsewhere"));
        await using (process)
        {
            Match line = await process.HearsAsync(new Regex(@"Listening on (rtmp://127\.0\.0\.1:\d+/vod)\r?\n1 titles? in "));
            Recording clip = await Ffprobe.ReadAsync(line.Groups[1].Value + "/sample.mp4", "-rtmp_buffer", "60000");
            string file = Path.Combine(MapwireServer.Root, "samples", "clips", "sample.mp4");
            Expectation.Same(Expectation.Of(await Ffprobe.ReadAsync(file)), clip, "the sample clip");
            Assert.True(new FileInfo(file).Length <= 1 << 20);
        }
    }

    [Fact]
    public async Task It_counts_titles_in_subfolders_and_logs_connect_play_and_close()
    {
        string folder = TemporaryFolder.Create("titles");
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        Directory.CreateDirectory(Path.Combine(folder, "sub", "deeper"));
        File.Copy(film, Path.Combine(folder, "one.mp4"));
        File.Copy(film, Path.Combine(folder, "sub", "two.MOV"));
        File.Copy(film, Path.Combine(folder, "sub", "deeper", "three four é.m4v"));
        File.Copy(film, Path.Combine(folder, "not a title.txt"));

        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Assert.Equal(3, server.Titles);
        foreach (string title in (string[])["one.mp4", "sub/two.MOV", "sub/deeper/three four é.m4v"])
        {
            await using (RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port))
            {
                await player.PlayAsync(title);
                await player.StatusAsync("NetStream.Play.Start");
            }

            await server.Process.HearsAsync(new Regex($@" connect vod[\s\S]* play {Regex.Escape(title)} [\s\S]* close: "));
        }
    }

    [Fact]
    public async Task A_wrong_application_is_told_in_the_log()
    {
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(Path.GetDirectoryName(film)!);
        await Assert.ThrowsAnyAsync<Exception>(() => RtmpPlayer.ConnectAsync(server.Port, application: "nix"));
        await server.Process.HearsAsync(new Regex("connect refused: no application nix; this server has vod"));
    }

    [Fact]
    public async Task A_limit_of_threads_that_is_too_low_is_one_line_and_exit_code_1()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root takes another user's limits on.");
        string[] other = ["--reuid=64123", "--regid=65534", "--clear-groups", "prlimit", "--nproc=16"];
        ToolResult can = await Tool.RunAsync(Tool.Path("setpriv"), [.. other[..3], MapwireServer.Program, "--help"]);
        Assert.SkipUnless(can.ExitCode == 0, "Another user may not run the program from where it lies.");
        ToolResult refused = await Tool.RunAsync(
            Tool.Path("setpriv"), [.. other, MapwireServer.Program, "serve", "--rtmp", "127.0.0.1:0", "--index-cache", "none"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Matches(@"^mapwire: the system starts only \d+ threads .*TasksMax", refused.Errors.Trim());
        ToolResult many = await Tool.RunAsync(
            Tool.Path("setpriv"), [.. other, MapwireServer.Program, "serve", "--workers", "100000", "--index-cache", "none"]);
        Assert.Equal(2, many.ExitCode);
        Assert.Contains("--workers must be", many.Errors, StringComparison.Ordinal); // before any thread was started for them
    }

    [Fact]
    public async Task An_unknown_folder_is_one_line_and_exit_code_2() =>
        await MisusedAsync("nowhere-at-all", "serve", "nowhere-at-all", "--rtmp", "127.0.0.1:0");

    [Theory]
    [InlineData("serve", "--bogus")]
    [InlineData("serve", "--rtmp")]
    [InlineData("serve", "--rtmp", "127.0.0.1")]
    [InlineData("serve", "--rtmp", "127.0.0.1:x")]
    [InlineData("serve", "--rtmp", "127.0.0.1:65536")]
    [InlineData("serve", "--rtmp", "127.0.0.1:-1")]
    [InlineData("serve", "--max-buffer", "0")]
    [InlineData("serve", "--max-buffer", "soon")]
    [InlineData("serve", "--max-buffer", "NaN")]
    [InlineData("serve", "--max-buffer", "1e300")]
    [InlineData("serve", "--workers", "0")]
    [InlineData("serve", "--chunk-size", "1")]
    [InlineData("serve", "one", "two")]
    [InlineData("perform")]
    [InlineData("probe")]
    [InlineData("probe", "nowhere-at-all.mp4")]
    [InlineData("probe", "--bogus", "nowhere-at-all.mp4")]
    public async Task A_wrong_word_is_one_line_and_exit_code_2(params string[] words) => await MisusedAsync("", words);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task A_signal_ends_it_in_time_with_players_connected(string signal)
    {
        await FilmFactory.GetAsync("moov-last.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder);
        await using RtmpPlayer playing = await RtmpPlayer.ConnectAsync(server.Port);
        await playing.SetBufferAsync(TimeSpan.FromMilliseconds(500));
        await playing.PlayAsync("moov-last.mp4");
        await playing.UntilAsync(message => message.Packet is not null);
        await using RtmpPlayer idle = await RtmpPlayer.ConnectAsync(server.Port);
        using TcpClient silent = new("127.0.0.1", server.Port);

        await server.EndAsync(signal);
        while (await playing.NextAsync() is not null)
        {
            // What was on its way may still come; then the connection is over.
        }
    }

    [Fact]
    public async Task New_changed_and_deleted_films_are_seen_without_a_restart()
    {
        string folder = TemporaryFolder.Create("changing");
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Assert.Equal(0, server.Titles);
        string path = Path.Combine(folder, "film.mp4");

        await using RtmpPlayer before = await RtmpPlayer.ConnectAsync(server.Port);
        await before.PlayAsync("film.mp4");
        await before.StatusAsync("NetStream.Play.StreamNotFound");

        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), path);
        await SameAsync(server, path);

        await OverwriteAsync(await FilmFactory.GetAsync("mono.mp4"), path);
        await SameAsync(server, path);

        string next = path + ".new";
        File.Copy(await FilmFactory.GetAsync("ntsc.mp4"), next);
        File.Move(next, path, overwrite: true);
        await SameAsync(server, path);

        Directory.CreateDirectory(Path.Combine(folder, "later"));
        File.Copy(path, Path.Combine(folder, "later", "film.mp4"));
        File.Delete(path);
        await using RtmpPlayer after = await RtmpPlayer.ConnectAsync(server.Port);
        await after.PlayAsync("film.mp4");
        await after.StatusAsync("NetStream.Play.StreamNotFound");
        await after.PlayAsync("later/film.mp4");
        await after.StatusAsync("NetStream.Play.Start");
    }

    [Fact]
    public async Task A_served_file_is_not_locked()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // there, a mapped file cannot be opened for oneself alone, whatever the sharing
        }

        string folder = TemporaryFolder.Create("unlocked");
        string path = Path.Combine(folder, "film.mp4");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), path);
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync("film.mp4");
        await player.UntilAsync(message => message.Packet is not null);
        using FileStream alone = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(alone.Length > 0);
    }

    [Fact]
    public async Task A_log_that_nobody_reads_holds_up_no_player()
    {
        string folder = TemporaryFolder.Create("unread");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
        using Process server =
            Process.Start(
                new ProcessStartInfo(MapwireServer.Program,
                ["serve", folder, "--rtmp", "127.0.0.1:0", "--http", "none", "--max-address-connects", "0"])
                { RedirectStandardOutput = true })!;
        try
        {
            string line = await server.StandardOutput.ReadLineAsync() ?? ""; // and nothing more: the pipe fills
            string url = line[line.IndexOf("rtmp://", StringComparison.Ordinal)..] + "/film.mp4";
            string[] churn = ["bench", url, "--churn", "--players", "16", "--seconds", "4", "--rehearsal", "0", "--json"];
            ToolResult told = await Tool.SucceedAsync(MapwireServer.Program, churn);
            using JsonDocument report = JsonDocument.Parse(told.Output);
            // some hundred bytes each, and 64 KiB in a pipe
            Assert.True(report.RootElement.GetProperty("plays").GetInt64() > 500, "too few for the log to fill");
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(new Uri(url).Port);
            await player.PlayAsync("film.mp4");
            await player.UntilAsync(message => message.Packet is not null);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    /// <summary>As cp does it: the same file, truncated and written anew.</summary>
    private static async Task OverwriteAsync(string from, string to)
    {
        await using FileStream file = new(to, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await file.WriteAsync(await File.ReadAllBytesAsync(from));
    }

    private static async Task SameAsync(MapwireServer server, string path)
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(path));
        Expectation.Same(expected, await Ffprobe.ReadAsync(server.Address("film.mp4"), "-rtmp_buffer", "60000"), "the changed film");
    }

    private static async Task MisusedAsync(string word, params string[] words)
    {
        await using ServerProcess process = ServerProcess.Start(MapwireServer.Program, words);
        int code = await process.EndsAsync(TimeSpan.FromSeconds(10));
        await Task.Delay(50); // the last line may arrive after the end
        Assert.True(code == 2, $"exit code {code}: {process.Said}");
        Assert.Equal("", process.Output);
        string line = Assert.Single(process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Assert.Contains(word, line, StringComparison.Ordinal);
    }
}
