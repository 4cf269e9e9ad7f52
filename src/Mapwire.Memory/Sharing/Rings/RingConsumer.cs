using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Takes messages out of a <see cref="SharedRing"/>. Used by one thread at a time.</summary>
public sealed class RingConsumer : IDisposable, ISharedSignal
{
    /// <summary>How often a claim that is not committed is looked after: asking for a life costs system calls.</summary>
    private const long LookAfter = 10; // ms

    /// <summary>A batch gives room back at the latest after this part of the ring, so that producers do not wait for its end.</summary>
    private const int PartsOfRing = 8;

    private readonly SharedRing _ring;
    private readonly SharedMemory _memory;
    private readonly nint _data;
    private readonly ulong _capacity;
    private readonly bool _many;
    private readonly ulong _secret;
    private readonly StoreGate _gate;
    private ulong _head; // only the consumer moves it
    private ulong _tail; // as seen last
    private long _looked;
    private bool _disposed;

    internal RingConsumer(SharedRing ring)
    {
        _ring = ring;
        _memory = ring.Memory;
        _data = ring.Data;
        _capacity = (ulong)ring.Capacity;
        _many = ring.Producers == RingProducers.Multiple;
        _secret = ring.Secret;
        _gate = new StoreGate(ring.Memory);
        _tail = Volatile.Read(ref ring.Tail);
        _head = Volatile.Read(ref ring.Head);
        if (_many)
        {
            SkipFreed();
        }
    }

    /// <summary>The next message, in place. It stays the next one until <see cref="Advance"/>.</summary>
    /// <param name="message">The message: valid until <see cref="Advance"/>.</param>
    /// <returns>False if there is none.</returns>
    /// <exception cref="SharedMemoryFormatException">The ring's bytes are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The consumer or the segment is disposed of.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPeek(out ReadOnlySpan<byte> message)
    {
        ObjectDisposedException.ThrowIf(_disposed || _memory.IsDisposed, this);
        ulong position = _head;
        if (!FindReady(ref position, out int length))
        {
            if (position != _head)
            {
                TryRelease(position); // padding alone: its room may be what a producer waits for
            }

            _memory.ThrowIfDisposedSince();
            message = default;
            return false;
        }

        _memory.ThrowIfDisposedSince();
        message = RawMemory.Span(At(position) + RingRecord.HeaderLength, length);
        return true;
    }

    /// <summary>Gives the room of the next message back to the producers.</summary>
    /// <exception cref="InvalidOperationException">There is no message.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance()
    {
        ObjectDisposedException.ThrowIf(_disposed || _memory.IsDisposed, this);
        ulong position = _head;
        if (!FindReady(ref position, out int length))
        {
            _memory.ThrowIfDisposedSince();
            throw new InvalidOperationException("There is no message to release.");
        }

        FaultPoints.Reach(FaultPoint.RingRead);
        ObjectDisposedException.ThrowIf(!TryRelease(position + (ulong)RingRecord.SpanOf(length)), _memory);
    }

    /// <summary>Hands all messages that are there to a handler, and gives room back in larger pieces.</summary>
    /// <typeparam name="TState">What is handed along.</typeparam>
    /// <param name="state">What is handed along.</param>
    /// <param name="handler">Takes a message. If it throws, its message stays the next one.</param>
    /// <param name="most">How many at most.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="SharedMemoryFormatException">The ring's bytes are damaged.</exception>
    public int Drain<TState>(TState state, RingHandler<TState> handler, int most = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ObjectDisposedException.ThrowIf(_disposed || _memory.IsDisposed, this);
        int count = 0;
        ulong position = _head;
        try
        {
            while (count < most && FindReady(ref position, out int length))
            {
                _memory.ThrowIfDisposedSince();
                handler(RawMemory.Span(At(position) + RingRecord.HeaderLength, length), state);
                FaultPoints.Reach(FaultPoint.RingRead);
                position += (ulong)RingRecord.SpanOf(length);
                count++;
                if (position - _head >= _capacity / PartsOfRing && !TryRelease(position))
                {
                    break;
                }
            }
        }
        finally
        {
            if (position != _head)
            {
                TryRelease(position); // not if the handler disposed of the segment: the next consumer sees these messages again
            }
        }

        return count;
    }

    /// <summary>Waits for a message.</summary>
    /// <param name="timeout">The longest wait; zero does not wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The consumer or the segment is disposed.</exception>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        WaitClock.CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        return TryPeek(out _) || Waiter.Wait<Step, bool>(_ring, new Step(this), timeout, cancellationToken);
    }

    /// <summary>Waits for a message; no thread waits. The consumer is not used otherwise meanwhile.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    /// <exception cref="ObjectDisposedException">The consumer or the segment is disposed.</exception>
    public ValueTask<bool> WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Waiter.WaitAsync<Step, bool>(_ring, new Step(this), timeout, cancellationToken);

    /// <summary>Reads messages in place as they come, until it is cancelled or the segment is disposed.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The messages. Each is valid until the next one is asked for; its room is released then, or when the loop is left.</returns>
    /// <exception cref="OperationCanceledException">The token ended the reading.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await WaitAsync(null, cancellationToken).ConfigureAwait(false))
        {
            while (TryGetMemory(out ReadOnlyMemory<byte> message))
            {
                try
                {
                    yield return message;
                }
                finally
                {
                    if (!_disposed && !_memory.IsDisposed)
                    {
                        Advance();
                    }
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>A consumer that was not disposed leaves when it is collected.</summary>
    ~RingConsumer() => _ring?.LeaveRole(SharedRing.ConsumerAt);

    /// <summary>Leaves; another may become the consumer.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        GC.SuppressFinalize(this);
        _ring.LeaveRole(SharedRing.ConsumerAt);
    }

    SharedObject ISharedSignal.Target => _ring;

    bool ISharedSignal.TryFinish(ref WaitLook look) => new Step(this).TryFinish(ref look, out _);

    private bool TryGetMemory(out ReadOnlyMemory<byte> message)
    {
        if (!TryPeek(out ReadOnlySpan<byte> bytes))
        {
            message = default;
            return false;
        }

        ulong position = _head;
        FindReady(ref position, out _); // over the padding that TryPeek has seen
        message = _memory.Region.AsReadOnlyMemory(
            SegmentHeader.UserAt + _ring.Offset + SharedRing.DataAt + (long)(position & (_capacity - 1)) + RingRecord.HeaderLength,
            bytes.Length);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint At(ulong position) => _data + (nint)(position & (_capacity - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Header(ulong position) => ref SharedWord.UInt64(At(position));

    /// <summary>From a position on over padding to a message.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool FindReady(ref ulong position, out int length)
    {
        while (true)
        {
            length = 0;
            if (position == _tail)
            {
                _tail = Volatile.Read(ref _ring.Tail);
                if (position == _tail && !(_many && MoveTail(position)))
                {
                    return false;
                }
            }

            ulong header = _many ? Volatile.Read(ref Header(position)) : Header(position);
            uint state = RingRecord.StateOf(header);
            length = RingRecord.MessageLengthOf(header);
            if (state is RingRecord.Ready or RingRecord.Padding)
            {
                if ((ulong)RingRecord.SpanOf(length) > Math.Min(_tail - position, _capacity - (position & (_capacity - 1))))
                {
                    ThrowDamaged(position);
                }

                if (state == RingRecord.Ready)
                {
                    return true;
                }

                position += (ulong)RingRecord.SpanOf(length);
            }
            else if (_many && RingRecord.IsClaimed(header))
            {
                if (!TryAbandonClaim(position, header))
                {
                    return false;
                }
            }
            else
            {
                ThrowDamaged(position);
            }
        }
    }

    /// <summary>A claim at the tail, which its producer has not moved yet: any process does that.</summary>
    private bool MoveTail(ulong position)
    {
        ulong header = Volatile.Read(ref Header(position));
        if (RingRecord.StateOf(header) == RingRecord.Free || position - _head >= _capacity) // full: it is this round's first record
        {
            return false;
        }

        Interlocked.CompareExchange(ref _ring.Tail, position + (ulong)RingRecord.SpanOf(RingRecord.LengthOf(header)), position);
        _tail = Volatile.Read(ref _ring.Tail);
        return _tail != position;
    }

    /// <summary>A claim that is not committed: if its producer is dead it is padding.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryAbandonClaim(ulong position, ulong header)
    {
        long now = Stopwatch.GetTimestamp();
        if (_looked != 0 && Stopwatch.GetElapsedTime(_looked, now).TotalMilliseconds < LookAfter)
        {
            return false;
        }

        _looked = now;
        if (_memory.Slots.IsAlive(RingRecord.TokenOf(header)))
        {
            return false;
        }

        Interlocked.CompareExchange(ref Header(position), RingRecord.Pack(RingRecord.Padding, RingRecord.LengthOf(header)), header);
        return true; // padding, or committed just before its producer's death
    }

    /// <returns>False if the segment is disposed.</returns>
    private bool TryRelease(ulong end)
    {
        if (!_gate.TryEnter())
        {
            return false;
        }

        if (_many)
        {
            Free(end);
        }

        FaultPoints.Reach(FaultPoint.RingFreed);
        _head = end;
        Volatile.Write(ref _ring.Head, end);
        _gate.Leave();
        _ring.WakeIfWaiting(SharedRing.ProducerSleepsAt);
        return true;
    }

    /// <summary>Marks every word free for the next round. The record is padding before its first byte is lost and the word that
    /// says so is freed last: a dead consumer's successor finds a whole message, padding, or free words from its beginning to its
    /// end.</summary>
    private void Free(ulong end)
    {
        while (_head != end)
        {
            int length = RingRecord.LengthOf(Header(_head)), span = RingRecord.SpanOf(length);
            ulong free = RingRecord.PackFree(_secret, _head / _capacity + 1);
            Header(_head) = RingRecord.Pack(RingRecord.Padding, length);
            Volatile.WriteBarrier();
            for (int at = span - RingRecord.Alignment; at > 0; at -= RingRecord.Alignment)
            {
                SharedWord.UInt64(At(_head) + at) = free;
            }

            FaultPoints.Reach(FaultPoint.RingFreeing);
            Volatile.Write(ref Header(_head), free);
            _head += (ulong)span;
        }
    }

    /// <summary>What a dead consumer had freed without moving the head.</summary>
    private void SkipFreed()
    {
        ulong from = _head;
        while (_head != _tail && Volatile.Read(ref Header(_head)) == RingRecord.PackFree(_secret, _head / _capacity + 1))
        {
            _head += RingRecord.Alignment;
        }

        if (_head != from)
        {
            _gate.Enter();
            Volatile.Write(ref _ring.Head, _head);
            _gate.Leave();
        }
    }

    private void ThrowDamaged(ulong position)
    {
        _memory.ThrowIfDisposedSince();
        throw new SharedMemoryFormatException(
            SharedMemoryError.Damaged, _memory.Name, _ring.Offset + SharedRing.DataAt + (long)(position & (_capacity - 1)),
            "the ring is corrupt: no record begins here");
    }

    private struct Step(RingConsumer consumer) : IWaitStep<bool>
    {
        private bool _announced;

        public readonly bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            result = consumer.TryPeek(out _);
            if (result || !look.Sleeps)
            {
                return result;
            }

            consumer._ring.AnnounceSleep(SharedRing.ConsumerSleepsAt, _announced);
            _announced = true;
            look.BlockAtFlag(SharedRing.ConsumerSleepsAt, 1);
            return result = consumer.TryPeek(out _);
        }

        public readonly void Cancel() { }
    }
}

/// <summary>Takes a message of a ring.</summary>
/// <typeparam name="TState">What the caller hands along.</typeparam>
/// <param name="message">The message, in place: valid until the handler returns.</param>
/// <param name="state">What the caller handed along.</param>
public delegate void RingHandler<in TState>(ReadOnlySpan<byte> message, TState state) where TState : allows ref struct;
