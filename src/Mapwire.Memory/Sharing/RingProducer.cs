using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Puts messages into a <see cref="SharedRing"/>.</summary>
/// <remarks>The only producer is used by one thread at a time and has one loan at a time. One of many may be used by all threads.</remarks>
public sealed class RingProducer : IDisposable
{
    private readonly SharedRing _ring;
    private readonly SharedMemory _memory;
    private readonly nint _data;
    private readonly ulong _capacity;
    private readonly bool _many;
    private readonly int _longest;
    private readonly uint _token;
    private ulong _tail; // of the only producer: nobody else moves it
    private ulong _head; // as seen last: the consumer has it at or beyond
    private bool _disposed;

    internal RingProducer(SharedRing ring)
    {
        _ring = ring;
        _memory = ring.Memory;
        _data = ring.Data;
        _capacity = (ulong)ring.Capacity;
        _many = ring.Producers == RingProducers.Many;
        _longest = ring.LongestMessage;
        _token = ring.Memory.Token;
        _tail = Volatile.Read(ref ring.Tail);
        _head = Volatile.Read(ref ring.Head);
    }

    /// <summary>Borrows room for a message.</summary>
    /// <param name="length">Its length in bytes, at most <see cref="SharedRing.LongestMessage"/>.</param>
    /// <param name="loan">The room, to write, commit and dispose of.</param>
    /// <returns>False if the ring is full.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Longer than the ring takes.</exception>
    /// <exception cref="ObjectDisposedException">The producer or the segment is disposed of.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoan(int length, out RingLoan loan)
    {
        if ((uint)length > (uint)_longest)
        {
            ThrowTooLong(length);
        }

        ObjectDisposedException.ThrowIf(_disposed || _memory.IsDisposed, this);
        if (!(_many ? TryClaim(length, out ulong position) : TryPlace(length, out position)))
        {
            loan = default;
            return false;
        }

        loan = new RingLoan(this, RawMemory.Span(At(position) + RingRecord.HeaderLength, length), position);
        return true;
    }

    /// <summary>Copies a message into the ring.</summary>
    /// <param name="message">At most <see cref="SharedRing.LongestMessage"/> bytes.</param>
    /// <returns>False if the ring is full.</returns>
    public bool TryWrite(ReadOnlySpan<byte> message)
    {
        if (!TryLoan(message.Length, out RingLoan loan))
        {
            return false;
        }

        message.CopyTo(loan.Bytes);
        FaultPoints.Reach(FaultPoint.RingWritten);
        loan.Commit();
        return true;
    }

    /// <summary>Copies a message into the ring and waits for room.</summary>
    /// <param name="message">At most <see cref="SharedRing.LongestMessage"/> bytes.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is up.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public bool Write(ReadOnlySpan<byte> message, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        while (!TryWrite(message))
        {
            if (!WaitForSpace(message.Length, timeout, cancellationToken))
            {
                return TryWrite(message);
            }
        }

        return true;
    }

    /// <summary>Waits until there is room, which another producer may then take.</summary>
    /// <param name="length">Length of the message in bytes.</param>
    /// <param name="timeout">How long at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is up.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public bool WaitForSpace(int length, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if ((uint)length > (uint)_longest)
        {
            ThrowTooLong(length);
        }

        using WaitClock clock = new(_memory, timeout, cancellationToken);
        for (int spins = Spinning.Rounds; ;)
        {
            if (HasSpace(length))
            {
                return true;
            }

            if (spins-- > 0)
            {
                Spinning.Once();
                continue;
            }

            _ring.AnnounceSleep(SharedRing.ProducerSleepsAt);
            if (HasSpace(length))
            {
                return true;
            }

            if (!clock.TryNext(out int milliseconds))
            {
                return false;
            }

            _ring.SleepAt(SharedRing.ProducerSleepsAt, milliseconds);
        }
    }

    /// <summary>As <see cref="WaitForSpace"/>, without keeping one of the pool's threads.</summary>
    /// <param name="length">Length of the message in bytes.</param>
    /// <param name="timeout">How long at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<bool> WaitForSpaceAsync(int length, TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        HasSpace(length)
            ? new ValueTask<bool>(true)
            : new ValueTask<bool>(WaitThread.Run(
                () => WaitForSpace(length, timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));

    /// <summary>Leaves; another may become the producer.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_many)
        {
            _ring.LeaveRole(SharedRing.ProducerAt);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Commit(ulong position, int length)
    {
        ref ulong header = ref Header(position);
        if (_many)
        {
            if (Volatile.Read(ref header) != RingRecord.Of(RingRecord.Claimed, length, _token))
            {
                ThrowEnded();
            }

            Volatile.Write(ref header, RingRecord.Of(RingRecord.Ready, length));
        }
        else
        {
            if (position < _tail)
            {
                ThrowEnded();
            }

            header = RingRecord.Of(RingRecord.Ready, length);
            _tail = position + (ulong)RingRecord.Span(length);
            Volatile.Write(ref _ring.Tail, _tail); // with it the message is there, and the padding before it
        }

        FaultPoints.Reach(FaultPoint.RingCommitted);
        _ring.Tell(SharedRing.ConsumerSleepsAt);
    }

    internal void Abort(ulong position, int length)
    {
        // The only producer has not moved the tail: the message never was. One of many looks whether the claim still stands. The
        // same words could be a claim of a later round; but then the head, read after them, is beyond.
        if (!_many || _memory.IsDisposed
            || Volatile.Read(ref Header(position)) != RingRecord.Of(RingRecord.Claimed, length, _token)
            || (long)(Volatile.Read(ref _ring.Head) - position) > 0)
        {
            return;
        }

        Volatile.Write(ref Header(position), RingRecord.Of(RingRecord.Padding, length));
        _ring.Tell(SharedRing.ConsumerSleepsAt);
    }

    private static void ThrowEnded() => throw new InvalidOperationException("The loan has ended.");

    private static void ThrowTooLong(int length) =>
        throw new ArgumentOutOfRangeException(nameof(length), length, "The ring takes no message of this length.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint At(ulong position) => _data + (nint)(position & (_capacity - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Header(ulong position) => ref SharedWord.UInt64(At(position));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPlace(int length, out ulong position)
    {
        ulong span = (ulong)RingRecord.Span(length);
        position = _tail;
        ulong toTheEnd = _capacity - (position & (_capacity - 1));
        ulong padding = span > toTheEnd ? toTheEnd : 0;
        if (position + padding + span - _head > _capacity)
        {
            _head = Volatile.Read(ref _ring.Head);
            if (position + padding + span - _head > _capacity)
            {
                return false;
            }
        }

        if (padding != 0)
        {
            Header(position) = RingRecord.Of(RingRecord.Padding, (int)padding - RingRecord.HeaderLength);
            position += padding;
        }

        FaultPoints.Reach(FaultPoint.RingClaimed);
        return true;
    }

    /// <summary>Claims the tail with one store that says whose the room is and how long: a death anywhere leaves enough to go on.
    /// Moving the tail over a claim is anybody's work.</summary>
    private bool TryClaim(int length, out ulong position)
    {
        ulong span = (ulong)RingRecord.Span(length);
        while (true)
        {
            position = Volatile.Read(ref _ring.Tail);
            ulong toTheEnd = _capacity - (position & (_capacity - 1));
            bool wraps = span > toTheEnd;
            ulong claim = wraps ? toTheEnd : span;
            if ((long)(position + claim - _head) > (long)_capacity)
            {
                _head = Volatile.Read(ref _ring.Head);
                if ((long)(position + claim - _head) > (long)_capacity)
                {
                    return false;
                }
            }

            ulong wanted = wraps
                ? RingRecord.Of(RingRecord.Padding, (int)toTheEnd - RingRecord.HeaderLength)
                : RingRecord.Of(RingRecord.Claimed, length, _token);
            ulong free = RingRecord.FreeIn((uint)(position / _capacity));
            ulong found = Interlocked.CompareExchange(ref Header(position), wanted, free);
            if (found == free)
            {
                FaultPoints.Reach(FaultPoint.RingClaimed);
                Interlocked.CompareExchange(ref _ring.Tail, position + claim, position);
                FaultPoints.Reach(FaultPoint.RingTailMoved);
                if (!wraps)
                {
                    return true;
                }
            }
            else if (RingRecord.State(found) != RingRecord.Free)
            {
                // Whoever claimed it may be dead or slow. If the tail has moved meanwhile, this does nothing.
                Interlocked.CompareExchange(ref _ring.Tail, position + (ulong)RingRecord.Span(RingRecord.LengthOf(found)), position);
            }
        }
    }

    private bool HasSpace(int length)
    {
        ulong span = (ulong)RingRecord.Span(length);
        ulong tail = Volatile.Read(ref _ring.Tail);
        ulong toTheEnd = _capacity - (tail & (_capacity - 1));
        return (long)(tail + (span > toTheEnd ? toTheEnd : 0) + span - Volatile.Read(ref _ring.Head)) <= (long)_capacity;
    }
}
