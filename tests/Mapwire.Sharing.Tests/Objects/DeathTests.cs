using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Objects;

/// <summary>What owners that die leave, and who is told of it.</summary>
public sealed class DeathTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(40);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public async Task A_cancelled_condition_wait_passes_the_owners_death_on()
    {
        foreach (bool async in (bool[])[false, true])
        {
            SharedMemory first = _segments.Keep(SharedMemory.Create($"condition-{async}", 1000, _segments.Options));
            SharedMemory dying = _segments.Keep(SharedMemory.Open($"condition-{async}", _segments.Options));
            SharedMutex mutex = SharedMutex.Create(first, 0), theirs = SharedMutex.Open(dying, 0);
            SharedCondition condition = SharedCondition.Create(first, 64);
            using CancellationTokenSource stop = new();
            Task<ConditionResult> wait = Task.Factory.StartNew(() =>
            {
                mutex.Acquire();
                return async
                    ? condition.WaitAsync(mutex, cancellationToken: stop.Token).GetAwaiter().GetResult()
                    : condition.Wait(mutex, cancellationToken: stop.Token);
            }, TaskCreationOptions.LongRunning);
            while (condition.WaiterCount == 0)
            {
                await Task.Delay(1);
            }

            Assert.Equal(LockResult.Acquired, theirs.TryAcquire(Patience));
            await stop.CancelAsync();
            await Task.Delay(Moment);
            dying.Abandon();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.WaitAsync(Patience));
            Assert.True(mutex.IsOwned);
            mutex.Release();
            Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire(Patience));
            mutex.Release();
            Assert.Equal(LockResult.Acquired, mutex.TryAcquire(Patience));
            mutex.Release();
        }
    }

    [Fact]
    public async Task All_participants_of_a_phase_hear_of_the_dead_one_in_every_phase()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open(), dying = _segments.Open();
        BarrierParticipant a = SharedBarrier.Create(first, 0, 3).Join(0), b = SharedBarrier.Open(second, 0).Join(1);
        SharedBarrier.Open(dying, 0).Join(2);
        dying.Abandon();
        for (int phase = 0; phase < 6; phase++)
        {
            (BarrierParticipant early, BarrierParticipant late) = phase % 2 == 0 ? (a, b) : (b, a);
            Task<BarrierResult> wait = early.SignalAndWaitAsync().AsTask();
            Assert.Equal(BarrierResult.ParticipantDied, late.SignalAndWait(Patience));
            Assert.Equal(BarrierResult.ParticipantDied, await wait.WaitAsync(Patience));
        }

        SharedBarrier.Open(second, 0).Join(2).Dispose(); // taken and left: from now on the barrier is for two
        Task<BarrierResult> last = a.SignalAndWaitAsync().AsTask();
        Assert.Equal(BarrierResult.Passed, b.SignalAndWait(Patience));
        Assert.Equal(BarrierResult.Passed, await last.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_participant_that_leaves_is_no_longer_waited_for()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        using BarrierParticipant a = SharedBarrier.Create(first, 0, 2).Join(0);
        BarrierParticipant b = SharedBarrier.Open(second, 0).Join(1);
        Task<BarrierResult> wait = a.SignalAndWaitAsync().AsTask();
        Assert.False(wait.IsCompleted);
        b.Dispose();
        Assert.Equal(BarrierResult.Passed, await wait.WaitAsync(Patience));
        Assert.Equal(BarrierResult.Passed, a.SignalAndWait(Patience));
        Assert.Throws<ObjectDisposedException>(() => b.SignalAndWait(TimeSpan.Zero));
        using BarrierParticipant again = SharedBarrier.Open(second, 0).Join(1);
        Assert.Equal(BarrierResult.TimedOut, a.SignalAndWait(Moment));
        wait = again.SignalAndWaitAsync().AsTask();
        Assert.Equal(BarrierResult.Passed, a.SignalAndWait(Patience));
        Assert.Equal(BarrierResult.Passed, await wait.WaitAsync(Patience));
    }

    [Fact]
    public void A_thread_that_ended_with_a_recursive_mutex_is_a_dead_owner()
    {
        SharedMemory memory = _segments.Make(), other = _segments.Open();
        SharedMutex mutex = SharedMutex.Create(memory, 0, MutexOwner.RecursiveThread), theirs = SharedMutex.Open(other, 0);
        for (int round = 0; round < 20; round++) // so that thread ids are given out again
        {
            OtherThread.Run(() => mutex.Acquire());
            OtherThread.Run(() =>
            {
                Assert.False(mutex.IsOwned);
                Assert.Throws<SynchronizationLockException>(mutex.Release);
                Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire(Patience));
                Assert.Equal(LockResult.Acquired, mutex.TryAcquire());
                mutex.Release();
                mutex.Release();
                Assert.Equal(LockResult.Acquired, mutex.TryAcquire());
                mutex.Release();
            });
        }

        OtherThread.Run(() => mutex.Acquire());
        LockResult result = LockResult.TimedOut;
        for (int round = 0; round < 100 && result == LockResult.TimedOut; round++)
        {
            GC.Collect(); // another process hears of the thread's end when it is collected
            GC.WaitForPendingFinalizers();
            result = theirs.TryAcquire(TimeSpan.FromMilliseconds(50));
        }

        Assert.Equal(LockResult.OwnerDied, result);
    }

    [Fact]
    public void A_thread_id_left_by_a_dead_process_owns_nothing()
    {
        SharedMemory memory = _segments.Make(), dying = _segments.Open();
        SharedMutex mutex = SharedMutex.Create(memory, 0, MutexOwner.RecursiveThread);
        SharedMutex.Open(dying, 0).Acquire();
        memory.At<long>(24) = Environment.CurrentManagedThreadId; // what an id of this process would have been
        dying.Abandon();
        Assert.False(mutex.IsOwned);
        Assert.Equal(LockResult.OwnerDied, mutex.TryAcquire(Patience));
        mutex.Release();
    }

    [Fact]
    public void A_dropped_consumer_leaves_its_role_when_it_is_collected()
    {
        SharedRing ring = SharedRing.Create(_segments.Make(), 0, 1024);
        Drop(ring);
        for (int round = 0; round < 50; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            try
            {
                ring.OpenConsumer().Dispose();
                ring.OpenProducer().Dispose();
                return;
            }
            catch (InvalidOperationException)
            {
                Thread.Sleep(10);
            }
        }

        Assert.Fail("The roles were never left.");

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Drop(SharedRing ring)
        {
            _ = ring.OpenConsumer();
            _ = ring.OpenProducer();
        }
    }
}
