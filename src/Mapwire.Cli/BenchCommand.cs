using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mapwire.Load;

namespace Mapwire.Cli;

/// <summary><c>mapwire bench URL...</c>: thousands of players against any RTMP server.</summary>
internal static class BenchCommand
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string[]> urls = new("URL") { Description = "rtmp://HOST[:PORT]/APPLICATION/NAME; players take them in turn.", Arity = ArgumentArity.OneOrMore };
        Option<int> players = new("--players") { Description = "Players at once.", HelpName = "N", DefaultValueFactory = _ => 1 };
        Option<double> seconds = Seconds("--seconds", "How long to measure, after the ramp.", 30);
        Option<double?> ramp = new("--ramp") { Description = "Over how long the players start; 500 a second when left out.", HelpName = "SECONDS" };
        Option<double> buffer = new("--buffer") { Description = "The media that a player says it buffers.", HelpName = "MS", DefaultValueFactory = _ => 3000 };
        Option<bool> fast = new("--fast") { Description = "Pull as fast as the server sends." };
        Option<bool> churn = new("--churn") { Description = "Connect, play, wait for the first frame, close; and again." };
        Option<double?> churnRate = new("--churn-rate") { Description = "Connections begun a second; as fast as they end when left out.", HelpName = "N" };
        Option<double?> seekEvery = new("--seek-every") { Description = "Each player seeks to a random place this often.", HelpName = "SECONDS" };
        Option<int> threads = new("--threads") { Description = "Threads for the players.", HelpName = "N", DefaultValueFactory = _ => 1 };
        Option<int[]> processes = new("--server-pid")
        {
            Description = "A process of the server on this machine, to report what it uses (Linux); for several give the option again.",
            HelpName = "PID",
            DefaultValueFactory = _ => [],
        };
        Option<double> rehearsal = Seconds("--rehearsal", "Plays before the test that are not counted, so that nobody's start-up is measured.", 1);
        Option<bool> enhanced = new("--enhanced") { Description = "Offer the codecs of Enhanced RTMP: HEVC, AV1, VP9, Opus and the others." };
        Option<bool> remote = new("--remote") { Description = "Allow servers on other machines than this one." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new("bench", "Plays streams of any RTMP server with many players, checks and times what comes.")
        {
            urls, players, seconds, ramp, buffer, fast, churn, churnRate, seekEvery, threads, processes, rehearsal, enhanced, remote, json,
        };
        command.SetAction((parsed, _) => BenchAsync(
            parsed.GetValue(urls)!,
            parsed.GetValue(remote),
            parsed.GetValue(json),
            targets => new LoadOptions
            {
                Targets = targets,
                Players = parsed.GetValue(players),
                Duration = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                Ramp = parsed.GetValue(ramp) is { } rampSeconds ? TimeSpan.FromSeconds(rampSeconds) : null,
                Buffer = TimeSpan.FromMilliseconds(parsed.GetValue(buffer)),
                Mode = ModeOf(parsed.GetValue(fast), parsed.GetValue(churn) || parsed.GetValue(churnRate) is not null),
                ChurnRate = parsed.GetValue(churnRate),
                SeekEvery = parsed.GetValue(seekEvery) is { } every ? TimeSpan.FromSeconds(every) : null,
                Threads = parsed.GetValue(threads),
                Enhanced = parsed.GetValue(enhanced),
                Rehearsal = TimeSpan.FromSeconds(parsed.GetValue(rehearsal)),
                ServerProcesses = parsed.GetValue(processes)!,
            }));
        return command;
    }

    private static Option<double> Seconds(string name, string description, double value) =>
        new(name) { Description = description, HelpName = "SECONDS", DefaultValueFactory = _ => value };

    private static LoadMode ModeOf(bool fast, bool churn) => (fast, churn) switch
    {
        (true, true) => throw new ArgumentException("--fast and --churn exclude each other"),
        (true, false) => LoadMode.Fast,
        (false, true) => LoadMode.Churn,
        _ => LoadMode.Watch,
    };

    private static async Task<int> BenchAsync(string[] urls, bool remote, bool asJson, Func<IReadOnlyList<LoadTarget>, LoadOptions> choose)
    {
        using StopSignals signals = new();
        LoadTest test;
        try
        {
            test = new LoadTest(choose([.. urls.Select(url => Resolve(url, remote))]));
        }
        catch (Exception wrong) when (wrong is ArgumentException or OverflowException or SocketException)
        {
            return ExitCode.Misuse(wrong.Message);
        }

        LoadReport report;
        using (test)
        {
            using CancellationTokenSource shown = new();
            Task showing = BenchProgress.ShowAsync(test, shown.Token);
            report = await test.RunAsync(signals.Token);
            await shown.CancelAsync();
            await showing;
        }

        if (asJson)
        {
            using Utf8JsonWriter writer = new(Console.OpenStandardOutput(), Indented);
            LoadReportJson.Write(writer, report);
            writer.Flush();
            Console.WriteLine();
        }
        else
        {
            BenchText.Write(Console.Out, report);
        }

        return report.ServedPlayers > 0 && report.Failures.Count == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private static LoadTarget Resolve(string text, bool remote)
    {
        if (!RtmpUrl.TryParse(text, out RtmpUrl? url))
        {
            throw new ArgumentException($"{text} is not rtmp://HOST[:PORT]/APPLICATION/NAME");
        }

        IPAddress[] addresses = Dns.GetHostAddresses(url.Host);
        IPAddress address = Array.Find(addresses, static a => a.AddressFamily == AddressFamily.InterNetwork)
            ?? addresses.FirstOrDefault()
            ?? throw new ArgumentException($"{url.Host} has no address");
        return remote || IPAddress.IsLoopback(address)
            ? new LoadTarget(url, new IPEndPoint(address, url.Port))
            : throw new ArgumentException($"{url.Host} is {address}, another machine; --remote allows that");
    }
}
