using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Net.Sockets;
using Mapwire.Memory.Sharing;

namespace Mapwire.Sharing.Benchmarks;

/// <summary>The parent on processor 0 and the child on processor 1 go through the same phases, one after another.</summary>
internal static class TwoProcesses
{
    private const int Messages = 20_000_000, Rounds = 200_000, SlowRounds = 20_000, Pairs = 5_000_000, Wakes = 400, Length = 64;
    private const int ToChild = 1 << 16, ToParent = 1 << 18, Signal = 0, Answer = 64, Sent = 4096;
    private const int Capacity = 1 << 16;

    /// <summary>Bare C and ours in turn, so that both meet the same machine; the median of each counts.</summary>
    public static int RunParent(int rounds)
    {
        if (!OperatingSystem.IsLinux() || Environment.ProcessorCount < 2)
        {
            Console.Error.WriteLine("The comparison with C needs Linux, gcc and two processors.");
            return 2;
        }

        for (int round = 1; round <= rounds; round++)
        {
            Console.Error.WriteLine($"Round {round} of {rounds}");
            if (RunRound() is int failed and not 0)
            {
                return failed;
            }
        }

        foreach ((string what, (List<double> ours, List<double> bare, string bar)) in Found)
        {
            Report(what, Median(ours), Median(bare), bar);
        }

        return 0;
    }

    private static int RunRound()
    {
        string folder = Directory.CreateTempSubdirectory("mapwire-bench-").FullName;
        try
        {
            Dictionary<string, double> bare = Bare(folder);
            using SharedMemory memory = SharedMemory.Create("bench", 1 << 20, new SharedMemoryOptions
            {
                Folder = folder,
                Initialize = made =>
                {
                    SharedRing.Create(made, ToChild, Capacity);
                    SharedRing.Create(made, ToParent, Capacity);
                    SharedEvent.Create(made, Signal, manualReset: false);
                    SharedEvent.Create(made, Answer, manualReset: false);
                },
            });
            Pin(0);
            using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(folder, "socket")));
            listener.Listen();
            using NamedPipeServerStream pipe = new(Path.Combine(folder, "pipe"), PipeDirection.InOut);
            using Process child = Process.Start(Environment.ProcessPath!, ["child", folder]);
            using RingProducer producer = SharedRing.Open(memory, ToChild).OpenProducer();
            using RingConsumer consumer = SharedRing.Open(memory, ToParent).OpenConsumer();
            SharedEvent signal = SharedEvent.Open(memory, Signal), answer = SharedEvent.Open(memory, Answer);

            (double p50, double p99) = There(Rounds, () =>
            {
                Send(producer);
                Receive(consumer);
            });
            Note("ring, one way, p50 ns", p50, bare["line one way p50 ns"], "at most 1.5");
            Note("ring, one way, p99 ns", p99, bare["line one way p99 ns"], "");

            long start = Stopwatch.GetTimestamp();
            for (long i = 0; i < Messages; i++)
            {
                Send(producer);
            }

            Receive(consumer);
            Note("ring with loans, 64-byte messages/s", Messages / Stopwatch.GetElapsedTime(start).TotalSeconds, bare["ring messages/s"],
                "at least 0.5");

            double wake = 0, wake99 = 0;
            var wakes = new double[Wakes];
            for (int i = 0; i < Wakes; i++)
            {
                Thread.Sleep(2); // the other is asleep by then
                Volatile.Write(ref memory.At<long>(Sent), Stopwatch.GetTimestamp());
                signal.Set();
                answer.Wait();
                wakes[i] = memory.Read<long>(Sent + 8);
            }

            Array.Sort(wakes);
            (wake, wake99) = (wakes[Wakes / 2], wakes[Wakes * 99 / 100]);
            Note("wake of a blocked waiter, p50 ns", wake, bare["wake p50 ns"], "at most 1.3");
            Note("wake of a blocked waiter, p99 ns", wake99, bare["wake p99 ns"], "");

            using (Socket socket = listener.Accept())
            {
                var bytes = new byte[Length];
                (p50, _) = There(SlowRounds, () =>
                {
                    socket.Send(bytes);
                    for (int got = 0; got < Length;)
                    {
                        got += socket.Receive(bytes);
                    }
                });
                Note("Unix socket, one way, p50 ns", p50, bare["line one way p50 ns"], "");
                pipe.WaitForConnection();
                (p50, _) = There(SlowRounds, () =>
                {
                    pipe.Write(bytes);
                    pipe.ReadExactly(bytes);
                });
                Note("System.IO.Pipes, one way, p50 ns", p50, bare["line one way p50 ns"], "");
            }

            child.WaitForExit();
            SharedMutex mutex = SharedMutex.Create(memory, 128);
            Note("mutex pair, uncontended, ns", Math.Min(Pair(mutex), Math.Min(Pair(mutex), Pair(mutex))), bare["mutex pair ns"],
                "at most 2");
            return child.ExitCode;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What the rounds found, in the order in which it is reported.</summary>
    private static readonly Dictionary<string, (List<double> Ours, List<double> Bare, string Bar)> Found = [];

    public static int RunChild(string folder)
    {
        Pin(1);
        using SharedMemory memory = SharedMemory.Open("bench", new SharedMemoryOptions { Folder = folder });
        using RingConsumer consumer = SharedRing.Open(memory, ToChild).OpenConsumer();
        using RingProducer producer = SharedRing.Open(memory, ToParent).OpenProducer();
        SharedEvent signal = SharedEvent.Open(memory, Signal), answer = SharedEvent.Open(memory, Answer);
        for (int i = 0; i < Rounds; i++)
        {
            Receive(consumer);
            Send(producer);
        }

        for (long seen = 0; seen < Messages;)
        {
            seen += consumer.Drain(0, static (message, _) => { _ = message[0]; });
        }

        Send(producer);
        for (int i = 0; i < Wakes; i++)
        {
            signal.Wait();
            memory.At<long>(Sent + 8) = (long)Nanoseconds(Volatile.Read(ref memory.At<long>(Sent)));
            answer.Set();
        }

        var bytes = new byte[Length];
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(folder, "socket")));
        for (int i = 0; i < SlowRounds; i++)
        {
            for (int got = 0; got < Length;)
            {
                got += socket.Receive(bytes);
            }

            socket.Send(bytes);
        }

        using NamedPipeClientStream pipe = new(".", Path.Combine(folder, "pipe"), PipeDirection.InOut);
        pipe.Connect();
        for (int i = 0; i < SlowRounds; i++)
        {
            pipe.ReadExactly(bytes);
            pipe.Write(bytes);
        }

        return 0;
    }

    private static void Send(RingProducer producer)
    {
        RingLoan loan;
        while (!producer.TryLoan(Length, out loan)) { }

        loan.Bytes[0] = 1;
        loan.Commit();
    }

    private static void Receive(RingConsumer consumer)
    {
        while (!consumer.TryPeek(out _)) { }

        consumer.Advance();
    }

    private static double Pair(SharedMutex mutex)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Pairs; i++)
        {
            mutex.Acquire();
            mutex.Release();
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Pairs;
    }

    /// <summary>Half the time there and back: the middle one, and the one of a hundred.</summary>
    private static (double P50, double P99) There(int rounds, Action round)
    {
        var times = new double[rounds];
        for (int i = 0; i < rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            round();
            times[i] = Nanoseconds(start) / 2;
        }

        Array.Sort(times);
        return (times[rounds / 2], times[rounds * 99 / 100]);
    }

    /// <summary>A TimeSpan has steps of 100 ns, which is too coarse here.</summary>
    private static double Nanoseconds(long since) => (Stopwatch.GetTimestamp() - since) * (1e9 / Stopwatch.Frequency);

    private static Dictionary<string, double> Bare(string folder)
    {
        string program = Path.Combine(folder, "bare");
        Run("gcc", "-O2", "-pthread", "-o", program, Path.Combine(AppContext.BaseDirectory, "bare.c"));
        Dictionary<string, double> figures = new();
        foreach (string line in Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            figures[line[..line.LastIndexOf(' ')]] = double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }

        return figures;
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? text : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    private static void Pin(int processor)
    {
        if (OperatingSystem.IsLinux())
        {
            Process.GetCurrentProcess().ProcessorAffinity = 1 << processor;
        }
    }

    private static void Note(string what, double ours, double bare, string bar)
    {
        if (!Found.TryGetValue(what, out (List<double> Ours, List<double> Bare, string Bar) found))
        {
            Found[what] = found = ([], [], bar);
        }

        found.Ours.Add(ours);
        found.Bare.Add(bare);
    }

    private static double Median(List<double> figures)
    {
        figures.Sort();
        return figures[figures.Count / 2];
    }

    private static void Report(string what, double ours, double bare, string bar) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-40} {ours,14:N0}   bare C {bare,14:N0}   ratio {ours / bare,6:0.00}{(bar.Length == 0 ? "" : $"   ({bar})")}"));
}
