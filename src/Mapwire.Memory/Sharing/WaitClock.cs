using System.Diagnostics;

namespace Mapwire.Memory.Sharing;

/// <summary>The time that is left of a wait, in slices.</summary>
/// <remarks>No sleep is longer than a slice. A killed process cannot tell those that wait for it, neither that it is dead nor that
/// it was just about to wake them: so a waiter looks for himself, forty times a second, which costs him microseconds.</remarks>
internal ref struct WaitClock
{
    private const int Slice = 25; // ms

    private readonly SharedMemory _memory;
    private readonly TimeSpan _timeout;
    private readonly long _start;
    private readonly CancellationToken _cancellation;
    private RegionLease? _lease;

    public WaitClock(SharedMemory memory, TimeSpan timeout, CancellationToken cancellation)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "Neither a time nor Timeout.InfiniteTimeSpan.");
        }

        _memory = memory;
        _timeout = timeout;
        _cancellation = cancellation;
        _start = timeout > TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        _lease = memory.Use(); // the pages outlast the wait, whoever disposes of the segment meanwhile
    }

    /// <summary>How long to sleep next; false if the time is up.</summary>
    public readonly bool TryNext(out int milliseconds)
    {
        _cancellation.ThrowIfCancellationRequested();
        _memory.ThrowIfDisposed();
        milliseconds = Slice;
        if (_timeout == Timeout.InfiniteTimeSpan)
        {
            return true;
        }

        if (_timeout == TimeSpan.Zero)
        {
            return false;
        }

        TimeSpan left = _timeout - Stopwatch.GetElapsedTime(_start);
        milliseconds = (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 1, Slice);
        return left > TimeSpan.Zero;
    }

    public void Dispose()
    {
        _lease?.Dispose();
        _lease = null;
    }
}
