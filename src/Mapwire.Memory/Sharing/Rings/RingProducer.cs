using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Puts messages into a <see cref="SharedRing"/>.</summary>
/// <remarks>The only producer is used by one thread at a time and has one loan at a time: one that is open ends when the next one is taken.
/// One of many may be used by all threads, and its loans are independent; the consumer waits at one that is neither committed nor
/// returned. Disposing of the producer returns the loans that are open, as does the garbage collector if it is dropped.</remarks>
public sealed class RingProducer : IDisposable
{
    private const long NoLoan = 0;

    private readonly SharedRing _ring;
    private readonly SharedMemory _memory;
    private readonly nint _data;
    private readonly ulong _capacity;
    private readonly bool _many;
    private readonly int _longest;
    private readonly ulong _token;
    private readonly ulong _secret;
    private readonly StoreGate _gate;
    private ulong _tail; // of the only producer, which alone moves it
    private ulong _head; // as seen last: the consumer has it at or beyond
    private readonly List<(long Number, ulong Position, int Length)> _claims = []; // open loans of one of many, and the lock of these
    private long _loan = NoLoan; // number of the only producer's loan that is open
    private long _loans; // numbers given
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
        _gate = new StoreGate(ring.Memory);
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

        long number = _many ? OpenClaim(position, length) : (_loan = ++_loans);
        loan = new RingLoan(this, RawMemory.Span(At(position) + RingRecord.HeaderLength, length), position, number);
        return true;
    }

    /// <summary>Copies a message into the ring.</summary>
    /// <param name="message">At most <see cref="SharedRing.MaxMessageLength"/> bytes.</param>
    /// <returns>False if the ring is full.</returns>
    public bool TryWrite(ReadOnlySpan<byte> message)
    {
        int length = message.Length;
        if ((uint)length > (uint)_longest)
        {
            ThrowTooLong(length);
        }

        ObjectDisposedException.ThrowIf(_disposed || _memory.IsDisposed, this);
        if (_many)
        {
            if (!TryClaim(length, out ulong claimed))
            {
                return false;
            }

            _gate.EnterShared();
            message.CopyTo(RawMemory.Span(At(claimed) + RingRecord.HeaderLength, length));
            FaultPoints.Reach(FaultPoint.RingWritten);
            _gate.LeaveShared();
            CommitClaim(claimed, length);
            return true;
        }

        if (!TryPlace(length, out ulong position))
        {
            return false;
        }

        _loan = NoLoan;
        _gate.Enter();
        message.CopyTo(RawMemory.Span(At(position) + RingRecord.HeaderLength, length));
        FaultPoints.Reach(FaultPoint.RingWritten);
        _gate.Leave();
        CommitPlace(position, length);
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

    /// <summary>A producer that was not disposed leaves when it is collected: no loan of it is referred to then.</summary>
    ~RingProducer() => LeaveRole();

    /// <summary>Leaves; another may become the producer. Loans that are open are returned, and refuse to be committed.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        lock (_claims)
        {
            _disposed = true; // no claim is added after that
        }

        GC.SuppressFinalize(this);
        LeaveRole();
    }

    /// <exception cref="InvalidOperationException">The loan has ended.</exception>
    /// <exception cref="ObjectDisposedException">The producer or the segment is disposed of.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void RequireOpen(ulong position, int length, long number)
    {
        if (_disposed || _memory.IsDisposed || (_many ? Volatile.Read(ref Header(position)) != Claim(length) : number != _loan))
        {
            ThrowEnded();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Commit(ulong position, int length, long number)
    {
        if (_many)
        {
            if (!TryCloseClaim(number))
            {
                ThrowEnded();
            }

            CommitClaim(position, length);
            return;
        }

        if (number != _loan || _disposed)
        {
            ThrowEnded(); // committed, or another loan was taken after it
        }

        _loan = NoLoan;
        CommitPlace(position, length);
    }

    internal void Abort(ulong position, int length, long number)
    {
        // The only producer has not moved the tail: the message never was.
        if (!_many)
        {
            if (number == _loan)
            {
                _loan = NoLoan;
            }

            return;
        }

        if (TryCloseClaim(number))
        {
            AbortClaim(position, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CommitClaim(ulong position, int length)
    {
        // Swapped, not stored: a claim of a segment that was disposed meanwhile may be another's by now.
        ulong claim = Claim(length);
        if (Interlocked.CompareExchange(ref Header(position), RingRecord.Pack(RingRecord.Ready, length), claim) != claim)
        {
            ThrowEnded();
        }

        FaultPoints.Reach(FaultPoint.RingCommitted);
        _ring.WakeIfWaiting(SharedRing.ConsumerSleepsAt);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CommitPlace(ulong position, int length)
    {
        _gate.Enter();
        Header(position) = RingRecord.Pack(RingRecord.Ready, length);
        _tail = position + (ulong)RingRecord.SpanOf(length);
        FaultPoints.Reach(FaultPoint.RingCommitting);
        Volatile.Write(ref _ring.Tail, _tail); // with it the message is there, and the padding before it
        _gate.Leave();
        FaultPoints.Reach(FaultPoint.RingCommitted);
        _ring.WakeIfWaiting(SharedRing.ConsumerSleepsAt);
    }

    /// <summary>Turns a claim into padding, if it still stands. The same words could be a claim of a later round; but then the head, read
    /// after them, is beyond.</summary>
    private void AbortClaim(ulong position, int length)
    {
        ulong claim = Claim(length);
        if (_memory.IsDisposed || Volatile.Read(ref Header(position)) != claim || (long)(Volatile.Read(ref _ring.Head) - position) > 0)
        {
            return;
        }

        Interlocked.CompareExchange(ref Header(position), RingRecord.Pack(RingRecord.Padding, length), claim);
        _ring.WakeIfWaiting(SharedRing.ConsumerSleepsAt);
    }

    /// <summary>Remembers a claim, since the consumer waits at it until it is committed or returned.</summary>
    private long OpenClaim(ulong position, int length)
    {
        lock (_claims)
        {
            if (!_disposed)
            {
                _claims.Add((++_loans, position, length));
                return _loans;
            }
        }

        AbortClaim(position, length); // disposed of meanwhile, which has not seen this one
        throw new ObjectDisposedException(nameof(RingProducer));
    }

    /// <returns>False if the loan was committed or returned before.</returns>
    private bool TryCloseClaim(long number)
    {
        lock (_claims)
        {
            for (int i = _claims.Count - 1; i >= 0; i--)
            {
                if (_claims[i].Number == number)
                {
                    _claims.RemoveAt(i);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Gives up the role or, of one of many, the room of loans that are open: the consumer would wait at them.</summary>
    private void LeaveRole()
    {
        if (_ring is null)
        {
            return; // its constructor has thrown
        }

        if (!_many)
        {
            _loan = NoLoan;
            _ring.LeaveRole(SharedRing.ProducerAt);
            return;
        }

        (long Number, ulong Position, int Length)[] claims;
        lock (_claims)
        {
            claims = [.. _claims];
            _claims.Clear();
        }

        foreach ((_, ulong position, int length) in claims)
        {
            AbortClaim(position, length);
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

    private void ThrowEnded()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _memory.ThrowIfDisposed();
        throw new InvalidOperationException(
            "The loan has ended: it was committed or returned before, or the only producer has taken another one.");
    }

    private void ThrowTooLong(int length) =>
        throw new ArgumentOutOfRangeException(nameof(length), length, $"The length must be from 0 to {_longest} bytes.");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint At(ulong position) => _data + (nint)(position & (_capacity - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Header(ulong position) => ref SharedWord.UInt64(At(position));

    private ulong Claim(int length) => RingRecord.PackClaim(length, _token);

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
            _gate.Enter();
            Header(position) = RingRecord.Pack(RingRecord.Padding, (int)padding - RingRecord.HeaderLength);
            _gate.Leave();
            position += padding;
        }

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
                : Claim(length);
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
/// <remarks>Whether it was committed is known by the producer, not by this value: copies of it, as <c>using</c> makes them, are
/// alike. A loan ends when it is committed or returned, when its producer is disposed of, and when the only producer takes another loan or
/// writes a message.</remarks>
public readonly ref struct RingLoan
{
    private readonly RingProducer? _producer;
    private readonly Span<byte> _bytes;
    private readonly ulong _position;
    private readonly long _number;

    internal RingLoan(RingProducer producer, Span<byte> bytes, ulong position, long number)
    {
        _producer = producer;
        _bytes = bytes;
        _position = position;
        _number = number;
    }

    /// <summary>The bytes of the message. Their initial content is undefined. A span that was taken before the loan ended must not be
    /// written after that: another message may be there.</summary>
    /// <exception cref="InvalidOperationException">The loan has ended.</exception>
    /// <exception cref="ObjectDisposedException">The producer or the segment is disposed.</exception>
    public Span<byte> Bytes
    {
        get
        {
            _producer?.RequireOpen(_position, _bytes.Length, _number);
            return _bytes;
        }
    }

    /// <summary>Hands the message to the consumer.</summary>
    /// <exception cref="InvalidOperationException">The loan has ended, or was never taken.</exception>
    /// <exception cref="ObjectDisposedException">The producer or the segment is disposed.</exception>
    public void Commit()
    {
        if (_producer is not RingProducer producer)
        {
            throw new InvalidOperationException("There is no loan to commit: RingProducer.TryLoan was not called or has returned false.");
        }

        producer.Commit(_position, _bytes.Length, _number);
    }

    /// <summary>Returns the room if the message was not committed.</summary>
    public void Dispose() => _producer?.Abort(_position, _bytes.Length, _number);
}
