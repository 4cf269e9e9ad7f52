using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A signal between processes, like a named <see cref="EventWaitHandle"/>: set, it lets all waiters pass until it is reset
/// (manual reset), or lets one pass and is reset by that (auto reset).</summary>
/// <remarks>It has no owner. A signal that a process has taken is lost with that process.</remarks>
public sealed class SharedEvent : SharedObject, ISharedSignal
{
    // mark(32) | options(32) | - | - | word(32) at 16: bit 0 set, bit 31 a waiter may be asleep

    /// <summary>Bytes that an event takes.</summary>
    public const int Size = 64;

    private const int WordAt = 16;
    private const uint SetBit = 1;
    private const uint Sleepers = 1u << 31;
    private const uint ManualOption = 1;

    private readonly bool _manual;

    private SharedEvent(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Event, Size)
    {
        if (Parameter(0) > ManualOption)
        {
            throw Invalid($"invalid event: unknown options 0x{Parameter(0):x}");
        }

        _manual = Parameter(0) == ManualOption;
    }

    /// <summary>Whether it stays set until it is reset.</summary>
    public bool IsManualReset => _manual;

    /// <summary>Whether it is set now.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public bool IsSet
    {
        get
        {
            Memory.ThrowIfDisposed();
            bool set = (Volatile.Read(ref State) & SetBit) != 0;
            Memory.ThrowIfDisposedSince();
            return set;
        }
    }

    SharedObject ISharedSignal.Target => this;

    private ref uint State => ref SharedWord.UInt32(Address + WordAt);

    /// <summary>Creates an event.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="manualReset">Whether it stays set until it is reset.</param>
    /// <param name="set">Whether it is set from the beginning.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedEvent Create(SharedMemory memory, long offset, bool manualReset, bool set = false) =>
        Create(memory, offset, manualReset, set, openExisting: false);

    /// <summary>Opens an event, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="manualReset">Whether it stays set until it is reset.</param>
    /// <param name="set">Whether a new one is set from the beginning.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or an event of the other kind.</exception>
    public static SharedEvent CreateOrOpen(SharedMemory memory, long offset, bool manualReset, bool set = false) =>
        Create(memory, offset, manualReset, set, openExisting: true);

    /// <summary>Opens an event that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedEvent Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Sets it. Setting a set one changes nothing.</summary>
    /// <remarks>Waiters pass when they see it set. Of a manual-reset event that is reset at once, those that wait may miss it, unlike those
    /// of a named <see cref="EventWaitHandle"/>.</remarks>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void Set()
    {
        Memory.ThrowIfDisposed();
        uint before = Interlocked.Exchange(ref State, SetBit);
        FaultPoints.Reach(FaultPoint.EventSet);
        if ((before & Sleepers) != 0)
        {
            Wake(WordAt, _manual ? int.MaxValue : 1); // the woken one sets the bit again: others may still sleep
        }
    }

    /// <summary>Resets it.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void Reset()
    {
        Memory.ThrowIfDisposed();
        Interlocked.And(ref State, ~SetBit);
    }

    /// <summary>Waits until it is set.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public void Wait(CancellationToken cancellationToken = default) => Wait(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Waits until it is set, or a timeout passes.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        Memory.ThrowIfDisposed();
        return TryTake(0) || Waiter.Wait<Step, bool>(this, new Step(this), timeout, cancellationToken);
    }

    /// <summary>Waits until it is set; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<bool> WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Waiter.WaitAsync<Step, bool>(this, new Step(this), timeout, cancellationToken);

    bool ISharedSignal.TryFinish(ref WaitLook look) => new Step(this).TryFinish(ref look, out _);

    private static SharedEvent Create(SharedMemory memory, long offset, bool manualReset, bool set, bool openExisting)
    {
        Create(memory, offset, ObjectKind.Event, Size, Size, openExisting, [manualReset ? ManualOption : 0],
            set ? static address => SharedWord.UInt32(address + WordAt) = SetBit : null);
        return new SharedEvent(memory, offset);
    }

    private bool TryTake(uint slept)
    {
        for (uint seen; ((seen = Volatile.Read(ref State)) & SetBit) != 0;)
        {
            if (_manual || Interlocked.CompareExchange(ref State, seen & ~SetBit | slept, seen) == seen)
            {
                FaultPoints.Reach(FaultPoint.EventTaken);
                return true;
            }
        }

        return false;
    }

    private struct Step(SharedEvent target) : IWaitStep<bool>
    {
        private uint _slept; // the bit to take it with: others may sleep on

        public readonly bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            while (true)
            {
                // A step that is made anew for each look (SharedWait) may have slept before.
                if (result = target.TryTake(_slept | (look.Sleeps ? Sleepers : 0)))
                {
                    return true;
                }

                if (!look.Sleeps)
                {
                    return false;
                }

                uint seen = Volatile.Read(ref target.State);
                if ((seen & SetBit) != 0
                    || ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref target.State, seen | Sleepers, seen) != seen))
                {
                    continue;
                }

                _slept = Sleepers;
                look.Block(WordAt, Sleepers);
                return false;
            }
        }

        public readonly void Cancel() { }
    }
}
