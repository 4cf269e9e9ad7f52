using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;
using Mapwire.PlaylistRules;

namespace Mapwire.Conformance.Http;

/// <summary>WebVTT beside a film is a rendition of HLS and an AdaptationSet of DASH; what is none costs the film nothing.</summary>
[Collection(BrowserFixture.Collection)]
public sealed class SubtitleTests(BrowserFixture browsers)
{
    private const string German = "WEBVTT\n\n00:01.000 --> 00:02.000\nGuten Tag\n\n00:03.000 --> 00:03.900\nAuf Wiedersehen\n";

    [Fact]
    public async Task Subtitles_are_renditions_with_the_languages_of_their_names_and_the_film_is_as_it_was()
    {
        (string folder, string film) = await FolderAsync();
        File.WriteAllText(Path.Combine(folder, "film.de.vtt"), German);
        File.WriteAllText(Path.Combine(folder, "film.pt-BR.vtt"), German);
        File.WriteAllText(Path.Combine(folder, "film.vtt"), German);
        File.WriteAllText(Path.Combine(folder, "film.fr.vtt"), "1\n00:00:01,000 --> 00:00:02,000\nSubRip\n");
        File.WriteAllBytes(Path.Combine(folder, "film.it.vtt"), [.. "WEBVTT\n\n"u8, .. new byte[5_000_000]]);
        File.WriteAllText(Path.Combine(folder, "film.no language.vtt"), German);
        File.WriteAllText(Path.Combine(folder, "film2.en.vtt"), German);
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--segment-duration", "1");
        using HttpClient client = new();
        string index = server.WebAddress("film.mp4", "index.m3u8");
        byte[] bytes = await client.GetByteArrayAsync(index);
        Valid(bytes);
        string master = Encoding.UTF8.GetString(bytes);
        Assert.Equal(
            ["LANGUAGE=\"de\"", "LANGUAGE=\"pt-br\"", ""],
            Regex.Matches(
                master, "^#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",(?:(LANGUAGE=\"[^\"]+\"),)?.*$", RegexOptions.Multiline)
                .Select(static match => match.Groups[1].Value));
        Assert.Contains(",SUBTITLES=\"subtitles\"", master, StringComparison.Ordinal);
        await server.Process.HearsAsync(new Regex("film.mp4 plays without the subtitles film.fr.vtt: its first line is not WEBVTT"));
        await server.Process.HearsAsync(new Regex("film.mp4 plays without the subtitles film.it.vtt: it has more than 4194304 bytes"));

        List<byte[]> together = [];
        foreach (string child in HlsTests.Children(bytes))
        {
            byte[] playlist = await client.GetByteArrayAsync(new Uri(new Uri(index), child));
            Valid(playlist);
            if (!child.Contains("-pictures", StringComparison.Ordinal) && !child.StartsWith("subtitles", StringComparison.Ordinal))
            {
                together.Add(playlist);
            }

            if (child.StartsWith("subtitles-de", StringComparison.Ordinal))
            {
                string segment = Assert.Single(HlsTests.Children(playlist));
                using HttpResponseMessage answer = await client.GetAsync(new Uri(new Uri(index), segment));
                Assert.Equal("text/vtt", answer.Content.Headers.ContentType!.MediaType);
                string text = await answer.Content.ReadAsStringAsync();
                Assert.StartsWith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:", text, StringComparison.Ordinal);
                Assert.Contains("\n00:00:01.000 --> 00:00:02.000\nGuten Tag\n", text, StringComparison.Ordinal);
            }
        }

        Assert.Empty(PlaylistValidator.ValidateTogether(together));
        WebExpectation.Same(
            await Ffprobe.ReadEnhancedAsync(film), await Ffprobe.ReadEnhancedAsync(index), "film.mp4");
        string mpd = server.WebAddress("film.mp4", "manifest.mpd");
        string manifest = await client.GetStringAsync(mpd);
        Assert.Contains("contentType=\"text\" lang=\"de\"", manifest, StringComparison.Ordinal);
        string address = WebUtility.HtmlDecode(Regex.Match(manifest, "<BaseURL>(subtitles-de[^<]*)<").Groups[1].Value);
        Assert.Equal(
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nGuten Tag\n\n00:00:03.000 --> 00:00:03.900\nAuf Wiedersehen\n\n",
            await client.GetStringAsync(new Uri(new Uri(mpd), address)));
        ToolResult streams = await Tool.SucceedAsync(
            "ffprobe", ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", mpd + "?audio=none"]);
        Assert.Contains("webvtt", streams.Output, StringComparison.Ordinal);
        foreach (string nothing in (string[])["subtitles-en.m3u8", "subtitles-fr-1.vtt", "subtitles-de-2.vtt", "subtitles-de-0.vtt"])
        {
            using HttpResponseMessage answer = await client.GetAsync(server.WebAddress("film.mp4", nothing));
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Subtitles_that_change_are_seen_by_the_next_viewer_and_a_piece_has_its_own_times()
    {
        (string folder, _) = await FolderAsync();
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--viewer-ids", "off");
        using HttpClient client = new();
        string index = server.WebAddress("film.mp4", "index.m3u8");
        Assert.DoesNotContain("SUBTITLES", await client.GetStringAsync(index), StringComparison.Ordinal);
        string path = Path.Combine(folder, "film.de.vtt");
        File.WriteAllText(path, German);
        Assert.Contains("SUBTITLES", await client.GetStringAsync(index), StringComparison.Ordinal);
        string segment = server.WebAddress("film.mp4", "subtitles-de-1.vtt");
        Assert.Contains("Guten Tag", await client.GetStringAsync(segment), StringComparison.Ordinal);
        File.WriteAllText(path, German.Replace("Guten Tag", "Moin", StringComparison.Ordinal));
        Assert.Contains("Moin", await client.GetStringAsync(segment), StringComparison.Ordinal);
        string piece = await client.GetStringAsync(segment + "?start=2.5");
        Assert.StartsWith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:02.500,MPEGTS:", piece, StringComparison.Ordinal);
        Assert.DoesNotContain("Moin", piece, StringComparison.Ordinal);
        Assert.Contains("\n00:00:00.500 --> 00:00:01.400\nAuf Wiedersehen\n",
            await client.GetStringAsync(server.WebAddress("film.mp4", "subtitles-de-period-1.vtt?start=2.5")), StringComparison.Ordinal);
        File.Delete(path);
        Assert.DoesNotContain("SUBTITLES", await client.GetStringAsync(index), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hlsjs_shows_the_cue_at_its_time()
    {
        string folder = TemporaryFolder.Create("subtitled");
        File.Copy(await NumberedFilms.GetAsync("numbered.mp4"), Path.Combine(folder, "film.mp4"));
        File.WriteAllText(Path.Combine(folder, "film.de.vtt"), German);
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--segment-duration", "1");
        string page = browsers.Page("hlsjs", server.WebAddress("film.mp4", "index.m3u8"));
        string cues = await browsers.WithBrowserAsync(play => play.CuesAsync(page, "de", 2));
        MatchCollection found = Regex.Matches(cues, @"([\d.]+)-([\d.]+) (.*?);");
        Assert.True(found.Count == 2, cues);
        // The player's time begins where the film's segments do: at most some frames before the first picture.
        Assert.InRange(Number(found[0].Groups[1]), 0.95, 1.15);
        Assert.InRange(Number(found[0].Groups[2]), 1.95, 2.15);
        Assert.Equal(["Guten Tag", "Auf Wiedersehen"], found.Select(static cue => cue.Groups[3].Value));

        static double Number(Group group) => double.Parse(group.Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("film.mp4")]
    [InlineData("list.m3u8")] // of that film alone, whose subtitles lie below it
    public async Task The_page_of_a_title_shows_its_cues(string title)
    {
        string folder = TemporaryFolder.Create("subtitled-page");
        File.Copy(await NumberedFilms.GetAsync("numbered.mp4"), Path.Combine(folder, "film.mp4"));
        File.WriteAllText(Path.Combine(folder, "film.de.vtt"), German);
        File.WriteAllText(Path.Combine(folder, "list.m3u8"), "film.mp4\n");
        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        string cues = await browsers.WithBrowserAsync(play => play.CuesAsync(server.WebAddress(title) + "/", "de", 2));
        Assert.Equal(
            ["Guten Tag", "Auf Wiedersehen"],
            Regex.Matches(cues, @"[\d.]+-[\d.]+ (.*?);").Select(static cue => cue.Groups[1].Value));
    }

    private static async Task<(string Folder, string Film)> FolderAsync()
    {
        string folder = TemporaryFolder.Create("subtitles");
        string film = Path.Combine(folder, "film.mp4");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), film);
        return (folder, film);
    }

    private static void Valid(byte[] playlist)
    {
        IReadOnlyList<Violation> violations = PlaylistValidator.Validate(playlist);
        Assert.True(violations.Count == 0, string.Join('\n', violations) + "\n" + Encoding.UTF8.GetString(playlist));
    }
}
