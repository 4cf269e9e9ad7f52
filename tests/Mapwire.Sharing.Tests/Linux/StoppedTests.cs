using System.Diagnostics;
using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Processes;
using Xunit;

namespace Mapwire.Sharing.Tests.Linux;

/// <summary>A stopped process is alive, however long.</summary>
public sealed class StoppedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mapwire-stopped-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_stopped_owner_keeps_what_it_holds()
    {
        using SharedMemory memory = SharedMemory.Create(Arena.Name, Arena.Size, Arena.Options(_folder));
        SharedMutex mutex = SharedMutex.Open(memory, Arena.Mutex);
        using ChildProcess child = new(_folder, "hold", "1");
        Assert.True(child.WaitUntilReady());
        Signal(child, "STOP");
        Assert.Equal(LockResult.TimedOut, mutex.TryAcquire(TimeSpan.FromSeconds(2)));
        Assert.Equal(2, memory.Users.Count);
        Signal(child, "CONT");
        Assert.Equal(LockResult.TimedOut, mutex.TryAcquire(TimeSpan.FromMilliseconds(100)));
        Signal(child, "STOP");
        child.Kill(); // stopped and then killed is dead
        Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Stopped_at_random_moments_nothing_is_lost_and_nobody_is_pushed_aside()
    {
        using SharedMemory memory = SharedMemory.Create(Arena.Name, Arena.Size, Arena.Options(_folder));
        SharedMutex mutex = SharedMutex.Open(memory, Arena.Mutex);
        Ledger ledger = new(memory);
        using ChildProcess child = new(_folder, "mutex", "1");
        Assert.True(child.WaitUntilReady());
        for (int round = 0; round < 20; round++)
        {
            Signal(child, "STOP");
            if (mutex.TryAcquire(TimeSpan.FromMilliseconds(60)) is LockResult how && how != LockResult.TimedOut)
            {
                Assert.Equal(LockResult.Acquired, how);
                ledger.Add(0);
                mutex.Release();
            }

            Signal(child, "CONT");
            Thread.Sleep(2);
        }

        Assert.Equal(LockResult.Acquired, mutex.Acquire());
        ledger.Check();
        mutex.Release();
    }

    private static void Signal(ChildProcess child, string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, child.Id.ToString()]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
