namespace Mapwire.Load;

/// <summary>What the server's processes used (Linux, where they were named).</summary>
/// <param name="CpuSeconds">Processor time in the measured time.</param>
/// <param name="CpuShare">Of one core, in the measured time.</param>
/// <param name="CpuSecondsPerGigabyte">Processor time for each 10^9 bytes received, and published, in the measured time.</param>
/// <param name="IdleProportionalBytes">PSS before the first player came.</param>
/// <param name="ProportionalBytes">PSS at the end, with all players.</param>
/// <param name="ProportionalBytesPerPlayer">The difference of the two for each player.</param>
/// <param name="KernelSocketBytes">What the machine's TCP sockets, of both sides, held in buffers at the end.</param>
public sealed record ServerReport(
    double CpuSeconds,
    double CpuShare,
    double CpuSecondsPerGigabyte,
    long IdleProportionalBytes,
    long ProportionalBytes,
    double ProportionalBytesPerPlayer,
    long KernelSocketBytes);
