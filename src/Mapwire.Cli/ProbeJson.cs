using System.Text.Json;
using Mapwire.Media.Mp4;
using Mapwire.Server.Catalog;

namespace Mapwire.Cli;

/// <summary>A probe's findings for programs. Times are seconds, rates 1000 bits a second, sizes and offsets bytes.</summary>
internal static class ProbeJson
{
    /// <summary>Writes one object: file, playable, refusal, plainRefusal, enhancedRefusal, duration, bitrate, size, tracks and, when asked for, boxes.</summary>
    public static void Write(Utf8JsonWriter json, string path, TitleReport report, IReadOnlyList<BoxNode>? boxes)
    {
        json.WriteStartObject();
        json.WriteString("file", path);
        json.WriteBoolean("playable", report.Refusal is null);
        WriteText(json, "refusal", report.Refusal);
        WriteText(json, "plainRefusal", report.PlainRefusal);
        WriteText(json, "enhancedRefusal", report.EnhancedRefusal);
        json.WriteNumber("duration", report.Duration.TotalSeconds);
        json.WriteNumber("bitrate", report.KilobitsPerSecond);
        json.WriteNumber("size", report.FileLength);
        json.WriteStartArray("tracks");
        foreach (TrackReport track in report.Tracks)
        {
            WriteTrack(json, track);
        }

        json.WriteEndArray();
        if (boxes is not null)
        {
            json.WriteStartArray("boxes");
            foreach (BoxNode box in boxes)
            {
                WriteBox(json, box);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Writes one object: file, playable, refusal, plainRefusal, duration, size and items.</summary>
    public static void Write(Utf8JsonWriter json, string path, PlaylistReport report)
    {
        json.WriteStartObject();
        json.WriteString("file", path);
        json.WriteBoolean("playable", report.Refusal is null);
        WriteText(json, "refusal", report.Refusal);
        WriteText(json, "plainRefusal", report.PlainRefusal);
        json.WriteNumber("duration", report.Duration.TotalSeconds);
        json.WriteNumber("size", report.FileLength);
        json.WriteStartArray("items");
        foreach (PlaylistItemReport item in report.Items)
        {
            json.WriteStartObject();
            json.WriteNumber("number", item.Number);
            json.WriteString("name", item.Name);
            json.WriteString("place", item.Place);
            json.WriteBoolean("playable", item.Refusal is null);
            WriteText(json, "refusal", item.Refusal);
            WriteText(json, "plainRefusal", item.PlainRefusal);
            json.WriteNumber("in", item.In.TotalSeconds);
            json.WriteNumber("out", item.Out.TotalSeconds);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTrack(Utf8JsonWriter json, TrackReport track)
    {
        json.WriteStartObject();
        json.WriteNumber("id", track.Id);
        json.WriteString("kind", track.Kind.ToLowerInvariant());
        json.WriteString("sampleEntry", track.SampleEntry);
        WriteText(json, "codec", track.Codec);
        WriteText(json, "codecString", track.CodecString);
        WriteText(json, "language", track.Language);
        json.WriteBoolean("playable", track.LeftOut is null);
        WriteText(json, "leftOut", track.LeftOut);
        WriteText(json, "offer", track.Offer);
        json.WriteNumber("duration", track.Duration.TotalSeconds);
        json.WriteNumber("bitrate", track.KilobitsPerSecond);
        json.WriteNumber("samples", track.Samples);
        if (track.Kind == "Video")
        {
            json.WriteNumber("width", track.Width);
            json.WriteNumber("height", track.Height);
            json.WriteNumber("frameRate", track.FrameRate);
        }

        if (track.Kind == "Audio")
        {
            json.WriteNumber("sampleRate", track.SampleRate);
            json.WriteNumber("channels", track.Channels);
        }

        if (track.KeyframeInterval is { } interval)
        {
            json.WriteNumber("keyframeInterval", interval.TotalSeconds);
            json.WriteNumber("longestKeyframeInterval", track.LongestKeyframeInterval!.Value.TotalSeconds);
        }

        json.WriteEndObject();
    }

    private static void WriteBox(Utf8JsonWriter json, BoxNode box)
    {
        json.WriteStartObject();
        json.WriteString("type", box.Type.ToString());
        json.WriteNumber("offset", box.Offset);
        json.WriteNumber("size", box.Length);
        json.WriteNumber("depth", box.Depth);
        if (box.Fault is not null)
        {
            json.WriteString("fault", box.Fault);
        }

        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteString(name, value);
        }
    }
}
