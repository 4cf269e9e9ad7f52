using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A number of permits that processes take and give back.</summary>
/// <remarks>
/// <para>Two kinds. In an owned one each permit knows who has it: only its owner's process gives it back, and the permits of a
/// process that dies go to the next ones who ask, who are told. In a plain one anybody gives permits, as when one process
/// counts what it has made for another; what a dead process has taken is gone.</para>
/// <para>Layout: mark | options | permits | - | 16 word. Plain: the word is the number of permits there are; bit 31: somebody may
/// be asleep. Owned: the word is a counter of what was given back, with the same bit, and at 64 there is a word for each permit,
/// 0 or its owner's token: taking and giving back are one store each, so that a death between two steps loses none.</para>
/// </remarks>
public sealed class SharedSemaphore : SharedObject
{
    /// <summary>The most permits of an owned semaphore.</summary>
    public const int MostOwnedPermits = 4096;

    /// <summary>The most permits of a plain semaphore.</summary>
    public const int MostPermits = int.MaxValue;

    private const int Word = 16;
    private const int Permits = 64;
    private const uint Sleepers = 1u << 31;
    private const uint OwnedOption = 1;

    private readonly bool _owned;
    private readonly uint _maximum;

    private SharedSemaphore(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Semaphore, 64)
    {
        _owned = Parameter(0) == OwnedOption;
        _maximum = Parameter(1);
        if (Parameter(0) > OwnedOption || _maximum == 0 || _maximum > (_owned ? MostOwnedPermits : MostPermits))
        {
            throw Wrong("a semaphore without sense");
        }

        memory.RequireInside(offset, SizeFor((int)_maximum, _owned));
    }

    /// <summary>How many permits there can be.</summary>
    public int Maximum => (int)_maximum;

    /// <summary>Whether permits know who has them.</summary>
    public bool IsOwned => _owned;

    /// <summary>Permits that nobody has, at the moment.</summary>
    public int Available
    {
        get
        {
            Memory.ThrowIfDisposed();
            if (!_owned)
            {
                return (int)(Volatile.Read(ref State) & ~Sleepers);
            }

            int free = 0;
            for (int i = 0; i < _maximum; i++)
            {
                free += Volatile.Read(ref Permit(i)) == 0 ? 1 : 0;
            }

            return free;
        }
    }

    private ref uint State => ref SharedWord.UInt32(Address + Word);

    /// <summary>Bytes that a semaphore takes.</summary>
    /// <param name="maximum">How many permits there can be.</param>
    /// <param name="owned">Whether permits know who has them.</param>
    public static int SizeFor(int maximum, bool owned)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximum);
        if (!owned)
        {
            return Permits;
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, MostOwnedPermits);
        return Permits + (maximum * 4 + Alignment - 1) / Alignment * Alignment;
    }

    /// <summary>Makes a semaphore whose permits know their owners. All are there from the beginning.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="permits">How many, at most <see cref="MostOwnedPermits"/>.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedSemaphore CreateOwned(SharedMemory memory, long offset, int permits)
    {
        Make(memory, offset, ObjectKind.Semaphore, SizeFor(permits, owned: true), OwnedOption, (uint)permits);
        return new SharedSemaphore(memory, offset);
    }

    /// <summary>Makes a plain semaphore.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="available">Permits that are there from the beginning.</param>
    /// <param name="maximum">How many there can be.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedSemaphore Create(SharedMemory memory, long offset, int available, int maximum = MostPermits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(available);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(available, maximum);
        Make(memory, offset, ObjectKind.Semaphore, SizeFor(maximum, owned: false), 0, (uint)maximum);
        SharedSemaphore made = new(memory, offset);
        made.State = (uint)available;
        return made;
    }

    /// <summary>Opens a semaphore that was made before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedSemaphore Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Takes a permit and waits as long as it takes.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that the permit was a dead process'.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition Acquire(CancellationToken cancellationToken = default) =>
        TryAcquire(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Takes a permit and waits for a time.</summary>
    /// <param name="timeout">How long at most; zero does not wait at all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public LockAcquisition TryAcquire(TimeSpan timeout = default, CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        return TryTake(0) ? LockAcquisition.Acquired : Slow(timeout, cancellationToken);
    }

    /// <summary>Takes a permit without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockAcquisition> AcquireAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        LockAcquisition at = TryAcquire(TimeSpan.Zero, cancellationToken);
        return at != LockAcquisition.TimedOut || timeout == TimeSpan.Zero
            ? new ValueTask<LockAcquisition>(at)
            : new ValueTask<LockAcquisition>(WaitThread.Run(
                () => Slow(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));
    }

    /// <summary>Gives permits back, or (plain) gives new ones.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="SemaphoreFullException">More than the maximum, or (owned) more than this opening of the segment has;
    /// none was given.</exception>
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

    private ref uint Permit(int index) => ref SharedWord.UInt32(Address + Permits + index * 4);

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

    private bool TryTakeFromDead()
    {
        for (int i = 0; _owned && i < _maximum; i++)
        {
            uint owner = Volatile.Read(ref Permit(i));
            if (owner != 0 && !Memory.Slots.IsAlive(owner) && Interlocked.CompareExchange(ref Permit(i), Memory.Token, owner) == owner)
            {
                Interlocked.Or(ref State, Sleepers);
                return true;
            }
        }

        return false;
    }

    private LockAcquisition Slow(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using WaitClock clock = new(Memory, timeout, cancellationToken);
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spinning.Rounds; spins > 0; spins--)
        {
            if (TryTake(0))
            {
                return LockAcquisition.Acquired;
            }

            Spinning.Once();
        }

        for (uint slept = 0; ; slept = Sleepers)
        {
            uint seen = Interlocked.Or(ref State, Sleepers) | Sleepers; // told of, before the last look: nothing is missed between
            if (TryTake(slept))
            {
                return LockAcquisition.Acquired;
            }

            if (TryTakeFromDead())
            {
                return LockAcquisition.OwnerDied;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return LockAcquisition.TimedOut;
            }

            FaultPoints.Reach(FaultPoint.PermitWaiting);
            Sleep(Word, seen, milliseconds);
        }
    }

    private void ReleasePlain(uint count)
    {
        uint seen;
        do
        {
            seen = Volatile.Read(ref State);
            if ((seen & ~Sleepers) + count > _maximum)
            {
                throw new SemaphoreFullException();
            }
        }
        while (Interlocked.CompareExchange(ref State, (seen & ~Sleepers) + count, seen) != seen);
        FaultPoints.Reach(FaultPoint.PermitReturned);
        if ((seen & Sleepers) != 0)
        {
            Wake(Word, (int)count); // whoever is woken puts the bit back
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
            throw new SemaphoreFullException($"Not {count} of the permits are owned here.");
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
            Wake(Word, count);
        }
    }
}
