using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>
/// A condition variable: waits for a change of what a <see cref="SharedMutex"/> guards, without holding the mutex meanwhile.
/// </summary>
/// <remarks>As with every condition variable a wait may end without a notification, so it is done in a loop that checks what is waited
/// for. A notification reaches a process that waited when it was made; if that process dies before it takes the notification, another
/// waiter gets it.</remarks>
public sealed class SharedCondition : SharedObject
{
    // mark(32) | - | - | - | state(64) at 16: epoch(32) | waiters(16) | notifications(16)
    // A notification moves the epoch and adds one notification, at most one for each waiter. A waiter takes one if the epoch has moved
    // since it came: so one that comes later cannot take what was meant for those before it. Dead waiters stay counted, which costs a
    // later wait an early end, and no notification.

    /// <summary>Bytes that a condition takes.</summary>
    public const int Size = 64;

    private const int WordAt = 16;
    private const int WaitersShift = 32;
    private const int NotificationsShift = 48;
    private const uint CountMask = 0xffff;
    private const ulong OneWaiter = 1ul << WaitersShift;
    private const ulong OneNotification = 1ul << NotificationsShift;

    private SharedCondition(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Condition, Size) { }

    /// <summary>Waits that are under way, those of dead processes included.</summary>
    internal int WaiterCount => (int)Waiters(Volatile.Read(ref State));

    private ref ulong State => ref SharedWord.UInt64(Address + WordAt);

    /// <summary>Creates a condition.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedCondition Create(SharedMemory memory, long offset)
    {
        Create(memory, offset, ObjectKind.Condition, Size, Size, openExisting: false, []);
        return new SharedCondition(memory, offset);
    }

    /// <summary>Opens a condition, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object.</exception>
    public static SharedCondition CreateOrOpen(SharedMemory memory, long offset)
    {
        Create(memory, offset, ObjectKind.Condition, Size, Size, openExisting: true, []);
        return new SharedCondition(memory, offset);
    }

    /// <summary>Opens a condition that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedCondition Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Releases the mutex, waits for a notification, and acquires the mutex again, however long that takes.</summary>
    /// <param name="mutex">The mutex, owned here; its owner is <see cref="MutexOwner.Opening"/>.</param>
    /// <param name="timeout">The longest wait for the notification; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait; the mutex is acquired again all the same.</param>
    /// <returns>Whether there was a notification, and whether the mutex was acquired from a dead owner.</returns>
    /// <exception cref="ArgumentException">A thread owns the mutex, or it is of another segment.</exception>
    /// <exception cref="SynchronizationLockException">The mutex is not owned here; it was not touched.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait; the mutex is owned. If its owner died meanwhile, that is
    /// reported to the next one that acquires it.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public ConditionResult Wait(SharedMutex mutex, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        TimeSpan longest = timeout ?? Timeout.InfiniteTimeSpan;
        Step step = Begin(mutex, longest);
        bool notified = false, returns = false;
        LockResult again = LockResult.TimedOut;
        try
        {
            notified = Waiter.Wait<Step, bool>(this, step, longest, cancellationToken);
            returns = true;
        }
        finally
        {
            again = mutex.Acquire(CancellationToken.None);
            if (!returns && again == LockResult.OwnerDied)
            {
                mutex.KeepDeath(); // the exception cannot say it
            }
        }

        return new ConditionResult(notified, again == LockResult.OwnerDied);
    }

    /// <summary>As <see cref="Wait"/>; no thread waits.</summary>
    /// <param name="mutex">The mutex, owned here; its owner is <see cref="MutexOwner.Opening"/>.</param>
    /// <param name="timeout">The longest wait for the notification; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait; the mutex is acquired again all the same.</param>
    public async Task<ConditionResult> WaitAsync(
        SharedMutex mutex, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        Step step = Begin(mutex, timeout ?? Timeout.InfiniteTimeSpan);
        bool notified = false, returns = false;
        LockResult again = LockResult.TimedOut;
        try
        {
            notified = await Waiter.WaitAsync<Step, bool>(this, step, timeout, cancellationToken).ConfigureAwait(false);
            returns = true;
        }
        finally
        {
            again = await mutex.AcquireAsync(cancellationToken: CancellationToken.None).ConfigureAwait(false);
            if (!returns && again == LockResult.OwnerDied)
            {
                mutex.KeepDeath();
            }
        }

        return new ConditionResult(notified, again == LockResult.OwnerDied);
    }

    /// <summary>Wakes one process or thread that waits, if any does.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void Notify() => Signal(all: false);

    /// <summary>Wakes all that wait.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void NotifyAll() => Signal(all: true);

    private static uint Waiters(ulong state) => (uint)(state >> WaitersShift) & CountMask;

    private static uint Notifications(ulong state) => (uint)(state >> NotificationsShift);

    private void Signal(bool all)
    {
        Memory.ThrowIfDisposed();
        ulong seen, next;
        do
        {
            seen = Volatile.Read(ref State);
            uint waiters = Waiters(seen);
            if (waiters == 0)
            {
                return;
            }

            uint notifications = all ? waiters : Math.Min(waiters, Notifications(seen) + 1);
            next = (ulong)notifications << NotificationsShift | (ulong)waiters << WaitersShift | (uint)seen + 1;
        }
        while (Interlocked.CompareExchange(ref State, next, seen) != seen);
        FaultPoints.Reach(FaultPoint.ConditionNotified);
        Wake(WordAt, all ? int.MaxValue : 1);
    }

    /// <summary>Comes to wait, under the mutex: a change from here on is notified after it; then releases the mutex.</summary>
    private Step Begin(SharedMutex mutex, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(mutex);
        WaitClock.CheckTimeout(timeout);
        if (mutex.OwnedBy != MutexOwner.Opening || !ReferenceEquals(mutex.Memory, Memory))
        {
            throw new ArgumentException(
                "A condition needs a mutex of its own segment that was created with MutexOwner.Opening.", nameof(mutex));
        }

        if (!mutex.IsOwned)
        {
            throw new SynchronizationLockException("The mutex is not owned here.");
        }

        ulong seen;
        do
        {
            seen = Volatile.Read(ref State);
            if (Waiters(seen) == CountMask)
            {
                throw new InvalidOperationException(
                    $"Cannot wait: {CountMask} waits on the condition are under way or were of processes that died.");
            }
        }
        while (Interlocked.CompareExchange(ref State, seen + OneWaiter, seen) != seen);
        mutex.Release();
        FaultPoints.Reach(FaultPoint.ConditionReleased);
        return new Step(this, (uint)seen);
    }

    private readonly struct Step(SharedCondition condition, uint epoch) : IWaitStep<bool>
    {
        public bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            while (true)
            {
                ulong seen = Volatile.Read(ref condition.State);
                result = (uint)seen != epoch && Notifications(seen) > 0;
                if (!result)
                {
                    look.Block(WordAt, (uint)seen);
                    return false;
                }

                if (Interlocked.CompareExchange(ref condition.State, seen - OneNotification - OneWaiter, seen) == seen)
                {
                    return true;
                }
            }
        }

        public void Cancel()
        {
            ulong seen;
            ulong next;
            do
            {
                seen = Volatile.Read(ref condition.State);
                uint waiters = Waiters(seen) - 1;
                next = (ulong)Math.Min(Notifications(seen), waiters) << NotificationsShift | (ulong)waiters << WaitersShift | (uint)seen;
            }
            while (Interlocked.CompareExchange(ref condition.State, next, seen) != seen);
        }
    }
}
