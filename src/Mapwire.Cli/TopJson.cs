using System.Text.Json;
using Mapwire.Server.Statistics;

namespace Mapwire.Cli;

/// <summary>Servers' statistics for programs. Times are seconds, sizes bytes, shares 0 to 1; null is not known.</summary>
internal static class TopJson
{
    /// <summary>Writes one object: servers, each with its workers, titles and players.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ServerSnapshot> servers)
    {
        json.WriteStartObject();
        json.WriteStartArray("servers");
        foreach (ServerSnapshot server in servers)
        {
            WriteServer(json, server);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteServer(Utf8JsonWriter json, ServerSnapshot server)
    {
        json.WriteStartObject();
        json.WriteString("name", server.Name);
        json.WriteNumber("processId", server.ProcessId);
        json.WriteString("address", server.Address);
        json.WriteString("folder", server.Folder);
        json.WriteString("state", Word(server.State));
        json.WriteNumber("heartbeatAge", server.HeartbeatAge.TotalSeconds);
        json.WriteString("started", server.Started);
        json.WriteNumber("uptime", server.Uptime.TotalSeconds);
        json.WriteNumber("connections", server.Connections);
        json.WriteNumber("bytes", server.Bytes);
        json.WriteNumber("bytesPerSecond", server.BytesPerSecond);
        json.WriteNumber("plays", server.Plays);
        json.WriteNumber("stalls", server.Stalls);
        json.WriteStartArray("workers");
        foreach (WorkerSnapshot worker in server.Workers)
        {
            WriteWorker(json, worker);
        }

        json.WriteEndArray();
        json.WriteStartArray("titles");
        foreach (TitleSnapshot title in server.Titles)
        {
            WriteTitle(json, title);
        }

        json.WriteEndArray();
        json.WriteStartArray("players");
        foreach (PlayerSnapshot player in server.Players)
        {
            WritePlayer(json, player);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteWorker(Utf8JsonWriter json, WorkerSnapshot worker)
    {
        json.WriteStartObject();
        json.WriteNumber("connections", worker.Connections);
        json.WriteNumber("bytes", worker.Bytes);
        json.WriteNumber("bytesPerSecond", worker.BytesPerSecond);
        json.WriteNumber("plays", worker.Plays);
        json.WriteNumber("stalls", worker.Stalls);
        json.WriteNumber("silence", worker.Silence.TotalSeconds);
        json.WriteEndObject();
    }

    private static void WriteTitle(Utf8JsonWriter json, TitleSnapshot title)
    {
        json.WriteStartObject();
        json.WriteString("name", title.Name);
        json.WriteNumber("players", title.Players);
        json.WriteNumber("plays", title.Plays);
        json.WriteNumber("bytes", title.Bytes);
        json.WriteNumber("bytesPerSecond", title.BytesPerSecond);
        json.WriteNumber("stalls", title.Stalls);
        WriteNumber(json, "leastBufferLead", title.LeastLead?.TotalSeconds);
        json.WriteNumber("duration", title.Duration.TotalSeconds);
        json.WriteNumber("fileSize", title.FileLength);
        WriteNumber(json, "residentShare", title.ResidentShare);
        json.WriteEndObject();
    }

    private static void WritePlayer(Utf8JsonWriter json, PlayerSnapshot player)
    {
        json.WriteStartObject();
        json.WriteNumber("id", player.Id);
        json.WriteString("peer", player.Peer?.ToString());
        json.WriteString("title", player.Title);
        json.WriteString("state", Word(player.State));
        json.WriteNumber("position", player.Position.TotalSeconds);
        json.WriteNumber("bufferLead", player.BufferLead.TotalSeconds);
        json.WriteNumber("bytes", player.Bytes);
        json.WriteNumber("bytesPerSecond", player.BytesPerSecond);
        json.WriteNumber("stalls", player.Stalls);
        json.WriteNumber("connected", player.Connected.TotalSeconds);
        json.WriteNumber("played", player.Played.TotalSeconds);
        json.WriteNumber("silence", player.Silence.TotalSeconds);
        json.WriteBoolean("blocked", player.IsBlocked);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string Word<T>(T state) where T : struct, Enum => state.ToString().ToLowerInvariant();
}
