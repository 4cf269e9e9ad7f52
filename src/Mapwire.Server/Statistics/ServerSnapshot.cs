namespace Mapwire.Server.Statistics;

/// <summary>A server as it was at a moment. Of a dead one: as it was when it last gave a sign of life.</summary>
/// <param name="Name">The name under which it publishes.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Addresses">Where players connect to; of more than fit into 1,024 bytes the first.</param>
/// <param name="Folder">The folder that it serves.</param>
/// <param name="State">How it is.</param>
/// <param name="HeartbeatAge">Since when none of its workers has given a sign of life; each gives one a second.</param>
/// <param name="Started">When it was started.</param>
/// <param name="Uptime">How long it has run, or did.</param>
/// <param name="Connections">Open connections, as its workers said last.</param>
/// <param name="Bytes">Sent since it was started.</param>
/// <param name="BytesPerSecond">Of the last seconds.</param>
/// <param name="Plays">Plays begun since it was started.</param>
/// <param name="Stalls">How often players ran out of media since it was started.</param>
/// <param name="Workers">Its threads.</param>
/// <param name="Titles">What is played and was played lately, by name.</param>
/// <param name="Players">Its players, in the order in which they came: connections of RTMP and FLV, and viewers of HTTP, which may have
/// several connections or none at the moment.</param>
public sealed record ServerSnapshot(
    string Name, int ProcessId, IReadOnlyList<string> Addresses, string Folder, ServerState State, TimeSpan HeartbeatAge,
    DateTimeOffset Started,
    TimeSpan Uptime,
    int Connections, long Bytes, double BytesPerSecond, long Plays, long Stalls, IReadOnlyList<WorkerSnapshot> Workers,
    IReadOnlyList<TitleSnapshot> Titles, IReadOnlyList<PlayerSnapshot> Players)
{
    /// <summary>The live streams that are published, by name.</summary>
    public IReadOnlyList<StreamSnapshot> Streams { get; init; } = [];

    /// <summary>How many players there are of each protocol that has some.</summary>
    public IReadOnlyList<(PlayerProtocol Protocol, int Players)> Protocols { get; } =
    [
        .. Players.CountBy(static player => player.Protocol).OrderBy(static pair => pair.Key)
            .Select(static pair => (pair.Key, pair.Value)),
    ];
}

/// <summary>How a server is.</summary>
public enum ServerState
{
    /// <summary>It gives signs of life.</summary>
    Running = 0,

    /// <summary>Its process is there and gives none, or one of its workers does not come back: stopped, hung or starved.</summary>
    Stuck = 1,

    /// <summary>Its process is gone, and did not end in order.</summary>
    Dead = 2,
}

/// <summary>One of a server's threads as it was at a moment.</summary>
/// <param name="Connections">Its connections.</param>
/// <param name="Bytes">Sent by it.</param>
/// <param name="BytesPerSecond">Of the last seconds.</param>
/// <param name="Plays">Plays begun on it.</param>
/// <param name="Stalls">How often its players ran out of media.</param>
/// <param name="Silence">Since when it has given no sign of life; it gives one a second when there is nothing to do, and more when there
/// is.</param>
public sealed record WorkerSnapshot(int Connections, long Bytes, double BytesPerSecond, long Plays, long Stalls, TimeSpan Silence);

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
