namespace Mapwire.Media;

/// <summary>Converts times in ticks of a timescale without losing anything on the way.</summary>
public static class Ticks
{
    /// <summary>Times up to here are divided in 64 bits, which takes a fifth of the time: a film has a hundred thousand.</summary>
    private const long MaxShort = (long.MaxValue - uint.MaxValue) / 2000;

    /// <summary>Milliseconds, rounded to the nearest, so that times never drift; what does not fit is the longest there is.</summary>
    /// <param name="ticks">May be negative.</param>
    /// <param name="timescale">Ticks a second, not 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timescale"/> is 0.</exception>
    public static long ToMilliseconds(long ticks, uint timescale)
    {
        ArgumentOutOfRangeException.ThrowIfZero(timescale);
        if (ticks is >= 0 and <= MaxShort)
        {
            return (long)((((ulong)ticks * 2000) + timescale) / ((ulong)timescale * 2));
        }

        return Fit(Floor(((Int128)ticks * 2000) + timescale, (Int128)timescale * 2));
    }

    /// <summary>Milliseconds, rounded down, and what that leaves out; what does not fit is the longest there is.</summary>
    /// <param name="ticks">May be negative.</param>
    /// <param name="timescale">Ticks a second, not 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timescale"/> is 0.</exception>
    public static (long Milliseconds, int Nanoseconds) Split(long ticks, uint timescale)
    {
        ArgumentOutOfRangeException.ThrowIfZero(timescale);
        Int128 nanoseconds = Floor((Int128)ticks * 1_000_000_000, timescale);
        Int128 milliseconds = Floor(nanoseconds, 1_000_000);
        return (Fit(milliseconds), (int)(nanoseconds - (milliseconds * 1_000_000)));
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

    /// <summary>In 128 bits: exact for any time and scale.</summary>
    private static Int128 Floor(Int128 value, Int128 divisor)
    {
        (Int128 quotient, Int128 rest) = Int128.DivRem(value, divisor);
        return rest < 0 ? quotient - 1 : quotient;
    }

    private static long Fit(Int128 value) => (long)Int128.Clamp(value, long.MinValue, long.MaxValue);
}
