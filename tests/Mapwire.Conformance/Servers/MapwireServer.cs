using System.Globalization;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Servers;

/// <summary>The built <c>mapwire serve</c> as a process of its own, on a port that the system picked.</summary>
internal sealed partial class MapwireServer : IAsyncDisposable
{
    /// <summary>How soon it must be gone after SIGTERM, on a machine that is busy.</summary>
    public static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// <c>MAPWIRE_SENDER=stream</c> runs every test over the sender of streams, which copies what it sends, as encrypted connections do.
    /// </summary>
    private static readonly string[] Sender = Environment.GetEnvironmentVariable("MAPWIRE_SENDER") == "stream" ? ["--copy-payload"] : [];

    private bool _ended;

    private MapwireServer(ServerProcess process, int port, int httpPort, int titles)
    {
        Process = process;
        Port = port;
        HttpPort = httpPort;
        Titles = titles;
    }

    public ServerProcess Process { get; }

    public int Port { get; }

    /// <summary>The port of HTTP.</summary>
    public int HttpPort { get; }

    /// <summary>How many titles it said it has.</summary>
    public int Titles { get; }

    /// <summary>
    /// The command: built with the same configuration as these tests, or the one that MAPWIRE_PROGRAM names, such as a published one.
    /// </summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("MAPWIRE_PROGRAM") is { Length: > 0 } named
        ? Path.GetFullPath(named, Root) // test.sh names it from there
        : Path.Combine(Root, "src", "Mapwire.Cli", "bin", Configuration, Framework,
        OperatingSystem.IsWindows() ? "mapwire.exe" : "mapwire");

    /// <summary>The repository: tests/Mapwire.Conformance/bin/CONFIGURATION/FRAMEWORK is where the tests run.</summary>
    public static string Root => string.Join(Path.DirectorySeparatorChar, Parts[..^5]);

    private static string[] Parts => AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar);

    private static string Configuration => Parts[^2];

    private static string Framework => Parts[^1];

    public static Task<MapwireServer> StartAsync(string folder, params string[] options) => StartWithAsync([Program], folder, options);

    /// <summary>
    /// Starts it by a command of its own, such as a shell that sets limits first; <c>serve</c> and its words come behind.
    /// </summary>
    public static async Task<MapwireServer> StartWithAsync(string[] command, string folder, params string[] options)
    {
        ServerProcess process =
            ServerProcess.Start(command[0], [
                .. command[1..], "serve", folder, "--rtmp", "127.0.0.1:0", "--http", "127.0.0.1:0", .. options, .. Sender,
            ]);
        try
        {
            Match line = await process.HearsAsync(ListeningPattern());
            return new MapwireServer(
                process,
                int.Parse(line.Groups["port"].Value, CultureInfo.InvariantCulture),
                int.Parse(line.Groups["http"].Value, CultureInfo.InvariantCulture),
                int.Parse(line.Groups["titles"].Value, CultureInfo.InvariantCulture));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address of a title, by its path below the folder.</summary>
    public string Address(string title) => $"rtmp://127.0.0.1:{Port}/vod/{title}";

    /// <summary>The address of a title by HTTP, by its path below the folder.</summary>
    public string WebAddress(string title) =>
        $"http://127.0.0.1:{HttpPort}/vod/{string.Join('/', title.Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>The address of what is made of a title.</summary>
    /// <param name="title">Its path below the folder.</param>
    /// <param name="resource">The last part of the path, such as <c>index.m3u8</c>; empty for the file itself.</param>
    public string WebAddress(string title, string resource) => WebAddress(title) + (resource.Length > 0 ? "/" + resource : "");

    /// <summary>Asks it to end, and insists that it does in time and without complaint.</summary>
    public async Task EndAsync(string signal = "TERM")
    {
        _ended = true;
        Assert.False(Process.HasExited,
            $"the server had ended by itself with exit code {(Process.HasExited ? Process.ExitCode : 0)}: {Tool.Shorten(Process.Said)}");
        await Process.SignalAsync(signal);
        int code = await Process.EndsAsync(EndPatience);
        Assert.True(code == 0, $"exit code {code}: {Tool.Shorten(Process.Said)}");
    }

    /// <summary>For a test that has ended it by itself, and looked how.</summary>
    public void HasEnded() => _ended = true;

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_ended)
            {
                await EndAsync();
            }
        }
        finally
        {
            await Process.DisposeAsync();
        }
    }

    // Lines of the log, which another thread writes, may come in between.
    [GeneratedRegex(@"^Listening on rtmp://(?<host>[^\s:]+|\[[^\s\]]+\]):(?<port>\d+)/vod\r?\n"
        + @"(?:Listening on rtmps?://\S+\r?\n)*Listening on http://[^\s:]+:(?<http>\d+)/vod\r?\n(?:Listening on .*\r?\n)*"
        + @"(?:\d{4}-\d\d-\S+ .*\r?\n)*(?<titles>\d+) titles? in ", RegexOptions.Multiline)]
    private static partial Regex ListeningPattern();
}
