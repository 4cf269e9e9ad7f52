using System.Diagnostics;
using Mapwire.Load.Tests.Support;

namespace Mapwire.Load.Tests;

/// <summary>The scripts of bench/, tried once with little: it proves nothing about speed, but that the next real run will work.</summary>
[Collection(nameof(Alone))]
public sealed class BenchScriptTests : IDisposable
{
    private static readonly string[] Tools = ["bash", "ffmpeg", "ffprobe", "gcc", "taskset", "nginx", "dotnet"];

    private readonly string _work = Directory.CreateTempSubdirectory("mapwire-bench-").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Fact]
    public async Task A_quick_comparison_serves_all_players_from_every_server()
    {
        string[] missing = [.. Tools.Where(tool => !IsOnPath(tool))];
        bool canInstall = OperatingSystem.IsLinux() && Environment.UserName == "root" && IsOnPath("apt-get");
        if (!OperatingSystem.IsLinux() || (missing.Length > 0 && !canInstall))
        {
            Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("CI") == "true",
                "bench/versus needs Linux and " + string.Join(", ", Tools));
        }

        string output = await RunAsync("versus", "--quick", "--only", "paced churn");

        string[] head = Row(output, "| | mapwire");
        Assert.Equal(["", "mapwire", "nginx4k", "nginx64k", "floor", "mapwire/nginx4k", "mapwire/nginx64k", "mapwire/floor"], head);
        Assert.Equal(["20", "20", "20", "20"], Row(output, "| paced 20: players served |")[1..5]);
        Assert.All(Row(output, "| paced 20: CPU s/GB |")[1..5], cell => Assert.Matches("^[0-9.]+$", cell));
        Assert.All(Row(output, "| paced 20: first frame p50, ms |")[1..5], cell => Assert.True(Number(cell) > 0));
        Assert.All(Row(output, "| churn, 64 at once: plays a second |")[1..4], cell => Assert.True(Number(cell) > 10));
    }

    [Fact]
    public async Task A_quick_comparison_by_HTTP_measures_both_servers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "bench/versus needs Linux");
        string output = await RunAsync("versus", "--quick", "--only", "http");

        Assert.Equal(["", "mapwire", "nginx", "rtmp", "mapwire/nginx", "mapwire/rtmp"], Row(output, "| | mapwire"));
        string[] rates = Row(output, "| http files, 0.4MB, 8 connections: CPU s/GB |");
        Assert.Matches("^[0-9.]+$", rates[2]);
        Assert.Matches(HasHttp() ? "^[0-9.]+$" : "^$", rates[1]); // a row is left out where a server has no such answer
        Assert.Equal("20", Row(output, "| http HLS, 20 viewers: viewers served |")[2]);
    }

    [Fact]
    public async Task A_quick_comparison_of_live_streams_serves_all_viewers_from_every_server()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "bench/versus needs Linux");
        string output = await RunAsync("versus", "--quick", "--only", "live");

        Assert.Equal(["", "mapwire", "nginx-rtmp", "mapwire/nginx-rtmp"], Row(output, "| | mapwire"));
        Assert.Equal(["20", "20"], Row(output, "| live, 20 viewers: viewers served |")[1..3]);
        Assert.Equal(["40", ""], Row(output, "| live, 40 viewers: viewers served |")[1..3]);
        Assert.Equal(["5", "5"], Row(output, "| live, 5 publishers: published |")[1..3]);
        Assert.Equal("0", Row(output, "| live latency, 10 viewers: frames missing or altered |")[1]);
        Assert.Equal("0", Row(output, "| live, 5 publishers: frames missing or altered |")[1]);
        foreach (string row in (string[])["live, 20 viewers: CPU s/GB", "live, 20 viewers: first picture p99, ms"])
        {
            Assert.All(Row(output, $"| {row} |")[1..3], static cell => Assert.True(Number(cell) > 0));
        }

        Assert.All(Row(output, "| live latency, 10 viewers: p99, ms |")[1..3], static cell => Assert.InRange(Number(cell), 0.01, 5_000));
    }

    [Fact]
    public async Task The_start_is_timed_against_an_empty_program()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "bench/start needs Linux");
        string output = await RunAsync("start", "--titles", "3", "--rounds", "1");
        Assert.Matches(
            @"^3 titles, 3 kept indices\nstart to listening: [0-9.]+ ms; empty program: [0-9.]+ ms; ratio [0-9.]+ \(medians of 1\)$",
            output.Trim());
    }

    private async Task<string> RunAsync(string bench, params string[] options)
    {
        Directory.CreateSymbolicLink(Path.Combine(_work, "mapwire"), AppContext.BaseDirectory);
        using Process process = Process.Start(new ProcessStartInfo("bash", [Script(bench), "--built", "--work", _work, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }

    private static bool HasHttp()
    {
        using Process help = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "mapwire"), ["serve", "--help"])
        {
            RedirectStandardOutput = true,
        })!;
        string said = help.StandardOutput.ReadToEnd();
        help.WaitForExit();
        return said.Contains("--http ", StringComparison.Ordinal);
    }

    private static double Number(string cell) => double.Parse(cell, System.Globalization.CultureInfo.InvariantCulture);

    private static string[] Row(string table, string start)
    {
        string line = Assert.Single(table.Split('\n'), line => line.StartsWith(start, StringComparison.Ordinal));
        return [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
    }

    private static string Script(string bench)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Mapwire.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new DirectoryNotFoundException("the repository"), "bench", bench, "run.sh");
    }

    private static bool IsOnPath(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin").Split(':')
            .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, tool)));
}
