using Mapwire.Load.Measuring;

namespace Mapwire.Load;

/// <summary>What a test of HTTP found beside what every test finds. Times are milliseconds, from the moment of the request.</summary>
/// <param name="Requests">Requests sent.</param>
/// <param name="Playlists">Playlists that came whole.</param>
/// <param name="Segments">Segments, or bodies, that came whole; init segments are not counted.</param>
/// <param name="LateSegments">Segments that took longer to come than they play.</param>
/// <param name="Reconnects">Requests that met a connection which the server had just closed, and were sent again on another.</param>
/// <param name="PlaylistFirstByte">To the first byte of a playlist.</param>
/// <param name="FirstByte">To the first byte of a segment or body.</param>
/// <param name="LastByte">To the last byte of a segment or body.</param>
/// <param name="PartDelay">
/// From the end of a part to its last byte, by the clock on the wall, of viewers of LL-HLS; the server's clock must be this one's.
/// </param>
public sealed record HttpReport(
    long Requests, long Playlists, long Segments, long LateSegments, long Reconnects, LatencySummary PlaylistFirstByte,
    LatencySummary FirstByte, LatencySummary LastByte, LatencySummary PartDelay)
{
    internal static HttpReport From(HttpTally tally) => new(
        tally.Requests, tally.Playlists, tally.Segments, tally.LateSegments, tally.Reconnects, tally.PlaylistFirstByte.Summarize(),
        tally.FirstByte.Summarize(), tally.LastByte.Summarize(), tally.PartDelay.Summarize());
}
