using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A number of permits that processes acquire and release, like a named <see cref="Semaphore"/>.</summary>
/// <remarks>
/// <para>There are two kinds. In an owned semaphore each permit knows its owner: only the owning process releases it, and the permits
/// of a process that dies go to the next ones that ask, which are told. In a plain semaphore any process releases permits, as when one
/// process counts what it has produced for another; what a dead process has acquired is lost.</para>
/// <para>Waiters do not acquire permits in FIFO order.</para>
/// </remarks>
public sealed class SharedSemaphore : SharedObject
{
    // mark(32) | options(32) | maximum(32) | - | word(32) at 16
    // Plain: the word is the number of permits. Owned: it counts releases, and from 64 on there is a word (64) for each permit, 0 or its
    // owner's token: acquiring and releasing are one store each, so that a death between two steps loses none. Bit 31: a waiter may be
    // asleep.

    /// <summary>The most permits of an owned semaphore.</summary>
    public const int MaxOwnedPermits = 4096;

    /// <summary>The most permits of a plain semaphore.</summary>
    public const int MaxPermits = int.MaxValue;

    private const int WordAt = 16;
    private const int PermitsAt = 64;
    private const uint Sleepers = 1u << 31;
    private const uint OwnedOption = 1;

    private readonly bool _owned;
    private readonly uint _maximum;

    private SharedSemaphore(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Semaphore, 64)
    {
        _owned = Parameter(0) == OwnedOption;
        _maximum = Parameter(1);
        if (Parameter(0) > OwnedOption)
        {
            throw Invalid($"invalid semaphore: unknown options 0x{Parameter(0):x}");
        }

        if (_maximum == 0 || _maximum > (_owned ? MaxOwnedPermits : MaxPermits))
        {
            throw Invalid($"invalid semaphore: a maximum of {_maximum} permits is not from 1 to {(_owned ? MaxOwnedPermits : MaxPermits)}");
        }

        memory.RequireInside(offset, SizeFor((int)_maximum, _owned));
    }

    /// <summary>The maximum number of permits.</summary>
    public int Maximum => (int)_maximum;

    /// <summary>Whether permits know who has them.</summary>
    public bool IsOwned => _owned;

    /// <summary>The permits that are available, at the moment.</summary>
    public int Available
    {
        get
        {
            Memory.ThrowIfDisposed();
            if (!_owned)
            {
                int available = (int)(Volatile.Read(ref State) & ~Sleepers);
                Memory.ThrowIfDisposedSince();
                return available;
            }

            int free = 0;
            for (int i = 0; i < _maximum; i++)
            {
                free += Volatile.Read(ref Permit(i)) == 0 ? 1 : 0;
            }

            Memory.ThrowIfDisposedSince();
            return free;
        }
    }

    private ref uint State => ref SharedWord.UInt32(Address + WordAt);

    /// <summary>Bytes that a semaphore takes.</summary>
    /// <param name="maximum">How many permits there can be.</param>
    /// <param name="owned">Whether permits know who has them.</param>
    public static int SizeFor(int maximum, bool owned)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximum);
        if (!owned)
        {
            return PermitsAt;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, MaxOwnedPermits);
        return PermitsAt + (maximum * 8 + Alignment - 1) / Alignment * Alignment;
    }

    /// <summary>Creates a semaphore whose permits know their owners. All are available from the beginning.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="permits">How many, at most <see cref="MaxOwnedPermits"/>.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedSemaphore CreateOwned(SharedMemory memory, long offset, int permits) =>
        CreateOwned(memory, offset, permits, openExisting: false);

    /// <summary>Opens a semaphore whose permits know their owners, created if there is none.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="permits">How many, at most <see cref="MaxOwnedPermits"/>.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a semaphore with other parameters.</exception>
    public static SharedSemaphore CreateOrOpenOwned(SharedMemory memory, long offset, int permits) =>
        CreateOwned(memory, offset, permits, openExisting: true);

    /// <summary>Creates a plain semaphore.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="available">Permits that are available from the beginning.</param>
    /// <param name="maximum">The most permits that can be available.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedSemaphore Create(SharedMemory memory, long offset, int available, int maximum = MaxPermits) =>
        Create(memory, offset, available, maximum, openExisting: false);

    /// <summary>
    /// Opens a plain semaphore, created if there is none. Of any number of processes that call this at once, one creates it.
    /// </summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="available">Permits of a new one that are available from the beginning.</param>
    /// <param name="maximum">The most permits that can be available.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a semaphore with other parameters.</exception>
    public static SharedSemaphore CreateOrOpen(SharedMemory memory, long offset, int available, int maximum = MaxPermits) =>
        Create(memory, offset, available, maximum, openExisting: true);

    /// <summary>Opens a semaphore that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedSemaphore Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Acquires a permit for the time of a <c>using</c> block.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The scope, which says whether the permit was a dead process' and releases it when it is disposed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public Scope Enter(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), Acquire(cancellationToken));

    /// <summary>Acquires a permit for the time of a <c>using</c> block, if it can within a timeout.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="scope">The scope; without effect if the result is false.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public bool TryEnter(TimeSpan timeout, out Scope scope, CancellationToken cancellationToken = default)
    {
        LockResult result = TryAcquire(timeout, cancellationToken);
        scope = result == LockResult.TimedOut ? default : new Scope(this, ScopeHold.Rent(), result);
        return result != LockResult.TimedOut;
    }

    /// <summary>Acquires a permit for the time of a <c>using</c> block, which may contain <c>await</c>. No thread waits.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public async ValueTask<Scope> EnterAsync(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), await AcquireAsync(null, cancellationToken).ConfigureAwait(false));

    /// <summary>Acquires a permit, however long that takes. <see cref="Enter"/> is the same for a <c>using</c> block.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that the permit was a dead process'.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public LockResult Acquire(CancellationToken cancellationToken = default) => TryAcquire(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Acquires a permit if it can within a timeout.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public LockResult TryAcquire(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Memory.ThrowIfDisposed();
        return TryTake(0) ? LockResult.Acquired : Waiter.Wait<Step, LockResult>(this, new Step(this), timeout, cancellationToken);
    }

    /// <summary>Acquires a permit; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockResult> AcquireAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Waiter.WaitAsync<Step, LockResult>(this, new Step(this), timeout, cancellationToken);

    /// <summary>Releases permits that were acquired or, of a plain semaphore, new ones.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="SemaphoreFullException">More than the maximum, or (owned) more than this opening of the segment holds;
    /// none was released.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void Release(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        Memory.ThrowIfDisposed();
        if (_owned)
        {
            ReleaseOwned(count);
        }
        else
        {
            ReleasePlain((uint)count);
        }
    }

    private ref ulong Permit(int index) => ref SharedWord.UInt64(Address + PermitsAt + index * 8);

    private bool TryTake(uint slept)
    {
        if (_owned)
        {
            for (int i = 0; i < _maximum; i++)
            {
                if (Volatile.Read(ref Permit(i)) != 0 || Interlocked.CompareExchange(ref Permit(i), Memory.Token, 0) != 0)
                {
                    continue;
                }

                if (slept != 0)
                {
                    Interlocked.Or(ref State, Sleepers);
                }

                FaultPoints.Reach(FaultPoint.PermitTaken);
                return true;
            }

            return false;
        }

        for (uint seen; ((seen = Volatile.Read(ref State)) & ~Sleepers) != 0;)
        {
            if (Interlocked.CompareExchange(ref State, seen - 1 | slept, seen) == seen)
            {
                FaultPoints.Reach(FaultPoint.PermitTaken);
                return true;
            }
        }

        return false;
    }

    private bool TryTakeFromDead(ref WaitLook look)
    {
        for (int i = 0; _owned && i < _maximum; i++)
        {
            ulong owner = Volatile.Read(ref Permit(i));
            if (owner != 0 && look.IsDead(owner) && Interlocked.CompareExchange(ref Permit(i), Memory.Token, owner) == owner)
            {
                Interlocked.Or(ref State, Sleepers);
                return true;
            }
        }

        return false;
    }

    private void ReleasePlain(uint count)
    {
        uint seen;
        do
        {
            seen = Volatile.Read(ref State);
            if ((seen & ~Sleepers) + count > _maximum)
            {
                throw new SemaphoreFullException($"Cannot release {count} permits: {seen & ~Sleepers} of {_maximum} are available.");
            }
        }
        while (Interlocked.CompareExchange(ref State, (seen & ~Sleepers) + count, seen) != seen);
        FaultPoints.Reach(FaultPoint.PermitReturned);
        if ((seen & Sleepers) != 0)
        {
            Wake(WordAt, (int)count); // the woken ones set the bit again
        }
    }

    private void ReleaseOwned(int count)
    {
        int mine = 0;
        for (int i = 0; i < _maximum && mine < count; i++)
        {
            mine += Volatile.Read(ref Permit(i)) == Memory.Token ? 1 : 0;
        }

        if (mine < count)
        {
            Memory.ThrowIfDisposedSince();
            throw new SemaphoreFullException($"Cannot release {count} permits; this opening holds {mine}.");
        }

        int given = 0;
        for (int i = 0; i < _maximum && given < count; i++)
        {
            if (Volatile.Read(ref Permit(i)) == Memory.Token && Interlocked.CompareExchange(ref Permit(i), 0, Memory.Token) == Memory.Token)
            {
                given++;
            }
        }

        FaultPoints.Reach(FaultPoint.PermitReturned);
        uint seen;
        do
        {
            seen = Volatile.Read(ref State);
        }
        while (Interlocked.CompareExchange(ref State, seen + 1 & ~Sleepers, seen) != seen);
        if ((seen & Sleepers) != 0)
        {
            Wake(WordAt, count);
        }
    }

    private static SharedSemaphore CreateOwned(SharedMemory memory, long offset, int permits, bool openExisting)
    {
        int size = SizeFor(permits, owned: true);
        Create(memory, offset, ObjectKind.Semaphore, size, size, openExisting, [OwnedOption, (uint)permits]);
        return new SharedSemaphore(memory, offset);
    }

    private static SharedSemaphore Create(SharedMemory memory, long offset, int available, int maximum, bool openExisting)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(available);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(available, maximum);
        int size = SizeFor(maximum, owned: false);
        Create(memory, offset, ObjectKind.Semaphore, size, size, openExisting, [0, (uint)maximum],
            address => SharedWord.UInt32(address + WordAt) = (uint)available);
        return new SharedSemaphore(memory, offset);
    }

    /// <summary>A permit, held until it is disposed. The first <see cref="Dispose"/> of the scope or of a copy ends it; what is disposed of
    /// later does nothing.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly SharedSemaphore? _semaphore;
        private readonly ScopeHold _hold = null!;
        private readonly long _version;

        internal Scope(SharedSemaphore semaphore, ScopeHold hold, LockResult result)
        {
            _semaphore = semaphore;
            _hold = hold;
            _version = hold.Version;
            OwnerDied = result == LockResult.OwnerDied;
        }

        /// <summary>Whether the permit was a dead process', whose work may be half done.</summary>
        public bool OwnerDied { get; }

        /// <summary>Releases the permit, if the scope has not ended before.</summary>
        /// <exception cref="SemaphoreFullException">The permit was released by <see cref="SharedSemaphore.Release"/>.</exception>
        /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
        public void Dispose()
        {
            if (_semaphore is not null && _hold.TryEnd(_version))
            {
                _semaphore.Release();
            }
        }
    }

    private struct Step(SharedSemaphore semaphore) : IWaitStep<LockResult>
    {
        private uint _slept;

        public readonly LockResult TimedOut => LockResult.TimedOut;

        public bool TryFinish(ref WaitLook look, out LockResult result)
        {
            uint seen = 0;
            if (look.Sleeps)
            {
                seen = Interlocked.Or(ref semaphore.State, Sleepers) | Sleepers; // before the last look: nothing is missed in between
                _slept = Sleepers;
            }

            result = semaphore.TryTake(_slept) ? LockResult.Acquired
                : look.LooksForDead && semaphore.TryTakeFromDead(ref look) ? LockResult.OwnerDied
                : LockResult.TimedOut;
            look.Block(WordAt, seen);
            return result != LockResult.TimedOut;
        }

        public readonly void Cancel() { }
    }
}
