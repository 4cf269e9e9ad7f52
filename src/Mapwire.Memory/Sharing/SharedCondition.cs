using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Waiting for a change of what a <see cref="SharedMutex"/> guards, without holding the mutex meanwhile.</summary>
/// <remarks>
/// <para>As with every condition variable a wait may end without a notification, so it is done in a loop that looks at what is
/// waited for. <see cref="Notify()"/> wakes one sleeper at once; others that sleep then look within 25 ms and go on waiting.</para>
/// <para>Layout: mark | - | - | - | 16 word: bit 0 somebody may be asleep, the rest counts notifications.</para>
/// </remarks>
public sealed class SharedCondition : SharedObject
{
    /// <summary>Bytes that it takes.</summary>
    public const int Size = 64;

    private const int Word = 16;
    private const uint Sleepers = 1;

    private SharedCondition(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Condition, Size) { }

    private ref uint State => ref SharedWord.UInt32(Address + Word);

    /// <summary>Makes a condition.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedCondition Create(SharedMemory memory, long offset)
    {
        Make(memory, offset, ObjectKind.Condition, Size);
        return new SharedCondition(memory, offset);
    }

    /// <summary>Opens a condition that was made before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedCondition Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Releases the mutex, waits for a notification, and takes the mutex again, for which it waits as long as it takes.</summary>
    /// <param name="mutex">The mutex, owned here and not recursive.</param>
    /// <param name="timeout">How long to wait for the notification at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait; the mutex is taken again all the same.</param>
    /// <returns>Whether there was a notification, and how the mutex was taken again: perhaps from a dead owner.</returns>
    /// <exception cref="ArgumentException">The mutex is recursive, or of another segment.</exception>
    /// <exception cref="SynchronizationLockException">The mutex is not owned here; it was not touched.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait; the mutex is owned.</exception>
    public ConditionWait Wait(SharedMutex mutex, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mutex);
        if (mutex.IsRecursive || !ReferenceEquals(mutex.Memory, Memory))
        {
            throw new ArgumentException("A condition works with a mutex of its own segment that is not recursive.", nameof(mutex));
        }

        using WaitClock clock = new(Memory, timeout ?? Timeout.InfiniteTimeSpan, cancellationToken);
        uint counted = Volatile.Read(ref State) & ~Sleepers; // under the mutex: a change from here on is notified after it
        mutex.Release();
        FaultPoints.Reach(FaultPoint.ConditionReleased);
        bool notified;
        LockAcquisition taken;
        try
        {
            notified = Sleep(counted, clock);
        }
        finally
        {
            taken = mutex.Acquire(CancellationToken.None);
        }

        return new ConditionWait(notified, taken == LockAcquisition.OwnerDied);
    }

    /// <summary>As <see cref="Wait"/>, without keeping one of the pool's threads.</summary>
    /// <param name="mutex">The mutex, owned here and not recursive.</param>
    /// <param name="timeout">How long to wait for the notification at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait; the mutex is taken again all the same.</param>
    public Task<ConditionWait> WaitAsync(SharedMutex mutex, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WaitThread.Run(() => Wait(mutex, timeout, cancellationToken), CancellationToken.None);

    /// <summary>Wakes one that waits, if any does.</summary>
    public void Notify() => Tell(1);

    /// <summary>Wakes all that wait.</summary>
    public void NotifyAll() => Tell(int.MaxValue);

    private void Tell(int count)
    {
        Memory.ThrowIfDisposed();
        uint before = Interlocked.Add(ref State, 2) - 2;
        FaultPoints.Reach(FaultPoint.ConditionNotified);
        if ((before & Sleepers) != 0)
        {
            Wake(Word, count);
        }
    }

    private bool Sleep(uint counted, in WaitClock clock)
    {
        while (true)
        {
            uint seen = Volatile.Read(ref State);
            if ((seen & ~Sleepers) != counted)
            {
                return true;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return false;
            }

            if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref State, seen | Sleepers, seen) != seen)
            {
                continue;
            }

            Sleep(Word, seen | Sleepers, milliseconds);
        }
    }
}
