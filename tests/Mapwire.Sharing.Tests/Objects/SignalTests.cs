using Mapwire.Memory.Sharing;
using Mapwire.Sharing.Tests.Support;
using Xunit;

namespace Mapwire.Sharing.Tests.Objects;

public sealed class SignalTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Segments _segments = new();

    public void Dispose() => _segments.Dispose();

    [Fact]
    public async Task A_manual_event_lets_all_pass_and_an_auto_event_one()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedEvent manual = SharedEvent.Create(first, 0, manualReset: true), auto =
            SharedEvent.Create(first, 64, manualReset: false, set: true);
        SharedEvent theirs = SharedEvent.Open(second, 0), theirAuto = SharedEvent.Open(second, 64);
        Assert.True(theirs.IsManualReset && !theirAuto.IsManualReset);
        Assert.True(theirAuto.Wait(TimeSpan.Zero));
        Assert.False(auto.Wait(Moment));
        Task<bool>[] waiting = [theirs.WaitAsync().AsTask(), theirs.WaitAsync().AsTask(), manual.WaitAsync().AsTask()];
        Assert.False(manual.Wait(Moment));
        manual.Set();
        Assert.All(await Task.WhenAll(waiting).WaitAsync(Patience), Assert.True);
        Assert.True(theirs.IsSet && theirs.Wait(TimeSpan.Zero));
        theirs.Reset();
        Assert.False(manual.IsSet);

        Task<bool>[] takers = [theirAuto.WaitAsync(Patience).AsTask(), auto.WaitAsync(Patience).AsTask()];
        auto.Set();
        Task<bool> one = await Task.WhenAny(takers).WaitAsync(Patience);
        Assert.True(await one);
        Assert.False(
            await Task.WhenAny(takers.Single(taker => taker != one)).ContinueWith(_ => true).WaitAsync(Moment)
                .ContinueWith(t => t.IsCompletedSuccessfully));
        theirAuto.Set();
        Assert.All(await Task.WhenAll(takers).WaitAsync(Patience), Assert.True);
        using CancellationTokenSource stop = new(Moment);
        Assert.ThrowsAny<OperationCanceledException>(() => auto.Wait(stop.Token));
    }

    [Fact]
    public void A_plain_semaphore_counts()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedSemaphore a = SharedSemaphore.Create(first, 0, available: 2, maximum: 3), b = SharedSemaphore.Open(second, 0);
        Assert.Equal(LockResult.Acquired, b.Acquire());
        Assert.Equal(LockResult.Acquired, a.TryAcquire());
        Assert.Equal(LockResult.TimedOut, b.TryAcquire(Moment));
        a.Release(3);
        Assert.Equal(3, b.Available);
        Assert.Throws<SemaphoreFullException>(() => b.Release());
        Assert.Equal(LockResult.Acquired, b.TryAcquire());
    }

    [Fact]
    public async Task An_owned_semaphore_gives_the_permits_of_the_dead()
    {
        SharedMemory first = _segments.Make(), dying = _segments.Open();
        SharedSemaphore mine = SharedSemaphore.CreateOwned(first, 0, 3), theirs = SharedSemaphore.Open(dying, 0);
        Assert.Equal(LockResult.Acquired, theirs.Acquire());
        Assert.Equal(LockResult.Acquired, theirs.Acquire());
        Assert.Equal(LockResult.Acquired, mine.Acquire());
        Assert.Throws<SemaphoreFullException>(() => mine.Release(2));
        Task<LockResult> waiting = mine.AcquireAsync().AsTask();
        Assert.Equal(0, mine.Available);
        dying.Abandon();
        Assert.Equal(LockResult.OwnerDied, await waiting.WaitAsync(Patience));
        Assert.Equal(LockResult.OwnerDied, mine.Acquire());
        mine.Release(3);
        Assert.Equal(3, mine.Available);
    }

    [Fact]
    public async Task Readers_share_and_a_writer_is_alone()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedReaderWriterLock a = SharedReaderWriterLock.Create(first, 0), b = SharedReaderWriterLock.Open(second, 0);
        Assert.Equal(LockResult.Acquired, a.AcquireRead());
        Assert.Equal(LockResult.Acquired, b.AcquireRead());
        Assert.Equal(LockResult.TimedOut, b.TryAcquireWrite(Moment));
        Assert.Equal(LockResult.Acquired, a.TryAcquireRead()); // the writer gave up
        a.ReleaseRead();
        a.ReleaseRead();
        Task<LockResult> writer = a.AcquireWriteAsync().AsTask();
        b.ReleaseRead();
        Assert.Equal(LockResult.Acquired, await writer.WaitAsync(Patience));
        Assert.Equal(LockResult.TimedOut, b.TryAcquireRead(Moment));
        Assert.Throws<SynchronizationLockException>(b.ReleaseRead);
        Assert.Throws<SynchronizationLockException>(b.ReleaseWrite);
        Task<LockResult> reader = b.AcquireReadAsync().AsTask();
        a.ReleaseWrite();
        Assert.Equal(LockResult.Acquired, await reader.WaitAsync(Patience));
    }

    [Fact]
    public void Dead_readers_are_forgotten_and_dead_writers_told_of_until_mended()
    {
        SharedMemory first = _segments.Make(), reader = _segments.Open(), writer = _segments.Open();
        SharedReaderWriterLock mine = SharedReaderWriterLock.Create(first, 0);
        SharedReaderWriterLock.Open(reader, 0).AcquireRead();
        reader.Abandon();
        Assert.Equal(LockResult.Acquired, mine.TryAcquireWrite(Patience));
        mine.ReleaseWrite();
        SharedReaderWriterLock.Open(writer, 0).AcquireWrite();
        writer.Abandon();
        Assert.Equal(LockResult.OwnerDied, mine.TryAcquireRead(Patience));
        Assert.Equal(LockResult.OwnerDied, mine.TryAcquireRead());
        mine.ReleaseRead();
        mine.ReleaseRead();
        Assert.Equal(LockResult.OwnerDied, mine.TryAcquireWrite(Patience));
        mine.ReleaseWrite();
        Assert.Equal(LockResult.Acquired, mine.TryAcquireRead());
    }

    [Fact]
    public async Task A_condition_is_waited_for_without_the_mutex()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        SharedMutex mutex = SharedMutex.Create(first, 0), theirs = SharedMutex.Open(second, 0);
        SharedCondition condition = SharedCondition.Create(first, 64), same = SharedCondition.Open(second, 64);
        mutex.Acquire();
        Assert.Equal(new ConditionResult(false, false), condition.Wait(mutex, Moment));
        Task<ConditionResult> waiting = condition.WaitAsync(mutex);
        Assert.Equal(LockResult.Acquired, theirs.TryAcquire(Patience)); // it was released
        second.At<int>(1024) = 1;
        same.Notify();
        Assert.False(waiting.IsCompleted);
        theirs.Release();
        Assert.Equal(new ConditionResult(true, false), await waiting.WaitAsync(Patience));
        Assert.True(mutex.IsOwned);
        Assert.Throws<SynchronizationLockException>(() => same.Wait(theirs));
        Assert.Throws<ArgumentException>(() => same.Wait(mutex));
        using CancellationTokenSource stop = new(Moment);
        Assert.ThrowsAny<OperationCanceledException>(() => condition.Wait(mutex, cancellationToken: stop.Token));
        Assert.True(mutex.IsOwned);
    }

    [Fact]
    public async Task A_barrier_waits_for_all_who_live()
    {
        SharedMemory first = _segments.Make(), second = _segments.Open();
        using BarrierParticipant a = SharedBarrier.Create(first, 0, 2).Join(0), b = SharedBarrier.Open(second, 0).Join(1);
        Assert.Throws<InvalidOperationException>(() => SharedBarrier.Open(second, 0).Join(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedBarrier.Open(second, 0).Join(2));
        Assert.Equal(BarrierResult.TimedOut, a.SignalAndWait(Moment));
        Task<BarrierResult> waiting = b.SignalAndWaitAsync().AsTask();
        Assert.Equal(BarrierResult.Passed, a.SignalAndWait(Patience));
        Assert.Equal(BarrierResult.Passed, await waiting.WaitAsync(Patience));
        Assert.Equal(1, b.Barrier.Phase);
        Task<BarrierResult> alone = a.SignalAndWaitAsync().AsTask();
        second.Abandon();
        Assert.Equal(BarrierResult.ParticipantDied, await alone.WaitAsync(Patience));
        using BarrierParticipant heir = SharedBarrier.Open(_segments.Open(), 0).Join(1);
        waiting = heir.SignalAndWaitAsync().AsTask();
        Assert.Equal(BarrierResult.Passed, a.SignalAndWait(Patience));
        Assert.Equal(BarrierResult.Passed, await waiting.WaitAsync(Patience));
    }
}
