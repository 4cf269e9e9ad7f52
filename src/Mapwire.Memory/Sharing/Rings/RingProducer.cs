using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Puts messages into a <see cref="SharedRing"/>.</summary>
/// <remarks>The only producer is used by one thread at a time and has one loan at a time. One of many may be used by all threads.</remarks>
public sealed class RingProducer : IDisposable
{
    private const ulong NoLoan = ulong.MaxValue;

    private readonly SharedRing _ring;
    private readonly SharedMemory _memory;
    private readonly nint _data;
    private readonly ulong _capacity;
    private readonly bool _many;
    private readonly int _longest;
    private readonly ulong _token;
    private readonly ulong _secret;
    private ulong _tail; // of the only producer, which alone moves it
    private ulong _head; // as seen last: the consumer has it at or beyond
    private ulong _loan = NoLoan; // where the only producer's latest loan is
    private bool _disposed;

    internal RingProducer(SharedRing ring)
    {
        _ring = ring;
        _memory = ring.Memory;
        _data = ring.Data;
        _capacity = (ulong)ring.Capacity;
        _many = ring.Producers == RingProducers.Multiple;
        _longest = ring.MaxMessageLength;
        _token = ring.Memory.Token;
        _secret = ring.Secret;
        _tail = Volatile.Read(ref ring.Tail);
        _head = Volatile.Read(ref ring.Head);
    }

    /// <summary>Borrows room for a message.</summary>
    /// <param name="length">Its length in bytes, at most <see cref="SharedRing.MaxMessageLength"/>.</param>
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
    /// <param name="message">At most <see cref="SharedRing.MaxMessageLength"/> bytes.</param>
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

    /// <summary>Copies a message into the ring; waits for room.</summary>
    /// <param name="message">At most <see cref="SharedRing.MaxMessageLength"/> bytes.</param>
    /// <param name="timeout">The longest wait in all, however often another producer takes the room; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The message is longer, or the timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The producer or the segment is disposed.</exception>
    public bool Write(ReadOnlySpan<byte> message, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        while (!TryWrite(message))
        {
            TimeSpan left = timeout;
            if (timeout > TimeSpan.Zero && (left = timeout - Stopwatch.GetElapsedTime(start)) < TimeSpan.Zero)
            {
                return false;
            }

            if (!WaitForSpace(message.Length, left, cancellationToken))
            {
                return TryWrite(message);
            }
        }

        return true;
    }

    /// <summary>Waits until there is room, which another producer may then take.</summary>
    /// <param name="length">The length of the message in bytes.</param>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The message is longer than the ring takes, or the timeout is negative and not
    /// infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The producer or the segment is disposed.</exception>
    public bool WaitForSpace(int length, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        CheckWait(length);
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        return HasSpace(length) || Waiter.Wait<Step, bool>(_ring, new Step(this, length), timeout, cancellationToken);
    }

    /// <summary>As <see cref="WaitForSpace"/>; no thread waits.</summary>
    /// <param name="length">The length of the message in bytes.</param>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<bool> WaitForSpaceAsync(int length, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        CheckWait(length);
        return Waiter.WaitAsync<Step, bool>(_ring, new Step(this, length), timeout, cancellationToken);
    }

    /// <summary>A producer that was not disposed leaves when it is collected.</summary>
    ~RingProducer() => LeaveRole();

    /// <summary>Leaves; another may become the producer.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        GC.SuppressFinalize(this);
        LeaveRole();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Commit(ulong position, int length)
    {
        ref ulong header = ref Header(position);
        if (_many)
        {
            // Swapped, not stored: a claim of a segment that was disposed meanwhile may be another's by now.
            ulong claim = RingRecord.PackClaim(length, _token);
            if (Interlocked.CompareExchange(ref header, RingRecord.Pack(RingRecord.Ready, length), claim) != claim)
            {
                ThrowEnded();
            }
        }
        else
        {
            if (position != _loan)
            {
                ThrowEnded(); // committed, or another loan was taken after it
            }

            _loan = NoLoan;
            header = RingRecord.Pack(RingRecord.Ready, length);
            _tail = position + (ulong)RingRecord.SpanOf(length);
            Volatile.Write(ref _ring.Tail, _tail); // with it the message is there, and the padding before it
        }

        FaultPoints.Reach(FaultPoint.RingCommitted);
        _ring.WakeIfWaiting(SharedRing.ConsumerSleepsAt);
    }

    internal void Abort(ulong position, int length)
    {
        // The only producer has not moved the tail: the message never was. One of many looks whether the claim still stands. The
        // same words could be a claim of a later round; but then the head, read after them, is beyond.
        if (!_many)
        {
            if (position == _loan)
            {
                _loan = NoLoan;
            }

            return;
        }

        ulong claim = RingRecord.PackClaim(length, _token);
        if (_memory.IsDisposed || Volatile.Read(ref Header(position)) != claim || (long)(Volatile.Read(ref _ring.Head) - position) > 0)
        {
            return;
        }

        Interlocked.CompareExchange(ref Header(position), RingRecord.Pack(RingRecord.Padding, length), claim);
        _ring.WakeIfWaiting(SharedRing.ConsumerSleepsAt);
    }

    private void LeaveRole()
    {
        if (!_many)
        {
            _ring?.LeaveRole(SharedRing.ProducerAt);
        }
    }

    private void CheckWait(int length)
    {
        if ((uint)length > (uint)_longest)
        {
            ThrowTooLong(length);
        }

        ObjectDisposedException.ThrowIf(_disposed || _memory.IsDisposed, this);
    }

    private static void ThrowEnded() => throw new InvalidOperationException("The loan has ended.");

    private void ThrowTooLong(int length) =>
        throw new ArgumentOutOfRangeException(nameof(length), length, $"The length must be from 0 to {_longest} bytes.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint At(ulong position) => _data + (nint)(position & (_capacity - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Header(ulong position) => ref SharedWord.UInt64(At(position));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPlace(int length, out ulong position)
    {
        ulong span = (ulong)RingRecord.SpanOf(length);
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
            Header(position) = RingRecord.Pack(RingRecord.Padding, (int)padding - RingRecord.HeaderLength);
            position += padding;
        }

        _loan = position;
        FaultPoints.Reach(FaultPoint.RingClaimed);
        return true;
    }

    /// <summary>Claims the tail with one store that says whose the room is and how long: a death anywhere leaves enough to go on.
    /// Any process moves the tail over a claim.</summary>
    private bool TryClaim(int length, out ulong position)
    {
        ulong span = (ulong)RingRecord.SpanOf(length);
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
                ? RingRecord.Pack(RingRecord.Padding, (int)toTheEnd - RingRecord.HeaderLength)
                : RingRecord.PackClaim(length, _token);
            ulong free = RingRecord.PackFree(_secret, position / _capacity);
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
            else if (RingRecord.StateOf(found) != RingRecord.Free)
            {
                // The producer that claimed it may be dead or slow. If the tail has moved meanwhile, this does nothing.
                Interlocked.CompareExchange(ref _ring.Tail, position + (ulong)RingRecord.SpanOf(RingRecord.LengthOf(found)), position);
            }

            _memory.ThrowIfDisposed();
        }
    }

    private bool HasSpace(int length)
    {
        ulong span = (ulong)RingRecord.SpanOf(length);
        ulong tail = Volatile.Read(ref _ring.Tail);
        ulong toTheEnd = _capacity - (tail & (_capacity - 1));
        return (long)(tail + (span > toTheEnd ? toTheEnd : 0) + span - Volatile.Read(ref _ring.Head)) <= (long)_capacity;
    }

    private struct Step(RingProducer producer, int length) : IWaitStep<bool>
    {
        private bool _announced;

        public readonly bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            ObjectDisposedException.ThrowIf(producer._disposed, producer);
            result = producer.HasSpace(length);
            if (result || !look.Sleeps)
            {
                return result;
            }

            producer._ring.AnnounceSleep(SharedRing.ProducerSleepsAt, _announced);
            _announced = true;
            look.BlockAtFlag(SharedRing.ProducerSleepsAt, 1);
            return result = producer.HasSpace(length);
        }

        public readonly void Cancel() { }
    }
}

/// <summary>Room in a ring for one message, lent to a producer, which writes it in place and commits it.</summary>
/// <remarks>Whether it was committed is known by the ring, not by this value: copies of it, as <c>using</c> makes them, are
/// alike.</remarks>
public readonly ref struct RingLoan
{
    private readonly RingProducer _producer;
    private readonly ulong _position;

    internal RingLoan(RingProducer producer, Span<byte> bytes, ulong position)
    {
        _producer = producer;
        Bytes = bytes;
        _position = position;
    }

    /// <summary>The bytes of the message. Their initial content is undefined.</summary>
    public Span<byte> Bytes { get; }

    /// <summary>Hands the message to the consumer.</summary>
    /// <exception cref="InvalidOperationException">It was committed or returned before.</exception>
    public void Commit() => _producer.Commit(_position, Bytes.Length);

    /// <summary>Returns the room if the message was not committed.</summary>
    public void Dispose() => _producer?.Abort(_position, Bytes.Length);
}
