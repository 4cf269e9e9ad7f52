using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Statistics;

/// <summary><c>mapwire top</c> beside real servers with real players: running, stopped, and killed.</summary>
public sealed class TopTests
{
    private const string Film = "moov-first.mp4";

    private readonly string _folder = TemporaryFolder.Create("statistics");

    [Fact]
    public async Task It_tells_of_server_title_and_players()
    {
        await using MapwireServer server = await StartAsync("one");
        await using RtmpPlayer first = await PlayAsync(server, Film, TimeSpan.FromMilliseconds(600));
        await using RtmpPlayer second = await PlayAsync(server, Film, TimeSpan.FromMilliseconds(600));
        await first.ListenAsync(TimeSpan.FromSeconds(1));
        await second.PauseAsync(true, 0);
        await second.StatusAsync("NetStream.Pause.Notify");
        await using RtmpPlayer idle = await RtmpPlayer.ConnectAsync(server.Port);

        JsonElement seen = await Top.WhenAsync(_folder, one => one.List("players").Count == 3 && one.Number("bytes") > 0);
        Assert.Equal("one", seen.Text("name"));
        Assert.Equal("running", seen.Text("state"));
        Assert.Equal(server.Process.Id, seen.Number("processId"));
        Assert.Equal($"rtmp://127.0.0.1:{server.Port}/vod", seen.Text("address"));
        Assert.Equal(FilmFactory.Folder, seen.Text("folder"));
        Assert.InRange(seen.Number("heartbeatAge"), 0, 3);
        Assert.Equal(3, seen.Number("connections"));
        Assert.Equal(2, seen.Number("plays"));
        Assert.Equal(seen.Number("bytes"), seen.List("workers").Sum(worker => worker.Number("bytes")));

        JsonElement title = Assert.Single(seen.List("titles"));
        Assert.Equal(Film, title.Text("name"));
        Assert.Equal(2, title.Number("players"));
        Assert.Equal(2, title.Number("plays"));
        Assert.Equal(new FileInfo(Path.Combine(FilmFactory.Folder, Film)).Length, title.Number("fileSize"));
        Assert.InRange(title.Number("residentShare"), 0.5, 1); // it was made just now, and is being sent
        Assert.InRange(title.Number("duration"), 1, 600);
        Assert.InRange(title.Number("bytes"), 1, seen.Number("bytes"));

        IReadOnlyList<JsonElement> players = seen.List("players");
        Assert.All(players, player => Assert.StartsWith("127.0.0.1:", player.Text("peer"), StringComparison.Ordinal));
        Assert.Equal(["playing", "paused", "connected"], players.Select(player => player.Text("state")));
        Assert.Equal([Film, Film, ""], players.Select(player => player.Text("title")));
        JsonElement playing = players[0];
        Assert.InRange(playing.Number("position"), 0.5, 60);
        Assert.InRange(playing.Number("bufferLead"), -1, 2.5);
        Assert.InRange(playing.Number("bytes"), 10_000, seen.Number("bytes"));
        Assert.InRange(playing.Number("bytesPerSecond"), 1, 1e9);
        Assert.InRange(playing.Number("connected"), playing.Number("played"), 60);
        Assert.Equal(0, players[2].Number("position"));
    }

    [Fact]
    public async Task All_addresses_that_it_listens_on_are_told()
    {
        await using MapwireServer server = await MapwireServer.StartAsync(
            FilmFactory.Folder, "--rtmp", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--statistics", "many", "--statistics-folder", _folder);
        MatchCollection said = Regex.Matches(server.Process.Said, @"^Listening on (\S+)\r?$", RegexOptions.Multiline);
        string[] addresses = [.. said.Select(match => match.Groups[1].Value)];
        Assert.Equal(["rtmp", "rtmp", "rtmp", "http"], addresses.Select(static address => new Uri(address).Scheme));
        JsonElement seen = Assert.Single(await Top.ServersAsync(_folder));
        Assert.Equal(addresses, seen.List("addresses").Select(address => address.GetString()));
        Assert.Contains(string.Join(' ', addresses), (await Top.RunAsync(_folder)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Players_that_have_left_stay_in_the_sums()
    {
        await using MapwireServer server = await StartAsync("sums");
        await using (RtmpPlayer player = await PlayAsync(server, Film, TimeSpan.FromHours(1)))
        {
            await player.ToTheEndAsync();
        }

        JsonElement seen = await Top.WhenAsync(_folder, one => one.List("players").Count == 0);
        Assert.Empty(seen.List("players"));
        JsonElement title = Assert.Single(seen.List("titles"));
        Assert.Equal(0, title.Number("players"));
        double file = new FileInfo(Path.Combine(FilmFactory.Folder, Film)).Length;
        Assert.InRange(title.Number("bytes"), file * 0.9, file * 1.1);
        Assert.InRange(seen.Number("bytes"), title.Number("bytes"), file * 1.2);
    }

    [Fact]
    public async Task An_item_of_a_playlist_is_named_while_it_plays()
    {
        string films = TemporaryFolder.Create("items");
        File.Copy(await FilmFactory.GetAsync("twelve-seconds.mp4"), Path.Combine(films, "one.mp4"));
        File.Copy(await FilmFactory.GetAsync("mono.mp4"), Path.Combine(films, "two.mp4"));
        await File.WriteAllTextAsync(Path.Combine(films, "both.m3u8"), "one.mp4?end=10\ntwo.mp4\n");
        await using MapwireServer server = await MapwireServer.StartAsync(films, "--statistics", "items", "--statistics-folder", _folder);
        await using RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, "both.m3u8", TimeSpan.FromMilliseconds(300));
        await player.PauseAsync(true, 0); // while top looks, however long that takes
        await player.StatusAsync("NetStream.Pause.Notify");
        JsonElement seen = await Top.WhenAsync(_folder, one => one.List("players") is [var first] && first.Text("title") == "one.mp4");
        Assert.Equal("one.mp4", seen.List("players")[0].Text("title"));
        await player.SeekAsync(9_000);
        await player.PauseAsync(false, 0);
        await player.StatusAsync("NetStream.Play.Switch");
        await player.PauseAsync(true, 0);
        await player.StatusAsync("NetStream.Pause.Notify");
        seen = await Top.WhenAsync(_folder, one => one.List("players") is [var first] && first.Text("title") == "two.mp4");
        Assert.Equal("two.mp4", seen.List("players")[0].Text("title"));
        Assert.Equal([("one.mp4", 0.0), ("two.mp4", 1.0)],
            seen.List("titles").Select(title => (title.Text("name"), title.Number("players"))));
        Assert.Equal(1, seen.Number("plays"));
    }

    [Fact]
    public async Task A_stopped_server_is_called_stuck_and_shown_all_the_same()
    {
        await using MapwireServer server = await StartAsync("stuck");
        await using RtmpPlayer player = await PlayAsync(server, Film, TimeSpan.FromMilliseconds(500));
        await Top.WhenAsync(_folder, one => one.List("titles").Count == 1);
        await server.Process.SignalAsync("STOP");
        try
        {
            // one of two workers is silent for that long earlier
            JsonElement seen = await Top.WhenAsync(_folder, one => one.Number("heartbeatAge") > 3);
            Assert.Equal("stuck", seen.Text("state"));
            Assert.InRange(seen.Number("heartbeatAge"), 3, 60);
            Assert.Equal(Film, Assert.Single(seen.List("players")).Text("title"));
            Assert.True(seen.List("players")[0].Number("bufferLead") < 0, "nothing was sent for seconds");
            ToolResult text = await Top.RunAsync(_folder, "--once");
            Assert.Matches(@"STUCK: its process is there; no sign of life for \d+\.\d s", text.Output);
        }
        finally
        {
            await server.Process.SignalAsync("CONT");
        }

        Assert.Equal("running", (await Top.WhenAsync(_folder, one => one.Text("state") == "running")).Text("state"));
    }

    [Fact]
    public async Task A_killed_server_is_called_dead_and_shown_until_another_one_starts()
    {
        MapwireServer server = await StartAsync("dead");
        await using (server.Process)
        {
            await using RtmpPlayer player = await PlayAsync(server, Film, TimeSpan.FromMilliseconds(500));
            await Top.WhenAsync(_folder, one => one.List("titles").Count == 1);
            await server.Process.SignalAsync("KILL");
            await server.Process.EndsAsync(TimeSpan.FromSeconds(10));
            JsonElement seen = Assert.Single(await Top.ServersAsync(_folder, "dead"));
            Assert.Equal("dead", seen.Text("state"));
            Assert.Equal(Film, Assert.Single(seen.List("players")).Text("title"));
            Assert.Contains("DEAD: its process is gone", (await Top.RunAsync(_folder, "--once")).Output, StringComparison.Ordinal);
        }

        await using MapwireServer next = await StartAsync("next");
        Assert.Equal(["next"], (await Top.ServersAsync(_folder)).Select(one => one.Text("name")));
        await NoneAsync("dead", "dead");
    }

    [Fact]
    public async Task Two_servers_are_shown_each_with_its_own()
    {
        await using MapwireServer one = await StartAsync("one");
        await using MapwireServer two = await StartAsync("two");
        await using RtmpPlayer player = await PlayAsync(two, Film, TimeSpan.FromMilliseconds(500));
        await player.UntilAsync(message => message.Packet is not null);
        IReadOnlyList<JsonElement> seen = await Top.ServersAsync(_folder);
        Assert.Equal(["one", "two"], seen.Select(server => server.Text("name")));
        Assert.Equal([0, 1], seen.Select(server => server.List("players").Count));
        Assert.Equal(two.Process.Id, Assert.Single(await Top.ServersAsync(_folder, "two")).Number("processId"));
    }

    [Fact]
    public async Task Without_a_server_it_is_one_clear_line()
    {
        await NoneAsync(
            "no server of this user publishes statistics here; --folder DIR shows servers, other users' too, that were started with "
            + "--statistics-folder DIR");
        await using (MapwireServer server =
            await MapwireServer.StartAsync(FilmFactory.Folder, "--statistics", "off", "--statistics-folder", _folder))
        {
            await NoneAsync("publishes statistics here");
        }

        await using (await StartAsync("gone"))
        {
            Assert.Single(await Top.ServersAsync(_folder));
            await NoneAsync("other", "other");
        }

        await NoneAsync("publishes statistics here");
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task Without_options_a_server_is_shown_by_its_process_to_its_own_user_alone()
    {
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder);
        ToolResult result =
            await Tool.SucceedAsync(MapwireServer.Program, ["top", server.Process.Id.ToString(CultureInfo.InvariantCulture), "--json"]);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal(server.Process.Id, Assert.Single(document.RootElement.List("servers")).Number("processId"));

        await using MapwireServer other = await StartAsync("rights");
        if (!OperatingSystem.IsWindows())
        {
            string file = Assert.Single(Directory.GetFiles(_folder));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Names_of_files_cannot_move_the_cursor()
    {
        string films = Directory.CreateDirectory(Path.Combine(TemporaryFolder.Create("evil"), "a\u001b[2J\nb")).FullName;
        string evil = "b\u202ec.mp4"; // one with control characters cannot be played at all
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(films, evil));
        await using MapwireServer server = await MapwireServer.StartAsync(films, "--statistics", "evil", "--statistics-folder", _folder);
        await using RtmpPlayer player = await PlayAsync(server, evil, TimeSpan.FromMilliseconds(500));
        Assert.Equal(evil, Assert.Single((await Top.WhenAsync(_folder, one => one.List("titles").Count == 1)).List("titles")).Text("name"));
        string text = (await Top.RunAsync(_folder, "--once")).Output;
        Assert.Contains(@"a\u001b[2J\u000ab", text, StringComparison.Ordinal);
        Assert.Contains(@"b\u202ec.mp4", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotContain('\u202e', text);
    }

    [Fact]
    public async Task The_screen_lives_until_q()
    {
        await using MapwireServer server = await StartAsync("screen");
        await using RtmpPlayer player = await PlayAsync(server, Film, TimeSpan.FromMilliseconds(500));
        await Top.WhenAsync(_folder, one => one.List("titles").Count == 1);
        await using ServerProcess screen = ServerProcess.Start(Tool.Path("script"), Terminal(40, 160));
        await screen.HearsAsync(new Regex("screen  rtmp://"));
        await screen.HearsAsync(new Regex("Sorted by rate"));
        await screen.TypeAsync("l");
        await screen.HearsAsync(new Regex("Sorted by lead"));
        await screen.TypeAsync("j\r");
        await screen.HearsAsync(new Regex("buffer lead"));
        await screen.HearsAsync(new Regex("connected for"));
        Assert.False(screen.HasExited);
        await screen.TypeAsync("q");
        Assert.Equal(0, await screen.EndsAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task On_a_terminal_of_80_by_24_every_row_is_one_line_and_the_counts_are_right()
    {
        string films = TemporaryFolder.Create("long-names");
        string name = string.Concat(Enumerable.Repeat("a long name ", 12)) + ".mp4";
        File.Copy(await FilmFactory.GetAsync(Film), Path.Combine(films, name));
        await using MapwireServer server = await MapwireServer.StartAsync(films, "--statistics", "small", "--statistics-folder", _folder);
        List<RtmpPlayer> players = [];
        for (int i = 0; i < 30; i++)
        {
            players.Add(await RtmpPlayer.ConnectAsync(server.Port));
        }

        await players[0].PlayAsync(name);
        await players[0].StatusAsync("NetStream.Play.Start");
        await Top.WhenAsync(_folder, one => one.List("titles").Count == 1 && one.List("players").Count == 30);
        await using ServerProcess screen = ServerProcess.Start(Tool.Path("script"), Terminal(24, 80));
        Match shown =
            await screen.HearsAsync(
                new Regex(@"PLAYER +TITLE[^\r\n]*\r?\n(?<rows>(?:127\.0\.0\.1:[^\r\n]*\r?\n)+)and (?<more>\d+) more players"));
        string[] rows = shown.Groups["rows"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(30, rows.Length + int.Parse(shown.Groups["more"].Value, CultureInfo.InvariantCulture));
        Assert.InRange(rows.Length, 8, 16);
        Assert.All(rows, static row => Assert.InRange(Regex.Replace(row, @"\x1b\[[0-9;?]*[A-Za-z]", "").Length, 1, 80));
        await screen.HearsAsync(new Regex("r rate  b bytes  l lead")); // below the rows, so it may come after them
        await screen.HearsAsync(new Regex("30 connections"));
        await screen.TypeAsync("q");
        Assert.Equal(0, await screen.EndsAsync(TimeSpan.FromSeconds(10)));
        foreach (RtmpPlayer player in players)
        {
            await player.DisposeAsync();
        }
    }

    [Fact]
    public async Task On_a_dumb_terminal_it_prints_once()
    {
        await using MapwireServer server = await StartAsync("dumb");
        await using ServerProcess screen = ServerProcess.Start(Tool.Path("script"), Terminal(24, 80), null, ("TERM", "dumb"));
        Assert.Equal(0, await screen.EndsAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("dumb  rtmp://", screen.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", screen.Said, StringComparison.Ordinal);
    }

    /// <summary>A terminal that hung up has a key at all times, which is none: reading it went on, whatever signal came.</summary>
    [Fact]
    public async Task It_ends_with_its_terminal()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks into /proc");
        await using MapwireServer server = await StartAsync("gone");
        for (int i = 0; i < 4; i++) // which comes first, the signal or the key, is chance
        {
            await using ServerProcess screen = ServerProcess.Start(Tool.Path("script"), Terminal(24, 80));
            await screen.HearsAsync(new Regex("Sorted by rate"));
            string top = (await File.ReadAllTextAsync($"/proc/{screen.Id}/task/{screen.Id}/children")).Trim();
            Assert.True(int.TryParse(top, CultureInfo.InvariantCulture, out _), top);
            await screen.SignalAsync("KILL");
            Stopwatch clock = Stopwatch.StartNew();
            while (Lives(top))
            {
                if (clock.Elapsed > TimeSpan.FromSeconds(10))
                {
                    await Tool.SucceedAsync("kill", ["-s", "KILL", top]);
                    Assert.Fail("top outlives its terminal");
                }

                await Task.Delay(50);
            }
        }

        static bool Lives(string process)
        {
            try
            {
                return !File.ReadAllText($"/proc/{process}/status").Contains("State:\tZ", StringComparison.Ordinal);
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task It_answers_while_a_played_file_hangs_whoever_opens_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Leases are Linux's.");
        string films = TemporaryFolder.Create("dead-film");
        string film = Path.Combine(films, "film.mp4");
        File.Copy(await FilmFactory.GetAsync(Film), film);
        await using MapwireServer server =
            await MapwireServer.StartAsync(films, "--statistics", "dead-film", "--statistics-folder", _folder);
        await using (RtmpPlayer player = await PlayAsync(server, "film.mp4", TimeSpan.FromMilliseconds(500)))
        {
            await Top.WhenAsync(_folder, one => one.List("titles").Count == 1);
        }

        // A lease can only be had of a file that nobody else has open, so the server lets the film go first.
        File.Move(film, film + ".old");
        File.Copy(film + ".old", film);
        using (new FileLease(film))
        {
            Stopwatch clock = Stopwatch.StartNew();
            JsonElement seen = Assert.Single(await Top.ServersAsync(_folder));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"it took {clock.Elapsed}");
            Assert.Equal(JsonValueKind.Null, Assert.Single(seen.List("titles")).GetProperty("residentShare").ValueKind);
        }
    }

    [Fact]
    public async Task The_rate_of_a_server_is_gone_seconds_after_its_last_player()
    {
        await using MapwireServer server = await StartAsync("fading");
        await using (RtmpPlayer player = await PlayAsync(server, Film, TimeSpan.FromSeconds(30)))
        {
            await player.ListenAsync(TimeSpan.FromSeconds(1));
        }

        JsonElement before = await Top.WhenAsync(_folder, one => one.Number("bytesPerSecond") > 1000);
        Assert.InRange(before.Number("bytesPerSecond"), 1000, double.MaxValue);
        JsonElement after = await Top.WhenAsync(_folder, one => one.Number("bytesPerSecond") < before.Number("bytesPerSecond") / 100);
        Assert.InRange(after.Number("bytesPerSecond"), 0, before.Number("bytesPerSecond") / 100);
    }

    [Theory]
    [InlineData("--interval", "0")]
    [InlineData("--interval", "NaN")]
    [InlineData("--folder", "nowhere-at-all")]
    [InlineData("one", "two")]
    public async Task A_wrong_word_is_one_line_and_exit_code_2(params string[] words)
    {
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["top", .. words]);
        Assert.Equal(2, result.ExitCode);
        Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>The words for script(1), which gives the command a terminal.</summary>
    private string[] Terminal(int rows, int columns)
    {
        string command = $"stty rows {rows} cols {columns}; exec '{MapwireServer.Program}' top --folder '{_folder}' --interval 0.2";
        return OperatingSystem.IsLinux() ? ["-qec", command, "/dev/null"] : ["-q", "/dev/null", "sh", "-c", command];
    }

    private static async Task<RtmpPlayer> PlayAsync(MapwireServer server, string title, TimeSpan buffer)
    {
        RtmpPlayer player = await RtmpPlayer.WatchAsync(server.Port, title, buffer);
        await player.StatusAsync("NetStream.Play.Start");
        return player;
    }

    private async Task<MapwireServer> StartAsync(string name)
    {
        await FilmFactory.GetAsync(Film);
        return await MapwireServer.StartAsync(FilmFactory.Folder, "--statistics", name, "--statistics-folder", _folder);
    }

    private async Task NoneAsync(string word, params string[] options)
    {
        ToolResult result = await Top.RunAsync(_folder, [.. options, "--once"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains(word, Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
