namespace Mapwire.Load;

/// <summary>
/// What goes wrong with publishers in life, and how often, beside the stream that they send: connections that are lost, networks that
/// stall, clocks that jump. Each publisher has its own moments. Default: nothing.
/// </summary>
/// <param name="ReconnectEvery">
/// How often a publisher's connection is lost without a word; <see cref="ReconnectPause"/> later it publishes again, from the film's
/// beginning and from time 0. Null: never.
/// </param>
/// <param name="StallEvery">
/// How often a publisher sends nothing for <see cref="StallLength"/>; what was due meanwhile follows at once. Null: never.
/// </param>
/// <param name="JumpEvery">
/// How often a publisher's timestamps jump with the next showing of the film, by some seconds or to any place that 32 bits have, forward or
/// back. Null: never.
/// </param>
public sealed record PublishFaults(TimeSpan? ReconnectEvery = null, TimeSpan? StallEvery = null, TimeSpan? JumpEvery = null)
{
    /// <summary>How long a publisher is away: the half-open connection of a phone is still there then.</summary>
    internal static TimeSpan ReconnectPause { get; } = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a stall is: players have shown what they buffer, and no server lets a publisher go yet.</summary>
    internal static TimeSpan StallLength { get; } = TimeSpan.FromSeconds(3);
}
