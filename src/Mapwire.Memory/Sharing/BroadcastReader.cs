using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Reads a <see cref="SharedBroadcast"/> at its own pace. Used by one thread at a time.</summary>
public sealed class BroadcastReader
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

    /// <summary>Copies the next message out. It is a copy because the writer may overwrite it meanwhile, which is found out after it.</summary>
    /// <param name="destination">Where to; <see cref="SharedBroadcast.LongestMessage"/> bytes are always enough.</param>
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
            bool padding = RingRecord.State(header) == RingRecord.Padding;
            // What is read may be torn: nothing of it is used beyond its bounds before it is known to be whole.
            ulong room = _capacity - (_position & (_capacity - 1));
            bool fits = RingRecord.State(header) is RingRecord.Ready or RingRecord.Padding && (ulong)RingRecord.Span(length) <= room;
            bool copied = fits && !padding && length <= destination.Length;
            if (copied)
            {
                RawMemory.Span(At(_position) + RingRecord.HeaderLength, length).CopyTo(destination);
            }

            Volatile.ReadBarrier();
            if (Volatile.Read(ref _ring.Intent) - _position > _capacity)
            {
                lost += CatchUp();
                continue;
            }

            if (!fits)
            {
                throw new SharedMemoryFormatException(
                    SharedMemoryError.Damaged, _ring.Memory.Name, _ring.Offset + SharedBroadcast.DataAt, "the broadcast ring is damaged");
            }

            if (!padding && !copied)
            {
                throw new ArgumentException($"The message has {length} bytes.", nameof(destination));
            }

            _position += (ulong)RingRecord.Span(length);
            if (padding)
            {
                continue;
            }

            _next++;
            return true;
        }

        return false;
    }

    /// <summary>Waits for a message. A reader that has the segment open for reading only looks every few milliseconds.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is up.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public bool Wait(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using WaitClock clock = new(_ring.Memory, timeout, cancellationToken);
        for (int spins = timeout == TimeSpan.Zero ? 0 : Spinning.Rounds; ;)
        {
            if (Volatile.Read(ref _ring.Count) != _next)
            {
                return true;
            }

            if (spins-- > 0)
            {
                Spinning.Once();
            }
            else if (clock.TryNext(out int milliseconds))
            {
                _ring.SleepUntilMore(_next, milliseconds);
            }
            else
            {
                return false;
            }
        }
    }

    /// <summary>Waits for a message without keeping one of the pool's threads.</summary>
    /// <param name="timeout">How long at most; null for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False if the time is up.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public ValueTask<bool> WaitAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        Wait(TimeSpan.Zero, cancellationToken)
            ? new ValueTask<bool>(true)
            : new ValueTask<bool>(WaitThread.Run(() => Wait(timeout ?? Timeout.InfiniteTimeSpan, cancellationToken), cancellationToken));

    private nint At(ulong position) => _ring.Data + (nint)(position & (_capacity - 1));

    /// <summary>Overtaken: on with the newest message, whose beginning is the only one that is known.</summary>
    private long CatchUp()
    {
        (ulong published, _, ulong last) = _ring.Latest();
        long lost = (long)(published - 1 - _next);
        _next = published - 1;
        _position = last;
        Lost += lost;
        return lost;
    }
}
