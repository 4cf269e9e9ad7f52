namespace Mapwire.Server.Statistics;

/// <summary>A title as it was at a moment: what is played, and what was played lately.</summary>
/// <param name="Name">The path below the served folder. As the file is called: clean it before it is shown.</param>
/// <param name="Players">Players that play it or have paused.</param>
/// <param name="Plays">How often it was begun, by itself or in a playlist.</param>
/// <param name="Bytes">Sent of it.</param>
/// <param name="BytesPerSecond">Of the last seconds.</param>
/// <param name="Stalls">How often its players ran out of media.</param>
/// <param name="LeastLead">The least media that one of those who play has in hand; null when nobody plays.</param>
/// <param name="Duration">How long it plays.</param>
/// <param name="FileLength">Bytes of its file.</param>
/// <param name="ResidentShare">The part of the file that is in memory, 0 to 1; null where it cannot be told.</param>
public sealed record TitleSnapshot(
    string Name, int Players, long Plays, long Bytes, double BytesPerSecond, long Stalls, TimeSpan? LeastLead, TimeSpan Duration,
    long FileLength, double? ResidentShare);
