using System.Diagnostics;
using System.Globalization;
using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>What a thousand async waits and a wait among thousands of permits cost, told in numbers.</summary>
internal static class IdleScenario
{
    private const int Count = 1000;

    public static int Run(string folder)
    {
        SharedMemoryOptions options = new() { Folder = folder };
        using SharedMemory mine = SharedMemory.Create("idle", 1 << 17, options), other = SharedMemory.Open("idle", options);
        SharedEvent[] events = [.. Enumerable.Range(0, Count).Select(i => SharedEvent.Create(mine, i * 64, manualReset: false))];
        SharedEvent[] theirs = [.. events.Select(signal => SharedEvent.Open(other, signal.Offset))];
        SharedSemaphore permits = SharedSemaphore.CreateOwned(mine, 1 << 16, SharedSemaphore.MaxOwnedPermits);
        SharedSemaphore held = SharedSemaphore.Open(other, 1 << 16);
        int threads = Process.GetCurrentProcess().Threads.Count;
        Task<bool>[] waits = [.. events.Select(signal => signal.WaitAsync().AsTask())];
        Tell("threads", Process.GetCurrentProcess().Threads.Count - threads);
        Thread.Sleep(500);
        Tell("idle", Measure(() => Thread.Sleep(2000)));
        double[] woken = new double[300];
        for (int i = 0; i < woken.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            theirs[i].Set();
            waits[i].Wait();
            woken[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(woken);
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"woken {woken[150]:0.000} ms (median), {woken[297]:0.000} ms (99 %)"));
        for (int i = 0; i < SharedSemaphore.MaxOwnedPermits; i++)
        {
            held.Acquire();
        }

        permits.TryAcquire(TimeSpan.FromMilliseconds(300));
        Tell("permits", Measure(() => permits.TryAcquire(TimeSpan.FromSeconds(1))));
        return 0;
    }

    /// <returns>Per cent of a processor.</returns>
    private static double Measure(Action action)
    {
        TimeSpan before = Process.GetCurrentProcess().TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        action();
        return (Process.GetCurrentProcess().TotalProcessorTime - before) / Stopwatch.GetElapsedTime(start) * 100;
    }

    private static void Tell(string what, double figure) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {figure:0.00}"));
}
