namespace Mapwire.Server.Statistics;

/// <summary>A server as it was at a moment. Of a dead one: as it was when it last gave a sign of life.</summary>
/// <param name="Name">The name under which it publishes.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Address">Where players connect to.</param>
/// <param name="Folder">The folder that it serves.</param>
/// <param name="State">How it is.</param>
/// <param name="HeartbeatAge">Since when none of its workers has given a sign of life; each gives one a second.</param>
/// <param name="Started">When it was started.</param>
/// <param name="Uptime">How long it has run, or did.</param>
/// <param name="Connections">Open connections.</param>
/// <param name="Bytes">Sent since it was started.</param>
/// <param name="BytesPerSecond">Of the last seconds.</param>
/// <param name="Plays">Plays begun since it was started.</param>
/// <param name="Stalls">How often players ran out of media since it was started.</param>
/// <param name="Workers">Its threads.</param>
/// <param name="Titles">What is played and was played lately, by name.</param>
/// <param name="Players">Its connections, in the order in which they came.</param>
public sealed record ServerSnapshot(
    string Name, int ProcessId, string Address, string Folder, ServerState State, TimeSpan HeartbeatAge, DateTimeOffset Started,
    TimeSpan Uptime,
    int Connections, long Bytes, double BytesPerSecond, long Plays, long Stalls, IReadOnlyList<WorkerSnapshot> Workers,
    IReadOnlyList<TitleSnapshot> Titles, IReadOnlyList<PlayerSnapshot> Players);
