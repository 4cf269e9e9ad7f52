using System.Globalization;
using Mapwire.Load;
using Spectre.Console;

namespace Mapwire.Cli;

/// <summary>How a load test stands, twice a second, where somebody looks: on standard error, when it is a terminal.</summary>
internal static class BenchProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>Shows until it is cancelled.</summary>
    public static async Task ShowAsync(LoadTest test, CancellationToken cancellation)
    {
        if (Console.IsErrorRedirected)
        {
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        using PeriodicTimer timer = new(Interval);
        await console.Live(Draw(test.Progress(), 0)).AutoClear(true).StartAsync(async live =>
        {
            LoadProgress before = test.Progress();
            try
            {
                while (await timer.WaitForNextTickAsync(cancellation))
                {
                    LoadProgress now = test.Progress();
                    double rate = (now.Bytes - before.Bytes) / Math.Max(0.001, (now.Elapsed - before.Elapsed).TotalSeconds);
                    before = now;
                    live.UpdateTarget(Draw(now, rate));
                }
            }
            catch (OperationCanceledException)
            {
            }
        });
    }

    private static Table Draw(LoadProgress now, double bytesPerSecond)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("time", "playing", "waiting", "plays", "connects", "stalls", "lost", "MB", "MB/s");
        table.AddRow(
            Text($"{now.Elapsed.TotalSeconds:0} of {now.Total.TotalSeconds:0} s"),
            Text($"{now.Playing}"),
            Text($"{now.Stalling}"),
            Text($"{now.Plays}"),
            Text($"{now.Connections}"),
            Text($"{now.Stalls}"),
            Text($"{now.Lost}"),
            Text($"{now.Bytes / 1e6:0}"),
            Text($"{bytesPerSecond / 1e6:0.0}"));
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
