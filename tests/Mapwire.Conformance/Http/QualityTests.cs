using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;
using Mapwire.PlaylistRules;

namespace Mapwire.Conformance.Http;

/// <summary>Several files of one film are one title, whose qualities players choose among at any segment.</summary>
[Collection(BrowserFixture.Collection)]
public sealed class QualityTests(BrowserFixture browsers)
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    private static readonly Lazy<Task<string>> Folder = new(MakeAsync);

    [Theory]
    [InlineData("film.qualities.json")]
    [InlineData("film.mp4")] // by the names film.360p.mp4 and film.720p.mp4
    public async Task Qualities_have_the_same_segments_and_the_packets_of_their_files(string title)
    {
        string folder = await Folder.Value;
        await using MapwireServer server = await StartAsync(folder);
        using WebTitle film = new(server, title);
        byte[] bytes = await film.ReadPlaylistAsync("index.m3u8");
        string master = Encoding.UTF8.GetString(bytes);
        Assert.Equal(
            ["160x90", "320x180"],
            Regex.Matches(master, "^#EXT-X-STREAM-INF:.*RESOLUTION=(\\d+x\\d+)", RegexOptions.Multiline)
                .Select(static one => one.Groups[1].Value));
        string[] variants = [.. HlsTests.Children(bytes).Where(static child => Regex.IsMatch(child, "^q\\d-v1a1"))];
        Assert.Equal(2, variants.Length);
        List<byte[]> together = [];
        List<double[]> durations = [];
        for (int i = 0; i < variants.Length; i++)
        {
            byte[] playlist = await film.ReadPlaylistAsync(variants[i]);
            together.Add(playlist);
            durations.Add([.. Regex.Matches(Encoding.UTF8.GetString(playlist), "#EXTINF:([\\d.]+),").Select(
                static one => double.Parse(one.Groups[1].Value, CultureInfo.InvariantCulture))]);
            double bits = 8.0 * await film.ReadSegmentsAsync(playlist);
            double said = double.Parse(
                Regex.Matches(master, "^#EXT-X-STREAM-INF:.*AVERAGE-BANDWIDTH=(\\d+)", RegexOptions.Multiline)[i].Groups[1].Value,
                CultureInfo.InvariantCulture);
            Assert.InRange(said, bits / durations[i].Sum() * 0.99, bits / durations[i].Sum() * 1.01);
            string file = Path.Combine(folder, i == 0 ? "film.360p.mp4" : "film.720p.mp4");
            string address = film.AddressOf(variants[i]).ToString();
            WebExpectation.Same(await Ffprobe.ReadEnhancedAsync(file), await Ffprobe.ReadEnhancedAsync(address), file);
        }

        Assert.Empty(PlaylistValidator.ValidateTogether(together));
        Assert.True(durations[0].Length >= 4);
        Assert.Equal(durations[0].Length, durations[1].Length);
        Assert.All(durations[0].Zip(durations[1]), static pair => Assert.InRange(pair.First - pair.Second, -0.025, 0.025));
    }

    [Fact]
    public async Task DASH_has_one_set_of_pictures_with_all_qualities_and_one_sound()
    {
        await using MapwireServer server = await StartAsync(await Folder.Value);
        using HttpClient client = new();
        string url = server.WebAddress("film.mp4", "manifest.mpd");
        XDocument manifest = XDocument.Parse(await client.GetStringAsync(url));
        XElement[] sets = [.. manifest.Descendants(Mpd + "AdaptationSet")];
        Assert.Equal(["video", "audio"], sets.Select(static set => set.Attribute("contentType")!.Value));
        Assert.Equal(["90", "180"], sets[0].Elements(Mpd + "Representation").Select(static one => one.Attribute("height")!.Value));
        Assert.Single(sets[1].Elements(Mpd + "Representation"));
        foreach (XElement template in manifest.Descendants(Mpd + "SegmentTemplate"))
        {
            foreach (string child in (string[])[template.Attribute("initialization")!.Value,
                template.Attribute("media")!.Value.Replace("$Number$", "2")])
            {
                using HttpResponseMessage answer = await client.GetAsync(new Uri(new Uri(url), child));
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }
    }

    [Fact]
    public async Task Qualities_that_do_not_align_are_refused_with_the_reason()
    {
        await using MapwireServer server = await StartAsync(await Folder.Value);
        await RefusedAsync("other.qualities.json", "index.m3u8", "the qualities have no sync sample in common");
        await RefusedAsync("short.qualities.json", "index.m3u8", "quality 2 is 5 s long, the first 8 s");
        await RefusedAsync("film.mp4", "clip.mp4", "several qualities play by HLS and DASH");
        await RefusedAsync("film.mp4", "stream.mp4", "several qualities play by HLS and DASH");
        await RefusedAsync("film.mp4", "q3-v1a1.m3u8", "there are 2 qualities, and not 3", 404);
        await RefusedAsync("film.360p.mp4", "q1-v1a1.m3u8", "the title has one quality", 404);

        async Task RefusedAsync(string title, string resource, string reason, int status = 422)
        {
            using WebTitle asked = new(server, title);
            await asked.RefusedAsync(resource, reason, status);
        }
    }

    [Theory]
    [InlineData("hlsjs", "index.m3u8")]
    [InlineData("shaka", "manifest.mpd")]
    [InlineData("dashjs", "manifest.mpd")]
    [InlineData("", "")] // our page
    public async Task A_browser_plays_every_picture_of_whatever_quality(string player, string resource)
    {
        string folder = TemporaryFolder.Create("numbered-qualities");
        File.Copy(await NumberedFilms.GetAsync("numbered.mp4"), Path.Combine(folder, "film.360p.mp4"));
        File.Copy(await NumberedFilms.GetAsync("no-b-frames.mp4"), Path.Combine(folder, "film.720p.mp4"));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--segment-duration", "1");
        string page = player.Length == 0
            ? server.WebAddress("film.mp4") + "/" : browsers.Page(player, server.WebAddress("film.mp4", resource));
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(page, NumberedFilms.Count, NumberedFilms.Rate, speed: 2));
        Assert.True(wrong.Count == 0, $"{player} {resource}: {string.Join("; ", wrong)}");
    }

    private static Task<MapwireServer> StartAsync(string folder) =>
        MapwireServer.StartAsync(folder, "--segment-duration", "2", "--max-address-connects", "0");

    private static async Task<string> MakeAsync()
    {
        string folder = TemporaryFolder.Create("qualities");
        await EncodeAsync("film.360p.mp4", "160x90", 8, "-g 25 -bf 0");
        await EncodeAsync("film.720p.mp4", "320x180", 8, "-g 50 -bf 2"); // half as many key frames, and reordered pictures
        await EncodeAsync("other.mp4", "320x180", 8, "-g 37 -sc_threshold 0");
        await EncodeAsync("short.mp4", "320x180", 5, "-g 25");
        File.WriteAllText(Path.Combine(folder, "film.qualities.json"), """["film.360p.mp4", "film.720p.mp4"]""");
        File.WriteAllText(Path.Combine(folder, "other.qualities.json"), """["film.360p.mp4", "other.mp4"]""");
        File.WriteAllText(Path.Combine(folder, "short.qualities.json"), """{"items": ["film.360p.mp4", "short.mp4"]}""");
        return folder;

        Task EncodeAsync(string name, string size, int seconds, string words) => FilmFactory.EncodeAsync(
            $"-f lavfi -i testsrc2=size={size}:rate=25:duration={seconds} -f lavfi -i sine=sample_rate=48000:duration={seconds} "
            + $"-c:v libx264 -preset veryfast -pix_fmt yuv420p {words} -c:a aac -b:a 64k", Path.Combine(folder, name));
    }
}
