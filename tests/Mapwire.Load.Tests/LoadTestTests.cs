using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Mapwire.Load.Tests.Support;

namespace Mapwire.Load.Tests;

/// <summary>The sample clip, 24 s of 600 frames and 1,035 of audio, played by our server in this process.</summary>
public sealed class LoadTestTests
{
    private const int Frames = 600 + 1035;

    [Fact]
    public async Task Fifty_players_watch_without_a_stall()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 50,
            Duration = TimeSpan.FromSeconds(2),
            Ramp = TimeSpan.FromSeconds(0.5),
            Rehearsal = TimeSpan.Zero,
        });

        Assert.Empty(report.Failures);
        Assert.Equal((50, 50, 50, 50), (report.Connections, report.Plays, report.ServedPlayers, report.Playing));
        Assert.Equal((0, 0, 0, 0, 0), (report.Stalls, report.Lost, report.Ended, report.Backwards, report.Gaps));
        Assert.Equal(50, report.Established.Count);
        Assert.Equal(50, report.Accepted.Count);
        Assert.Equal(50, report.FirstFrame.Count);
        Assert.True(report.Established.P50 <= report.Accepted.P50 && report.Accepted.P50 <= report.FirstFrame.P50);
        Assert.InRange(report.LeastLeadP1!.Value, 500, 3000); // three seconds ahead, less the time between two sends
        Assert.InRange(report.Frames, 50 * Frames * 5 / 24, 50 * Frames * 8 / 24); // 3 to 3.5 s, and 3 s ahead
        Assert.InRange(report.MeasuredBytes, 1, report.Bytes - 1);
        Assert.False(report.WasPaced);
        await Eventually(() => server.ConnectionCount == 0);
    }

    [Fact]
    public async Task Fast_players_pull_whole_films_and_begin_again()
    {
        using SampleServer server = new(maxBuffer: TimeSpan.FromHours(1));
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 4,
            Duration = TimeSpan.FromSeconds(1),
            Ramp = TimeSpan.Zero,
            Mode = LoadMode.Fast,
            Rehearsal = TimeSpan.Zero,
        });

        Assert.Empty(report.Failures);
        Assert.InRange(report.Ended, 4, long.MaxValue);
        Assert.InRange(report.Plays, report.Ended, report.Ended + 4);
        Assert.InRange(report.Frames, report.Ended * Frames, (report.Ended + 4) * Frames);
        Assert.InRange(report.Speed, 10, double.MaxValue);
        Assert.Equal((0, 0, 0), (report.Backwards, report.Gaps, report.Lost));
        Assert.False(report.WasPaced);
    }

    [Fact]
    public async Task A_server_that_paces_fast_players_is_named()
    {
        using SampleServer server = new(maxBuffer: TimeSpan.FromSeconds(1));
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 3,
            Duration = TimeSpan.FromSeconds(2),
            Ramp = TimeSpan.Zero,
            Mode = LoadMode.Fast,
            Rehearsal = TimeSpan.Zero,
        });
        Assert.True(report.WasPaced);
    }

    [Fact]
    public async Task Churn_goes_round_and_leaves_nothing_behind()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 5,
            Duration = TimeSpan.FromSeconds(1),
            Ramp = TimeSpan.Zero,
            Mode = LoadMode.Churn,
        });
        Assert.Empty(report.Failures);
        Assert.InRange(report.Plays, 20, long.MaxValue);
        Assert.InRange(report.Connections - report.Plays, 0, 5);
        Assert.InRange(report.PlaysPerSecond, 10, double.MaxValue);
        await Eventually(() => server.ConnectionCount == 0);
    }

    [Fact]
    public async Task Churn_at_a_rate_keeps_to_its_plan()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 10,
            Duration = TimeSpan.FromSeconds(2),
            Ramp = TimeSpan.Zero,
            Mode = LoadMode.Churn,
            ChurnRate = 50,
        });
        // 50 a second for 3 s, the settling second included; a busy machine manages fewer, but never more
        Assert.InRange(report.Connections, 50, 156);
        Assert.Equal(report.Connections, report.Lateness.Count);
    }

    [Fact]
    public async Task Every_seek_brings_a_keyframe()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 10,
            Duration = TimeSpan.FromSeconds(2),
            Ramp = TimeSpan.Zero,
            SeekEvery = TimeSpan.FromSeconds(0.5),
            Rehearsal = TimeSpan.Zero,
        });
        Assert.Empty(report.Failures);
        Assert.InRange(report.Seek.Count, 40, 70); // 3 s of one each half second for each player
        Assert.InRange(report.SeeksUnanswered, 0, 10); // the last ones, cut by the end
        Assert.Equal((0, 0), (report.Backwards, report.Stalls));
    }

    [Fact]
    public async Task Paused_players_miss_nothing_and_go_on()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 10,
            Duration = TimeSpan.FromSeconds(5),
            Ramp = TimeSpan.Zero,
            PauseEvery = TimeSpan.FromSeconds(2),
            Rehearsal = TimeSpan.Zero,
        });
        Assert.Empty(report.Failures);
        Assert.InRange(report.Pauses, 20, 35); // 6 s of one each two seconds for each player
        Assert.Equal((0, 0, 0), (report.Backwards, report.Stalls, report.Gaps));
    }

    [Fact]
    public async Task Players_are_dealt_to_all_streams_and_threads()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets =
                [Loads.Target(server.EndPoint), Loads.Target(server.EndPoint, "nothing.mp4"), Loads.Target(server.EndPoint, "../x.mp4")],
            Players = 10,
            Duration = TimeSpan.FromSeconds(0.5),
            Ramp = TimeSpan.Zero,
            Threads = 3,
            Rehearsal = TimeSpan.Zero,
        });
        Assert.Equal(10, report.Connections);
        Assert.Equal(4, report.ServedPlayers); // players 0, 3, 6 and 9
        Assert.Equal(6, report.Failures.Values.Sum());
        Assert.All(report.Failures.Keys, reason => Assert.StartsWith("refused: NetStream.Play.", reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_test_reports_what_it_has()
    {
        using SampleServer server = new();
        using CancellationTokenSource stopping = new(TimeSpan.FromSeconds(1.5));
        Stopwatch watch = Stopwatch.StartNew();
        LoadReport report = await Loads.RunAsync(
            new LoadOptions
            {
                Targets = [Loads.Target(server.EndPoint)],
                Players = 2,
                Duration = TimeSpan.FromHours(1),
                Ramp = TimeSpan.Zero,
                Rehearsal = TimeSpan.Zero,
            },
            stopping.Token);
        Assert.InRange(watch.Elapsed.TotalSeconds, 1, 20);
        Assert.Equal(2, report.Plays);
        Assert.InRange(report.Seconds, 0.1, 10);
    }

    [Fact]
    public async Task The_report_is_one_json_object()
    {
        using SampleServer server = new();
        LoadReport report = await Loads.RunAsync(new LoadOptions
        {
            Targets = [Loads.Target(server.EndPoint)],
            Players = 3,
            Duration = TimeSpan.FromSeconds(0.5),
            Ramp = TimeSpan.Zero,
            Rehearsal = TimeSpan.Zero,
            ServerProcesses = [Environment.ProcessId],
        });
        using MemoryStream bytes = new();
        LoadReportJson.Write(bytes, report);
        using JsonDocument document = JsonDocument.Parse(bytes.ToArray());
        JsonElement root = document.RootElement;
        string[] expected =
        [
            "urls", "mode", "enhanced", "players", "seconds", "bytes", "measuredBytes", "gigabytesPerSecond", "connections", "plays",
            "playsPerSecond", "servedPlayers", "playing", "ended", "lost", "frames", "backwards", "gaps", "stalls", "stalledPlayers",
            "stalledSeconds",
            "leastLeadP1", "speed", "wasPaced", "established", "accepted", "firstFrame", "seek", "seeksUnanswered", "pauses", "lateness",
            "cpuSeconds",
            "failures", .. OperatingSystem.IsLinux() ? (string[])["server"] : [],
        ];
        Assert.Equal(expected, root.EnumerateObject().Select(property => property.Name));
        Assert.Equal(3, root.GetProperty("servedPlayers").GetInt32());
        Assert.Equal(3, root.GetProperty("firstFrame").GetProperty("count").GetInt32());
        Assert.True(root.GetProperty("firstFrame").GetProperty("p99").GetDouble() > 0);
        Assert.StartsWith("rtmp://127.0.0.1:", root.GetProperty("urls")[0].GetString(), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.True(root.GetProperty("server").GetProperty("proportionalBytes").GetInt64() > 1_000_000);
        }
    }

    [Theory]
    [InlineData(0, 30, "Players")]
    [InlineData(28_001, 30, "Players")]
    [InlineData(1, 0, "Duration")]
    [InlineData(1, 86_401, "Duration")]
    public void An_option_out_of_range_is_named(int players, double seconds, string name)
    {
        LoadOptions options = new()
        {
            Targets = [Loads.Target(new(System.Net.IPAddress.Loopback, 1))],
            Players = players,
            Duration = TimeSpan.FromSeconds(seconds),
        };
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => new LoadTest(options).Dispose());
        Assert.Equal(name, wrong.ParamName);
    }

    private static async Task Eventually(Func<bool> holds)
    {
        for (int i = 0; i < 200 && !holds(); i++)
        {
            await Task.Delay(25);
        }

        Assert.True(holds());
    }
}
