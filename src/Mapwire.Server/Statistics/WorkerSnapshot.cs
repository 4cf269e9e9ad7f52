namespace Mapwire.Server.Statistics;

/// <summary>One of a server's threads as it was at a moment.</summary>
/// <param name="Connections">Its connections.</param>
/// <param name="Bytes">Sent by it.</param>
/// <param name="BytesPerSecond">Of the last seconds.</param>
/// <param name="Plays">Plays begun on it.</param>
/// <param name="Stalls">How often its players ran out of media.</param>
/// <param name="Silence">Since when it has given no sign of life; it gives one a second when there is nothing to do, and more when there
/// is.</param>
public sealed record WorkerSnapshot(int Connections, long Bytes, double BytesPerSecond, long Plays, long Stalls, TimeSpan Silence);
