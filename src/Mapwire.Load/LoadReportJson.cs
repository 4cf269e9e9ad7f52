using System.Text.Json;
using Mapwire.Load.Measuring;

namespace Mapwire.Load;

/// <summary>A report for programs: one JSON object. Latencies are milliseconds; other times seconds; sizes bytes.</summary>
public static class LoadReportJson
{
    /// <summary>Writes the object.</summary>
    public static void Write(Utf8JsonWriter json, LoadReport report)
    {
        json.WriteStartObject();
        json.WriteStartArray("urls");
        foreach (LoadTarget target in report.Options.Targets)
        {
            json.WriteStringValue(target.Url.ToString());
        }

        json.WriteEndArray();
        json.WriteString("mode", report.Options.Mode.ToString().ToLowerInvariant());
        json.WriteBoolean("enhanced", report.Options.Enhanced);
        json.WriteNumber("players", report.Options.Players);
        json.WriteNumber("seconds", report.Seconds);
        json.WriteNumber("bytes", report.Bytes);
        json.WriteNumber("measuredBytes", report.MeasuredBytes);
        json.WriteNumber("gigabytesPerSecond", report.GigabytesPerSecond);
        json.WriteNumber("connections", report.Connections);
        json.WriteNumber("plays", report.Plays);
        json.WriteNumber("playsPerSecond", report.PlaysPerSecond);
        json.WriteNumber("servedPlayers", report.ServedPlayers);
        json.WriteNumber("playing", report.Playing);
        json.WriteNumber("ended", report.Ended);
        json.WriteNumber("lost", report.Lost);
        json.WriteNumber("frames", report.Frames);
        json.WriteNumber("backwards", report.Backwards);
        json.WriteNumber("gaps", report.Gaps);
        json.WriteNumber("stalls", report.Stalls);
        json.WriteNumber("stalledPlayers", report.StalledPlayers);
        json.WriteNumber("stalledSeconds", report.StalledSeconds);
        json.WriteNumber("leastLeadP1", report.LeastLeadP1);
        json.WriteNumber("speed", report.Speed);
        json.WriteBoolean("wasPaced", report.WasPaced);
        WriteLatency(json, "established", report.Established);
        WriteLatency(json, "accepted", report.Accepted);
        WriteLatency(json, "firstFrame", report.FirstFrame);
        WriteLatency(json, "seek", report.Seek);
        json.WriteNumber("seeksUnanswered", report.SeeksUnanswered);
        WriteLatency(json, "lateness", report.Lateness);
        json.WriteNumber("cpuSeconds", report.CpuSeconds);
        json.WriteStartObject("failures");
        foreach ((string reason, long count) in report.Failures)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
        if (report.Server is { } server)
        {
            json.WriteStartObject("server");
            json.WriteNumber("cpuSeconds", server.CpuSeconds);
            json.WriteNumber("cpuShare", server.CpuShare);
            json.WriteNumber("cpuSecondsPerGigabyte", server.CpuSecondsPerGigabyte);
            json.WriteNumber("idleProportionalBytes", server.IdleProportionalBytes);
            json.WriteNumber("proportionalBytes", server.ProportionalBytes);
            json.WriteNumber("proportionalBytesPerPlayer", server.ProportionalBytesPerPlayer);
            json.WriteNumber("kernelSocketBytes", server.KernelSocketBytes);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteLatency(Utf8JsonWriter json, string name, LatencySummary latency)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", latency.Count);
        json.WriteNumber("p50", latency.P50);
        json.WriteNumber("p90", latency.P90);
        json.WriteNumber("p99", latency.P99);
        json.WriteNumber("max", latency.Max);
        json.WriteEndObject();
    }
}
