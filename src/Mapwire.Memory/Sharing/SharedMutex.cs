using System.Runtime.CompilerServices;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A lock that one holder has at a time, among all threads of all processes. When its owner's process dies, the next one
/// gets it and is told; a stopped owner keeps it.</summary>
/// <remarks>
/// <para>It belongs to the process' opening of the segment, not to a thread: any thread may release it, and code may await between.
/// A recursive one belongs to the thread that took it. Nobody is served in order.</para>
/// <para>Layout: mark | options | - | - | 16 owner word | 20 owner's thread | 24 depth. The owner word is 0, or a token (slot and
/// generation) with the upper bit set if somebody may be asleep; whoever has slept takes it with that bit, since others may
/// sleep on.</para>
/// </remarks>
public sealed class SharedMutex : SharedObject
{
    /// <summary>Bytes that it takes.</summary>
    public const int Size = 64;

    private const int Word = 16;
    private const int Thread = 20;
    private const int Depth = 24;
    private const uint Sleepers = 1u << 31;
    private const uint RecursiveOption = 1;

    private readonly bool _recursive;
    private readonly uint _me;

    private SharedMutex(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Mutex, Size)
    {
        if (Parameter(0) > RecursiveOption)
        {
            throw Wrong("a mutex without sense");
        }

        _recursive = Parameter(0) == RecursiveOption;
        _me = memory.Token;
    }

    /// <summary>Whether its owner may take it again.</summary>
    public bool IsRecursive => _recursive;

    /// <summary>Whether this opening of the segment owns it.</summary>
    public bool IsOwned
    {
        get
        {
            Memory.ThrowIfDisposed();
            return (Volatile.Read(ref Owner) & ~Sleepers) == _me && IsMyThreads;
        }
    }

    private bool IsMyThreads => !_recursive || Volatile.Read(ref SharedWord.UInt32(Address + Thread)) == (uint)Environment.CurrentManagedThreadId;

    private ref uint Owner
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref SharedWord.UInt32(Address + Word);
    }

    /// <summary>Makes a mutex that nobody owns.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="recursive">Whether its owner may take it again. It then belongs to a thread, and cannot be taken by async calls.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedMutex Create(SharedMemory memory, long offset, bool recursive = false)
    {
        Make(memory, offset, ObjectKind.Mutex, Size, recursive ? RecursiveOption : 0);
        return new SharedMutex(memory, offset);
    }

    /// <summary>Opens a mutex that was made before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedMutex Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Takes it and waits as long as it takes.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that the previous owner died.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LockAcquisition Acquire(CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        return !_recursive && Interlocked.CompareExchange(ref Owner, _me, 0) == 0
            ? Taken()
            : Slow(Timeout.InfiniteTimeSpan, cancellationToken);
    }

    /// <summary>Takes it and waits for a time.</summary>
    /// <param name="timeout">How long at most; zero does not wait at all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition TryAcquire(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        return !_recursive && Interlocked.CompareExchange(ref Owner, _me, 0) == 0 ? Taken() : Slow(timeout, cancellationToken);
    }

    /// <summary>Takes it without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long to wait at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">It is recursive: it would belong to a thread.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockAcquisition> AcquireAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        if (_recursive)
        {
            throw new InvalidOperationException("A recursive mutex belongs to a thread, which async code does not keep.");
        }

        LockAcquisition at = TryAcquire(TimeSpan.Zero, cancellationToken);
        return at != LockAcquisition.TimedOut || timeout == TimeSpan.Zero
            ? new ValueTask<LockAcquisition>(at)
            : new ValueTask<LockAcquisition>(WaitThread.Run(
                () => Slow(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));
    }

    /// <summary>Gives it back.</summary>
    /// <exception cref="SynchronizationLockException">This opening of the segment (for a recursive one, this thread) does not own it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release()
    {
        Memory.ThrowIfDisposed();
        if ((Volatile.Read(ref Owner) & ~Sleepers) != _me || _recursive)
        {
            ReleaseRecursive();
            return;
        }

        if ((Interlocked.Exchange(ref Owner, 0) & Sleepers) != 0)
        {
            WakeNext();
        }

        FaultPoints.Reach(FaultPoint.MutexReleased);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LockAcquisition Taken()
    {
        FaultPoints.Reach(FaultPoint.MutexTaken);
        return LockAcquisition.Acquired;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WakeNext()
    {
        FaultPoints.Reach(FaultPoint.MutexReleased); // free, and the sleeper not told: his slice ends
        Wake(Word, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReleaseRecursive()
    {
        if (!IsOwned)
        {
            throw new SynchronizationLockException("The mutex is not owned here.");
        }

        ref uint depth = ref SharedWord.UInt32(Address + Depth);
        if (--depth > 0)
        {
            return;
        }

        SharedWord.UInt32(Address + Thread) = 0;
        if ((Interlocked.Exchange(ref Owner, 0) & Sleepers) != 0)
        {
            WakeNext();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private LockAcquisition Slow(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (_recursive && IsOwned)
        {
            checked { SharedWord.UInt32(Address + Depth)++; }

            return LockAcquisition.Acquired;
        }

        LockAcquisition how = Contend(timeout, cancellationToken);
        if (_recursive && how != LockAcquisition.TimedOut)
        {
            SharedWord.UInt32(Address + Thread) = (uint)Environment.CurrentManagedThreadId;
            SharedWord.UInt32(Address + Depth) = 1;
        }

        return how;
    }

    private LockAcquisition Contend(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using WaitClock clock = new(Memory, timeout, cancellationToken);
        uint slept = 0; // the bit to take it with: who has slept cannot know whether others still do
        for (int spins = Spinning.Rounds; ;)
        {
            uint seen = Volatile.Read(ref Owner);
            if (seen == 0)
            {
                if (Interlocked.CompareExchange(ref Owner, _me | slept, 0) == 0)
                {
                    return Taken();
                }

                continue;
            }

            if (spins > 0 && timeout != TimeSpan.Zero)
            {
                spins--;
                Spinning.Once();
                continue;
            }

            if (!Memory.Slots.IsAlive(seen & ProcessSlots.TokenMask))
            {
                if (Interlocked.CompareExchange(ref Owner, _me | Sleepers, seen) != seen)
                {
                    continue;
                }

                FaultPoints.Reach(FaultPoint.MutexTakenOver);
                return LockAcquisition.OwnerDied;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return LockAcquisition.TimedOut;
            }

            if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref Owner, seen | Sleepers, seen) != seen)
            {
                continue;
            }

            FaultPoints.Reach(FaultPoint.MutexWaiting);
            Sleep(Word, seen | Sleepers, milliseconds);
            slept = Sleepers;
            FaultPoints.Reach(FaultPoint.MutexWoken);
        }
    }
}
