using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A lock that many readers or one writer hold, among all threads of all processes.</summary>
/// <remarks>
/// <para>It belongs to the process' opening of the segment, not to a thread. A waiting writer keeps new readers out, so a thread
/// that reads must not begin to read again. There is no step from reader to writer. Nobody is served in order.</para>
/// <para>A reader that dies is forgotten: he changed nothing. When a writer dies, every reader hears it until a writer has had the
/// lock, who hears it too and mends what is half changed.</para>
/// <para>Layout: mark | - | - | - | 16 writer word: 0 or the writer's token; bit 31: somebody may be asleep; bit 30: a writer died.
/// 20: a counter that readers who leave move for a waiting writer. From 64: for each process slot the token (upper half) and how
/// many reads that process holds: what a dead one held is recognized by its token.</para>
/// </remarks>
public sealed class SharedReaderWriterLock : SharedObject
{
    /// <summary>Bytes that it takes.</summary>
    public const int Size = Readers + ProcessSlots.Count * 8;

    private const int Word = 16;
    private const int Leavings = 20;
    private const int Readers = 64;
    private const uint Sleepers = 1u << 31;
    private const uint Died = 1u << 30;

    private readonly ulong _mine;

    private SharedReaderWriterLock(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.ReaderWriterLock, Size) =>
        _mine = (ulong)memory.Token << 32;

    private ref uint Writer => ref SharedWord.UInt32(Address + Word);

    private ref uint Left => ref SharedWord.UInt32(Address + Leavings);

    private ref ulong Mine => ref ReadersOf(ProcessSlots.SlotOf(Memory.Token));

    /// <summary>Makes a lock that nobody holds.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedReaderWriterLock Create(SharedMemory memory, long offset)
    {
        Make(memory, offset, ObjectKind.ReaderWriterLock, Size);
        return new SharedReaderWriterLock(memory, offset);
    }

    /// <summary>Opens a lock that was made before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedReaderWriterLock Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Takes it as a reader and waits as long as it takes.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that a writer died and none has mended yet.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition AcquireRead(CancellationToken cancellationToken = default) =>
        TryAcquireRead(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Takes it as a reader and waits for a time.</summary>
    /// <param name="timeout">How long at most; zero does not wait at all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition TryAcquireRead(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        LockAcquisition at = TryRead();
        return at != LockAcquisition.TimedOut ? at : SlowRead(timeout, cancellationToken);
    }

    /// <summary>Takes it as a reader without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long to wait at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockAcquisition> AcquireReadAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        LockAcquisition at = TryAcquireRead(TimeSpan.Zero, cancellationToken);
        return at != LockAcquisition.TimedOut || timeout == TimeSpan.Zero
            ? new ValueTask<LockAcquisition>(at)
            : new ValueTask<LockAcquisition>(WaitThread.Run(
                () => SlowRead(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));
    }

    /// <summary>Gives back one read.</summary>
    /// <exception cref="SynchronizationLockException">This opening of the segment holds none.</exception>
    public void ReleaseRead()
    {
        Memory.ThrowIfDisposed();
        ref ulong mine = ref Mine;
        ulong seen;
        do
        {
            seen = Volatile.Read(ref mine);
            if (seen <= _mine || seen >> 32 != _mine >> 32)
            {
                throw new SynchronizationLockException("The lock is not held for reading here.");
            }
        }
        while (Interlocked.CompareExchange(ref mine, seen - 1, seen) != seen);
        FaultPoints.Reach(FaultPoint.ReaderLeft);
        TellWriter();
    }

    /// <summary>Takes it as the writer and waits as long as it takes.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that the writer before died.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition AcquireWrite(CancellationToken cancellationToken = default) =>
        TryAcquireWrite(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Takes it as the writer and waits for a time.</summary>
    /// <param name="timeout">How long at most; zero does not wait at all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition TryAcquireWrite(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        using WaitClock clock = new(Memory, timeout, cancellationToken);
        if (!TakeWord(clock, timeout, out bool died))
        {
            return LockAcquisition.TimedOut;
        }

        FaultPoints.Reach(FaultPoint.WriterTaken);
        bool drained = false;
        try
        {
            drained = WaitForReaders(clock);
        }
        finally
        {
            if (!drained)
            {
                GiveWordBack(died ? Died : 0); // time up, cancelled or disposed of: what we have not mended stays told
            }
        }

        FaultPoints.Reach(FaultPoint.WriterDrained);
        return !drained ? LockAcquisition.TimedOut : died ? LockAcquisition.OwnerDied : LockAcquisition.Acquired;
    }

    /// <summary>Takes it as the writer without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long to wait at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockAcquisition> AcquireWriteAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        LockAcquisition at = TryAcquireWrite(TimeSpan.Zero, cancellationToken);
        return at != LockAcquisition.TimedOut || timeout == TimeSpan.Zero
            ? new ValueTask<LockAcquisition>(at)
            : new ValueTask<LockAcquisition>(WaitThread.Run(
                () => TryAcquireWrite(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));
    }

    /// <summary>Gives the write back.</summary>
    /// <exception cref="SynchronizationLockException">This opening of the segment is not the writer.</exception>
    public void ReleaseWrite()
    {
        Memory.ThrowIfDisposed();
        if ((Volatile.Read(ref Writer) & ProcessSlots.TokenMask) != Memory.Token)
        {
            throw new SynchronizationLockException("The lock is not held for writing here.");
        }

        GiveWordBack(0);
    }

    private ref ulong ReadersOf(int slot) => ref SharedWord.UInt64(Address + Readers + slot * 8);

    private LockAcquisition TryRead()
    {
        Count();
        FaultPoints.Reach(FaultPoint.ReaderCounted);
        // Counted first and then looked (both with a full fence), while a writer takes the word first and then looks at the
        // counts: one of the two sees the other.
        uint writer = Interlocked.Or(ref Writer, 0);
        if ((writer & ProcessSlots.TokenMask) == 0)
        {
            return (writer & Died) != 0 ? LockAcquisition.OwnerDied : LockAcquisition.Acquired;
        }

        Interlocked.Decrement(ref Mine);
        TellWriter();
        return LockAcquisition.TimedOut;
    }

    private void Count()
    {
        ref ulong mine = ref Mine;
        ulong seen;
        do
        {
            seen = Volatile.Read(ref mine);
        }
        while (Interlocked.CompareExchange(ref mine, (seen >> 32 == _mine >> 32 ? seen : _mine) + 1, seen) != seen);
    }

    /// <summary>After a read was given back: a writer may be waiting for it.</summary>
    private void TellWriter()
    {
        if ((Interlocked.Or(ref Writer, 0) & ProcessSlots.TokenMask) == 0)
        {
            return;
        }

        Interlocked.Increment(ref Left);
        Wake(Leavings, 1);
    }

    private LockAcquisition SlowRead(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using WaitClock clock = new(Memory, timeout, cancellationToken);
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spinning.Rounds; ;)
        {
            uint seen = Volatile.Read(ref Writer);
            if ((seen & ProcessSlots.TokenMask) == 0)
            {
                LockAcquisition at = TryRead();
                if (at != LockAcquisition.TimedOut)
                {
                    return at;
                }
            }
            else if (spins-- > 0)
            {
                Spinning.Once();
            }
            else if (!Memory.Slots.IsAlive(seen & ProcessSlots.TokenMask))
            {
                Bury(seen);
            }
            else
            {
                if (!clock.TryNext(out int milliseconds))
                {
                    return LockAcquisition.TimedOut;
                }

                if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref Writer, seen | Sleepers, seen) != seen)
                {
                    continue;
                }

                Sleep(Word, seen | Sleepers, milliseconds);
            }
        }
    }

    /// <summary>The writer is dead: the word is free, and says so until a writer comes.</summary>
    private void Bury(uint seen)
    {
        if (Interlocked.CompareExchange(ref Writer, Died, seen) == seen && (seen & Sleepers) != 0)
        {
            WakeAll(Word);
        }
    }

    private bool TakeWord(in WaitClock clock, TimeSpan timeout, out bool died)
    {
        uint slept = 0;
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spinning.Rounds; ;)
        {
            uint seen = Volatile.Read(ref Writer);
            uint owner = seen & ProcessSlots.TokenMask;
            if (owner == 0)
            {
                died = (seen & Died) != 0;
                // The bit stays while he holds it: should he die before he has mended, the next one hears it as well.
                if (Interlocked.CompareExchange(ref Writer, seen | Memory.Token | slept, seen) == seen)
                {
                    return true;
                }
            }
            else if (spins-- > 0)
            {
                Spinning.Once();
            }
            else if (!Memory.Slots.IsAlive(owner))
            {
                Bury(seen);
            }
            else
            {
                died = false;
                if (!clock.TryNext(out int milliseconds))
                {
                    return false;
                }

                if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref Writer, seen | Sleepers, seen) != seen)
                {
                    continue;
                }

                Sleep(Word, seen | Sleepers, milliseconds);
                slept = Sleepers;
            }
        }
    }

    private bool WaitForReaders(in WaitClock clock)
    {
        Interlocked.MemoryBarrier();
        for (int spins = Spinning.Rounds; ;)
        {
            uint left = Volatile.Read(ref Left);
            if (!AnyReader(lookForDead: spins <= 0))
            {
                return true;
            }

            if (spins-- > 0)
            {
                Spinning.Once();
                continue;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return false;
            }

            Sleep(Leavings, left, milliseconds);
        }
    }

    private bool AnyReader(bool lookForDead)
    {
        bool any = false;
        int used = Memory.Slots.Used;
        for (int slot = 0; slot < used; slot++)
        {
            ulong seen = Volatile.Read(ref ReadersOf(slot));
            if ((uint)seen == 0)
            {
                continue;
            }

            if (lookForDead && !Memory.Slots.IsAlive((uint)(seen >> 32)))
            {
                Interlocked.CompareExchange(ref ReadersOf(slot), 0, seen); // or its slot's next user has begun anew already
            }
            else
            {
                any = true;
            }
        }

        return any;
    }

    private void GiveWordBack(uint value)
    {
        uint before = Interlocked.Exchange(ref Writer, value);
        FaultPoints.Reach(FaultPoint.WriterReleased);
        if ((before & Sleepers) != 0)
        {
            WakeAll(Word);
        }
    }
}
