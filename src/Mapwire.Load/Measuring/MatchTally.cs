namespace Mapwire.Load.Measuring;

/// <summary>
/// What viewers of published streams found when they compared what came with what was sent. Written by the loop's thread alone.
/// </summary>
internal sealed class MatchTally
{
    /// <summary>Frames that came as they were sent, each behind the one before.</summary>
    public long Matched;

    /// <summary>Frames that were left out between two that came.</summary>
    public long Missing;

    /// <summary>Frames that came once more, or out of order.</summary>
    public long Repeated;

    /// <summary>Frames that are none of those that were sent.</summary>
    public long Altered;

    /// <summary>
    /// From the first attempt to send a frame to its last byte at the viewer; of frames that were sent since the viewer watches.
    /// </summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Adds what the viewers of another loop found, once both have ended.</summary>
    public void Add(MatchTally other)
    {
        Matched += other.Matched;
        Missing += other.Missing;
        Repeated += other.Repeated;
        Altered += other.Altered;
        Latency.Add(other.Latency);
    }
}
