using System.Diagnostics;

namespace Mapwire.Memory.Sharing;

/// <summary>Divides a wait into slices.</summary>
/// <remarks>No sleep is longer than a slice. A killed process cannot wake those that wait for it, neither to say that it is dead nor
/// when it was just about to wake them: so a waiter looks again after each slice. Deaths are rare, and so after the first second the
/// slices are longer.</remarks>
internal struct WaitClock
{
    private const int FirstSlice = 25; // ms
    private const int LaterSlice = 100;
    private const int ReadOnlySlice = 5; // a waiter that may not write cannot ask to be woken

    private readonly TimeSpan _timeout;
    private readonly bool _isReadOnly;
    private readonly long _start;
    private long _lookAt; // when dead owners are looked for next

    public WaitClock(TimeSpan timeout, bool isReadOnly)
    {
        _timeout = timeout;
        _isReadOnly = isReadOnly;
        _start = Stopwatch.GetTimestamp();
        _lookAt = _start;
    }

    /// <exception cref="ArgumentOutOfRangeException">The timeout is negative and not infinite.</exception>
    public static void CheckTimeout(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            ThrowNegative(timeout);
        }
    }

    /// <summary>Whether dead owners should be looked for now: at first, and then once a slice however often the waiter is woken.</summary>
    public bool IsLookDue()
    {
        long now = Stopwatch.GetTimestamp();
        if (now < _lookAt)
        {
            return false;
        }

        _lookAt = now + Slice(now) * Stopwatch.Frequency / 1000;
        return true;
    }

    /// <summary>The time to sleep next, in milliseconds; false if the timeout has passed.</summary>
    public readonly bool TryNext(out int milliseconds)
    {
        long now = Stopwatch.GetTimestamp();
        milliseconds = Slice(now);
        if (_timeout == Timeout.InfiniteTimeSpan)
        {
            return true;
        }

        TimeSpan left = _timeout - Stopwatch.GetElapsedTime(_start, now);
        milliseconds = (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 1, milliseconds);
        return left > TimeSpan.Zero;
    }

    private readonly int Slice(long now) =>
        _isReadOnly ? ReadOnlySlice : now - _start < Stopwatch.Frequency ? FirstSlice : LaterSlice;

    private static void ThrowNegative(TimeSpan timeout) =>
        throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The timeout must be non-negative or Timeout.InfiniteTimeSpan.");
}
