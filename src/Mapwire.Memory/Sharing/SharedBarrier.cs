using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A place where a fixed number of participants wait for each other, phase after phase.</summary>
/// <remarks>
/// <para>Each participant has a seat, taken when he opens the barrier. A seat that nobody has taken yet is waited for; one whose
/// process died is passed over, and the others are told; another process may take it and joins in the phase that is current
/// then.</para>
/// <para>Layout: mark | seats | - | - | 16 phase: what all have completed; bit 31: somebody may be asleep. From 64: for each seat
/// its owner's token (upper half) and the last phase that he arrived at. An arrival is one store, and whoever looks and sees all
/// there moves the phase: no step is left to a process that may die.</para>
/// </remarks>
public sealed class SharedBarrier : SharedObject
{
    /// <summary>The most seats.</summary>
    public const int MostSeats = 1024;

    private const int Word = 16;
    private const int Seats = 64;
    private const uint Sleepers = 1u << 31;
    private const uint PhaseMask = Sleepers - 1;

    private readonly int _seats;
    private readonly int _seat;
    private uint? _pending;

    private SharedBarrier(SharedMemory memory, long offset, int seat) : base(memory, offset, ObjectKind.Barrier, 64)
    {
        uint seats = Parameter(0);
        if (seats is 0 or > MostSeats)
        {
            throw Wrong("a barrier without sense");
        }

        memory.RequireInside(offset, SizeFor((int)seats));
        ArgumentOutOfRangeException.ThrowIfNegative(seat);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)seat, seats, nameof(seat));
        _seats = (int)seats;
        _seat = seat;
    }

    /// <summary>How many take part.</summary>
    public int Participants => _seats;

    /// <summary>Phases that were completed, modulo 2^31.</summary>
    public long Phase
    {
        get
        {
            Memory.ThrowIfDisposed();
            return Volatile.Read(ref State) & PhaseMask;
        }
    }

    private ref uint State => ref SharedWord.UInt32(Address + Word);

    /// <summary>Bytes that a barrier takes.</summary>
    /// <param name="participants">How many take part.</param>
    public static int SizeFor(int participants)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(participants);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(participants, MostSeats);
        return Seats + (participants * 8 + Alignment - 1) / Alignment * Alignment;
    }

    /// <summary>Makes a barrier; no seat is taken.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="participants">How many take part.</param>
    /// <exception cref="InvalidOperationException">There is something at the place.</exception>
    public static void Create(SharedMemory memory, long offset, int participants) =>
        Make(memory, offset, ObjectKind.Barrier, SizeFor(participants), (uint)participants);

    /// <summary>Takes a seat.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="seat">Which, from 0.</param>
    /// <exception cref="SharedMemoryFormatException">There is no barrier.</exception>
    /// <exception cref="InvalidOperationException">A living process has the seat.</exception>
    public static SharedBarrier Join(SharedMemory memory, long offset, int seat)
    {
        SharedBarrier barrier = new(memory, offset, seat);
        ref ulong mine = ref barrier.SeatOf(seat);
        while (true)
        {
            ulong seen = Volatile.Read(ref mine);
            uint owner = (uint)(seen >> 32);
            if (owner != 0 && memory.Slots.IsAlive(owner))
            {
                throw new InvalidOperationException($"Seat {seat} is taken.");
            }
            // The dead one's arrival at the current phase, if he came so far, stands; the new one waits with the others.
            ulong arrived = owner == 0 ? 0 : seen & PhaseMask;
            ulong now = Volatile.Read(ref barrier.State) & PhaseMask;
            if (arrived != (now + 1 & PhaseMask))
            {
                arrived = now;
            }

            if (Interlocked.CompareExchange(ref mine, (ulong)memory.Token << 32 | arrived, seen) == seen)
            {
                return barrier;
            }
        }
    }

    /// <summary>Arrives, and waits for the others as long as it takes.</summary>
    /// <param name="cancellationToken">Ends the wait; the arrival stands.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public BarrierResult SignalAndWait(CancellationToken cancellationToken = default) =>
        SignalAndWait(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Arrives, and waits for the others for a time. Called by one thread at a time.</summary>
    /// <param name="timeout">How long at most. Time up or cancelled, the arrival stands, and the next call goes on waiting.</param>
    /// <param name="cancellationToken">Ends the wait; the arrival stands.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public BarrierResult SignalAndWait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Memory.ThrowIfDisposed();
        uint phase = _pending ?? Volatile.Read(ref State) & PhaseMask;
        _pending = phase;
        Interlocked.Exchange(ref SeatOf(_seat), (ulong)Memory.Token << 32 | (phase + 1 & PhaseMask));
        FaultPoints.Reach(FaultPoint.BarrierArrived);
        BarrierResult result = Wait(phase, timeout, cancellationToken);
        if (result != BarrierResult.TimedOut)
        {
            _pending = null;
        }

        return result;
    }

    /// <summary>Arrives, and waits without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait; the arrival stands.</param>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public Task<BarrierResult> SignalAndWaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        WaitThread.Run(() => SignalAndWait(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken);

    private ref ulong SeatOf(int seat) => ref SharedWord.UInt64(Address + Seats + seat * 8);

    private BarrierResult Wait(uint phase, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using WaitClock clock = new(Memory, timeout, cancellationToken);
        bool died = false;
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spinning.Rounds; ;)
        {
            uint seen = Volatile.Read(ref State);
            if ((seen & PhaseMask) != phase)
            {
                return died || AnyDead(phase) ? BarrierResult.ParticipantDied : BarrierResult.Passed;
            }

            if (AllThere(phase, lookForDead: spins <= 0, ref died))
            {
                if (Interlocked.CompareExchange(ref State, phase + 1 & PhaseMask, seen) != seen)
                {
                    continue;
                }

                FaultPoints.Reach(FaultPoint.BarrierPassed);
                if ((seen & Sleepers) != 0)
                {
                    WakeAll(Word);
                }

                continue;
            }

            if (spins-- > 0)
            {
                Spinning.Once();
                continue;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return BarrierResult.TimedOut;
            }

            if ((seen & Sleepers) == 0 && Interlocked.CompareExchange(ref State, seen | Sleepers, seen) != seen)
            {
                continue;
            }

            FaultPoints.Reach(FaultPoint.BarrierWaiting);
            Sleep(Word, seen | Sleepers, milliseconds);
        }
    }

    private bool AllThere(uint phase, bool lookForDead, ref bool died)
    {
        for (int seat = 0; seat < _seats; seat++)
        {
            ulong seen = Volatile.Read(ref SeatOf(seat));
            if ((uint)seen == (phase + 1 & PhaseMask) && seen >> 32 != 0)
            {
                continue;
            }

            if (!lookForDead || seen >> 32 == 0 || Memory.Slots.IsAlive((uint)(seen >> 32)))
            {
                return false;
            }

            died = true;
        }

        return true;
    }

    /// <summary>Whether a seat of a completed phase never arrived at it: then its owner was dead.</summary>
    private bool AnyDead(uint phase)
    {
        for (int seat = 0; seat < _seats; seat++)
        {
            ulong seen = Volatile.Read(ref SeatOf(seat));
            if ((uint)seen == phase && seen >> 32 != 0 && !Memory.Slots.IsAlive((uint)(seen >> 32)))
            {
                return true;
            }
        }

        return false;
    }
}
