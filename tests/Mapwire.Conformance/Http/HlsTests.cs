using System.Net;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;
using Mapwire.PlaylistRules;

namespace Mapwire.Conformance.Http;

/// <summary>
/// HLS of the films of the matrix: playlists keep the MUST lines of RFC 8216, ffmpeg reads the packets of the file at their times, and
/// what is said of sizes and rates is true.
/// </summary>
public sealed class HlsTests(WebFilms films)
{
    public static TheoryData<string> Names() => [.. MatrixFilms.OfSweep(0)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Playlists_keep_the_rules_and_ffmpeg_reads_the_file(string name)
    {
        MapwireServer server = await films.ServerOf(name);
        using HttpClient client = new();
        string index = server.WebAddress(name) + "/index.m3u8";
        byte[] master = await client.GetByteArrayAsync(index);
        Valid(master);
        List<byte[]> together = [];
        foreach (string child in Children(master))
        {
            byte[] playlist = await client.GetByteArrayAsync(new Uri(new Uri(index), child));
            Valid(playlist);
            if (!child.Contains("-pictures", StringComparison.Ordinal))
            {
                together.Add(playlist);
            }

            long bytes = 0;
            foreach (string segment in Children(playlist).Distinct())
            {
                using HttpResponseMessage answer = await client.GetAsync(new Uri(new Uri(index), segment));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
                bytes += (await answer.Content.ReadAsByteArrayAsync()).Length;
            }

            Assert.InRange(bytes, 1, long.MaxValue);
        }

        Assert.Empty(PlaylistValidator.ValidateTogether(together));
        // Of several sounds ffmpeg reads a playlist of its own first: it is asked for the one that it finds first in the file.
        string one = System.Text.Encoding.UTF8.GetString(master).Contains("TYPE=AUDIO", StringComparison.Ordinal) ? "?audio=1" : "";
        WebExpectation.Same(
            await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name)), await Ffprobe.ReadEnhancedAsync(index + one), name);
    }

    [Fact]
    public async Task The_average_bandwidth_is_right_to_one_percent()
    {
        const string name = "twelve-seconds.mp4";
        MapwireServer server = await films.ServerOf(name);
        using HttpClient client = new();
        string index = server.WebAddress(name) + "/index.m3u8";
        string master = await client.GetStringAsync(index);
        double said = double.Parse(
            Regex.Match(master, "AVERAGE-BANDWIDTH=(\\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        string child = Regex.Match(master, "^v1a1.m3u8.*$", RegexOptions.Multiline).Value;
        string playlist = await client.GetStringAsync(new Uri(new Uri(index), child));
        double bytes = 0;
        foreach (Match segment in Regex.Matches(playlist, "^v1a1-\\d+.*$", RegexOptions.Multiline))
        {
            bytes += (await client.GetByteArrayAsync(new Uri(new Uri(index), segment.Value))).Length;
        }

        double seconds = Regex.Matches(playlist, "#EXTINF:([\\d.]+),").Sum(
            match => double.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(said, bytes * 8 / seconds * 0.99, bytes * 8 / seconds * 1.01);
    }

    private static void Valid(byte[] playlist)
    {
        IReadOnlyList<Violation> violations = PlaylistValidator.Validate(playlist);
        Assert.True(violations.Count == 0, string.Join('\n', violations) + "\n" + System.Text.Encoding.UTF8.GetString(playlist));
    }

    /// <summary>All addresses of a playlist.</summary>
    internal static IEnumerable<string> Children(byte[] playlist)
    {
        foreach (string line in System.Text.Encoding.UTF8.GetString(playlist).Split('\n'))
        {
            if (line.Length > 0 && line[0] != '#')
            {
                yield return line;
            }
            else if (Regex.Match(line, "URI=\"([^\"]+)\"") is { Success: true } uri)
            {
                yield return uri.Groups[1].Value;
            }
        }
    }
}
