using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>A rendezvous of a fixed number of participants, phase after phase, like <see cref="Barrier"/> between processes.</summary>
/// <remarks>
/// <para>Each participant has a seat, taken by <see cref="Join"/>. A seat that no process has taken yet is waited for. One whose process
/// died is passed over, and all participants of the phase are told; another process may take it and joins in the current phase. One
/// that was left is not waited for until it is taken again.</para>
/// </remarks>
public sealed class SharedBarrier : SharedObject
{
    // mark(32) | seats(32) | - | - | word(32) at 16: completed phases (30 bits); bit 30: a participant of the last one was dead;
    // bit 31: a waiter may be asleep. From 64: for each seat (64) the owner's generation (32-61), bit 31 left, the low bits of the last
    // phase that it arrived at (10-30), slot + 1 (0-9). An arrival is one store, and the first that sees that all have arrived moves the
    // phase and says in the same word whether one was dead: no step is left to a process that may die, and all are told the same.

    /// <summary>The most participants.</summary>
    public const int MaxParticipants = 1024;

    private const int WordAt = 16;
    private const int SeatsAt = 64;
    private const uint Sleepers = 1u << 31;
    private const uint Died = 1u << 30;
    private const uint PhaseMask = Died - 1;
    private const int ArrivedShift = 10;
    private const uint ArrivedMask = (1u << 21) - 1;
    private const ulong LeftBit = 1ul << 31;

    private readonly int _seats;

    private SharedBarrier(SharedMemory memory, long offset) : base(memory, offset, ObjectKind.Barrier, 64)
    {
        uint seats = Parameter(0);
        if (seats is 0 or > MaxParticipants)
        {
            throw Invalid($"invalid barrier: {seats} participants are not from 1 to {MaxParticipants}");
        }

        memory.RequireInside(offset, SizeFor((int)seats));
        _seats = (int)seats;
    }

    /// <summary>The number of seats.</summary>
    public int Participants => _seats;

    /// <summary>Phases that were completed, modulo 2^30.</summary>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public long Phase
    {
        get
        {
            Memory.ThrowIfDisposed();
            long phase = CurrentPhase;
            Memory.ThrowIfDisposedSince();
            return phase;
        }
    }

    internal uint CurrentPhase => Volatile.Read(ref State) & PhaseMask;

    private ref uint State => ref SharedWord.UInt32(Address + WordAt);

    /// <summary>Bytes that a barrier takes.</summary>
    /// <param name="participants">The number of seats.</param>
    public static int SizeFor(int participants)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(participants);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(participants, MaxParticipants);
        return SeatsAt + (participants * 8 + Alignment - 1) / Alignment * Alignment;
    }

    /// <summary>Creates a barrier; no seat is taken.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="participants">The number of seats, at most <see cref="MaxParticipants"/>.</param>
    /// <exception cref="InvalidOperationException">The offset already holds an object.</exception>
    public static SharedBarrier Create(SharedMemory memory, long offset, int participants) =>
        Create(memory, offset, participants, openExisting: false);

    /// <summary>Opens a barrier, created if there is none. Of any number of processes that call this at once, one creates it.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset; a multiple of 64.</param>
    /// <param name="participants">The number of seats.</param>
    /// <exception cref="SharedMemoryFormatException">There is another object, or a barrier with another number of seats.</exception>
    public static SharedBarrier CreateOrOpen(SharedMemory memory, long offset, int participants) =>
        Create(memory, offset, participants, openExisting: true);

    /// <summary>Opens a barrier that was created before.</summary>
    /// <param name="memory">The segment.</param>
    /// <param name="offset">The byte offset.</param>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static SharedBarrier Open(SharedMemory memory, long offset) => new(memory, offset);

    /// <summary>Takes a seat: one that is free, was left, or whose process died.</summary>
    /// <param name="seat">The seat, from 0 to <see cref="Participants"/> - 1.</param>
    /// <returns>The participant; disposing it leaves the seat.</returns>
    /// <exception cref="InvalidOperationException">A living process has the seat.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public BarrierParticipant Join(int seat)
    {
        Memory.ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(seat);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(seat, _seats);
        ref ulong word = ref SeatOf(seat);
        while (true)
        {
            ulong seen = Volatile.Read(ref word);
            ulong owner = OwnerOf(seen);
            if (owner != 0 && Memory.Slots.IsAlive(owner))
            {
                throw new InvalidOperationException($"Seat {seat} is taken by a live process.");
            }

            // A dead one's arrival at the current phase stands; the new one waits with the others.
            uint phase = CurrentPhase;
            uint arrived = owner != 0 && HasArrived(seen, phase) ? phase + 1 : phase;
            if (Interlocked.CompareExchange(ref word, Pack(Memory.Token, arrived), seen) == seen)
            {
                return new BarrierParticipant(this, seat);
            }
        }
    }

    /// <summary>Arrives at a phase.</summary>
    internal void Arrive(int seat, uint phase)
    {
        ref ulong word = ref SeatOf(seat);
        ulong seen;
        do
        {
            seen = Volatile.Read(ref word);
            FaultPoints.Reach(FaultPoint.BarrierArriving);
            ObjectDisposedException.ThrowIf(OwnerOf(seen) != Memory.Token, Memory); // another process has taken the seat
        }
        while (Interlocked.CompareExchange(ref word, Pack(Memory.Token, phase + 1), seen) != seen);
        FaultPoints.Reach(FaultPoint.BarrierArrived);
    }

    /// <summary>Leaves a seat, for which the phase may have waited.</summary>
    internal void Leave(int seat)
    {
        ref ulong word = ref SeatOf(seat);
        ulong seen = Volatile.Read(ref word);
        if (OwnerOf(seen) != Memory.Token || Interlocked.CompareExchange(ref word, LeftBit, seen) != seen)
        {
            return;
        }

        WaitLook look = new(Memory.Slots);
        TryComplete(CurrentPhase, ref look);
    }

    internal BarrierResult Wait(uint phase, TimeSpan timeout, CancellationToken cancellationToken) =>
        Waiter.Wait<Step, BarrierResult>(this, new Step(this, phase), timeout, cancellationToken);

    internal ValueTask<BarrierResult> WaitAsync(uint phase, TimeSpan? timeout, CancellationToken cancellationToken) =>
        Waiter.WaitAsync<Step, BarrierResult>(this, new Step(this, phase), timeout, cancellationToken);

    private static SharedBarrier Create(SharedMemory memory, long offset, int participants, bool openExisting)
    {
        int size = SizeFor(participants);
        Create(memory, offset, ObjectKind.Barrier, size, size, openExisting, [(uint)participants]);
        return new SharedBarrier(memory, offset);
    }

    private static ulong Pack(ulong token, uint arrived) => token | (ulong)(arrived & ArrivedMask) << ArrivedShift;

    private static ulong OwnerOf(ulong seat) => seat & ProcessSlots.TokenMask;

    private static bool HasArrived(ulong seat, uint phase) =>
        (seat & LeftBit) != 0 || ((uint)(seat >> ArrivedShift) & ArrivedMask) == (phase + 1 & ArrivedMask);

    private ref ulong SeatOf(int seat) => ref SharedWord.UInt64(Address + SeatsAt + seat * 8);

    /// <summary>Moves the phase if all have arrived at it.</summary>
    /// <returns>Whether the phase is over.</returns>
    private bool TryComplete(uint phase, ref WaitLook look)
    {
        while (true)
        {
            uint seen = Volatile.Read(ref State);
            if ((seen & PhaseMask) != phase)
            {
                return true;
            }

            bool died = false;
            for (int seat = 0; seat < _seats; seat++)
            {
                ulong word = Volatile.Read(ref SeatOf(seat));
                if ((word & LeftBit) != 0 || (OwnerOf(word) != 0 && HasArrived(word, phase)))
                {
                    continue;
                }

                if (OwnerOf(word) == 0 || !look.IsDead(OwnerOf(word)))
                {
                    return false;
                }

                died = true;
            }

            if (Interlocked.CompareExchange(ref State, (phase + 1 & PhaseMask) | (died ? Died : 0), seen) == seen)
            {
                FaultPoints.Reach(FaultPoint.BarrierPassed);
                if ((seen & Sleepers) != 0)
                {
                    WakeAll(WordAt);
                }

                return true;
            }
        }
    }

    private readonly struct Step(SharedBarrier barrier, uint phase) : IWaitStep<BarrierResult>
    {
        public BarrierResult TimedOut => BarrierResult.TimedOut;

        public bool TryFinish(ref WaitLook look, out BarrierResult result)
        {
            while (true)
            {
                uint seen = Volatile.Read(ref barrier.State);
                if ((seen & PhaseMask) != phase)
                {
                    // The next phase cannot be completed without this participant: the bit is of this one.
                    result = (seen & Died) != 0 ? BarrierResult.ParticipantDied : BarrierResult.Passed;
                    return true;
                }

                if (barrier.TryComplete(phase, ref look))
                {
                    continue;
                }

                result = BarrierResult.TimedOut;
                if (!look.Sleeps)
                {
                    return false;
                }

                if ((seen & Sleepers) != 0 || Interlocked.CompareExchange(ref barrier.State, seen | Sleepers, seen) == seen)
                {
                    look.Block(WordAt, seen | Sleepers);
                    return false;
                }
            }
        }

        public void Cancel() { }
    }
}
