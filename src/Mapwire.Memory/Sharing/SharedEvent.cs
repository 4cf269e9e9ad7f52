using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A signal between processes: once set, it lets all waiters pass until it is reset (manual), or lets one pass and is
/// unset by that (auto).</summary>
/// <remarks>
/// <para>Nobody owns it. A signal that a process has taken is gone with that process.</para>
/// <para>Layout: mark | options | - | - | 16 word: bit 0 set, bit 31 somebody may be asleep.</para>
/// </remarks>
public sealed class SharedEvent : SharedObject
{
    /// <summary>Bytes that it takes.</summary>
    public const int Size = 64;

    private const int Word = 16;
    private const uint SetBit = 1;
    private const uint Sleepers = 1u << 31;
    private const uint ManualOption = 1;

    private readonly bool _manual;

    private SharedEvent(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Event, Size)
    {
        if (Parameter(0) > ManualOption)
        {
            throw Wrong("an event without sense");
        }

        _manual = Parameter(0) == ManualOption;
    }

    /// <summary>Whether it stays set until it is reset.</summary>
    public bool IsManualReset => _manual;

    /// <summary>Whether it is set now.</summary>
    public bool IsSet
    {
        get
        {
            Memory.ThrowIfDisposed();
            return (Volatile.Read(ref State) & SetBit) != 0;
        }
    }

    private ref uint State => ref SharedWord.UInt32(Address + Word);

    /// <summary>Makes an event.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="manualReset">Whether it stays set until it is reset.</param>
    /// <param name="set">Whether it is set from the beginning.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static SharedEvent Create(SharedMemory memory, long offset, bool manualReset, bool set = false)
    {
        Make(memory, offset, ObjectKind.Event, Size, manualReset ? ManualOption : 0);
        SharedEvent made = new(memory, offset);
        if (set)
        {
            made.Set();
        }

        return made;
    }

    /// <summary>Opens an event that was made before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedEvent Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Sets it. Setting a set one changes nothing.</summary>
    public void Set()
    {
        Memory.ThrowIfDisposed();
        uint before = Interlocked.Exchange(ref State, SetBit);
        FaultPoints.Reach(FaultPoint.EventSet);
        if ((before & Sleepers) == 0)
        {
            return;
        }

        if (_manual)
        {
            WakeAll(Word);
        }
        else
        {
            Wake(Word, 1); // the woken one puts the bit back: others may still sleep
        }
    }

    /// <summary>Unsets it.</summary>
    public void Reset()
    {
        Memory.ThrowIfDisposed();
        Interlocked.And(ref State, ~SetBit);
    }

    /// <summary>Waits until it is set.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public void Wait(CancellationToken cancellationToken = default) => Wait(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Waits until it is set, for a time.</summary>
    /// <param name="timeout">How long at most; zero does not wait at all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is up.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        return TryTake(0) || Slow(timeout, cancellationToken);
    }

    /// <summary>Waits without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is up.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<bool> WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Wait(TimeSpan.Zero, cancellationToken) ? new ValueTask<bool>(true)
        : timeout == TimeSpan.Zero ? new ValueTask<bool>(false)
        : new ValueTask<bool>(WaitThread.Run(() => Slow(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));

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

    private bool Slow(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using WaitClock clock = new(Memory, timeout, cancellationToken);
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spinning.Rounds; spins > 0; spins--)
        {
            if (TryTake(0))
            {
                return true;
            }

            Spinning.Once();
        }

        for (uint slept = 0; ; slept = Sleepers)
        {
            if (TryTake(slept))
            {
                return true;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return false;
            }

            uint seen = Volatile.Read(ref State);
            if ((seen & SetBit) != 0
                || ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref State, seen | Sleepers, seen) != seen))
            {
                continue;
            }

            FaultPoints.Reach(FaultPoint.EventWaiting);
            Sleep(Word, Sleepers, milliseconds);
        }
    }
}
