using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Native;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary>
/// A folder, a file system or an output that fails while the server counts its titles at the start: it serves, and ends when asked.
/// </summary>
public sealed class BadFolderTests
{
    private static readonly Regex Listening = new(@"Listening on rtmp://127\.0\.0\.1:(\d+)/vod");

    [Theory]
    [InlineData("eio", "Input/output error")]
    [InlineData("enotconn", "Transport endpoint is not connected")]
    [InlineData("eacces", "denied")]
    public async Task A_subfolder_that_cannot_be_listed_is_told_and_the_rest_is_served(string subfolder, string reason)
    {
        string folder = await FolderAsync(subfolder);
        await using ServerProcess server = await StartAsync(folder);
        await server.HearsAsync(new Regex(@"^1 title in ", RegexOptions.Multiline));
        await server.HearsAsync(new Regex($"1 folder could not be read; the first: {Regex.Escape(folder)}/{subfolder}: .*{reason}"));
        await PlaysAndEndsAsync(server);
    }

    [Fact]
    public async Task A_subfolder_whose_listing_hangs_delays_neither_plays_nor_the_end()
    {
        await using ServerProcess server = await StartAsync(await FolderAsync("hangs"));
        await PlaysAndEndsAsync(server);
    }

    [Fact]
    public async Task Titles_that_could_be_counted_are_told_when_a_listing_hangs()
    {
        string folder = await FolderAsync("hangs");
        await using ServerProcess server = await StartAsync(folder);
        await server.HearsAsync(new Regex(@"^at least 1 title in ", RegexOptions.Multiline), TimeSpan.FromSeconds(60));
        await server.HearsAsync(new Regex($"titles were counted for 10 s; not done with {Regex.Escape(folder)}/hangs"));
        await PlaysAndEndsAsync(server);
    }

    [Fact]
    public async Task A_full_disk_under_standard_output_does_not_end_it()
    {
        string folder = await FolderAsync("empty");
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        string command =
            $"exec '{MapwireServer.Program}' serve '{folder}' --rtmp 127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)} > /dev/full";
        await using ServerProcess server = ServerProcess.Start("bash", ["-c", command]);
        await server.HearsAsync(new Regex("standard output cannot be written: "));
        await PlaysAndEndsAsync(server, port);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_limit_of_file_sizes_costs_the_index_cache_and_no_player(int blocks)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such limit.");
        string folder = await FolderAsync("empty");
        string cache = Path.Combine(TemporaryFolder.Create("limited"), "cache");
        string command = $"ulimit -f {blocks}; export DOTNET_EnableWriteXorExecute=0; exec '{MapwireServer.Program}' serve '{folder}' "
            + $"--rtmp 127.0.0.1:0 --index-cache '{cache}'";
        await using ServerProcess server = ServerProcess.Start("bash", ["-c", command]);
        int port = int.Parse((await server.HearsAsync(Listening)).Groups[1].Value, CultureInfo.InvariantCulture);
        await using (RtmpPlayer player = await RtmpPlayer.ConnectAsync(port))
        {
            await player.PlayAsync("film.mp4");
            await player.StatusAsync("NetStream.Play.Start");
            await server.HearsAsync(new Regex("an index was not stored: "));
        }

        await PlaysAndEndsAsync(server, port);
        Assert.Empty(Directory.GetFiles(cache, "*.structure*"));
    }

    [Fact]
    public async Task An_output_file_that_has_reached_the_limit_of_file_sizes_does_not_end_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such limit.");
        string folder = await FolderAsync("empty");
        string log = Path.Combine(TemporaryFolder.Create("limited-log"), "log");
        await File.WriteAllBytesAsync(log, new byte[1024], TestContext.Current.CancellationToken);
        string command = $"ulimit -f 1; export DOTNET_EnableWriteXorExecute=0; exec '{MapwireServer.Program}' serve '{folder}' "
            + $"--rtmp 127.0.0.1:0 >> '{log}'";
        await using ServerProcess server = ServerProcess.Start("bash", ["-c", command]);
        await server.HearsAsync(new Regex("standard output cannot be written: "));
        Assert.False(server.HasExited, server.Said);
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.EndsAsync(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData("<&- >&- 2>&-")]
    public async Task Closed_standard_streams_do_not_end_it(string redirection)
    {
        string folder = await FolderAsync("empty");
        using TcpListener free = new(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        string command = $"exec '{MapwireServer.Program}' serve '{folder}' "
            + $"--rtmp 127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)} {redirection}";
        await using ServerProcess server = ServerProcess.Start("bash", ["-c", command]);
        for (int attempt = 0; !await ListensAsync(port); attempt++)
        {
            Assert.False(server.HasExited, $"it ended: {server.Said}");
            Assert.True(attempt < 100, "it does not listen");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }

        await PlaysAndEndsAsync(server, port);
        Assert.DoesNotContain("Unhandled", server.Said, StringComparison.Ordinal);
    }

    /// <summary>The numbers of closed streams go to what the runtime opens first: nothing is written there, nor called written.</summary>
    [Theory]
    [InlineData("--help", ">&-")]
    [InlineData("--help", "<&- >&- 2>&-")]
    [InlineData("probe FILM", ">&-")]
    [InlineData("probe FILM --json", ">&-")]
    [InlineData("probe FILM", "<&- >&- 2>&-")]
    [InlineData("pages FILM", ">&-")]
    [InlineData("top --once", ">&- 2>&-")]
    public async Task A_report_to_a_closed_stream_is_a_clean_failure(string words, string redirection)
    {
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        string command = words.Replace("FILM", $"'{film}'", StringComparison.Ordinal);
        ToolResult result = await Tool.RunAsync("bash", ["-c", $"'{MapwireServer.Program}' {command} {redirection}"]);
        Assert.True(result.ExitCode is 1 or 2, result.ToString()); // top says 2 where no server is
        Assert.Equal(
            redirection.Contains("2>&-", StringComparison.Ordinal) ? [] : ["mapwire: standard output is closed"],
            result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_is_one_line_and_exit_code_1()
    {
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        ToolResult result = await Tool.RunAsync("bash", ["-c", $"'{MapwireServer.Program}' probe '{film}' > /dev/full"]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("mapwire: ", Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    private static async Task<bool> ListensAsync(int port)
    {
        using TcpClient client = new();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string> FolderAsync(string subfolder)
    {
        string folder = TemporaryFolder.Create("bad-folder");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), Path.Combine(folder, "film.mp4"));
        Directory.CreateDirectory(Path.Combine(folder, subfolder));
        return folder;
    }

    private static async Task<ServerProcess> StartAsync(string folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "LD_PRELOAD is Linux's.");
        return ServerProcess.Start(
            MapwireServer.Program, ["serve", folder, "--rtmp", "127.0.0.1:0", "--http", "none"], null,
            ("LD_PRELOAD", await Faults.GetLibraryAsync()));
    }

    private static async Task PlaysAndEndsAsync(ServerProcess server, int? port = null)
    {
        port ??= int.Parse((await server.HearsAsync(Listening)).Groups[1].Value, CultureInfo.InvariantCulture);
        await using (RtmpPlayer player = await RtmpPlayer.ConnectAsync(port.Value))
        {
            await player.PlayAsync("film.mp4");
            await player.UntilAsync(message => message.Packet is not null);
        }

        Stopwatch clock = Stopwatch.StartNew();
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.EndsAsync(TimeSpan.FromSeconds(5)));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"it took {clock.Elapsed}");
    }
}
