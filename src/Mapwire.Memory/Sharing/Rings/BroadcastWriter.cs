using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Publishes messages in a <see cref="SharedBroadcast"/>. Used by one thread at a time.</summary>
public sealed class BroadcastWriter : IDisposable
{
    private readonly SharedBroadcast _ring;
    private readonly ulong _capacity;
    private ulong _published;
    private ulong _end;
    private ulong _intent;
    private bool _disposed;

    internal BroadcastWriter(SharedBroadcast ring)
    {
        _ring = ring;
        _capacity = (ulong)ring.Capacity;
        (_published, _end, _) = ring.Latest();
        _intent = Math.Max(Volatile.Read(ref ring.Intent), _end); // a dead writer may have overwritten up to there
    }

    /// <summary>Publishes a message. Never waits.</summary>
    /// <param name="message">At most <see cref="SharedBroadcast.MaxMessageLength"/> bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is longer.</exception>
    /// <exception cref="ObjectDisposedException">The writer or the segment is disposed of.</exception>
    public void Write(ReadOnlySpan<byte> message)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, _ring.MaxMessageLength, nameof(message));
        ObjectDisposedException.ThrowIf(_disposed || _ring.Memory.IsDisposed, this);
        ulong span = (ulong)RingRecord.SpanOf(message.Length);
        ulong toTheEnd = _capacity - (_end & (_capacity - 1));
        ulong start = span > toTheEnd ? _end + toTheEnd : _end;
        ulong end = start + span;
        _intent = Math.Max(_intent, end);
        Volatile.Write(ref _ring.Intent, _intent); // first: a reader of what is overwritten now finds that out afterwards
        Interlocked.MemoryBarrier();
        FaultPoints.Reach(FaultPoint.BroadcastAnnounced);
        if (start != _end)
        {
            SharedWord.UInt64(At(_end)) = RingRecord.Pack(RingRecord.Padding, (int)toTheEnd - RingRecord.HeaderLength);
        }

        SharedWord.UInt64(At(start)) = RingRecord.Pack(RingRecord.Ready, message.Length);
        message.CopyTo(RawMemory.Span(At(start) + RingRecord.HeaderLength, message.Length));
        FaultPoints.Reach(FaultPoint.BroadcastWritten);
        nint ends = _ring.Ends(_published + 1);
        SharedWord.UInt64(ends) = end;
        SharedWord.UInt64(ends + 8) = start;
        Volatile.Write(ref _ring.Count, ++_published);
        _end = end;
        _ring.WakeReaders();
    }

    /// <summary>A writer that was not disposed leaves when it is collected.</summary>
    ~BroadcastWriter() => _ring?.LeaveWriter();

    /// <summary>Leaves; another may become the writer.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        GC.SuppressFinalize(this);
        _ring.LeaveWriter();
    }

    private nint At(ulong position) => _ring.Data + (nint)(position & (_capacity - 1));
}
