using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Benchmarks;

/// <summary>A thousand pending async waits in one process: what they cost while nothing happens, how long a wake from another process
/// takes to reach its waiter, and how long a death does. Beside them a thousand pending receives of Unix sockets, in the same
/// run.</summary>
internal static class PendingWaits
{
    private const int Waits = 1000, Wakes = 3000, Deaths = 20;
    private const int Stamps = Waits * 64, MutexAt = Stamps + 64 + Waits * 8;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    public static async Task<int> RunParentAsync()
    {
        string folder = Directory.CreateTempSubdirectory("mapwire-bench-").FullName;
        try
        {
            using SharedMemory memory = SharedMemory.Create("waits", 1 << 20, new SharedMemoryOptions
            {
                Folder = folder,
                Initialize = made =>
                {
                    for (int i = 0; i < Waits; i++)
                    {
                        SharedEvent.Create(made, i * 64, manualReset: false);
                    }

                    SharedMutex.Create(made, MutexAt / 64 * 64);
                },
            });
            SharedEvent[] events = [.. Enumerable.Range(0, Waits).Select(i => SharedEvent.Open(memory, i * 64))];
            await MeasureAsync(
                "async waits", folder, "waker",
                (i, stop) => events[i].WaitAsync(null, stop).AsTask(), i => memory.Read<long>(StampAt(i)), () => Task.CompletedTask);
            await MeasureDeathsAsync(memory, folder);

            using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "socket")));
            listener.Listen(Waits);
            Socket[] sockets = new Socket[Waits];
            byte[][] buffers = [.. Enumerable.Range(0, Waits).Select(_ => new byte[8])];
            await MeasureAsync(
                "Unix sockets", folder, "sender",
                async (i, stop) => await sockets[i].ReceiveAsync(buffers[i], stop) == 8, i => BitConverter.ToInt64(buffers[i]),
                async () =>
                {
                    for (int i = 0; i < Waits; i++)
                    {
                        sockets[i] = await listener.AcceptAsync();
                    }
                });
            Array.ForEach(sockets, socket => socket.Dispose());
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Wakes one wait after another, each with the time at which it does.</summary>
    public static int RunWaker(string folder)
    {
        using SharedMemory memory = SharedMemory.Open("waits", new SharedMemoryOptions { Folder = folder });
        SharedEvent[] events = [.. Enumerable.Range(0, Waits).Select(i => SharedEvent.Open(memory, i * 64))];
        Drive(i =>
        {
            Volatile.Write(ref memory.At<long>(StampAt(i)), Stopwatch.GetTimestamp());
            events[i].Set();
        });
        return 0;
    }

    /// <summary>The same by sockets.</summary>
    public static int RunSender(string folder)
    {
        Socket[] sockets = [.. Enumerable.Range(0, Waits).Select(_ =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(folder, "socket")));
            return socket;
        })];
        Drive(i => sockets[i].Send(BitConverter.GetBytes(Stopwatch.GetTimestamp())));
        Array.ForEach(sockets, socket => socket.Dispose());
        return 0;
    }

    /// <summary>Holds the mutex until it is killed.</summary>
    public static int RunHolder(string folder)
    {
        using SharedMemory memory = SharedMemory.Open("waits", new SharedMemoryOptions { Folder = folder });
        using SharedMutex.Scope scope = SharedMutex.Open(memory, MutexAt / 64 * 64).Enter();
        Console.WriteLine("held");
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    private static long StampAt(int index) => Stamps + index * 8;

    /// <summary>Waits for a line, then wakes waits at random, one each two milliseconds.</summary>
    private static void Drive(Action<int> wake)
    {
        Console.WriteLine("ready");
        Console.ReadLine();
        Random random = new(1);
        for (int i = 0; i < Wakes; i++)
        {
            Thread.Sleep(2);
            wake(random.Next(Waits));
        }
    }

    private static async Task MeasureAsync(
        string what, string folder, string mode, Func<int, CancellationToken, Task<bool>> wait, Func<int, long> sentAt, Func<Task> begin)
    {
        using Process child = Start(mode, folder);
        await begin();
        await child.StandardOutput.ReadLineAsync();
        using CancellationTokenSource stop = new();
        using Process self = Process.GetCurrentProcess();
        int threadsBefore = self.Threads.Count;
        List<double> took = [];
        TaskCompletionSource all = new();
        Task[] waiters = [.. Enumerable.Range(0, Waits).Select(async i =>
        {
            try
            {
                while (await wait(i, stop.Token))
                {
                    double microseconds = Stopwatch.GetElapsedTime(sentAt(i)).TotalMicroseconds;
                    lock (took)
                    {
                        took.Add(microseconds);
                        if (took.Count == Wakes)
                        {
                            all.SetResult();
                        }
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The measurement is over.
            }
        })];

        await Task.Delay(2000); // the first second looks for deaths more often
        self.Refresh();
        TimeSpan before = self.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(Idle);
        self.Refresh();
        double idle = (self.TotalProcessorTime - before) / Stopwatch.GetElapsedTime(start) * 100;
        int threads = self.Threads.Count;

        await child.StandardInput.WriteLineAsync();
        // An event that is set twice before its waiter is back wakes once: the last ones are not waited for.
        await Task.WhenAny(all.Task, child.WaitForExitAsync());
        await Task.Delay(100);
        await stop.CancelAsync();
        await Task.WhenAll(waiters);
        double[] sorted = [.. took.Order()];
        Report($"{Waits} {what}, idle, % of a core", idle, "below 1");
        Report($"{Waits} {what}, threads more than before", threads - threadsBefore, "at most 4");
        Report($"{Waits} {what}, wake p50, us ({sorted.Length} wakes)", sorted[sorted.Length / 2], "");
        Report($"{Waits} {what}, wake p99, us", sorted[sorted.Length * 99 / 100], "at most 5000");
    }

    private static async Task MeasureDeathsAsync(SharedMemory memory, string folder)
    {
        SharedMutex mutex = SharedMutex.Open(memory, MutexAt / 64 * 64);
        List<double> took = [];
        for (int i = 0; i < Deaths; i++)
        {
            using Process holder = Start("holder", folder);
            await holder.StandardOutput.ReadLineAsync();
            Task<LockResult> waiter = mutex.AcquireAsync().AsTask();
            await Task.Delay(1500); // long enough for the later, longer slices
            long start = Stopwatch.GetTimestamp();
            holder.Kill();
            LockResult result = await waiter;
            took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            mutex.Release();
            if (result != LockResult.OwnerDied)
            {
                throw new InvalidOperationException($"The waiter got {result} instead of OwnerDied.");
            }
        }

        Report($"death of an owner, until its async waiter has the mutex, longest of {Deaths}, ms", took.Max(), "at most 1000");
    }

    private static Process Start(string mode, string folder) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [mode, folder])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static void Report(string what, double value, string bar) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-75} {value,12:N2}   {bar}"));
}
