namespace Mapwire.Load;

/// <summary>How a test stands.</summary>
/// <param name="Elapsed">Since its start.</param>
/// <param name="Total">How long it takes, ramp included.</param>
/// <param name="Bytes">Received so far.</param>
/// <param name="Playing">Players that have media to show now.</param>
/// <param name="Stalling">Players that have run out of media now.</param>
/// <param name="Plays">Plays whose first frame came.</param>
/// <param name="Connections">Connections begun.</param>
/// <param name="Stalls">Times that a player ran out of media, in plays that are over and seeks that were made.</param>
/// <param name="Lost">Plays that broke off.</param>
public readonly record struct LoadProgress(
    TimeSpan Elapsed, TimeSpan Total, long Bytes, long Playing, long Stalling, long Plays, long Connections, long Stalls, long Lost);
