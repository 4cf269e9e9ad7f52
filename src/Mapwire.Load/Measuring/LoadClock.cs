using System.Diagnostics;

namespace Mapwire.Load.Measuring;

/// <summary>The clock of all times here: microseconds, never going back.</summary>
internal static class LoadClock
{
    /// <summary>Microseconds a millisecond.</summary>
    public const long Millisecond = 1000;

    /// <summary>Microseconds a second.</summary>
    public const long Second = 1_000_000;

    private static readonly long TicksPerMicrosecond = Stopwatch.Frequency / Second;

    /// <summary>The time now.</summary>
    public static long Now => Stopwatch.GetTimestamp() / TicksPerMicrosecond;

    /// <summary>A length of time in microseconds.</summary>
    public static long Of(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
}
