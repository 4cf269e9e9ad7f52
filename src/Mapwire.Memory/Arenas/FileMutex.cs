using System.Diagnostics;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Sharing;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>The lock between all who share an arena's file. Everything about it is in that file, so every process that can open it for
/// writing takes part: another user, or a process with another mount namespace.</summary>
/// <remarks>
/// <para>A participant has a slot and holds the slot's byte of the file (<see cref="LockBytes.Participants"/>) as long as it lives; the
/// system releases it when the process dies, however it dies. The owner word names the owner by a token. A token is never given out
/// twice, so a word read earlier cannot be mistaken for a later owner of the same slot.</para>
/// <para>Layout, in bytes from the base of the arena:
/// <code>
///  4096 owner word (8): 0, or a token; bit 31 is set if a participant may be asleep
///  4104 the number of tokens given out (8)
///  4112 the token of a participant that has waited long, or 0 (8)
///  8192 for each slot the token of its participant (8)
/// </code>
/// A token has the slot plus 1 in bits 0 to 9 and its number in bits 10 to 30 and 32 to 63. Any bytes are taken for what they are: a word
/// that names no living participant is free to be taken over.</para>
/// <para>The lock is not fair, but lets none starve: a participant that has slept without getting it puts its token into the third word,
/// and the others leave it a free lock for up to 25 ms, after which they take it out of line. It takes itself out when it has the lock or
/// waits no longer. So one that is stopped delays the others once, and keeps none of them.</para>
/// <para>Sleepers sleep at most 25 ms: a killed owner cannot wake them, and may have died between the store and the wake.</para>
/// </remarks>
internal sealed class FileMutex : IDisposable
{
    /// <summary>How many openings may share a file at once.</summary>
    public const int MaxParticipants = 512;

    private const int OwnerAt = ArenaHeader.ProgressAt;
    private const int TokensAt = OwnerAt + 8;
    private const int NextAt = OwnerAt + 16;
    private const int SlotsAt = OwnerAt + 4096;
    private const ulong SleepersFlag = 1ul << 31;
    private const int SlotMask = 1023;
    private const int NumberShift = 10;
    private const int LowNumberBits = 21;
    private const int Spins = 100; // most changes take less than a microsecond or two
    private const int MaxSleep = 25; // ms

    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly nint _base;
    private readonly WordWait _waiting;
    private readonly ulong _token;
    private readonly RangeLock _slot;
    private bool _isDisposed;

    private FileMutex(MappedFile file, MappedRegion region, WordWait waiting, RangeLock slot, ulong token)
    {
        _file = file;
        _region = region;
        _base = region.DangerousAddress;
        _waiting = waiting;
        _slot = slot;
        _token = token;
    }

    private ref ulong Owner => ref SharedWord.UInt64(_base + OwnerAt);

    private ref ulong Next => ref SharedWord.UInt64(_base + NextAt);

    /// <summary>Takes a slot. The caller has locked <see cref="LockBytes.Opening"/>, so one does at a time.</summary>
    /// <exception cref="IOException">All are taken.</exception>
    public static FileMutex Join(MappedFile file, MappedRegion region)
    {
        nint at = region.DangerousAddress;
        ulong id = SharedWord.UInt64(at + ArenaHeader.ArenaIdAt);
        long start = Stopwatch.GetTimestamp();
        do
        {
            for (int slot = 0; slot < MaxParticipants; slot++)
            {
                if (IsHeld(file, slot))
                {
                    continue; // or another participant is just looking whether it is
                }

                // The token of a dead predecessor must be gone before the byte that says that it lives is held again.
                Volatile.Write(ref SharedWord.UInt64(at + SlotsAt + (slot * 8)), 0);
                if (!RangeLock.TryAcquire(file, LockBytes.Participants + slot, 1, RangeLockMode.Exclusive, out RangeLock? held))
                {
                    continue;
                }

                ulong number = ++SharedWord.UInt64(at + TokensAt);
                ulong token = (uint)(slot + 1) | ((number & ((1ul << LowNumberBits) - 1)) << NumberShift) | (number >> LowNumberBits << 32);
                Volatile.Write(ref SharedWord.UInt64(at + SlotsAt + (slot * 8)), token);
                FaultPoints.Reach(FaultPoint.SlotNumbered);
                return new FileMutex(file, region, WordWait.For(id, file.Handle), held, token);
            }
        }
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(100));

        throw new IOException(
            $"Cannot share arena '{file.Path}': it is open for reading only elsewhere, or {MaxParticipants} openings share it already.");
    }

    /// <summary>Takes the lock. What a dead owner left is seen by the undo log.</summary>
    /// <param name="timeout">How long to wait at most, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time was up.</returns>
    public bool TryAcquire(TimeSpan timeout, CancellationToken cancellationToken)
    {
        bool isFree = Volatile.Read(ref Next) == 0 && Interlocked.CompareExchange(ref Owner, _token, 0) == 0;
        if (!isFree && !TryAcquireSlow(timeout, cancellationToken))
        {
            return false;
        }

        FaultPoints.Reach(FaultPoint.MutexTaken);
        return true;
    }

    /// <summary>Releases the lock.</summary>
    public void Release()
    {
        FaultPoints.Reach(FaultPoint.MutexReleased);
        ulong before = Interlocked.Exchange(ref Owner, 0);
        FaultPoints.Reach(FaultPoint.MutexReleased); // the sleepers are not woken here; their waits end by themselves
        if ((before & SleepersFlag) != 0)
        {
            // The one in line sleeps among the others on the same word.
            _waiting.Wake(_base + OwnerAt, OwnerAt, Volatile.Read(ref Next) != 0 ? int.MaxValue : 1);
        }
    }

    /// <summary>Gives the slot back.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return; // the pages may be gone
        }

        _isDisposed = true;
        Volatile.Write(ref SharedWord.UInt64(_base + SlotsAt + (SlotOf(_token) * 8)), 0);
        _slot.Dispose();
        _waiting.Dispose();
        GC.KeepAlive(_region);
    }

    private static int SlotOf(ulong token) => (int)(token & SlotMask) - 1;

    private bool TryAcquireSlow(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return Contend(timeout, cancellationToken);
        }
        finally
        {
            if (Volatile.Read(ref Next) == _token)
            {
                Interlocked.CompareExchange(ref Next, 0, _token);
            }
        }
    }

    private bool Contend(TimeSpan timeout, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ulong slept = 0; // the flag to take it with: after a sleep it is not known whether others sleep on
        Reservation reservation = default;
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spins; ;)
        {
            ulong seen = Volatile.Read(ref Owner);
            if (seen == 0 && !IsLeftTo(ref reservation))
            {
                if (Interlocked.CompareExchange(ref Owner, _token | slept, 0) == 0)
                {
                    return true;
                }

                continue;
            }

            if (spins-- > 0)
            {
                Thread.SpinWait(20);
                continue;
            }

            if (seen != 0 && !IsAlive(seen & ~SleepersFlag))
            {
                if (Interlocked.CompareExchange(ref Owner, _token | SleepersFlag, seen) == seen)
                {
                    FaultPoints.Reach(FaultPoint.MutexTakenOver);
                    return true;
                }

                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (!TryGetSleep(start, timeout, out int milliseconds))
            {
                return false;
            }

            if (slept != 0)
            {
                TryGetInLine();
            }

            if (seen != 0)
            {
                if ((seen & SleepersFlag) == 0 && Interlocked.CompareExchange(ref Owner, seen | SleepersFlag, seen) != seen)
                {
                    continue;
                }

                seen |= SleepersFlag;
            }

            FaultPoints.Reach(FaultPoint.Waiting);
            _waiting.Sleep(_base + OwnerAt, OwnerAt, (uint)seen, milliseconds);
            slept = SleepersFlag;
        }
    }

    /// <summary>Whether a free lock is left to another participant, one that has waited long.</summary>
    private bool IsLeftTo(ref Reservation reservation)
    {
        ulong next = Volatile.Read(ref Next);
        if (next == 0 || next == _token)
        {
            return false;
        }

        if (reservation.Token != next)
        {
            reservation = new Reservation { Token = next, Since = Stopwatch.GetTimestamp() };
        }

        if (Stopwatch.GetElapsedTime(reservation.Since).TotalMilliseconds <= MaxSleep && IsAlive(next))
        {
            return true;
        }

        Interlocked.CompareExchange(ref Next, 0, next); // it is stopped or dead; if it goes on, it gets in line again
        return false;
    }

    /// <summary>Puts this participant in line, unless another living one is.</summary>
    private void TryGetInLine()
    {
        ulong next = Volatile.Read(ref Next);
        if (next == 0 || (next != _token && !IsAlive(next)))
        {
            Interlocked.CompareExchange(ref Next, _token, next);
        }
    }

    private static bool TryGetSleep(long start, TimeSpan timeout, out int milliseconds)
    {
        milliseconds = MaxSleep;
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return true;
        }

        TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
        milliseconds = (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 1, MaxSleep);
        return left > TimeSpan.Zero;
    }

    /// <summary>Whether a token is that of a participant that lives, stopped or not. The slot's byte is asked for first and its token
    /// after: a slot that changed hands in between is not the token's.</summary>
    private bool IsAlive(ulong token)
    {
        int slot = SlotOf(token);
        if (token == _token)
        {
            return true;
        }

        return (uint)slot < MaxParticipants && IsHeld(_file, slot)
            && Volatile.Read(ref SharedWord.UInt64(_base + SlotsAt + (slot * 8))) == token;
    }

    private static bool IsHeld(MappedFile file, int slot)
    {
        if (!RangeLock.TryAcquire(file, LockBytes.Participants + slot, 1, RangeLockMode.Shared, out RangeLock? look))
        {
            return true;
        }

        look.Dispose();
        return false;
    }

    /// <summary>Who was seen in line before a free lock, and since when.</summary>
    private struct Reservation
    {
        public ulong Token;
        public long Since;
    }
}
