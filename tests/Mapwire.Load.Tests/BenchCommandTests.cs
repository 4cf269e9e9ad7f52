using System.Diagnostics;
using System.Text.Json;
using Mapwire.Load.Tests.Support;
using Mapwire.Server.Live;

namespace Mapwire.Load.Tests;

/// <summary>The command itself, as a process.</summary>
public sealed class BenchCommandTests
{
    [Fact]
    public async Task It_prints_a_report_and_succeeds()
    {
        using SampleServer server = new();
        (int code, string output, string errors) =
            await RunAsync($"rtmp://{server.EndPoint}/vod/sample.mp4", "--players", "5", "--seconds", "1", "--ramp", "0", "--json");
        Assert.Equal((0, ""), (code, errors));
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.Equal(5, report.RootElement.GetProperty("servedPlayers").GetInt32());
        Assert.Equal("watch", report.RootElement.GetProperty("mode").GetString());
    }

    [Fact]
    public async Task It_prints_text_for_people_and_fails_when_nobody_was_served()
    {
        using SampleServer server = new();
        (int code, string output, _) =
            await RunAsync($"rtmp://{server.EndPoint}/vod/none.mp4", "--players", "2", "--seconds", "0.2", "--ramp", "0", "--rehearsal",
            "0");
        Assert.Equal(1, code);
        Assert.Contains("2 times: refused: NetStream.Play.StreamNotFound", output, StringComparison.Ordinal);
        Assert.Contains("  stalls       not measured: no player got a first frame", output, StringComparison.Ordinal);
        Assert.DoesNotContain("in hand", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_says_of_players_that_were_served_what_was_measured_of_them()
    {
        using SampleServer server = new();
        (int code, string output, _) = await RunAsync(
            $"rtmp://{server.EndPoint}/vod/sample.mp4", "--players", "2", "--seconds", "2", "--ramp", "0", "--rehearsal", "0");
        Assert.Equal(0, code);
        Assert.Matches(@"  stalls       \d+, by \d of 2 players, [\d.]+ s in all; least media in hand \(p1\) -?\d+ ms", output);
    }

    [Theory]
    [InlineData("--remote", "rtmp://203.0.113.1/vod/x.mp4")] // an address that documentation is given
    [InlineData("URL", "ftp://127.0.0.1/vod/x.mp4", "is not rtmp://")]
    [InlineData("mixed", "rtmp://127.0.0.1:1/vod/x.mp4", "must be all of RTMP or all of HTTP", "http://127.0.0.1:1/vod/x.mp4")]
    [InlineData("count", "rtmp://127.0.0.1:1/vod/x.mp4", "--count needs viewers of HTTP", "--count", "1")]
    [InlineData("seek", "http://127.0.0.1:1/vod/x.mp4", "--seek-every needs players of RTMP", "--seek-every", "1")]
    [InlineData("players", "rtmp://127.0.0.1:1/vod/x.mp4", "--players must be from 1", "--players", "0")]
    [InlineData("number", "rtmp://127.0.0.1:1/vod/x", "--players must be 1 where the name has no %d", "--publish", "x.mp4", "--players",
        "2")]
    [InlineData("watch", "rtmp://127.0.0.1:1/vod/x", "--watch needs --publish", "--watch", "2")]
    [InlineData("latency", "rtmp://127.0.0.1:1/vod/x", "--latency needs --watch", "--publish", "x.mp4", "--latency")]
    [InlineData("publish", "http://127.0.0.1:1/vod/x", "--publish needs a server of RTMP", "--publish", "x.mp4")]
    [InlineData("modes", "rtmp://127.0.0.1:1/vod/x.mp4", "--fast and --churn", "--fast", "--churn")]
    public async Task What_it_cannot_do_it_refuses_in_one_line(string what, string url, string? words = null, params string[] more)
    {
        (int code, string output, string errors) = await RunAsync([url, .. more]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(words ?? what, errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_film_that_needs_Enhanced_RTMP_is_refused_with_the_option_before_anything_is_published()
    {
        using ShortFilm film = new(TimeSpan.FromSeconds(1), isVp9: true);
        (int code, string output, string errors) = await RunAsync("rtmp://127.0.0.1:1/vod/live", "--publish", film.Path);
        Assert.Equal((2, ""), (code, output));
        Assert.Equal(
            $"mapwire: --publish needs --enhanced for a film with VP9 profile 0, which plain RTMP does not carry (was {film.Path})",
            errors.TrimEnd());
    }

    [Fact]
    public async Task It_publishes_and_tells_of_it()
    {
        using SampleServer server = new(keys: [new PublishKey(null, "secret")]);
        string film = Path.Combine(AppContext.BaseDirectory, "clips", "sample.mp4");
        (int code, string output, string errors) = await RunAsync(
            $"rtmp://{server.EndPoint}/vod/live%d?key=secret", "--publish", film, "--players", "2", "--watch", "3", "--latency",
            "--seconds", "1", "--ramp", "0");
        Assert.Equal((0, ""), (code, errors));
        Assert.StartsWith("2 publishers, 3 viewers, measured 1.0 s", output, StringComparison.Ordinal);
        Assert.Contains("  publishers   2 of 2 connected, 2 published, 0 refused", output, StringComparison.Ordinal);
        Assert.Matches(@"  compared     \d+ frames as sent, 0 missing, 0 repeated, 0 altered", output);
        Assert.Matches(@"    latency      +[\d.]+ ", output);
        Assert.DoesNotContain("secret", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_publish_that_is_refused_fails_with_the_reason()
    {
        using SampleServer server = new(keys: [new PublishKey(null, "secret")]);
        string film = Path.Combine(AppContext.BaseDirectory, "clips", "sample.mp4");
        (int code, string output, _) =
            await RunAsync($"rtmp://{server.EndPoint}/vod/live", "--publish", film, "--seconds", "0.2", "--ramp", "0");
        Assert.Equal(1, code);
        Assert.Contains("  refused      1 times: NetStream.Publish.Denied: The key is missing", output, StringComparison.Ordinal);
        Assert.DoesNotContain("  stalls ", output, StringComparison.Ordinal); // nobody was to watch
    }

    [Fact]
    public async Task A_film_that_is_not_there_is_told_in_one_line()
    {
        (int code, string output, string errors) = await RunAsync("rtmp://127.0.0.1:1/vod/live", "--publish", "nothing.mp4");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("--publish: ", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task On_a_terminal_it_shows_how_it_stands()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere script(1) takes other words.");
        using SampleServer server = new();
        string bench =
            $"stty rows 24 cols 120; exec '{Program}' bench rtmp://{server.EndPoint}/vod/sample.mp4 --players 3 --seconds 2 --ramp 0 "
            + "--rehearsal 0 > /dev/null"; // its standard error is the terminal
        using Process process = Process.Start(
            new ProcessStartInfo("script", ["-qec", bench, "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string shown = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        Assert.Matches("time +.* playing .* stalls", shown);
        Assert.Matches(@"[1-9] of \d s +│ 3 +│", shown); // three play, a second later
    }

    [Fact]
    public async Task An_interrupt_ends_it_with_a_report()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // a console's Ctrl+C reaches a whole group there, this test included
        }

        using SampleServer server = new();
        using Process process =
            Start($"rtmp://{server.EndPoint}/vod/sample.mp4", "--players", "3", "--seconds", "3600", "--ramp", "0", "--json");
        for (int i = 0; i < 400 && server.ConnectionCount < 3; i++)
        {
            await Task.Delay(25);
        }

        await Task.Delay(1500);
        using (Process kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.Equal(3, report.RootElement.GetProperty("servedPlayers").GetInt32());
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "mapwire.exe" : "mapwire");

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo(Program, ["bench", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
