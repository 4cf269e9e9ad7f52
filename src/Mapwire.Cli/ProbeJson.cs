using System.Text.Json.Serialization;
using Mapwire.Media.Mp4;
using Mapwire.Server.Reports;

namespace Mapwire.Cli;

/// <summary>A recording for programs. Times are seconds, rates 1000 bits a second, sizes and offsets bytes.</summary>
internal sealed record ProbedFile(
    string File, bool Playable, string? Refusal, string? PlainRefusal, string? EnhancedRefusal, bool Truncated, double Duration,
    double Bitrate,
    long Size, IReadOnlyList<string> Warnings, IReadOnlyList<ProbedTrack> Tracks)
{
    /// <summary>The box tree; left out unless it was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ProbedBox>? Boxes { get; init; }

    public static ProbedFile From(string path, TitleReport report, IReadOnlyList<BoxNode>? boxes) => new(
        path, report.Refusal is null, report.Refusal, report.PlainRefusal, report.EnhancedRefusal, report.IsTruncated,
        report.Duration.TotalSeconds, report.KilobitsPerSecond, report.FileLength, report.Warnings,
        [.. report.Tracks.Select(ProbedTrack.From)])
    {
        Boxes = boxes is null
            ? null
            : [.. boxes.Select(static box => new ProbedBox(box.Type.ToString(), box.Offset, box.Length, box.Depth, box.Fault))],
    };
}

/// <summary>A track; what only pictures or only sound have is left out for the others.</summary>
internal sealed record ProbedTrack(
    uint Id, string Kind, string SampleEntry, string? Codec, string? CodecString, string? Language, bool Playable, string? LeftOut,
    string? Offer,
    double Duration, double Bitrate, long Samples,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Width,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Height,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? FrameRate,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? SampleRate,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Channels,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? KeyframeInterval,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? LongestKeyframeInterval)
{
    public static ProbedTrack From(TrackReport track)
    {
        bool isVideo = track.Kind == "Video";
        bool isAudio = track.Kind == "Audio";
        return new ProbedTrack(
            track.Id, track.Kind.ToLowerInvariant(), track.SampleEntry, track.Codec, track.CodecString, track.Language,
            track.LeftOut is null,
            track.LeftOut, track.Offer, track.Duration.TotalSeconds, track.KilobitsPerSecond, track.Samples,
            isVideo ? track.Width : null, isVideo ? track.Height : null, isVideo ? track.FrameRate : null,
            isAudio ? track.SampleRate : null, isAudio ? track.Channels : null,
            track.KeyframeInterval?.TotalSeconds, track.LongestKeyframeInterval?.TotalSeconds);
    }
}

/// <summary>A box; the fault is left out where there is none.</summary>
internal sealed record ProbedBox(
    string Type, long Offset, long Size, int Depth, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Fault);

/// <summary>A playlist for programs.</summary>
internal sealed record ProbedList(
    string File, bool Playable, string? Refusal, string? PlainRefusal, double Duration, long Size, IReadOnlyList<ProbedItem> Items)
{
    /// <summary>Whether the items are qualities of one film; left out of a list of films.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Qualities { get; init; }

    public static ProbedList From(string path, PlaylistReport report) => new(
        path, report.Refusal is null, report.Refusal, report.PlainRefusal, report.Duration.TotalSeconds, report.FileLength,
        [.. report.Items.Select(static item => new ProbedItem(
            item.Number, item.Name, item.Place, item.Refusal is null, item.Refusal, item.PlainRefusal, item.In.TotalSeconds,
            item.Out.TotalSeconds, item.Warnings))])
    {
        Qualities = report.IsQualities,
    };
}

/// <summary>An item of a playlist.</summary>
internal sealed record ProbedItem(
    int Number, string Name, string Place, bool Playable, string? Refusal, string? PlainRefusal, double In, double Out,
    IReadOnlyList<string> Warnings);
