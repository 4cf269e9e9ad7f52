using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Reading;

/// <summary>ffmpeg's own reading of a file or an address, every payload hashed.</summary>
internal static class Ffprobe
{
    private static readonly string[] Plain = ["h264", "aac", "mp3"];
    private static readonly string[] Enhanced = [.. Plain, "hevc", "av1", "vp9", "vp8", "opus", "flac", "ac3", "eac3"];

    /// <summary>What was read of the films of <see cref="FilmFactory"/>, which are made once and do not change.</summary>
    private static readonly ConcurrentDictionary<(string Path, string[] Codecs), Lazy<Task<Recording>>> Films = new();

    /// <summary>Reads the streams that every player can have: the first of video and the first of audio.</summary>
    public static Task<Recording> ReadAsync(string input, params string[] options) => ReadFirstAsync(input, Plain, options);

    /// <summary>Reads the streams that players of Enhanced RTMP have: the first of video and the first of audio.</summary>
    public static Task<Recording> ReadEnhancedAsync(string input) => ReadFirstAsync(input, Enhanced, []);

    /// <summary>Reads the streams that are chosen.</summary>
    public static async Task<Recording> ReadAsync(string input, string[] options, Func<MediaStream[], IEnumerable<MediaStream>> choose)
    {
        ToolResult result = await Tool.SucceedAsync("ffprobe", [
            "-v", "error", .. options, "-show_packets", "-show_streams", "-show_data_hash", "sha256",
            "-show_entries", "packet=stream_index,codec_type,pts_time,dts_time,size,flags,data_hash:format=duration",
            "-of", "json=compact=1", input,
        ]);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement root = document.RootElement;

        MediaStream[] all = [.. root.GetProperty("streams").EnumerateArray().Select(Stream)];
        MediaStream[] streams = [.. choose(all)];
        HashSet<int> wanted = [.. streams.Select(stream => stream.Index)];
        Packet[] packets =
            [.. root.GetProperty("packets").EnumerateArray().Where(packet => wanted.Contains(packet.GetProperty("stream_index").GetInt32()))
                .Select(Packet)];
        double? duration =
            root.TryGetProperty("format", out JsonElement format) && format.TryGetProperty("duration", out JsonElement value)
            ? Number(value)
            : null;
        return new Recording(packets, streams, duration);
    }

    private static Task<Recording> ReadFirstAsync(string input, string[] codecs, string[] options)
    {
        return options.Length == 0 && Path.GetDirectoryName(input) == FilmFactory.Folder
            ? Films.GetOrAdd((input, codecs), _ => new Lazy<Task<Recording>>(ReadAsync)).Value
            : ReadAsync();

        Task<Recording> ReadAsync() => Ffprobe.ReadAsync(input, options,
            all => all.Where(stream => codecs.Contains(stream.Codec)).GroupBy(stream => stream.Kind).Select(kind => kind.First()));
    }

    private static Packet Packet(JsonElement packet)
    {
        string flags = packet.GetProperty("flags").GetString()!;
        return new Packet(
            packet.GetProperty("codec_type").GetString()!,
            Number(packet.GetProperty("pts_time")),
            Number(packet.GetProperty("dts_time")),
            int.Parse(packet.GetProperty("size").GetString()!, CultureInfo.InvariantCulture),
            packet.GetProperty("data_hash").GetString()!.Split(':')[1],
            flags.Contains('K', StringComparison.Ordinal),
            flags.Contains('D', StringComparison.Ordinal));
    }

    private static MediaStream Stream(JsonElement stream) => new(
        stream.GetProperty("index").GetInt32(),
        Text(stream, "codec_type") ?? "",
        Text(stream, "codec_name") ?? "",
        Text(stream, "extradata_hash"),
        Integer(stream, "width"),
        Integer(stream, "height"),
        Integer(stream, "sample_rate"),
        Integer(stream, "channels"),
        Text(stream, "r_frame_rate") ?? "");

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static int Integer(JsonElement element, string name) =>
        !element.TryGetProperty(name, out JsonElement value) ? 0
        : value.ValueKind == JsonValueKind.Number ? value.GetInt32()
        : int.Parse(value.GetString()!, CultureInfo.InvariantCulture);

    private static double Number(JsonElement value) => double.Parse(value.GetString()!, CultureInfo.InvariantCulture);
}
