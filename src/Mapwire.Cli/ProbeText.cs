using System.Globalization;
using Mapwire.Media.Mp4;
using Mapwire.Server;
using Mapwire.Server.Reports;

namespace Mapwire.Cli;

/// <summary>A probe's findings for people.</summary>
internal static class ProbeText
{
    /// <summary>Writes the report, and the boxes when there are any.</summary>
    /// <param name="output">Takes the lines.</param>
    /// <param name="path">The file, as it was named or found.</param>
    /// <param name="report">What was found.</param>
    /// <param name="boxes">The box tree; null when it was not asked for.</param>
    public static void Write(TextWriter output, string path, TitleReport report, IReadOnlyList<BoxNode>? boxes)
    {
        output.WriteLine(Verdict(path, report.Refusal, report.PlainRefusal));
        if (report is { Refusal: null, PlainRefusal: { } plain })
        {
            output.WriteLine($"  refused to others: {plain}");
        }
        else if (report is { Refusal: null, EnhancedRefusal: { } enhanced })
        {
            output.WriteLine($"  refused to players of Enhanced RTMP: {enhanced}");
        }

        if (report.Refusal is null)
        {
            output.WriteLine(
                Line($"  duration {report.Duration.TotalSeconds:0.000} s, {report.KilobitsPerSecond:0.0} kbit/s, ",
                    $"{report.FileLength} bytes"));
        }

        foreach (string warning in report.Warnings)
        {
            output.WriteLine($"  {(report.Refusal is null ? "plays without some of it" : "damaged")}: {warning}");
        }

        foreach (TrackReport track in report.Tracks)
        {
            output.WriteLine(Line($"  track {track.Id}: {Describe(track)}"));
        }

        if (boxes is { Count: 0 })
        {
            output.WriteLine("  no boxes: it is no MP4 file (FLV has tags)");
        }

        foreach (BoxNode box in boxes ?? [])
        {
            string indent = new(' ', 2 + (2 * box.Depth));
            string fault = box.Fault is null ? "" : $"  fault: {box.Fault}";
            output.WriteLine(Line($"{indent}{box.Type} @{box.Offset} {box.Length} bytes{fault}"));
        }
    }

    /// <summary>Writes the report of a playlist.</summary>
    public static void Write(TextWriter output, string path, PlaylistReport report)
    {
        output.WriteLine(report is { IsQualities: true, Refusal: null }
            ? $"{TerminalText.Clean(path, int.MaxValue)}: playable by HLS and DASH, where players choose a quality"
            : Verdict(path, report.Refusal, report.PlainRefusal));
        if (report.Refusal is null)
        {
            string items = report.IsQualities ? $"{report.Items.Count} qualities" : Count(report.Items.Count, "item");
            // Named as qualities of each other, files are listed nowhere.
            string size = report is { IsQualities: true, FileLength: 0 } ? "" : Line($", {report.FileLength} bytes");
            output.WriteLine(Line($"  duration {report.Duration.TotalSeconds:0.000} s, {items}{size}"));
        }

        foreach (PlaylistItemReport item in report.Items)
        {
            string what = report.IsQualities ? Line($"quality {item.Number}") : Line($"item {item.Number} ({item.Place})");
            output.WriteLine($"  {what}: {item.Name}, {Describe(item)}");
            foreach (string warning in item.Warnings)
            {
                output.WriteLine($"    plays without some of it: {warning}");
            }
        }
    }

    private static string Verdict(string path, string? refusal, string? plainRefusal) =>
        TerminalText.Clean(path, int.MaxValue) + (refusal is not null ? $": refused: {refusal}"
            : plainRefusal is not null ? ": playable for players of Enhanced RTMP"
            : ": playable");

    private static string Describe(PlaylistItemReport item) => item switch
    {
        { Refusal: { } reason } => $"refused: {reason}",
        { PlainRefusal: not null } => $"{Span(item)}; for players of Enhanced RTMP",
        _ => Span(item),
    };

    private static string Span(PlaylistItemReport item) =>
        Line($"{item.In.TotalSeconds:0.000} to {item.Out.TotalSeconds:0.000} s");

    private static string Describe(TrackReport track)
    {
        string words = $"{track.Kind.ToLowerInvariant()} {track.SampleEntry}";
        if (track.Codec is not null)
        {
            words += string.IsNullOrEmpty(track.CodecString) ? $" {track.Codec}" : $" {track.Codec} ({track.CodecString})";
        }

        words += track.Kind switch
        {
            "Video" when track.Width > 0 => Line($" {track.Width}x{track.Height}"),
            "Audio" when track.SampleRate > 0 => Line($" {track.SampleRate} Hz, {Count(track.Channels, "channel")}"),
            _ => "", // it is not known of a track that is left out
        };
        words += track.Kind == "Video" && track.FrameRate > 0 ? Line($", {track.FrameRate:0.###} frames/s") : "";
        words += Line($", {track.Duration.TotalSeconds:0.000} s, {track.KilobitsPerSecond:0.0} kbit/s, {Count(track.Samples, "sample")}");
        if (track.KeyframeInterval is { } interval)
        {
            words += track.Keyframes == 1 ? ", one keyframe" : Line(
                $", keyframe every {interval.TotalSeconds:0.00} s (longest {track.LongestKeyframeInterval!.Value.TotalSeconds:0.00} s)");
        }

        words += track.Language is null ? "" : $", {track.Language}";
        words += track.Offer is null ? "" : $"; for players that offer {track.Offer}";
        return track.LeftOut is null ? words : $"{words}; left out: {track.LeftOut}";
    }

    private static string Count(long number, string what) => Line($"{number} {what}{(number == 1 ? "" : "s")}");

    private static string Line(params FormattableString[] parts) =>
        string.Concat(parts.Select(part => part.ToString(CultureInfo.InvariantCulture)));
}
