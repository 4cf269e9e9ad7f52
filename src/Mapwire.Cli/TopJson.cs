using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;

namespace Mapwire.Cli;

/// <summary>Servers' statistics for programs. Times are seconds, sizes bytes, shares 0 to 1; null is not known.</summary>
internal sealed record ServersJson(IReadOnlyList<ServerJson> Servers)
{
    public static ServersJson From(IReadOnlyList<ServerSnapshot> servers) => new([.. servers.Select(ServerJson.From)]);
}

/// <summary>A server with its workers, titles and players.</summary>
internal sealed record ServerJson(
    string Name, int ProcessId, string Address, IReadOnlyList<string> Addresses, string Folder, string State, double HeartbeatAge,
    DateTimeOffset Started, double Uptime,
    int Connections, long Bytes, double BytesPerSecond, long Plays, long Stalls, IReadOnlyList<WorkerJson> Workers,
    IReadOnlyDictionary<string, int> Protocols, IReadOnlyList<StreamJson> Streams, IReadOnlyList<TitleJson> Titles,
    IReadOnlyList<PlayerJson> Players)
{
    public static ServerJson From(ServerSnapshot server) => new(
        server.Name, server.ProcessId, server.Addresses.Count > 0 ? server.Addresses[0] : "", server.Addresses, server.Folder,
        server.State.ToString().ToLowerInvariant(),
        server.HeartbeatAge.TotalSeconds,
        server.Started, server.Uptime.TotalSeconds, server.Connections, server.Bytes, server.BytesPerSecond, server.Plays, server.Stalls,
        [.. server.Workers.Select(WorkerJson.From)],
        server.Protocols.ToDictionary(static one => TopText.Protocol(one.Protocol), static one => one.Players),
        [.. server.Streams.Select(StreamJson.From)],
        [.. server.Titles.Select(TitleJson.From)],
        [.. server.Players.Select(PlayerJson.From)]);
}

/// <summary>A worker thread.</summary>
internal sealed record WorkerJson(int Connections, long Bytes, double BytesPerSecond, long Plays, long Stalls, double Silence)
{
    public static WorkerJson From(WorkerSnapshot worker) =>
        new(worker.Connections, worker.Bytes, worker.BytesPerSecond, worker.Plays, worker.Stalls, worker.Silence.TotalSeconds);
}

/// <summary>A live stream that is published.</summary>
internal sealed record StreamJson(
    string Name, long PublisherId, string? Publisher, double Published, double Silence, double VideoBitsPerSecond,
    double AudioBitsPerSecond, double FrameRate, double? KeyframeInterval, double? SoundAhead, double Jitter, double LongestPause,
    long LeftOut, long Malformed, int Viewers, double? Latency, double? WorstLatency, double? WorstLag)
{
    public static StreamJson From(StreamSnapshot stream) => new(
        stream.Name, stream.PublisherId, stream.Publisher?.ToString(), stream.Published.TotalSeconds, stream.Silence.TotalSeconds,
        stream.VideoBitsPerSecond, stream.AudioBitsPerSecond, stream.FrameRate, stream.KeyframeInterval?.TotalSeconds,
        stream.SoundAhead?.TotalSeconds, stream.Jitter.TotalSeconds, stream.LongestPause.TotalSeconds, stream.LeftOut, stream.Malformed,
        stream.Viewers, stream.Latency?.TotalSeconds, stream.WorstLatency?.TotalSeconds, stream.WorstLag?.TotalSeconds);
}

/// <summary>A title.</summary>
internal sealed record TitleJson(
    string Name, int Players, long Plays, long Bytes, double BytesPerSecond, long Stalls, double? LeastBufferLead, double Duration,
    long FileSize,
    double? ResidentShare)
{
    public static TitleJson From(TitleSnapshot title) => new(
        title.Name, title.Players, title.Plays, title.Bytes, title.BytesPerSecond, title.Stalls, title.LeastLead?.TotalSeconds,
        title.Duration.TotalSeconds, title.FileLength, title.ResidentShare);
}

/// <summary>A player.</summary>
internal sealed record PlayerJson(
    long Id, string? Peer, string Protocol, string? Title, string State, double Position, double BufferLead, long Bytes,
    double BytesPerSecond, int Stalls, double Connected, double Played, double Silence, bool Blocked, double? Latency,
    double? WorstLatency, double? Lag)
{
    public static PlayerJson From(PlayerSnapshot player) => new(
        player.Id, player.Peer?.ToString(), TopText.Protocol(player.Protocol), player.Title, player.State.ToString().ToLowerInvariant(),
        player.Position.TotalSeconds, player.BufferLead.TotalSeconds, player.Bytes, player.BytesPerSecond, player.Stalls,
        player.Connected.TotalSeconds, player.Played.TotalSeconds, player.Silence.TotalSeconds, player.IsBlocked,
        player.Latency?.TotalSeconds, player.WorstLatency?.TotalSeconds, player.Lag?.TotalSeconds);
}
