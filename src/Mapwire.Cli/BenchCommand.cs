using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mapwire.Load;
using Mapwire.Server.Files;
using Mapwire.Server.Hosting;

namespace Mapwire.Cli;

/// <summary><c>mapwire bench URL...</c>: thousands of players, or publishers, against any server of RTMP or HTTP.</summary>
internal static class BenchCommand
{
    /// <summary>How long the server may take to accept a first connection: two lost packets and more.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <summary>The subcommand.</summary>
    public static Command Create()
    {
        Argument<string[]> urls =
            new("URL")
            {
                Description = "rtmp://HOST[:PORT]/APPLICATION/NAME, or http:// or https:// of a playlist (.m3u8: HLS), of an FLV stream "
                    + "(.flv) or of any file; players take them in turn.",
                Arity = ArgumentArity.OneOrMore,
            };
        Option<int> players = OptionFactory.Count("--players", "Players at once.", 1);
        Option<double> seconds = OptionFactory.Seconds("--seconds", "How long to measure, after the ramp.", 30);
        Option<double?> ramp = OptionFactory.OptionalSeconds("--ramp", "Over how long the players start; 500 a second when left out.");
        Option<double> buffer =
            new("--buffer") { Description = "The media that a player says it buffers.", HelpName = "MS", DefaultValueFactory = _ => 3000 };
        Option<bool> fast = new("--fast") { Description = "Pull as fast as the server sends." };
        Option<bool> churn = new("--churn") { Description = "Connect, play, wait for the first frame, close; and again." };
        Option<double?> churnRate =
            new("--churn-rate") { Description = "Connections begun a second; as fast as they end when left out.", HelpName = "N" };
        Option<double?> seekEvery = OptionFactory.OptionalSeconds("--seek-every", "Each player seeks to a random place this often.");
        Option<double?> pauseEvery =
            OptionFactory.OptionalSeconds("--pause-every", "Each player pauses this often, for a second, and goes on.");
        Option<int> threads = OptionFactory.Count("--threads", "Threads for the players.", 1);
        Option<int[]> processes = new("--server-pid")
        {
            Description = "A process of the server on this machine, to report what it uses (Linux); for several give the option again.",
            HelpName = "PID",
            DefaultValueFactory = _ => [],
        };
        Option<double> rehearsal = OptionFactory.Seconds(
            "--rehearsal", "Plays before the test that are not counted, so that no start-up is measured.", 1);
        Option<bool> enhanced =
            new("--enhanced") { Description = "Offer, or publish, the codecs of Enhanced RTMP: HEVC, AV1, VP9, Opus and the others." };
        Option<int?> count = OptionFactory.Create<int?>("--count", "End after so many segments or files (HTTP).", "N", "a whole number",
            static text => int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
        Option<bool> checkBoxes = new("--check-boxes") { Description = "Look into the segments of HLS: boxes, sizes and times." };
        Option<bool> lowLatency = new("--low-latency")
        {
            Description = "Viewers of HLS follow a live stream by its parts (LL-HLS), each on one connection.",
        };
        Option<bool> bytesOnly = new("--bytes") { Description = "Only count what HTTP serves, playlists and FLV streams too." };
        Option<string[]> publish = new("--publish")
        {
            Description = "The players publish this film to the URL, in real time and over and over; %d in the name is a player's number. "
                + "Several are shown in turn.",
            HelpName = "FILE",
            DefaultValueFactory = _ => [],
        };
        Option<double> speed = OptionFactory.Create(
            "--speed", "Publish so much faster than in real time.", "N", "a number",
            static text => double.Parse(text, CultureInfo.InvariantCulture), static _ => 1);
        Option<double?> reconnectEvery = OptionFactory.OptionalSeconds(
            "--reconnect-every", "Each publisher loses its connection this often, and publishes again half a second later.");
        Option<double?> stallEvery = OptionFactory.OptionalSeconds(
            "--stall-every", "Each publisher sends nothing for 3 s this often, and then all that was due.");
        Option<double?> jumpEvery = OptionFactory.OptionalSeconds(
            "--jump-every", "The timestamps of each publisher jump this often, with the next showing of the film.");
        Option<int> watch = OptionFactory.Count("--watch", "Viewers of what is published, dealt to the streams in turn.", 0);
        Option<bool> latency = new("--latency")
        {
            Description = "Viewers compare each frame with those that were published: how long it took, what is missing or altered.",
        };
        Option<bool> remote = new("--remote") { Description = "Allow servers on other machines than this one." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new("bench",
            "Plays streams of any server of RTMP or HTTP with many players, or publishes them; checks and times what comes.")
        {
            urls, players, seconds, ramp, buffer, fast, churn, churnRate, seekEvery, pauseEvery, threads, processes, rehearsal, enhanced,
            count, checkBoxes, lowLatency, bytesOnly, publish, watch, latency, speed, reconnectEvery, stallEvery, jumpEvery, remote, json,
        };
        command.SetAction((parsed, _) => BenchAsync(
            parsed.GetValue(urls)!,
            parsed.GetValue(remote),
            parsed.GetValue(json),
            exception => OptionFactory.Translate(exception, parsed, property => property switch
            {
                nameof(LoadOptions.Players) => players,
                nameof(LoadOptions.Duration) => seconds,
                nameof(LoadOptions.Ramp) => ramp,
                nameof(LoadOptions.Buffer) => buffer,
                nameof(LoadOptions.ChurnRate) => churnRate,
                nameof(LoadOptions.SeekEvery) => seekEvery,
                nameof(LoadOptions.PauseEvery) => pauseEvery,
                nameof(LoadOptions.Threads) => threads,
                nameof(LoadOptions.Rehearsal) => rehearsal,
                nameof(LoadOptions.Enhanced) => enhanced,
                nameof(LoadOptions.Count) => count,
                nameof(LoadOptions.CheckBoxes) => checkBoxes,
                nameof(LoadOptions.LowLatency) => lowLatency,
                nameof(LoadOptions.BytesOnly) => bytesOnly,
                nameof(LoadOptions.Publish) => publish,
                nameof(LoadOptions.Speed) => speed,
                nameof(PublishFaults.ReconnectEvery) => reconnectEvery,
                nameof(PublishFaults.StallEvery) => stallEvery,
                nameof(PublishFaults.JumpEvery) => jumpEvery,
                nameof(LoadOptions.Watch) => watch,
                nameof(LoadOptions.Latency) => latency,
                _ => null,
            }),
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
                PauseEvery = parsed.GetValue(pauseEvery) is { } pause ? TimeSpan.FromSeconds(pause) : null,
                Threads = parsed.GetValue(threads),
                Enhanced = parsed.GetValue(enhanced),
                Count = parsed.GetValue(count),
                CheckBoxes = parsed.GetValue(checkBoxes),
                LowLatency = parsed.GetValue(lowLatency),
                BytesOnly = parsed.GetValue(bytesOnly),
                Publish = parsed.GetValue(publish) is [var first, ..] ? first : null,
                PublishNext = [.. parsed.GetValue(publish)!.Skip(1)],
                Speed = parsed.GetValue(speed),
                Faults = new PublishFaults(
                    SecondsOf(parsed.GetValue(reconnectEvery)), SecondsOf(parsed.GetValue(stallEvery)),
                    SecondsOf(parsed.GetValue(jumpEvery))),
                Watch = parsed.GetValue(watch),
                Latency = parsed.GetValue(latency),
                Rehearsal = TimeSpan.FromSeconds(parsed.GetValue(rehearsal)),
                ServerProcesses = parsed.GetValue(processes)!,
            }));
        return command;
    }

    private static TimeSpan? SecondsOf(double? seconds) => seconds is { } given ? TimeSpan.FromSeconds(given) : null;

    private static LoadMode ModeOf(bool fast, bool churn) => (fast, churn) switch
    {
        (true, true) => throw new ArgumentException("--fast and --churn exclude each other"),
        (true, false) => LoadMode.Fast,
        (false, true) => LoadMode.Churn,
        _ => LoadMode.Watch,
    };

    private static async Task<int> BenchAsync(string[] urls, bool remote, bool asJson, Func<ArgumentException, string> translate,
        Func<IReadOnlyList<LoadTarget>, LoadOptions> choose)
    {
        using StopSignals signals = new();
        ProcessLimits.RaiseDescriptors();
        LoadTest test;
        try
        {
            LoadOptions options = choose([.. urls.Select(url => Resolve(url, remote))]);
            test = new LoadTest(options);
            RequireProcesses(options.ServerProcesses);
            foreach (IPEndPoint endPoint in options.Targets.Select(static target => target.EndPoint).Distinct())
            {
                await RequireServerAsync(endPoint, signals.Token).ConfigureAwait(false);
            }
        }
        catch (ArgumentException exception)
        {
            return ExitCode.Misuse(translate(exception));
        }
        catch (OverflowException exception)
        {
            return ExitCode.Misuse(exception.Message);
        }
        catch (TitleException exception)
        {
            return ExitCode.Fail($"--publish: {exception.Message}");
        }
        catch (SocketException exception)
        {
            return ExitCode.Fail(exception.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failure;
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
            using Stream output = StandardStreams.OpenOutput();
            LoadReportJson.Write(output, report);
            output.Write("\n"u8);
            if (BenchText.Advice(report) is { } advice)
            {
                Output.TryWriteError(advice);
            }
        }
        else
        {
            BenchText.Write(Console.Out, report);
        }

        bool wasServed = report.Publish is { } published
            ? published.Publishing > 0 && (published.Watchers == 0 || report.ServedPlayers > 0)
            : report.ServedPlayers > 0;
        return wasServed && report.Failures.Count == 0 ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>A process that is not there would be reported as one that uses nothing.</summary>
    private static void RequireProcesses(IReadOnlyList<int> processes)
    {
        foreach (int id in processes)
        {
            try
            {
                using Process process = Process.GetProcessById(id);
            }
            catch (ArgumentException)
            {
                throw new ArgumentException($"--server-pid must be a running process (was {id})");
            }
        }
    }

    /// <summary>A port where nothing listens is told at once, and not after the whole test with a table of zeros.</summary>
    private static async Task RequireServerAsync(IPEndPoint endPoint, CancellationToken stop)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ConnectLimit);
        using Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endPoint, limit.Token).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            throw new SocketException((int)exception.SocketErrorCode, $"cannot connect to {endPoint}: {exception.Message}");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new SocketException(
                (int)SocketError.TimedOut, $"cannot connect to {endPoint}: no answer within {ConnectLimit.TotalSeconds:0} s");
        }
    }

    private static LoadTarget Resolve(string text, bool remote)
    {
        LoadUrl url = RtmpUrl.TryParse(text, out RtmpUrl? rtmp) ? rtmp
            : HttpUrl.TryParse(text, out HttpUrl? http) ? http
            : throw new ArgumentException($"{text} is not rtmp://HOST[:PORT]/APPLICATION/NAME and not http://HOST[:PORT]/PATH");

        IPAddress[] addresses = Dns.GetHostAddresses(url.Host);
        IPAddress address = Array.Find(addresses, static a => a.AddressFamily == AddressFamily.InterNetwork)
            ?? addresses.FirstOrDefault()
            ?? throw new ArgumentException($"{url.Host} has no address");
        return remote || IPAddress.IsLoopback(address)
            ? new LoadTarget(url, new IPEndPoint(address, url.Port))
            : throw new ArgumentException($"{url.Host} is {address}, another machine; --remote allows that");
    }
}
