using System.Diagnostics;
using Mapwire.Memory.Sharing;
using Mapwire.Memory.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>Processes killed at random moments and between any two steps, while another one works on with what they leave.
/// MAPWIRE_KILL_ROUNDS says how many rounds a scenario has; the figures it prints are of the last run.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private static readonly int Kills = Rounds.Of("MAPWIRE_KILL_ROUNDS", usual: 5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // for a machine that has much else to do

    private readonly string _folder = Directory.CreateTempSubdirectory("mapwire-kill-").FullName;
    private readonly Random _random = new();

    public static TheoryData<string> Scenarios => [.. Scenario.Names];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Killed_at_random_moments(string scenario)
    {
        using SharedMemory memory = SharedMemory.Create(Arena.Name, Arena.Size, Arena.Options(_folder));
        using Survivor survivor = new(Scenario.Of(scenario, memory, 0));
        List<double> told = new();
        for (int round = 0; round < Kills; round++)
        {
            using ChildProcess child = Start(scenario, round);
            Assert.True(child.WaitUntilReady());
            long before = survivor.Progress;
            survivor.WaitForProgress(before, 2, Patience);
            Pause(_random.Next(3000));
            long at = survivor.Progress;
            child.KillAtOnce();
            if (IsLock(scenario))
            {
                told.Add(survivor.WaitForProgress(at, 2, Patience)); // the step under way may have had it before
            }

            child.WaitForExit(-1);
        }

        Assert.Equal(0, Arena.Word(memory, 1));
        Assert.Single(memory.Users);
        Report(scenario, told);
    }

    [Theory]
    [InlineData("mutex", FaultPoint.MutexTaken)]
    [InlineData("mutex", FaultPoint.MutexTakenOver)]
    [InlineData("mutex", FaultPoint.Waiting)]
    [InlineData("mutex", FaultPoint.Woken)]
    [InlineData("mutex", FaultPoint.MutexReleased)]
    [InlineData("mutex", FaultPoint.SlotNumbered)]
    [InlineData("semaphore", FaultPoint.PermitTaken)]
    [InlineData("semaphore", FaultPoint.Waiting)]
    [InlineData("semaphore", FaultPoint.PermitReturned)]
    [InlineData("readerwriter", FaultPoint.ReaderCounted)]
    [InlineData("readerwriter", FaultPoint.WriterTaken)]
    [InlineData("readerwriter", FaultPoint.WriterDrained)]
    [InlineData("readerwriter", FaultPoint.WriterReleased)]
    [InlineData("readerwriter", FaultPoint.ReaderLeft)]
    [InlineData("event", FaultPoint.EventTaken)]
    [InlineData("event", FaultPoint.EventSet)]
    [InlineData("event", FaultPoint.Waiting)]
    [InlineData("condition", FaultPoint.ConditionReleased)]
    [InlineData("condition", FaultPoint.ConditionNotified)]
    [InlineData("barrier", FaultPoint.BarrierArrived)]
    [InlineData("barrier", FaultPoint.BarrierPassed)]
    [InlineData("barrier", FaultPoint.Waiting)]
    [InlineData("ring", FaultPoint.RingClaimed)]
    [InlineData("ring", FaultPoint.RingWritten)]
    [InlineData("ring", FaultPoint.RingCommitted)]
    [InlineData("manyring", FaultPoint.RingClaimed)]
    [InlineData("manyring", FaultPoint.RingTailMoved)]
    [InlineData("manyring", FaultPoint.RingWritten)]
    [InlineData("manyring", FaultPoint.RingCommitted)]
    [InlineData("consumer", FaultPoint.RingRead)]
    [InlineData("consumer", FaultPoint.RingFreeing)]
    [InlineData("consumer", FaultPoint.RingFreed)]
    [InlineData("broadcast", FaultPoint.BroadcastAnnounced)]
    [InlineData("broadcast", FaultPoint.BroadcastWritten)]
    [InlineData("cell", FaultPoint.CellOpened)]
    [InlineData("cell", FaultPoint.CellWritten)]
    public void Killed_between_two_steps(string scenario, object where)
    {
        FaultPoint point = (FaultPoint)where;
        using SharedMemory memory = SharedMemory.Create(Arena.Name, Arena.Size, Arena.Options(_folder));
        using Survivor survivor = new(Scenario.Of(scenario, memory, 0));
        int rounds = Math.Max(1, Kills / 40), died = 0;
        for (int round = 0; round < rounds; round++)
        {
            using ChildProcess child = Start(scenario, round, point, _random.Next(1, 20));
            child.WaitUntilReady(); // it takes part, or died in its first step: a barrier waits for one who was never there
            died += child.WaitForExit(1000) ? 1 : 0; // some moments need a rare meeting: then it is killed where it is
            child.KillAtOnce();
            child.WaitForExit(-1);
            if (IsLock(scenario))
            {
                survivor.WaitForProgress(survivor.Progress, 2, Patience);
            }
        }

        // A new one finds everything in order.
        using ChildProcess last = Start(scenario, rounds);
        Assert.True(last.WaitUntilReady());
        survivor.WaitForProgress(survivor.Progress, 2, Patience);
        last.Kill();
        Assert.Equal(0, Arena.Word(memory, 1));
        output.WriteLine($"{died} of {rounds} died at {point}");
    }

    [Theory]
    [InlineData(null)]
    [InlineData(FaultPoint.FileOpened)]
    [InlineData(FaultPoint.FileMade)]
    [InlineData(FaultPoint.CreationLocked)]
    [InlineData(FaultPoint.SizeSet)]
    [InlineData(FaultPoint.HeaderWritten)]
    [InlineData(FaultPoint.SlotNumbered)]
    [InlineData(FaultPoint.Initialized)]
    [InlineData(FaultPoint.ReadyMarked)]
    public void Makers_killed_while_they_make(object? where)
    {
        int rounds = where is null ? Kills : Math.Max(2, Kills / 40);
        for (int round = 0; round < rounds; round++)
        {
            using ChildProcess one = StartMaker(where), two = StartMaker(where);
            Assert.True(one.WaitUntilReady());
            if (where is null)
            {
                Assert.True(two.WaitUntilReady());
                Pause(_random.Next(3000));
                one.KillAtOnce();
                two.KillAtOnce();
            }

            Assert.True(one.WaitForExit(30_000) && two.WaitForExit(30_000));
            long start = Stopwatch.GetTimestamp();
            using (SharedMemory memory = SharedMemory.CreateOrOpen(Arena.Name, Arena.Size, Arena.Options(_folder)))
            {
                Assert.True(memory.Created); // the dead left nothing that counts
                Assert.Equal(0, new Ledger(memory).Total);
                Assert.Equal(LockResult.Acquired, SharedMutex.Open(memory, Arena.Mutex).TryAcquire());
                Assert.Single(memory.Users);
            }

            Assert.Empty(SharedMemory.List(Arena.Options(_folder)));
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, Patience);
        }
    }

    private ChildProcess Start(string scenario, int round) => new(_folder, scenario, Party(round));

    private ChildProcess Start(string scenario, int round, FaultPoint point, int times) =>
        new(_folder, scenario, Party(round), point.ToString(), times.ToString());

    private ChildProcess StartMaker(object? where) =>
        where is FaultPoint point
        ? new(_folder, "create", "1", point.ToString(), _random.Next(1, 20).ToString())
        : new(_folder, "create", "1");

    private static string Party(int round) => (1 + round % 60).ToString();

    private static bool IsLock(string scenario) => scenario is "mutex" or "semaphore" or "readerwriter" or "condition" or "barrier";

    private static void Pause(int microseconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < microseconds)
        {
            Thread.SpinWait(10);
        }
    }

    private void Report(string scenario, List<double> told)
    {
        if (told.Count == 0)
        {
            return;
        }

        told.Sort();
        string line = $"{scenario}: {told.Count} kills; the next owner was told after {told[told.Count / 2]:0.0} ms (median), "
            + $"{told[told.Count * 99 / 100]:0.0} ms (99 %), {told[^1]:0.0} ms (longest); "
            + $"{told.Count(ms => ms > 100)} times after more than 100 ms";
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("MAPWIRE_KILL_REPORT") is string file)
        {
            File.AppendAllText(file, line + Environment.NewLine);
        }
    }
}
