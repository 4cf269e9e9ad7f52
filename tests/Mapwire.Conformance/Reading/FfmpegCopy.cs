using System.Globalization;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Reading;

/// <summary>What <c>ffmpeg -i ADDRESS -c copy</c> writes: its framehash muxer gives times and hashes as they come.</summary>
internal static class FfmpegCopy
{
    public static async Task<Recording> ReadAsync(string input, params string[] options)
    {
        ToolResult result = await Tool.SucceedAsync("ffmpeg", [
            "-hide_banner", "-loglevel", "error", "-nostdin", "-copyts", .. options, "-i", input, "-map", "0:v?", "-map", "0:a?", "-c",
            "copy", "-f", "framehash", "-hash", "sha256", "-",
        ]);
        Dictionary<int, string> kinds = [];
        Dictionary<int, double> ticks = [];
        List<Packet> packets = [];
        foreach (string line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("#tb ", StringComparison.Ordinal))
            {
                string[] words = line[4..].Split([':', '/'], StringSplitOptions.TrimEntries);
                ticks[int.Parse(words[0], CultureInfo.InvariantCulture)] =
                    double.Parse(words[1], CultureInfo.InvariantCulture) / double.Parse(words[2], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("#media_type ", StringComparison.Ordinal))
            {
                string[] words = line[12..].Split(':', StringSplitOptions.TrimEntries);
                kinds[int.Parse(words[0], CultureInfo.InvariantCulture)] = words[1];
            }
            else if (!line.StartsWith('#'))
            {
                string[] fields = line.Split(',', StringSplitOptions.TrimEntries);
                int stream = int.Parse(fields[0], CultureInfo.InvariantCulture);
                packets.Add(new Packet(
                    kinds[stream],
                    long.Parse(fields[2], CultureInfo.InvariantCulture) * ticks[stream],
                    long.Parse(fields[1], CultureInfo.InvariantCulture) * ticks[stream],
                    int.Parse(fields[4], CultureInfo.InvariantCulture),
                    fields[5],
                    IsKey: false,
                    Discard: false));
            }
        }

        return new Recording(packets, [], null);
    }
}
