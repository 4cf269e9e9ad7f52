namespace Mapwire.Media;

/// <summary>Converts times in ticks of a timescale without losing anything on the way.</summary>
public static class Ticks
{
    /// <summary>Milliseconds, rounded down, so that times in order stay in order and never drift.</summary>
    /// <param name="ticks">May be negative.</param>
    /// <param name="timescale">Ticks a second, not 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timescale"/> is 0.</exception>
    public static long ToMilliseconds(long ticks, uint timescale)
    {
        ArgumentOutOfRangeException.ThrowIfZero(timescale);
        (long seconds, long rest) = Math.DivRem(ticks, timescale);
        if (rest < 0)
        {
            seconds--;
            rest += timescale;
        }

        return checked(seconds * 1000) + (rest * 1000) / timescale;
    }

    /// <summary>A span of time, rounded down to 100 ns; what does not fit into one is the longest there is.</summary>
    /// <param name="ticks">At least 0.</param>
    /// <param name="timescale">Ticks a second, not 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is out of range.</exception>
    public static TimeSpan ToTimeSpan(long ticks, uint timescale)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ticks);
        ArgumentOutOfRangeException.ThrowIfZero(timescale);
        UInt128 span = (UInt128)(ulong)ticks * TimeSpan.TicksPerSecond / timescale;
        return span > (UInt128)long.MaxValue ? TimeSpan.MaxValue : new TimeSpan((long)span);
    }
}
