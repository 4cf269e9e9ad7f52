namespace Mapwire.Server.Strips;

/// <summary>What of a title is played, and when by the player's time.</summary>
/// <param name="Start">The title's time to start at, in milliseconds.</param>
/// <param name="Duration">How much to play, in milliseconds; negative: to the end.</param>
/// <param name="PlayerStart">What the player calls <paramref name="Start"/>, in milliseconds.</param>
/// <param name="Floor">The earliest time that the player may be told, in milliseconds; null for <paramref name="PlayerStart"/>.</param>
internal readonly record struct PlayRange(long Start, long Duration, long PlayerStart, long? Floor = null);
