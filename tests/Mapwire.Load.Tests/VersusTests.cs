using System.Diagnostics;

namespace Mapwire.Load.Tests;

/// <summary>The comparison's script, tried once with few players: it proves nothing about speed, but that the next real run will work.</summary>
public sealed class VersusTests : IDisposable
{
    private static readonly string[] Tools = ["bash", "ffmpeg", "ffprobe", "gcc", "taskset", "nginx", "dotnet"];

    private readonly string _work = Directory.CreateTempSubdirectory("mapwire-versus-").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Fact]
    public async Task A_quick_run_serves_all_players_from_every_server()
    {
        string[] missing = [.. Tools.Where(tool => !IsOnPath(tool))];
        bool canInstall = OperatingSystem.IsLinux() && Environment.UserName == "root" && IsOnPath("apt-get");
        if (!OperatingSystem.IsLinux() || (missing.Length > 0 && !canInstall))
        {
            Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("CI") == "true", "bench/versus needs Linux and " + string.Join(", ", Tools));
        }

        Directory.CreateSymbolicLink(Path.Combine(_work, "mapwire"), AppContext.BaseDirectory);
        using Process process = Process.Start(new ProcessStartInfo("bash", [Script(), "--quick", "--built", "--only", "paced churn", "--work", _work])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);

        string[] head = Row(output, "| | mapwire");
        Assert.Equal(["", "mapwire", "nginx4k", "nginx64k", "floor", "mapwire/nginx4k", "mapwire/nginx64k", "mapwire/floor"], head);
        Assert.Equal(["20", "20", "20", "20"], Row(output, "| paced 20: players served |")[1..5]);
        Assert.All(Row(output, "| paced 20: CPU s/GB |")[1..5], cell => Assert.Matches("^[0-9.]+$", cell));
        Assert.All(Row(output, "| paced 20: first frame p50, ms |")[1..5], cell => Assert.True(Number(cell) > 0));
        Assert.All(Row(output, "| churn, 64 at once: plays a second |")[1..4], cell => Assert.True(Number(cell) > 10));
    }

    private static double Number(string cell) => double.Parse(cell, System.Globalization.CultureInfo.InvariantCulture);

    private static string[] Row(string table, string start)
    {
        string line = Assert.Single(table.Split('\n'), line => line.StartsWith(start, StringComparison.Ordinal));
        return [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
    }

    private static string Script()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Mapwire.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new DirectoryNotFoundException("the repository"), "bench", "versus", "run.sh");
    }

    private static bool IsOnPath(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin").Split(':').Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, tool)));
}
