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
    // mark(32) | - | - | - | state(64) at 16: notifications(12) | group(28) | waiters of the group(12) | waiters of the next group(12)
    // Waiters that come while notifications of the group wait to be taken are the next group: they cannot take what was made before
    // they came. As soon as all of a group are notified the next one follows it, and who is of a group of the past is notified without
    // taking anything. So dead waiters cost at most a notification each; and since that may have been meant for those of the next
    // group, they look after it as if they were notified, once they have waited for a slice.

    /// <summary>Bytes that a condition takes.</summary>
    public const int Size = 64;

    private const int WordAt = 16;
    private const uint MaxWaiters = (1 << 12) - 1;
    private const uint GroupMask = (1 << 28) - 1;

    private SharedCondition(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Condition, Size) { }

    /// <summary>Waits that are under way, those of dead processes included.</summary>
    internal int WaiterCount => (int)Load().Waiters;

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

    private Groups Load() => new(Volatile.Read(ref State));

    private bool TryStore(Groups next, Groups seen) => Interlocked.CompareExchange(ref State, next.Pack(), seen.Pack()) == seen.Pack();

    private void Signal(bool all)
    {
        Memory.ThrowIfDisposed();
        Groups seen;
        do
        {
            seen = Load();
            if (seen.Waiters == 0)
            {
                return;
            }
        }
        while (!TryStore(all ? seen.NotifyAll() : seen.Notify(), seen));
        FaultPoints.Reach(FaultPoint.ConditionNotified);
        Wake(WordAt, all || seen.Next > 0 ? int.MaxValue : 1); // of two groups, the one that is woken may be of the wrong one
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

        Groups seen, next;
        uint group;
        do
        {
            seen = Load();
            next = seen.Waiters < MaxWaiters ? seen : seen.NotifyAll(); // most of so many died; the others may be woken for nothing
        }
        while (!TryStore(next.Join(out group), seen));
        mutex.Release();
        FaultPoints.Reach(FaultPoint.ConditionReleased);
        return new Step(this, group, joinedNext: group != next.Group);
    }

    /// <summary>The state: the group that is notified now, and those that came after its first notification.</summary>
    private readonly record struct Groups(uint Notifications, uint Group, uint Current, uint Next)
    {
        public Groups(ulong state) : this(
            (uint)state & MaxWaiters, (uint)(state >> 12) & GroupMask, (uint)(state >> 40) & MaxWaiters, (uint)(state >> 52))
        {
        }

        public uint Waiters => Current + Next;

        public ulong Pack() => Notifications | (ulong)Group << 12 | (ulong)Current << 40 | (ulong)Next << 52;

        public Groups Notify() => (this with { Notifications = Notifications + 1 }).Advance();

        public Groups NotifyAll() => new(0, Group + 2 & GroupMask, 0, 0);

        public Groups Join(out uint group)
        {
            group = Notifications == 0 ? Group : Group + 1 & GroupMask;
            return Notifications == 0 ? this with { Current = Current + 1 } : this with { Next = Next + 1 };
        }

        /// <summary>A waiter of the current group goes with a notification.</summary>
        public Groups Take() => this with { Notifications = Notifications - 1, Current = Current - 1 };

        /// <summary>A waiter goes without a notification, which is left to the others.</summary>
        public Groups Leave(uint group) => (group == Group ? this with { Current = Current - 1 } : this with { Next = Next - 1 }).Advance();

        public bool IsOver(uint group) => group != Group && group != (Group + 1 & GroupMask);

        /// <summary>The next group, if all of this one are notified or gone.</summary>
        private Groups Advance() => Notifications == Current && Waiters > 0 ? new(0, Group + 1 & GroupMask, Next, 0) : this;
    }

    private struct Step(SharedCondition condition, uint group, bool joinedNext) : IWaitStep<bool>
    {
        private bool _followed; // its group has been the current one for a slice

        public readonly bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            while (true)
            {
                Groups seen = condition.Load();
                if (result = seen.IsOver(group))
                {
                    return true;
                }

                bool current = group == seen.Group;
                if (current && seen.Notifications > 0)
                {
                    if (result = condition.TryStore(seen.Take(), seen))
                    {
                        return true;
                    }

                    continue;
                }

                if (current && joinedNext && look.LooksForDead)
                {
                    if (_followed && (result = condition.TryStore(seen.Leave(group), seen)))
                    {
                        return true; // a notification that was made since it came may have been given to a dead waiter
                    }

                    _followed = true;
                }

                look.Block(WordAt, (uint)seen.Pack());
                return false;
            }
        }

        public readonly void Cancel()
        {
            Groups seen;
            do
            {
                seen = condition.Load();
            }
            while (!seen.IsOver(group) && !condition.TryStore(seen.Leave(group), seen));
        }
    }
}
