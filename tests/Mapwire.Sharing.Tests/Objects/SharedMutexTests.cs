using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Objects;

public sealed class SharedMutexTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(40);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public void One_has_it_at_a_time()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedMutex a = SharedMutex.Create(first, 64), b = SharedMutex.Open(second, 64);
        Assert.Equal(LockResult.Acquired, a.Acquire());
        Assert.True(a.IsOwned);
        Assert.False(b.IsOwned);
        Assert.Equal(LockResult.TimedOut, b.TryAcquire());
        Assert.Equal(LockResult.TimedOut, a.TryAcquire(Moment));
        Assert.Throws<SynchronizationLockException>(b.Release);
        a.Release();
        Assert.Throws<SynchronizationLockException>(a.Release);
        Assert.Equal(LockResult.Acquired, b.TryAcquire());
        b.Release();
        Assert.Throws<InvalidOperationException>(() => SharedMutex.Create(first, 64));
        Assert.Throws<SharedMemoryFormatException>(() => SharedMutex.Open(first, 128));
        Assert.Throws<SharedMemoryFormatException>(() => SharedEvent.Open(first, 64));
    }

    [Fact]
    public void The_next_one_hears_of_a_death_until_one_releases()
    {
        SharedMemory first = _segments.Make();
        SharedMutex.Create(first, 0);
        foreach (int _ in Enumerable.Range(0, 3))
        {
            SharedMemory dying = _segments.Open();
            Assert.NotEqual(LockResult.TimedOut, SharedMutex.Open(dying, 0).TryAcquire());
            dying.Abandon();
        }

        SharedMutex mutex = SharedMutex.Open(first, 0);
        Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire());
        mutex.Release();
        Assert.Equal(LockResult.Acquired, mutex.TryAcquire());
    }

    [Fact]
    public void A_recursive_one_counts_and_belongs_to_its_thread()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0, MutexOwner.RecursiveThread);
        Assert.True(SharedMutex.Open(_segments.Open(), 0).OwnedBy == MutexOwner.RecursiveThread);
        mutex.Acquire();
        Assert.Equal(LockResult.Acquired, mutex.TryAcquire());
        LockResult others = Elsewhere();
        Assert.Equal(LockResult.TimedOut, others);
        mutex.Release();
        Assert.Equal(LockResult.TimedOut, Elsewhere());
        mutex.Release();
        Assert.Throws<SynchronizationLockException>(mutex.Release);
        Assert.Equal(LockResult.Acquired, Elsewhere());

        LockResult Elsewhere()
        {
            LockResult how = default;
            Thread thread = new(() =>
            {
                Assert.Throws<SynchronizationLockException>(mutex.Release);
                how = mutex.TryAcquire();
            });
            thread.Start();
            thread.Join();
            return how;
        }
    }

    [Fact]
    public void A_mutex_of_a_thread_is_released_and_acquired_again_by_that_thread_only()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0, MutexOwner.Thread);
        SharedMutex theirs = SharedMutex.Open(_segments.Open(), 0);
        Assert.Equal(MutexOwner.Thread, theirs.OwnedBy);
        Assert.Equal(LockResult.Acquired, mutex.TryAcquire());
        Assert.True(mutex.IsOwned);
        Assert.Throws<LockRecursionException>(() => mutex.TryAcquire());
        Assert.Throws<LockRecursionException>(() => mutex.Enter());
        Assert.Equal(LockResult.TimedOut, theirs.TryAcquire());
        OtherThread.Run(() =>
        {
            Assert.False(mutex.IsOwned);
            Assert.Throws<SynchronizationLockException>(mutex.Release);
            Assert.Equal(LockResult.TimedOut, mutex.TryAcquire());
        });
        mutex.Release();
        OtherThread.Run(() =>
        {
            Assert.Equal(LockResult.Acquired, theirs.TryAcquire());
            theirs.Release();
        });
        Assert.Throws<SynchronizationLockException>(mutex.Release);
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedMutex.Create(_segments.Open(), 64, (MutexOwner)3));
    }

    [Fact]
    public void A_thread_that_ends_with_its_mutex_is_a_dead_owner()
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0, MutexOwner.Thread);
        OtherThread.Run(() => Assert.Equal(LockResult.Acquired, mutex.TryAcquire()));
        Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire(TimeSpan.FromSeconds(30)));
        mutex.Release();
        Assert.Equal(LockResult.Acquired, mutex.TryAcquire());
    }

    [Fact]
    public void A_condition_refuses_a_mutex_of_a_thread()
    {
        SharedMemory memory = _segments.Make();
        SharedMutex mutex = SharedMutex.Create(memory, 0, MutexOwner.Thread);
        SharedCondition condition = SharedCondition.Create(memory, 64);
        using SharedMutex.Scope scope = mutex.Enter();
        Assert.Throws<ArgumentException>(() => condition.Wait(mutex));
    }

    [Theory]
    [InlineData(MutexOwner.RecursiveThread)]
    [InlineData(MutexOwner.Thread)]
    public async Task A_mutex_of_a_thread_is_not_for_async_code(MutexOwner owner)
    {
        SharedMutex mutex = SharedMutex.Create(_segments.Make(), 0, owner);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await mutex.AcquireAsync());
    }

    [Fact]
    public async Task Async_waits_are_given_it_cancelled_and_ended_by_disposal()
    {
        SharedMemory memory = _segments.Make(), other = _segments.Open();
        SharedMutex mutex = SharedMutex.Create(memory, 0), theirs = SharedMutex.Open(other, 0);
        theirs.Acquire();
        using CancellationTokenSource stop = new(Moment);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => mutex.AcquireAsync(cancellationToken: stop.Token).AsTask());
        Assert.Equal(LockResult.TimedOut, await mutex.AcquireAsync(Moment));
        Task<LockResult> wait = mutex.AcquireAsync().AsTask();
        Assert.False(wait.IsCompleted);
        theirs.Release();
        Assert.Equal(LockResult.Acquired, await wait.WaitAsync(TimeSpan.FromSeconds(30)));
        Task<LockResult> late = theirs.AcquireAsync().AsTask();
        other.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => late);
        mutex.Release();
    }

    [Fact]
    public async Task Many_threads_count_right()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedMutex.Create(first, 0);
        const int rounds = 20_000;
        await Task.WhenAll(((SharedMemory[])[first, second, first]).Select(memory => Task.Factory.StartNew(() =>
        {
            SharedMutex mutex = SharedMutex.Open(memory, 0);
            ref long count = ref memory.At<long>(1024);
            for (int i = 0; i < rounds; i++)
            {
                mutex.Acquire();
                count++;
                mutex.Release();
            }
        }, TaskCreationOptions.LongRunning)));
        Assert.Equal(3 * rounds, first.Read<long>(1024));
    }
}
