using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>Whatever a playlist or a manifest names can be asked for.</summary>
public sealed partial class AddressTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;

    public AddressTests()
    {
        foreach (string name in (string[])["a.mp4", "b.mp4", "film.360p.mp4", "film.720p.mp4"])
        {
            _folder.Add(name);
        }

        File.WriteAllBytes(Path.Combine(_folder.Path, "two.mp4"), SampleClip.WithTwoSounds());
        File.WriteAllText(Path.Combine(_folder.Path, "list.m3u8"), "a.mp4\nb.mp4?start=2&end=9\n");
        File.WriteAllText(Path.Combine(_folder.Path, "a.de.vtt"), "WEBVTT\n\n00:00.000 --> 00:01.000\nHallo\n");
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("a.mp4/index.m3u8", 10)]
    [InlineData("a.mp4/index.m3u8?audio=none", 4)]
    [InlineData("a.mp4/manifest.mpd", 8)]
    [InlineData("two.mp4/index.m3u8", 14)]
    [InlineData("two.mp4/manifest.mpd", 12)]
    [InlineData("list.m3u8/index.m3u8", 10)]
    [InlineData("list.m3u8/manifest.mpd", 10)]
    [InlineData("film.mp4/index.m3u8", 10)]
    [InlineData("film.mp4/manifest.mpd", 10)]
    public async Task All_that_is_named_is_there(string path, int least)
    {
        HttpContext context = HttpContexts.Create(_folder, _catalog);
        Queue<string> named = new([path]);
        HashSet<string> seen = [path];
        while (named.TryDequeue(out string? next))
        {
            Uri address = new($"http://h/{next}");
            string text = await ReadAsync(context, next);
            string extension = Path.GetExtension(address.AbsolutePath);
            if (extension == ".vtt")
            {
                Assert.Contains("Hallo", text, StringComparison.Ordinal); // which is said in the first second
            }

            foreach (string name in extension == ".m3u8" ? NamesOfPlaylist(text) : extension == ".mpd" ? NamesOfManifest(text) : [])
            {
                string below = new Uri(address, name).PathAndQuery[1..];
                if (seen.Add(below))
                {
                    named.Enqueue(below);
                }
            }
        }

        Assert.InRange(seen.Count, least, 1000);
    }

    [Fact]
    public async Task A_name_or_a_cue_that_looks_like_what_stands_for_a_viewer_stays_as_it_is()
    {
        string tildes = new('~', 24);
        string name = $"{tildes} {ViewerIds.Placeholder}";
        _folder.Add($"{tildes}.mp4");
        _folder.Add($"{ViewerIds.Placeholder}.mp4");
        File.WriteAllText(Path.Combine(_folder.Path, "marks.m3u8"), $"{tildes}.mp4\n{ViewerIds.Placeholder}.mp4\n");
        File.WriteAllText(Path.Combine(_folder.Path, "a.en.vtt"), $"WEBVTT\n\n00:00.000 --> 00:01.000\n{name}\n");
        HttpContext context = HttpContexts.Create(_folder, _catalog, hasViewerIds: true);
        string manifest = await ReadAsync(context, "marks.m3u8/manifest.mpd");
        string viewer = Regex.Match(manifest, "v=([0-9a-f]{24})").Groups[1].Value;
        Assert.Contains($"../{tildes}.mp4/", manifest, StringComparison.Ordinal);
        Assert.Contains($"../{string.Concat(Enumerable.Repeat("%5B", 24))}.mp4/", manifest, StringComparison.Ordinal);
        Assert.DoesNotContain(ViewerIds.Placeholder, manifest, StringComparison.Ordinal);
        Assert.Contains(name, await ReadAsync(context, $"a.mp4/subtitles-en-1.vtt?v={viewer}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_sound_is_a_rendition_of_its_language()
    {
        string playlist = await ReadAsync(HttpContexts.Create(_folder, _catalog), "two.mp4/index.m3u8");
        Assert.Equal(
            ["en", "de"],
            Rendition().Matches(playlist).Select(static found => found.Groups[1].Value));
    }

    private static IEnumerable<string> NamesOfPlaylist(string text) =>
    [
        .. text.Split('\n').Where(static line => line.Length > 0 && line[0] != '#'),
        .. QuotedUri().Matches(text).Select(static found => found.Groups[1].Value),
    ];

    /// <summary>The initialization and every segment of each template, and what lies beside the film.</summary>
    private static IEnumerable<string> NamesOfManifest(string text)
    {
        foreach (Match template in Template().Matches(text))
        {
            string attributes = template.Groups[1].Value;
            yield return Attribute(attributes, "initialization");
            int number = int.Parse(Attribute(attributes, "startNumber"), System.Globalization.CultureInfo.InvariantCulture);
            foreach (Match segment in TimelineSegment().Matches(template.Groups[2].Value))
            {
                int repeats = segment.Groups[1].Success
                    ? int.Parse(segment.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture) : 0;
                for (int i = 0; i <= repeats; i++)
                {
                    yield return Attribute(attributes, "media").Replace("$Number$", $"{number++}", StringComparison.Ordinal);
                }
            }
        }

        foreach (Match address in BaseUrl().Matches(text))
        {
            yield return address.Groups[1].Value;
        }
    }

    private static string Attribute(string attributes, string name) =>
        Regex.Match(attributes, $"\\b{name}=\"([^\"]*)\"").Groups[1].Value.Replace("&amp;", "&", StringComparison.Ordinal);

    private static async Task<string> ReadAsync(HttpContext context, string path) =>
        Encoding.UTF8.GetString((await HttpContexts.OpenAsync(context, path)).Body.Bytes.Span);

    [GeneratedRegex("#EXT-X-MEDIA:TYPE=AUDIO.*LANGUAGE=\"([^\"]+)\"")]
    private static partial Regex Rendition();

    [GeneratedRegex("URI=\"([^\"]+)\"")]
    private static partial Regex QuotedUri();

    [GeneratedRegex("<SegmentTemplate([^>]*)>(.*?)</SegmentTemplate>", RegexOptions.Singleline)]
    private static partial Regex Template();

    [GeneratedRegex("<S\\b(?:[^>]*?\\br=\"(\\d+)\")?")]
    private static partial Regex TimelineSegment();

    [GeneratedRegex("<BaseURL>([^<]+)</BaseURL>")]
    private static partial Regex BaseUrl();
}
