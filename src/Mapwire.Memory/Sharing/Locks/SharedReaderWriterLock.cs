using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A lock that many readers or one writer hold, for the threads of any number of processes.</summary>
/// <remarks>
/// <para>Like <see cref="ReaderWriterLockSlim"/>, with these differences: it works between processes, is owned by the process' opening of
/// the segment and not by a thread, and can be held across <c>await</c>. A waiting writer keeps new readers out, so a thread that reads
/// must not begin to read again. A reader cannot become the writer. The lock is not fair: waiters do not acquire it in FIFO order.</para>
/// <para><b>Crashes.</b> A reader that dies is forgotten: it changed nothing. After the death of a writer every reader gets
/// <see cref="LockResult.OwnerDied"/> until a writer has had the lock, which gets it too and must repair what is half changed.</para>
/// </remarks>
public sealed class SharedReaderWriterLock : SharedObject
{
    // mark(32) | - | - | - | writer word(64) at 16 | counter(32) at 24, which readers that leave move for a waiting writer
    // Writer word: 0 or the writer's token; bit 31: a waiter may be asleep; bit 30: a writer died. From 64: for each process slot the
    // generation (upper half) and how many reads it holds: what a dead process held is recognized by its generation.

    /// <summary>Bytes that a lock takes.</summary>
    public const int Size = ReadersAt + ProcessSlots.Count * 8;

    private const int WordAt = 16;
    private const int LeftAt = 24;
    private const int ReadersAt = 64;
    private const ulong Sleepers = 1ul << 31;
    private const ulong Died = 1ul << 30;

    private readonly ulong _generation; // in the upper half

    private SharedReaderWriterLock(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.ReaderWriterLock, Size) =>
        _generation = (ulong)ProcessSlots.GenerationOf(memory.Token) << 32;

    private ref ulong Writer => ref SharedWord.UInt64(Address + WordAt);

    private ref uint Left => ref SharedWord.UInt32(Address + LeftAt);

    private ref ulong Mine => ref ReadersOf(ProcessSlots.SlotOf(Memory.Token));

    /// <summary>Creates a lock without holders.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedReaderWriterLock Create(SharedMemory memory, long offset)
    {
        Create(memory, offset, ObjectKind.ReaderWriterLock, Size, Size, openExisting: false, []);
        return new SharedReaderWriterLock(memory, offset);
    }

    /// <summary>Opens a lock, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object.</exception>
    public static SharedReaderWriterLock CreateOrOpen(SharedMemory memory, long offset)
    {
        Create(memory, offset, ObjectKind.ReaderWriterLock, Size, Size, openExisting: true, []);
        return new SharedReaderWriterLock(memory, offset);
    }

    /// <summary>Opens a lock that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedReaderWriterLock Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Acquires the lock for reading for the time of a <c>using</c> block.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The scope, which says whether a writer died and none has repaired since.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public Scope EnterRead(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), writes: false, AcquireRead(cancellationToken));

    /// <summary>Acquires the lock for writing for the time of a <c>using</c> block.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The scope, which says whether the writer before died.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public Scope EnterWrite(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), writes: true, AcquireWrite(cancellationToken));

    /// <summary>Acquires the lock for reading for the time of a <c>using</c> block, if it can within a timeout.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="scope">The scope; without effect if the result is false.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public bool TryEnterRead(TimeSpan timeout, out Scope scope, CancellationToken cancellationToken = default) =>
        TryEnter(TryAcquireRead(timeout, cancellationToken), writes: false, out scope);

    /// <summary>Acquires the lock for writing for the time of a <c>using</c> block, if it can within a timeout.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="scope">The scope; without effect if the result is false.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public bool TryEnterWrite(TimeSpan timeout, out Scope scope, CancellationToken cancellationToken = default) =>
        TryEnter(TryAcquireWrite(timeout, cancellationToken), writes: true, out scope);

    /// <summary>
    /// Acquires the lock for reading for the time of a <c>using</c> block, which may contain <c>await</c>. No thread waits.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public async ValueTask<Scope> EnterReadAsync(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), writes: false, await AcquireReadAsync(null, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Acquires the lock for writing for the time of a <c>using</c> block, which may contain <c>await</c>. No thread waits.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public async ValueTask<Scope> EnterWriteAsync(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), writes: true, await AcquireWriteAsync(null, cancellationToken).ConfigureAwait(false));

    /// <summary>Acquires the lock for reading, however long that takes.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that a writer died and none has repaired yet.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public LockResult AcquireRead(CancellationToken cancellationToken = default) =>
        TryAcquireRead(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Acquires the lock for reading if it can within a timeout.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public LockResult TryAcquireRead(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Memory.ThrowIfDisposed();
        LockResult result = TryRead();
        return result != LockResult.TimedOut
            ? result
            : Waiter.Wait<ReadStep, LockResult>(this, new ReadStep(this), timeout, cancellationToken);
    }

    /// <summary>Acquires the lock for reading; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockResult> AcquireReadAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Waiter.WaitAsync<ReadStep, LockResult>(this, new ReadStep(this), timeout, cancellationToken);

    /// <summary>Releases one read.</summary>
    /// <exception cref="SynchronizationLockException">This opening of the segment holds none.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void ReleaseRead()
    {
        Memory.ThrowIfDisposed();
        if (!TryUncountRead())
        {
            Memory.ThrowIfDisposed(); // its slot is another's since
            throw new SynchronizationLockException("The lock is not held for reading here.");
        }

        FaultPoints.Reach(FaultPoint.ReaderLeft);
        WakeWriter();
    }

    /// <summary>Acquires the lock for writing, however long that takes.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that the writer before died.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public LockResult AcquireWrite(CancellationToken cancellationToken = default) =>
        TryAcquireWrite(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Acquires the lock for writing if it can within a timeout.</summary>
    /// <param name="timeout">The longest wait; zero does not wait, and keeps no reader out.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public LockResult TryAcquireWrite(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Memory.ThrowIfDisposed();
        return Waiter.Wait<WriteStep, LockResult>(this, new WriteStep(this), timeout, cancellationToken);
    }

    /// <summary>Acquires the lock for writing; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockResult> AcquireWriteAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Waiter.WaitAsync<WriteStep, LockResult>(this, new WriteStep(this), timeout, cancellationToken);

    /// <summary>Releases the write.</summary>
    /// <exception cref="SynchronizationLockException">This opening of the segment is not the writer.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void ReleaseWrite()
    {
        Memory.ThrowIfDisposed();
        if (!TryReleaseWord(0))
        {
            Memory.ThrowIfDisposed(); // it was taken over since
            throw new SynchronizationLockException("The lock is not held for writing here.");
        }
    }

    private bool TryEnter(LockResult result, bool writes, out Scope scope)
    {
        scope = result == LockResult.TimedOut ? default : new Scope(this, ScopeHold.Rent(), writes, result);
        return result != LockResult.TimedOut;
    }

    private ref ulong ReadersOf(int slot) => ref SharedWord.UInt64(Address + ReadersAt + slot * 8);

    private LockResult TryRead()
    {
        CountRead();
        FaultPoints.Reach(FaultPoint.ReaderCounted);
        // Counted first and then looked (both with a full fence), while a writer takes the word first and then looks at the
        // counts: one of the two sees the other.
        ulong writer = Interlocked.Or(ref Writer, 0);
        if ((writer & ProcessSlots.TokenMask) == 0)
        {
            return (writer & Died) != 0 ? LockResult.OwnerDied : LockResult.Acquired;
        }

        TryUncountRead();
        WakeWriter();
        return LockResult.TimedOut;
    }

    /// <summary>Takes one read back; false if this opening has counted none, or its slot is another's by now.</summary>
    private bool TryUncountRead()
    {
        ref ulong mine = ref Mine;
        ulong seen;
        do
        {
            seen = Volatile.Read(ref mine);
            if (seen <= _generation || seen >> 32 != _generation >> 32)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref mine, seen - 1, seen) != seen);
        return true;
    }

    private void CountRead()
    {
        ref ulong mine = ref Mine;
        ulong seen;
        do
        {
            seen = Volatile.Read(ref mine);
            FaultPoints.Reach(FaultPoint.ReaderCounting);
            Memory.ThrowIfDisposed(); // after the look: what it saw is of no later process in this slot
        }
        while (Interlocked.CompareExchange(ref mine, (seen >> 32 == _generation >> 32 ? seen : _generation) + 1, seen) != seen);
    }

    /// <summary>After a read was released: a writer may be waiting for it.</summary>
    private void WakeWriter()
    {
        if ((Interlocked.Or(ref Writer, 0) & ProcessSlots.TokenMask) == 0)
        {
            return;
        }

        Interlocked.Increment(ref Left);
        Wake(LeftAt, 1);
    }

    /// <summary>The writer is dead: the word is free, and says so until a writer comes.</summary>
    private void ReleaseForDeadWriter(ulong seen)
    {
        if (Interlocked.CompareExchange(ref Writer, Died, seen) == seen && (seen & Sleepers) != 0)
        {
            WakeAll(WordAt);
        }
    }

    /// <summary>Frees the writer word, if it is still this opening's: another process may have taken it over.</summary>
    private bool TryReleaseWord(ulong value)
    {
        ulong before;
        do
        {
            before = Volatile.Read(ref Writer);
            FaultPoints.Reach(FaultPoint.WriterReleasing);
            if ((before & ProcessSlots.TokenMask) != Memory.Token)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref Writer, value, before) != before);
        FaultPoints.Reach(FaultPoint.WriterReleased);
        if ((before & Sleepers) != 0)
        {
            WakeAll(WordAt);
        }

        return true;
    }

    /// <summary>Blocks a step at the writer word; false if the word has changed.</summary>
    private bool TryBlockAtWord(ulong seen, ref WaitLook look)
    {
        if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref Writer, seen | Sleepers, seen) != seen)
        {
            return false;
        }

        look.Block(WordAt, (uint)(seen | Sleepers));
        return true;
    }

    private bool AnyReader(ref WaitLook look)
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

            if (look.IsDead(ProcessSlots.PackToken(slot, (uint)(seen >> 32))))
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

    /// <summary>The lock, held for reading or writing until it is disposed. The first <see cref="Dispose"/> of the scope or of a copy ends
    /// it; what is disposed of later does nothing, whatever holds the lock by then.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly SharedReaderWriterLock? _lock;
        private readonly ScopeHold _hold = null!;
        private readonly long _version;
        private readonly bool _writes;

        internal Scope(SharedReaderWriterLock target, ScopeHold hold, bool writes, LockResult result)
        {
            _lock = target;
            _hold = hold;
            _version = hold.Version;
            _writes = writes;
            OwnerDied = result == LockResult.OwnerDied;
        }

        /// <summary>Whether a writer died and what the lock guards may be half changed: a writer must repair it.</summary>
        public bool OwnerDied { get; }

        /// <summary>Releases the lock, if the scope has not ended before.</summary>
        /// <exception cref="SynchronizationLockException">It was released by <see cref="ReleaseRead"/> or
        /// <see cref="ReleaseWrite"/>.</exception>
        /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
        public void Dispose()
        {
            if (_lock is null || !_hold.TryEnd(_version))
            {
                return;
            }

            if (_writes)
            {
                _lock.ReleaseWrite();
            }
            else
            {
                _lock.ReleaseRead();
            }
        }
    }

    private readonly struct ReadStep(SharedReaderWriterLock target) : IWaitStep<LockResult>
    {
        public LockResult TimedOut => LockResult.TimedOut;

        public bool TryFinish(ref WaitLook look, out LockResult result)
        {
            while (true)
            {
                ulong seen = Volatile.Read(ref target.Writer);
                if ((seen & ProcessSlots.TokenMask) == 0)
                {
                    result = target.TryRead();
                    if (result != LockResult.TimedOut)
                    {
                        return true;
                    }
                }
                else if (look.IsDead(seen))
                {
                    target.ReleaseForDeadWriter(seen);
                }
                else if (!look.Sleeps || target.TryBlockAtWord(seen, ref look))
                {
                    result = LockResult.TimedOut;
                    return false;
                }
            }
        }

        public void Cancel() { }
    }

    /// <summary>First takes the writer word, which keeps new readers out, then waits until the readers have left.</summary>
    private struct WriteStep(SharedReaderWriterLock target) : IWaitStep<LockResult>
    {
        private bool _hasWord;
        private bool _died;
        private ulong _slept;

        public readonly LockResult TimedOut => LockResult.TimedOut;

        public bool TryFinish(ref WaitLook look, out LockResult result)
        {
            result = LockResult.TimedOut;
            if (!_hasWord && ((look.IsOnly && target.AnyReader(ref look)) || !TryTakeWord(ref look)))
            {
                return false; // a try that does not wait must not keep readers out
            }

            uint left = Volatile.Read(ref target.Left);
            if (target.AnyReader(ref look))
            {
                look.Block(LeftAt, left);
                return false;
            }

            FaultPoints.Reach(FaultPoint.WriterDrained);
            result = _died ? LockResult.OwnerDied : LockResult.Acquired;
            return true;
        }

        public void Cancel()
        {
            if (_hasWord)
            {
                _hasWord = false;
                target.TryReleaseWord(_died ? Died : 0); // what was not repaired stays reported
            }
        }

        private bool TryTakeWord(ref WaitLook look)
        {
            while (true)
            {
                ulong seen = Volatile.Read(ref target.Writer);
                if ((seen & ProcessSlots.TokenMask) == 0)
                {
                    // Died stays while it owns the word: should it die before it has repaired, the next one is told as well.
                    if (Interlocked.CompareExchange(ref target.Writer, seen | target.Memory.Token | _slept, seen) == seen)
                    {
                        _hasWord = true;
                        _died = (seen & Died) != 0;
                        FaultPoints.Reach(FaultPoint.WriterTaken);
                        Interlocked.MemoryBarrier();
                        return true;
                    }
                }
                else if (look.IsDead(seen))
                {
                    target.ReleaseForDeadWriter(seen);
                }
                else if (!look.Sleeps)
                {
                    return false;
                }
                else if (target.TryBlockAtWord(seen, ref look))
                {
                    _slept = Sleepers;
                    return false;
                }
            }
        }
    }
}
