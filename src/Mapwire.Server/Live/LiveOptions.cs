namespace Mapwire.Server.Live;

/// <summary>What of a server's options is about live streams.</summary>
/// <param name="Window">How much of each stream is kept for those who come late, in milliseconds.</param>
/// <param name="MemoryBytes">The memory that all streams lie in.</param>
/// <param name="Latency">The longest that messages wait for others, in milliseconds, where there are many viewers.</param>
/// <param name="ResumeTime">How long a stream whose publisher was lost waits for it to come back, in milliseconds.</param>
/// <param name="PublishTimeout">How long a publisher may send nothing, in milliseconds.</param>
/// <param name="PlayWait">How long a viewer waits for a stream that nobody publishes, in milliseconds; 0 for not at all.</param>
/// <param name="SegmentTime">How long segments should be, in milliseconds.</param>
/// <param name="PartTime">How long parts of segments should be, in milliseconds.</param>
/// <param name="TakesOver">Whether another publisher of the same name takes over from one that is there; else it is refused.</param>
internal sealed record LiveOptions(
    long Window, long MemoryBytes, long Latency, long ResumeTime, long PublishTimeout, long PlayWait,
    long SegmentTime, long PartTime, bool TakesOver)
{
    /// <summary>
    /// The most messages that the window of a stream has: a minute of 60 pictures and 50 sounds a second ten times over. A hostile
    /// publisher's are tiny.
    /// </summary>
    public const int MaxEntries = 65_536;
}
