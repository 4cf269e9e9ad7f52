using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;

namespace Mapwire.Sharing.Tests.Processes;

/// <summary>Waiters of a condition that die, or that are stopped before they take their notification.</summary>
internal static class ConditionWaits
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static int WaitUntilKilled(string folder)
    {
        using SharedMemory memory = SharedMemory.Open(Segments.Name, new SharedMemoryOptions { Folder = folder });
        SharedMutex mutex = SharedMutex.Open(memory, 0);
        SharedCondition condition = SharedCondition.Open(memory, 64);
        for (int i = 0; i < 2; i++)
        {
            Begin(mutex, condition);
        }

        SpinWait.SpinUntil(() => condition.WaiterCount == 2, Patience);
        Console.WriteLine("ready");
        Console.In.Read();
        return 0;
    }

    /// <summary>One waits alone, is stopped just before it sleeps, and is notified; two others come to wait, and one of them is.</summary>
    public static int NotifyTwice(string folder)
    {
        AppContext.SetSwitch("Mapwire.Memory.FaultPoints", true);
        using SharedMemory memory = SharedMemory.Create("notify", 1 << 16, new SharedMemoryOptions { Folder = folder });
        SharedMutex mutex = SharedMutex.Create(memory, 0);
        SharedCondition condition = SharedCondition.Create(memory, 64);
        using ManualResetEventSlim reached = new(), goOn = new();
        FaultPoints.Reached = point =>
        {
            if (point == FaultPoint.Waiting && !reached.IsSet)
            {
                reached.Set();
                goOn.Wait();
            }
        };
        Task<bool> early = Begin(mutex, condition);
        reached.Wait();
        condition.Notify();
        Task<bool>[] late = [Begin(mutex, condition), Begin(mutex, condition)];
        SpinWait.SpinUntil(() => condition.WaiterCount >= 2, Patience); // the notified one is counted or not
        CancellationToken.None.WaitHandle.WaitOne(300);
        condition.Notify();
        CancellationToken.None.WaitHandle.WaitOne(300); // whoever is going to take it has taken it
        goOn.Set();
        Console.WriteLine($"{early.GetAwaiter().GetResult()} {late.Count(static wait => wait.GetAwaiter().GetResult())}");
        return 0;
    }

    private static Task<bool> Begin(SharedMutex mutex, SharedCondition condition) => Task.Factory.StartNew(() =>
    {
        mutex.Acquire();
        ConditionResult result = condition.Wait(mutex, TimeSpan.FromSeconds(4));
        mutex.Release();
        return result.Notified;
    }, TaskCreationOptions.LongRunning);
}
