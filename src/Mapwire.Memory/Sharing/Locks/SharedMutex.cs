using System.Runtime.CompilerServices;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>What owns a <see cref="SharedMutex"/> between acquiring and releasing it. It is chosen when the mutex is created.</summary>
public enum MutexOwner
{
    /// <summary>The process' opening of the segment: any thread of the process may release it, and async code may hold it across
    /// <c>await</c>. The default.</summary>
    Opening = 0,

    /// <summary>The thread that acquired it, which may acquire it again and releases it as often.</summary>
    RecursiveThread = 1,

    /// <summary>The thread that acquired it: another thread cannot release it, and the same one cannot acquire it again.</summary>
    Thread = 2,
}

/// <summary>A mutual-exclusion lock in shared memory, for the threads of any number of processes, that any thread of the owning process
/// may release unless it was created with <see cref="MutexOwner.Thread"/> or <see cref="MutexOwner.RecursiveThread"/>.</summary>
/// <remarks>
/// <para>By default it is owned by the process' opening of the segment, and <see cref="IsOwned"/> is true for all threads of the process.
/// A mutex that a thread owns is for code in which a release by another thread would be an error to be found: it cannot be acquired by
/// async calls.</para>
/// <para>Like a named <see cref="Mutex"/>, with three differences: it can be held across <c>await</c>, an uncontended acquire is one
/// compare-and-swap, and a dead owner is a result, <see cref="LockResult.OwnerDied"/>, instead of an
/// <see cref="AbandonedMutexException"/>.</para>
/// <para><b>Crashes.</b> If the owning process dies, the next waiter acquires the lock, within a tenth of a second as a rule, and gets
/// <see cref="LockResult.OwnerDied"/>; it must repair the guarded data before relying on it. A process that is merely suspended keeps
/// the lock. A thread that ends while it owns a mutex counts as dead, for waiters of its own process at once and for others
/// after a garbage collection of its process.</para>
/// <para><b>Fairness.</b> The lock is not fair: waiters do not acquire it in FIFO order.</para>
/// </remarks>
/// <example><code>
/// using (SharedMutex.Scope scope = mutex.Enter())
/// {
///     if (scope.OwnerDied)
///     {
///         Repair();
///     }
///
///     memory.At&lt;long&gt;(1024)++;
/// }
/// </code></example>
public sealed class SharedMutex : SharedObject
{
    // mark(32) | options(32) | - | - | owner word(64) at 16 | owner's thread(64) at 24 | depth(32) at 32
    // Owner word: 0 or Died = free, else the owner's token; Sleepers while a waiter may be asleep. Who has slept acquires it with that
    // bit, since others may sleep on. Died: the next owner is told that one before it died; in an owned word, once it is released.

    /// <summary>Bytes that a mutex takes.</summary>
    public const int Size = 64;

    private const int WordAt = 16;
    private const int ThreadAt = 24;
    private const int DepthAt = 32;
    private const ulong Sleepers = 1ul << 31;
    private const ulong Died = 1ul << 30;

    private readonly bool _byThread; // owned by a thread and not by the opening
    private readonly ulong _me;
    private readonly StoreGate? _gate; // for thread and depth

    private SharedMutex(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Mutex, Size)
    {
        OwnedBy = (MutexOwner)Parameter(0);
        if (!Enum.IsDefined(OwnedBy))
        {
            throw Invalid($"invalid mutex: unknown options 0x{Parameter(0):x}");
        }

        _byThread = OwnedBy != MutexOwner.Opening;
        _me = memory.Token;
        _gate = _byThread ? new StoreGate(memory) : null;
    }

    /// <summary>The kind of owner that the mutex was created with.</summary>
    public MutexOwner OwnedBy { get; }

    /// <summary>Whether this opening of the segment owns it; of a mutex that threads own, whether the current thread does.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public bool IsOwned
    {
        get
        {
            Memory.ThrowIfDisposed();
            bool owned = (Volatile.Read(ref Owner) & ProcessSlots.TokenMask) == _me
                && (!_byThread || Volatile.Read(ref OwnerThread) == ThreadIdentity.Current.Id);
            Memory.ThrowIfDisposedSince();
            return owned;
        }
    }

    private ref ulong Owner
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref SharedWord.UInt64(Address + WordAt);
    }

    private ref ulong OwnerThread => ref SharedWord.UInt64(Address + ThreadAt);

    private ref uint Depth => ref SharedWord.UInt32(Address + DepthAt);

    /// <summary>Creates a mutex that has no owner.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="owner">What owns it: by default the process' opening of the segment. One that a thread owns cannot be acquired by
    /// async calls.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The owner is not one of <see cref="MutexOwner"/>.</exception>
    public static SharedMutex Create(SharedMemory memory, long offset, MutexOwner owner = MutexOwner.Opening) =>
        Create(memory, offset, owner, openExisting: false);

    /// <summary>Opens a mutex, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="owner">What owns it: by default the process' opening of the segment.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a mutex with another kind of owner.</exception>
    public static SharedMutex CreateOrOpen(SharedMemory memory, long offset, MutexOwner owner = MutexOwner.Opening) =>
        Create(memory, offset, owner, openExisting: true);

    /// <summary>Opens a mutex that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedMutex Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Acquires the mutex for the time of a <c>using</c> block.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The scope, which says whether a previous owner died and releases the mutex when it is disposed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public Scope Enter(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), Acquire(cancellationToken));

    /// <summary>Acquires the mutex for the time of a <c>using</c> block, if it can within a timeout.</summary>
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

    /// <summary>Acquires the mutex for the time of a <c>using</c> block, which may contain <c>await</c>. No thread waits.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">A thread would own it (<see cref="MutexOwner"/>).</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public async ValueTask<Scope> EnterAsync(CancellationToken cancellationToken = default) =>
        new(this, ScopeHold.Rent(), await AcquireAsync(null, cancellationToken).ConfigureAwait(false));

    /// <summary>Acquires the mutex, however long that takes. <see cref="Enter"/> is the same for a <c>using</c> block.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Acquired, or that a previous owner died.</returns>
    /// <exception cref="LockRecursionException">This thread already owns it (<see cref="MutexOwner.Thread"/>).</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LockResult Acquire(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Memory.ThrowIfDisposed();
        return !_byThread && Interlocked.CompareExchange(ref Owner, _me, 0) == 0
            ? Acquired()
            : AcquireSlow(Timeout.InfiniteTimeSpan, cancellationToken);
    }

    /// <summary>Acquires the mutex if it can within a timeout.</summary>
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
        return !_byThread && Interlocked.CompareExchange(ref Owner, _me, 0) == 0 ? Acquired() : AcquireSlow(timeout, cancellationToken);
    }

    /// <summary>Acquires the mutex; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">A thread would own it (<see cref="MutexOwner"/>).</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<LockResult> AcquireAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        if (_byThread)
        {
            throw new InvalidOperationException(
                $"This mutex is owned by a thread (MutexOwner.{OwnedBy}), which async code does not keep: "
                + "create it with MutexOwner.Opening.");
        }

        return Waiter.WaitAsync<Step, LockResult>(this, new Step(this), timeout, cancellationToken);
    }

    /// <summary>Releases the mutex.</summary>
    /// <exception cref="SynchronizationLockException">This opening of the segment does not own it, or of a mutex that threads own
    /// another thread does.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release()
    {
        Memory.ThrowIfDisposed();
        FaultPoints.Reach(FaultPoint.MutexReleasing);
        if (_byThread || Interlocked.CompareExchange(ref Owner, 0, _me) != _me)
        {
            ReleaseSlow();
            return;
        }

        FaultPoints.Reach(FaultPoint.MutexReleased);
    }

    /// <summary>The owner was told of a death and could not say so: the next one is told once more.</summary>
    internal void KeepDeath()
    {
        ulong seen;
        do
        {
            seen = Volatile.Read(ref Owner);
        }
        while ((seen & ProcessSlots.TokenMask) == _me && Interlocked.CompareExchange(ref Owner, seen | Died, seen) != seen);
    }

    internal bool IsSame(SharedMutex other) => ReferenceEquals(Memory, other.Memory) && Offset == other.Offset;

    /// <summary>Called when a thread that has ended is collected.</summary>
    internal void ReleaseForEndedThread(ulong thread)
    {
        if (!Memory.IsDisposed && Interlocked.CompareExchange(ref OwnerThread, 0, thread) == thread && TryReleaseOwner(Died, out _))
        {
            Wake(WordAt, 1);
        }
    }

    private static SharedMutex Create(SharedMemory memory, long offset, MutexOwner owner, bool openExisting)
    {
        if (!Enum.IsDefined(owner))
        {
            throw Unknown.Value(nameof(owner), owner);
        }

        Create(memory, offset, ObjectKind.Mutex, Size, Size, openExisting, [(uint)owner]);
        return new SharedMutex(memory, offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static LockResult Acquired()
    {
        FaultPoints.Reach(FaultPoint.MutexTaken);
        return LockResult.Acquired;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReleaseSlow()
    {
        if (_byThread && !TryLeaveThread())
        {
            return;
        }

        if (!TryReleaseOwner(0, out ulong before))
        {
            Memory.ThrowIfDisposed(); // it was taken over since
            throw NotOwned();
        }

        FaultPoints.Reach(FaultPoint.MutexReleased); // free, and the waiter not woken: its slice ends by itself
        if ((before & Sleepers) != 0)
        {
            Wake(WordAt, 1);
        }
    }

    /// <summary>Frees the owner word, if it is still this opening's: another process may have taken it over.</summary>
    private bool TryReleaseOwner(ulong died, out ulong before)
    {
        do
        {
            before = Volatile.Read(ref Owner);
            if ((before & ProcessSlots.TokenMask) != _me)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref Owner, before & Died | died, before) != before);
        return true;
    }

    /// <summary>Releases a thread's mutex once.</summary>
    /// <returns>Whether it was the last time.</returns>
    private bool TryLeaveThread()
    {
        _gate!.EnterShared();
        try
        {
            if (!IsOwned)
            {
                throw NotOwned();
            }

            if (--Depth > 0)
            {
                return false;
            }

            ThreadIdentity.Current.Remove(this);
            Volatile.Write(ref OwnerThread, 0);
            return true;
        }
        finally
        {
            _gate.LeaveShared();
        }
    }

    private void RequireOwned()
    {
        if (!IsOwned)
        {
            throw NotOwned();
        }
    }

    private SynchronizationLockException NotOwned() =>
        new(_byThread ? "The mutex is not owned by this thread." : "The mutex is not owned by this opening of the shared memory.");

    [MethodImpl(MethodImplOptions.NoInlining)]
    private LockResult AcquireSlow(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (_byThread && TryEnterAgain())
        {
            return LockResult.Acquired;
        }

        LockResult result = Waiter.Wait<Step, LockResult>(this, new Step(this), timeout, cancellationToken);
        if (_byThread && result != LockResult.TimedOut)
        {
            FaultPoints.Reach(FaultPoint.MutexOwned);
            _gate!.EnterShared();
            Volatile.Write(ref OwnerThread, ThreadIdentity.Current.Id);
            Depth = 1;
            _gate.LeaveShared();
            ThreadIdentity.Current.Add(this);
        }

        return result;
    }

    private bool TryEnterAgain()
    {
        _gate!.EnterShared();
        try
        {
            if (!IsOwned)
            {
                return false;
            }

            if (OwnedBy != MutexOwner.RecursiveThread)
            {
                throw new LockRecursionException(
                    "This thread already owns the mutex: create it with MutexOwner.RecursiveThread to acquire it more than once.");
            }

            Depth = checked(Depth + 1);
            return true;
        }
        finally
        {
            _gate.LeaveShared();
        }
    }

    /// <summary>The mutex, held until it is disposed. The first <see cref="Dispose"/> of the scope or of a copy ends it; what is disposed
    /// of later does nothing, whatever holds the mutex by then.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly SharedMutex? _mutex;
        private readonly ScopeHold _hold = null!;
        private readonly long _version;

        internal Scope(SharedMutex mutex, ScopeHold hold, LockResult result)
        {
            _mutex = mutex;
            _hold = hold;
            _version = hold.Version;
            OwnerDied = result == LockResult.OwnerDied;
        }

        /// <summary>
        /// Whether a previous owner died while it held the mutex: what it guards may be half changed and must be repaired.
        /// </summary>
        public bool OwnerDied { get; }

        /// <summary>Releases the mutex, if the scope has not ended before.</summary>
        /// <exception cref="SynchronizationLockException">The mutex belongs to another thread, or was released by
        /// <see cref="SharedMutex.Release"/>.</exception>
        /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
        public void Dispose()
        {
            if (_mutex is not SharedMutex mutex || _hold.Version != _version)
            {
                return;
            }

            if (mutex._byThread)
            {
                mutex.RequireOwned(); // before the scope ends: its own thread may still dispose of it
            }

            if (_hold.TryEnd(_version))
            {
                mutex.Release();
            }
        }
    }

    private struct Step(SharedMutex mutex) : IWaitStep<LockResult>
    {
        private ulong _slept; // the bit to acquire it with

        public readonly LockResult TimedOut => LockResult.TimedOut;

        public bool TryFinish(ref WaitLook look, out LockResult result)
        {
            while (true)
            {
                ulong seen = Volatile.Read(ref mutex.Owner);
                if ((seen & ProcessSlots.TokenMask) == 0)
                {
                    if (Interlocked.CompareExchange(ref mutex.Owner, mutex._me | _slept, seen) == seen)
                    {
                        result = (seen & Died) != 0 ? LockResult.OwnerDied : Acquired();
                        return true;
                    }

                    continue;
                }

                if (mutex._byThread && look.LooksForDead && (seen & ProcessSlots.TokenMask) == mutex._me && TryTakeFromEndedThread())
                {
                    result = LockResult.OwnerDied;
                    return true;
                }

                if (look.IsDead(seen))
                {
                    if (Interlocked.CompareExchange(ref mutex.Owner, mutex._me | Sleepers, seen) != seen)
                    {
                        continue;
                    }

                    FaultPoints.Reach(FaultPoint.MutexTakenOver);
                    result = LockResult.OwnerDied;
                    return true;
                }

                result = LockResult.TimedOut;
                if (!look.Sleeps)
                {
                    return false;
                }

                if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref mutex.Owner, seen | Sleepers, seen) != seen)
                {
                    continue;
                }

                _slept = Sleepers;
                look.Block(WordAt, (uint)(seen | Sleepers));
                return false;
            }
        }

        public readonly void Cancel() { }

        /// <summary>The owner word stays: it is this process'. Of the threads that see the dead one's id, one replaces it.</summary>
        private readonly bool TryTakeFromEndedThread()
        {
            ulong thread = Volatile.Read(ref mutex.OwnerThread);
            return thread != 0 && ThreadIdentity.HasEnded(thread)
                && Interlocked.CompareExchange(ref mutex.OwnerThread, ThreadIdentity.Current.Id, thread) == thread;
        }
    }
}
