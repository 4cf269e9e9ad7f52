using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Mapwire.Load.Measuring;

namespace Mapwire.Load;

/// <summary>A report for programs: one JSON object. Latencies are milliseconds; other times seconds; sizes bytes.</summary>
public static class LoadReportJson
{
    private static readonly LoadJson Indented = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    });

    /// <summary>Writes the object.</summary>
    /// <param name="output">Takes UTF-8.</param>
    /// <param name="report">The report.</param>
    public static void Write(Stream output, LoadReport report) =>
        JsonSerializer.Serialize(output, LoadDocument.From(report), Indented.LoadDocument);
}

/// <summary>The object, in the order in which it is written.</summary>
internal sealed record LoadDocument(
    IReadOnlyList<string> Urls, string Mode, bool Enhanced, int Players, double Seconds, long Bytes, long MeasuredBytes,
    double GigabytesPerSecond,
    long Connections, long Plays, double PlaysPerSecond, long ServedPlayers, long Playing, long Ended, long Lost, long Frames,
    long Backwards,
    long Gaps, long Stalls, long StalledPlayers, double StalledSeconds, double? LeastLeadP1, double Speed, bool WasPaced,
    LatencySummary Established, LatencySummary Accepted, LatencySummary FirstFrame, LatencySummary Seek, long SeeksUnanswered, long Pauses,
    LatencySummary Lateness, double CpuSeconds, IReadOnlyDictionary<string, long> Failures)
{
    /// <summary>What the server used; left out where no process of it was named.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ServerReport? Server { get; private init; }

    /// <summary>What only viewers of HTTP have; left out for players of RTMP.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public HttpReport? Http { get; private init; }

    /// <summary>What those who publish did; left out when nothing was published.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PublishReport? Publish { get; private init; }

    public static LoadDocument From(LoadReport report) => new(
        [.. report.Options.Targets.Select(target => UrlOf(target, report.Options))], report.Options.Mode.ToString().ToLowerInvariant(),
        report.Options.Enhanced, report.Options.Players, report.Seconds, report.Bytes, report.MeasuredBytes, report.GigabytesPerSecond,
        report.Connections, report.Plays, report.PlaysPerSecond, report.ServedPlayers, report.Playing, report.Ended, report.Lost,
        report.Frames,
        report.Backwards, report.Gaps, report.Stalls, report.StalledPlayers, report.StalledSeconds, report.LeastLeadP1, report.Speed,
        report.WasPaced, report.Established, report.Accepted, report.FirstFrame, report.Seek, report.SeeksUnanswered, report.Pauses,
        report.Lateness, report.CpuSeconds, report.Failures)
    {
        Server = report.Server,
        Http = report.Http,
        Publish = report.Publish,
    };

    /// <summary>A key that lets publish is no one else's matter.</summary>
    private static string UrlOf(LoadTarget target, LoadOptions options) =>
        (options.Publish is not null && target.Url is RtmpUrl rtmp ? rtmp.WithoutQuery : target.Url).ToString();
}

/// <summary>The code that writes it, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LoadDocument))]
internal sealed partial class LoadJson : JsonSerializerContext;
