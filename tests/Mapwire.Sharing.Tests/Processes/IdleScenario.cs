using System.Diagnostics;
using System.Globalization;
using Mapwire.Memory;
using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>
/// What a thousand async waits and a wait among thousands of permits cost, told in numbers: processor time in lock calls, each a lock that
/// is taken and released, so that a machine that is slow or busy changes nothing.
/// </summary>
internal static class IdleScenario
{
    private const int Count = 1000;

    /// <summary>Calls that are made before those that count.</summary>
    private const int Warm = 200;

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
        double call = MeasureLockCall(Path.Combine(folder, "calls"));
        Thread.Sleep(500);
        Tell("idle", Measure(() => Thread.Sleep(2000)) / call);
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
        Tell("permits", Measure(() => permits.TryAcquire(TimeSpan.FromSeconds(1))) / call);
        return 0;
    }

    /// <returns>Seconds of a processor for each second that it takes.</returns>
    private static double Measure(Action action)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        action();
        return (Environment.CpuUsage.TotalTime - before) / Stopwatch.GetElapsedTime(start);
    }

    /// <returns>Seconds of a processor.</returns>
    private static double MeasureLockCall(string path)
    {
        using MappedFile file = MappedFile.Create(path, 4096);
        int calls = 0;
        TimeSpan before = default;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(600); calls++)
        {
            if (calls == Warm)
            {
                before = Environment.CpuUsage.TotalTime;
            }

            if (!RangeLock.TryAcquire(file, 0, 1, RangeLockMode.Exclusive, out RangeLock? taken))
            {
                throw new InvalidOperationException("Nobody else knows this file, and it is locked.");
            }

            taken.Dispose();
        }

        return (Environment.CpuUsage.TotalTime - before).TotalSeconds / (calls - Warm);
    }

    private static void Tell(string what, double figure) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {figure:0.00}"));
}
