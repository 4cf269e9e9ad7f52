using System.Collections.Immutable;
using Mapwire.Load.Measuring;

namespace Mapwire.Load;

/// <summary>What those who publish did, and what viewers of their streams found. Times are milliseconds.</summary>
/// <param name="Connected">Publishers whose connect command was accepted.</param>
/// <param name="Publishing">Publishers whose publish was accepted.</param>
/// <param name="Messages">Audio and video messages sent, configurations at the start not among them.</param>
/// <param name="Bytes">Bytes sent, everything included.</param>
/// <param name="LateMessages">Messages that this side began to send more than 100 ms late, which is not the server's fault.</param>
/// <param name="HeldMessages">Messages that became due while the server did not take what was sent before.</param>
/// <param name="Reconnects">Connections that were cut without a word, as was asked for.</param>
/// <param name="Stalled">Times in which nothing was sent, as was asked for.</param>
/// <param name="Jumps">Jumps of timestamps, as was asked for.</param>
/// <param name="Refused">Publishes refused, and those ended by the server.</param>
/// <param name="Refusals">Why, in the server's words, and how often.</param>
/// <param name="Watchers">Viewers that were to watch.</param>
/// <param name="FirstFrame">From a viewer's play command to its first picture (sound, where that is all).</param>
/// <param name="Match">What viewers found by comparing; null when they did not.</param>
public sealed record PublishReport(
    long Connected, long Publishing, long Messages, long Bytes, long LateMessages, long HeldMessages, long Reconnects, long Stalled,
    long Jumps, long Refused, ImmutableSortedDictionary<string, long> Refusals, int Watchers, LatencySummary FirstFrame, MatchReport? Match)
{
    internal static PublishReport From(LoadOptions options, PublishTally published, LoadTally viewers) => new(
        published.Connected, published.Publishing, published.Messages, published.Bytes, published.LateMessages, published.HeldMessages,
        published.Reconnects, published.Stalled, published.Jumps, published.Refused,
        published.Refusals.ToImmutableSortedDictionary(StringComparer.Ordinal), options.Watch,
        viewers.FirstFrameOfPlay.Summarize(), options.Latency ? MatchReport.From(viewers.Match) : null);
}

/// <summary>What viewers found when they compared what came with what was sent.</summary>
/// <param name="Matched">Frames that came as they were sent, each behind the one before.</param>
/// <param name="Missing">Frames that were left out between two that came.</param>
/// <param name="Repeated">Frames that came once more, or out of order.</param>
/// <param name="Altered">Frames that are none of those that were sent.</param>
/// <param name="Latency">
/// From the first attempt to send a frame to its last byte at a viewer, in milliseconds; of frames sent since the viewer watches.
/// </param>
public sealed record MatchReport(long Matched, long Missing, long Repeated, long Altered, LatencySummary Latency)
{
    internal static MatchReport From(MatchTally tally) =>
        new(tally.Matched, tally.Missing, tally.Repeated, tally.Altered, tally.Latency.Summarize());
}
