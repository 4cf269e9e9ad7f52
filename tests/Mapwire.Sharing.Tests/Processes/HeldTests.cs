using System.Diagnostics;
using Mapwire.Memory.Sharing;
using Xunit;

namespace Mapwire.Sharing.Tests.Processes;

public sealed class HeldTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mapwire-held-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_a_living_process_holds_stays_held_and_a_dead_ones_is_told_of()
    {
        using SharedMemory memory = SharedMemory.Create(Arena.Name, Arena.Size, Arena.Options(_folder));
        SharedMutex mutex = SharedMutex.Open(memory, Arena.Mutex);
        using ChildProcess child = new(_folder, "hold", "1");
        Assert.True(child.WaitUntilReady());
        Assert.Equal([Environment.ProcessId, child.Id], memory.Users);
        Assert.Equal(LockResult.TimedOut, mutex.TryAcquire(TimeSpan.FromMilliseconds(500)));
        child.Kill();
        Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire(TimeSpan.FromSeconds(30)));
        Assert.Single(memory.Users);
    }
}
