using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Reads a <see cref="SharedBroadcast"/> at its own pace. Used by one thread at a time.</summary>
public sealed class BroadcastReader : ISharedSignal
{
    private readonly SharedBroadcast _ring;
    private readonly ulong _capacity;
    private ulong _next; // number of the next message to read
    private ulong _position; // where it is or will be

    internal BroadcastReader(SharedBroadcast ring)
    {
        _ring = ring;
        _capacity = (ulong)ring.Capacity;
        (_next, _position, _) = ring.Latest();
    }

    /// <summary>Messages lost since the reader was opened.</summary>
    public long Lost { get; private set; }

    /// <summary>The number of the next message to read, counted from 0 in the ring's life.</summary>
    public long Next => (long)_next;

    /// <summary>
    /// Copies the next message out. It is a copy because the writer may overwrite it meanwhile, which is found out after it.
    /// </summary>
    /// <param name="destination">Where to; <see cref="SharedBroadcast.MaxMessageLength"/> bytes are always enough.</param>
    /// <param name="length">How long the message is.</param>
    /// <param name="lost">How many messages before this one were lost since the last call; the reader goes on with the newest then.</param>
    /// <returns>False if there is none; nothing was lost then.</returns>
    /// <exception cref="ArgumentException">The destination is too short; the message stays the next one, and loss that was found is
    /// told by <see cref="Lost"/>.</exception>
    /// <exception cref="SharedMemoryFormatException">The ring's bytes are damaged.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed of.</exception>
    public bool TryRead(Span<byte> destination, out int length, out long lost)
    {
        _ring.Memory.ThrowIfDisposed();
        lost = 0;
        length = 0;
        while (Volatile.Read(ref _ring.Count) != _next)
        {
            ulong header = Volatile.Read(ref SharedWord.UInt64(At(_position)));
            length = RingRecord.LengthOf(header);
            bool padding = RingRecord.StateOf(header) == RingRecord.Padding;
            // What is read may be torn: nothing of it is used beyond its bounds before it is known to be whole.
            ulong room = _capacity - (_position & (_capacity - 1));
            bool fits = RingRecord.StateOf(header) is RingRecord.Ready or RingRecord.Padding && (ulong)RingRecord.SpanOf(length) <= room;
            bool copied = fits && !padding && length <= destination.Length;
            if (copied)
            {
                RawMemory.Span(At(_position) + RingRecord.HeaderLength, length).CopyTo(destination);
            }

            _ring.Memory.ThrowIfDisposedSince();
            if (Volatile.Read(ref _ring.Intent) - _position > _capacity)
            {
                lost += CatchUp();
                continue;
            }

            if (!fits)
            {
                throw new SharedMemoryFormatException(
                    SharedMemoryError.Damaged, _ring.Memory.Name, _ring.Offset + SharedBroadcast.DataAt,
                    "the broadcast ring is corrupt: no record begins here");
            }

            if (!padding && !copied)
            {
                throw new ArgumentException($"The message has {length} bytes.", nameof(destination));
            }

            _position += (ulong)RingRecord.SpanOf(length);
            if (padding)
            {
                continue;
            }

            _next++;
            return true;
        }

        _ring.Memory.ThrowIfDisposedSince();
        return false;
    }

    /// <summary>Waits for a message. A reader that has opened the segment read-only looks every few milliseconds.</summary>
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
        _ring.Memory.ThrowIfDisposed();
        return HasMessage || Waiter.Wait<Step, bool>(_ring, new Step(this), timeout, cancellationToken);
    }

    /// <summary>Waits for a message; no thread waits.</summary>
    /// <param name="timeout">The longest wait; null for no limit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the timeout passed.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<bool> WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Waiter.WaitAsync<Step, bool>(_ring, new Step(this), timeout, cancellationToken);

    SharedObject ISharedSignal.Target => _ring;

    bool ISharedSignal.TryFinish(ref WaitLook look) => new Step(this).TryFinish(ref look, out _);

    private bool HasMessage
    {
        get
        {
            bool has = Volatile.Read(ref _ring.Count) != _next;
            _ring.Memory.ThrowIfDisposedSince();
            return has;
        }
    }

    private nint At(ulong position) => _ring.Data + (nint)(position & (_capacity - 1));

    /// <summary>Overtaken: on with the newest message, whose beginning is the only one that is known.</summary>
    private long CatchUp()
    {
        (ulong published, _, ulong last) = _ring.Latest();
        _ring.Memory.ThrowIfDisposedSince();
        long lost = (long)(published - 1 - _next);
        _next = published - 1;
        _position = last;
        Lost += lost;
        return lost;
    }

    private struct Step(BroadcastReader reader) : IWaitStep<bool>
    {
        private bool _announced;

        public readonly bool TimedOut => false;

        public bool TryFinish(ref WaitLook look, out bool result)
        {
            result = reader.HasMessage;
            if (result || !look.Sleeps)
            {
                return result;
            }

            reader._ring.AnnounceSleep(_announced);
            _announced = true;
            look.Block(SharedBroadcast.PublishedAt, (uint)reader._next); // the count's lower half
            return result = reader.HasMessage;
        }

        public readonly void Cancel() { }
    }
}
