using System.Diagnostics;

namespace Mapwire.Server.Loop;

/// <summary>
/// The clock of the loops: the milliseconds of <see cref="Environment.TickCount64"/>, which the rest of the server reads, but on Linux to
/// the millisecond. There the other one moves every 4 ms, so that a wait for a timer would end before the timer is over, each time.
/// </summary>
internal static class LoopClock
{
    private static readonly long TicksPerMillisecond = Stopwatch.Frequency / 1000;

    /// <summary>Never goes back.</summary>
    public static long Milliseconds => OperatingSystem.IsLinux()
        ? Stopwatch.GetTimestamp() / TicksPerMillisecond // both read CLOCK_MONOTONIC
        : Environment.TickCount64;
}
