namespace Mapwire.Server.Live.Segments;

/// <summary>Numbers of a segment and of a break of times or codecs: of the clock at a stream's beginning, and counted from there.</summary>
/// <param name="Segment">EXT-X-MEDIA-SEQUENCE: seconds since 2020, since no more than one segment a second comes.</param>
/// <param name="Break">
/// EXT-X-DISCONTINUITY-SEQUENCE: tens of minutes since 2026. Small, since players have arrays that are as long as the number: with seconds
/// hls.js stood still for as many seconds.
/// </param>
internal readonly record struct LiveNumbers(long Segment, long Break)
{
    private static readonly DateTimeOffset SegmentsBegin = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset BreaksBegin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Those of a stream that begins at a time.</summary>
    public static LiveNumbers At(DateTimeOffset time) =>
        new(Math.Max(0, (long)(time - SegmentsBegin).TotalSeconds), Math.Max(0, (long)((time - BreaksBegin).TotalMinutes / 10)));

    /// <summary>The larger of each.</summary>
    public static LiveNumbers Max(LiveNumbers one, LiveNumbers other) =>
        new(Math.Max(one.Segment, other.Segment), Math.Max(one.Break, other.Break));
}
