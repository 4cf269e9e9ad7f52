using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Mapwire.Media.Tests.Tools;

/// <summary>The reference: makes files with ffmpeg and reads them with ffprobe. A machine without them fails these tests.</summary>
internal static class Ffmpeg
{
    private static readonly string Folder = CreateFolder();
    private static readonly Lock Gate = new();

    /// <summary>A path for a new file, deleted when the tests end.</summary>
    public static string NewPath(string extension) => Path.Combine(Folder, Guid.NewGuid().ToString("N") + extension);

    /// <summary>Makes a file once; a second call with the same arguments gives the same one.</summary>
    /// <param name="name">The file's name with its extension.</param>
    /// <param name="arguments">Of ffmpeg, without the output; quotes are understood, {NAME} is a file made before.</param>
    public static string Make(string name, string arguments)
    {
        string path = Path.Combine(Folder, name);
        lock (Gate)
        {
            if (!File.Exists(path))
            {
                List<string> all = ["-v", "error", "-nostdin", "-y", "-fflags", "+bitexact"];
                all.AddRange(Split(arguments).Select(argument =>
                    argument.StartsWith('{') ? Path.Combine(Folder, argument.Trim('{', '}')) : argument));
                all.Add(path);
                Run("ffmpeg", all);
            }
        }

        return path;
    }

    public static IReadOnlyList<Packet> Packets(string path, string stream)
    {
        string text = Run(
            "ffprobe",
            ["-v", "error", "-select_streams", stream, "-show_packets", "-show_entries", "packet=pts,dts,size,pos,flags", "-of", "json",
            path]);
        using JsonDocument document = JsonDocument.Parse(text);
        List<Packet> packets = [];
        foreach (JsonElement packet in document.RootElement.GetProperty("packets").EnumerateArray())
        {
            packets.Add(new Packet(
                Number(packet, "pts"), Number(packet, "dts"), Number(packet, "pos"), Number(packet, "size"),
                packet.GetProperty("flags").GetString()!));
        }

        return packets;

        static long Number(JsonElement packet, string name)
        {
            if (!packet.TryGetProperty(name, out JsonElement value))
            {
                return long.MinValue;
            }

            return value.ValueKind == JsonValueKind.Number
                ? value.GetInt64()
                : long.Parse(value.GetString()!, CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Packets with what is in them, by stream: <c>v:0</c> is the first of pictures.</summary>
    public static Dictionary<string, List<HashedPacket>> HashedPackets(string path)
    {
        string text = Run(
            "ffprobe",
            ["-v", "error", "-show_packets", "-show_data_hash", "md5", "-show_entries",
            "packet=codec_type,stream_index,pts_time,flags,data_hash", "-of", "json", path]);
        using JsonDocument document = JsonDocument.Parse(text);
        Dictionary<string, List<HashedPacket>> streams = [];
        foreach (var type in document.RootElement.GetProperty("packets").EnumerateArray().GroupBy(static packet =>
            packet.GetProperty("codec_type").GetString()!))
        {
            int number = 0;
            foreach (var stream in type.GroupBy(static packet => packet.GetProperty("stream_index").GetInt32())
                .OrderBy(static stream => stream.Key))
            {
                streams[$"{type.Key[0]}:{number++}"] =
                [
                    .. stream.Select(static packet => new HashedPacket(
                        double.Parse(packet.GetProperty("pts_time").GetString()!, CultureInfo.InvariantCulture),
                        packet.GetProperty("data_hash").GetString()!, packet.GetProperty("flags").GetString()!)),
                ];
            }
        }

        return streams;
    }

    /// <summary>The pictures of the first stream as a decoder puts them out: when, in seconds, and a hash of each.</summary>
    public static List<(double Time, string Hash)> DecodedPictures(string path)
    {
        string text = Run("ffmpeg", ["-v", "error", "-nostdin", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5",
            "-"]);
        double tick = 0;
        List<(double Time, string Hash)> pictures = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("#tb 0: ", StringComparison.Ordinal))
            {
                string[] parts = line["#tb 0: ".Length..].Split('/');
                tick = double.Parse(parts[0], CultureInfo.InvariantCulture) / double.Parse(parts[1], CultureInfo.InvariantCulture);
            }
            else if (line[0] != '#')
            {
                string[] fields = line.Split(',', StringSplitOptions.TrimEntries);
                pictures.Add((double.Parse(fields[2], CultureInfo.InvariantCulture) * tick, fields[5]));
            }
        }

        return pictures;
    }

    /// <summary>Runs a program to its end and gives all that it says, warnings too; one that fails fails the test.</summary>
    public static string RunAll(string program, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output + error.Result : throw new InvalidOperationException($"{program}: {output}{error.Result}");
    }

    /// <summary>One value that ffprobe shows, such as <c>stream=width</c>.</summary>
    public static string Probe(string path, string stream, string entry)
    {
        List<string> arguments = ["-v", "error"];
        if (stream.Length > 0)
        {
            arguments.AddRange(["-select_streams", stream]);
        }

        arguments.AddRange(["-show_entries", entry, "-of", "default=nk=1:nw=1", path]);
        return Run("ffprobe", arguments).Trim();
    }

    /// <summary>Runs a program to its end; one that fails, or is not there, fails the test.</summary>
    public static string Run(string program, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {error.Result}");
    }

    private static List<string> Split(string arguments)
    {
        List<string> all = [];
        foreach (string part in arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            all.Add(part);
        }

        return all;
    }

    private static string CreateFolder()
    {
        string folder = Directory.CreateTempSubdirectory("mapwire-media-tests-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    }
}

/// <summary>A packet as ffprobe shows it, in ticks of its stream.</summary>
internal readonly record struct Packet(long Pts, long Dts, long Position, long Size, string Flags)
{
    public bool IsKey => Flags.Contains('K', StringComparison.Ordinal);

    public bool IsDiscarded => Flags.Contains('D', StringComparison.Ordinal);
}

/// <summary>A packet with its presentation time in seconds and a hash of its bytes.</summary>
internal readonly record struct HashedPacket(double Time, string Hash, string Flags)
{
    public bool IsDiscarded => Flags.Contains('D', StringComparison.Ordinal);
}
