using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary>What the command says when it is told something wrong, and how it writes JSON.</summary>
public sealed class WordsTests
{
    [Theory]
    [InlineData("--max-buffer must be more than 0 and at most a day (was 0 s)", "serve", "--max-buffer", "0")]
    [InlineData("--max-buffer must be seconds such as 2.5 (was 'soon')", "serve", "--max-buffer", "soon")]
    [InlineData("--max-buffer must be seconds such as 2.5 (was 'NaN')", "serve", "--max-buffer", "NaN")]
    [InlineData("--chunk-size must be from 128 to 16,777,215 bytes (was 1)", "serve", "--chunk-size", "1")]
    [InlineData("--workers must be from 1 to 1,024 (was 0)", "serve", "--workers", "0")]
    [InlineData("--workers must be from 1 to 1,024 (was 100000)", "serve", "--workers", "100000")]
    [InlineData("--certificate needs --rtmps or --https: nothing else is encrypted (was cert.pem)", "serve", "--certificate", "cert.pem")]
    [InlineData("--key needs --rtmps or --https: nothing else is encrypted (was key.pem)", "serve", "--key", "key.pem")]
    [InlineData("--certificate must name a file: --https needs a certificate", "serve", "--https", "127.0.0.1:0", "--key", "key.pem")]
    [InlineData("DIR must name a folder (was '')", "certificate", "")]
    [InlineData("--max-held-bytes must be at least 262,144 bytes (was 1000)", "serve", "--max-held-bytes", "1000")]
    [InlineData("--send-buffer must be a whole number of bytes (was '64K')", "serve", "--send-buffer", "64K")]
    [InlineData("--storage-timeout must be more than 0 and at most a day (was 0 s)", "serve", "--storage-timeout", "0")]
    [InlineData("--limit-opening-time must be more than 0 and at most a day (was 0 s)", "serve", "--limit-opening-time", "0")]
    [InlineData("--limit-boxes must be at least 1 (was -1)", "serve", "--limit-boxes", "-1")]
    [InlineData("--limit-movie-bytes must be at least 1 (was 0)", "serve", "--limit-movie-bytes", "0")]
    [InlineData("--limit-depth must be from 1 to 1,000 (was 65000)", "serve", "--limit-depth", "65000")]
    [InlineData("--limit-depth must be from 1 to 1,000 (was 65000)", "probe", ".", "--limit-depth", "65000")]
    [InlineData("--limit-depth must be from 1 to 1,000 (was -5)", "probe", ".", "--limit-depth", "-5")]
    [InlineData("--limit-tracks must be at least 1 (was 0)", "probe", ".", "--limit-tracks", "0")]
    [InlineData("--limit-samples must be at least 1 (was 0)", "probe", ".", "--limit-samples", "0")]
    [InlineData("--limit-opening-time must be more than 0 and at most a day (was 0 s)", "probe", ".", "--limit-opening-time", "0")]
    [InlineData("--idle-timeout must be more than 0 (was 1e-9 s)", "serve", "--idle-timeout", "1e-9")]
    [InlineData("--buffer must be from 0 to a day (was -1 ms)", "bench", "rtmp://127.0.0.1/vod/x", "--buffer", "-1")]
    [InlineData("--index-cache must name a folder (was '')", "serve", "--index-cache", "")]
    [InlineData("DIR must name a folder (was '')", "serve", "")]
    [InlineData("--min-buffer must be at most --max-buffer, 30 s (was 40 s)", "serve", "--min-buffer", "40", "--max-buffer", "30")]
    [InlineData("the index cache must be a folder (was /dev/null, which is none)", "serve", "--index-cache", "/dev/null")]
    [InlineData("--statistics must be 1 to 80 of the characters a-z", "serve", "--statistics", "a b")]
    [InlineData("--rtmp must be HOST:PORT such as 127.0.0.1:1935, [::]:1935 or :1935, of a host that is known here (was '::1:1935')",
    "serve", "--rtmp", "::1:1935")]
    [InlineData("--players must be from 1 to", "bench", "rtmp://127.0.0.1/vod/x", "--players", "0")]
    [InlineData("--seconds must be more than 0 and at most a day (was 0 s)", "bench", "rtmp://127.0.0.1/vod/x", "--seconds", "0")]
    [InlineData("--interval must be from 0.1 to 3,600 seconds (was 0)", "top", "--interval", "0")]
    [InlineData("no command; there are serve, probe, bench, pages, top, arena, certificate (mapwire --help)")]
    [InlineData("no command 'perform'; there are serve, probe", "perform")]
    [InlineData("no command '--bogus'; there are serve, probe", "--bogus")]
    public async Task A_wrong_word_is_told_in_the_commands_words_with_its_value(string message, params string[] words)
    {
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, words);
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("mapwire: " + message, Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Theory]
    [InlineData("[::1]:0", @"rtmp://\[::1\]:\d+/vod")]
    [InlineData(":0", @"rtmp://0\.0\.0\.0:\d+/vod")]
    [InlineData("*:0", @"rtmp://0\.0\.0\.0:\d+/vod")]
    [InlineData("localhost:0", @"rtmp://(127\.0\.0\.1|\[::1\]):\d+/vod")]
    public async Task Every_way_to_write_an_end_point_is_listened_on(string endPoint, string address)
    {
        await using ServerProcess server = ServerProcess.Start(
            MapwireServer.Program, ["serve", "--rtmp", endPoint, "--http", "none"]);
        await server.HearsAsync(new Regex("Listening on " + address));
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.EndsAsync(MapwireServer.EndPatience));
    }

    [Fact]
    public async Task Bench_of_a_refused_port_ends_at_once()
    {
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        string port = ((IPEndPoint)free.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        free.Stop();
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["bench", $"rtmp://127.0.0.1:{port}/vod/x", "--seconds", "600"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"cannot connect to 127.0.0.1:{port}: Connection refused", result.Errors, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_alone_and_is_exit_code_1()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        ToolResult result = await Tool.RunAsync(
            MapwireServer.Program, ["serve", "--rtmp", "127.0.0.1:0", "--http", $"{taken.LocalEndpoint}"]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"mapwire: cannot listen on {taken.LocalEndpoint}: ", result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.Trim().Split('\n'));
    }

    [Fact]
    public async Task Bench_of_a_process_that_is_not_there_ends_at_once()
    {
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["bench", "rtmp://127.0.0.1/vod/x", "--server-pid", "99999999"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--server-pid must be a running process (was 99999999)", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_of_a_server_that_refuses_many_of_one_address_says_how_it_takes_them()
    {
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--max-address-connections", "2");
        string film = Path.GetFileName(await FilmFactory.GetAsync("moov-first.mp4"));
        string[] bench = ["bench", server.Address(film), "--players", "5", "--seconds", "1", "--rehearsal", "0"];
        ToolResult text = await Tool.RunAsync(MapwireServer.Program, bench);
        Assert.Equal(1, text.ExitCode);
        Assert.Contains("--max-address-connections 0 --max-address-connects 0", text.Output, StringComparison.Ordinal);
        ToolResult json = await Tool.RunAsync(MapwireServer.Program, [.. bench, "--json"]);
        Assert.Contains("--max-address-connections 0 --max-address-connects 0", json.Errors, StringComparison.Ordinal);
        JsonDocument.Parse(json.Output).Dispose();
    }

    [Fact]
    public async Task Probe_takes_several_files_and_folders()
    {
        string folder = TemporaryFolder.Create("many");
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        File.Copy(film, Path.Combine(folder, "it's a+b.mp4"));
        File.Copy(film, Path.Combine(folder, "sub", "two.mov"));
        await File.WriteAllTextAsync(Path.Combine(folder, "bad.mp4"), "this is no film at all");
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), "notes");

        ToolResult text = await Tool.RunAsync(MapwireServer.Program, ["probe", folder, film]);
        Assert.Equal(1, text.ExitCode);
        Assert.EndsWith("4 files: 3 playable, 1 refused", text.Output.TrimEnd(), StringComparison.Ordinal);

        ToolResult json = await Tool.RunAsync(MapwireServer.Program, ["probe", folder, "--json"]);
        Assert.Contains("it's a+b.mp4", json.Output, StringComparison.Ordinal); // not \u0027 and \u002B
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal([false, true, true],
            document.RootElement.EnumerateArray().Select(static file => file.GetProperty("playable").GetBoolean()));
    }

    [Theory]
    [InlineData("FLV\u0001\u0005\0\0\0\u0009\0\0\0\0")]
    [InlineData("hello, this is a text and no film")]
    [InlineData("GGGGGGGGGGGGGGGGGGGGGGGG")]
    public async Task Boxes_of_a_file_that_has_none_are_not_made_up(string content)
    {
        string path = Path.Combine(TemporaryFolder.Create("no-boxes"), "file.mp4");
        await File.WriteAllTextAsync(path, content);
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--boxes"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("  no boxes: ", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fault:", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_film_is_called_so()
    {
        string path = Path.Combine(TemporaryFolder.Create("truncated"), "cut.mp4");
        byte[] whole = await File.ReadAllBytesAsync(await FilmFactory.GetAsync("fragmented.mp4"));
        await File.WriteAllBytesAsync(path, whole[..(whole.Length * 2 / 3)]);
        ToolResult text = await Tool.RunAsync(MapwireServer.Program, ["probe", path]);
        Assert.True(text.ExitCode == 0, text.ToString());
        Assert.Contains("  plays without some of it: the file is cut off", text.Output, StringComparison.Ordinal);
        ToolResult json = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--json"]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.True(document.RootElement.GetProperty("truncated").GetBoolean());
        Assert.DoesNotContain("without some of it",
            (await Tool.RunAsync(MapwireServer.Program, ["probe", await FilmFactory.GetAsync("fragmented.mp4")])).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_a_folder_with_special_files_shows_the_rest()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no FIFOs in folders.");
        string folder = TemporaryFolder.Create("special");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "null"), "/dev/null");
        if (Environment.IsPrivilegedProcess)
        {
            await Tool.SucceedAsync("mknod", [Path.Combine(folder, "device"), "c", "1", "3"]);
        }

        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["pages", folder]);
        Assert.Contains("film.mp4", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled", result.Errors, StringComparison.Ordinal);
        Assert.Equal(Environment.IsPrivilegedProcess ? 1 : 0, result.ExitCode);
    }

    [Theory]
    [InlineData]
    [InlineData("--warm")]
    [InlineData("--lock")]
    public async Task Pages_of_a_device_says_that_it_has_no_length(params string[] options)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no devices in folders.");
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["pages", "/dev/zero", .. options]);
        Assert.Equal(1, result.ExitCode);
        Assert.All(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => Assert.Equal(
            "mapwire: /dev/zero: a device has no length, so its pages cannot be counted: name a file or a folder", line));
    }

    [Fact]
    public async Task Pages_on_a_terminal_of_80_columns_shows_a_long_path_its_size_and_what_is_resident_in_one_line()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere script(1) takes other words.");
        string folder = TemporaryFolder.Create("pages");
        string inner = Path.Combine(folder, new string('f', 90 - folder.Length));
        Directory.CreateDirectory(inner);
        foreach (string name in (string[])["one.mp4", "映画の二つ目.mp4"])
        {
            await File.WriteAllBytesAsync(Path.Combine(inner, name), new byte[1 << 20]); // as many pages as a bar has cells, and more
        }

        ToolResult shown = await Tool.RunAsync(
            Tool.Path("script"), ["-qec", $"stty rows 24 cols 80; exec '{MapwireServer.Program}' pages '{folder}'", "/dev/null"]);
        Assert.True(shown.ExitCode == 0, shown.ToString());
        string plain = Regex.Replace(shown.Output, @"\x1b(\[[0-9;?]*[A-Za-z]|=)", "");
        string[] lines = [.. plain.Split('\n').Select(static line => line.Trim('\r'))];
        int head = Array.FindIndex(lines, static line => Regex.IsMatch(line, "^FILE +SIZE +RESIDENT$"));
        Assert.True(head >= 0, shown.Output);
        Assert.Matches(@"^….*ff/one\.mp4 +1\.00 MiB +[0-9.]+ [KM]iB +\d+ %$", lines[head + 1]);
        Assert.Matches(@"^….*ff/映画の二つ目\.mp4 +1\.00 MiB +[0-9.]+ [KM]iB +\d+ %$", lines[head + 2]);
        Assert.Matches(@"^2 files +2\.00 MiB +[0-9.]+ [KM]iB +\d+ %$", lines[head + 3]);
        Assert.All(lines[head..(head + 4)], static line => Assert.InRange(line.Length + line.Count(static c => c > '\u3000'), 1, 80));
    }

    [Fact]
    public async Task Pages_says_what_stays_when_a_mapped_film_is_evicted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Eviction is Linux's.");
        string path = Path.Combine(TemporaryFolder.Create("evict"), "film.mp4");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), path);
        await using ServerProcess holder = ServerProcess.Start(MapwireServer.Program, ["pages", "--lock", path]);
        await holder.HearsAsync(new Regex("locked in memory until interrupted"));
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["pages", "--evict", path]);
        Assert.Matches(@"mapwire: .*film\.mp4: (\d+) of \1 pages stay in memory: a process has them mapped", result.Errors);
        await holder.SignalAsync("TERM");
        Assert.Equal(0, await holder.EndsAsync(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData("pages")]
    [InlineData("probe")]
    public async Task A_folder_without_permission_is_told(string command)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has rights of its own.");
        string folder = TemporaryFolder.Create("locked");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
        string locked = Directory.CreateDirectory(Path.Combine(folder, "locked")).FullName;
        await Tool.SucceedAsync("chmod", ["0", locked]);
        ToolResult part = await RunWithoutRightsAsync(command, folder);
        Assert.Equal(1, part.ExitCode);
        Assert.Contains("film.mp4", part.Output, StringComparison.Ordinal);
        Assert.Matches($"mapwire: {locked}: .*denied", part.Errors);

        ToolResult all = await RunWithoutRightsAsync(command, locked);
        Assert.Equal(1, all.ExitCode);
        Assert.Contains(locked, all.Errors, StringComparison.Ordinal);
    }

    private static Task<ToolResult> RunWithoutRightsAsync(params string[] arguments)
    {
        string[] command = [MapwireServer.Program, .. arguments];
        string[] words = Environment.IsPrivilegedProcess ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", .. command] : command;
        return Tool.RunAsync(Tool.Path(words[0]), words[1..]);
    }
}
