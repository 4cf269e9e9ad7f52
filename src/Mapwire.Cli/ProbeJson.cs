using System.Text.Json;
using Mapwire.Media.Mp4;
using Mapwire.Server.Catalog;

namespace Mapwire.Cli;

/// <summary>A probe's findings for programs. Times are seconds, rates 1000 bits a second, sizes and offsets bytes.</summary>
internal static class ProbeJson
{
    /// <summary>Writes one object: file, playable, refusal, duration, bitrate, size, tracks and, when asked for, boxes.</summary>
    public static void Write(Utf8JsonWriter json, string path, TitleReport report, IReadOnlyList<BoxNode>? boxes)
    {
        json.WriteStartObject();
        json.WriteString("file", path);
        json.WriteBoolean("playable", report.Refusal is null);
        WriteText(json, "refusal", report.Refusal);
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
