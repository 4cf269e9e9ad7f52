using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Http;

/// <summary>Playlists of titles play by HTTP as one film: every packet of every item, in the items' order.</summary>
public sealed class ListTests(BrowserFixture browsers)
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    /// <summary>A film ends with its sound or its pictures, whichever is longer: by a packet of sound at most, in seconds.</summary>
    private const double Joint = 0.022;

    private static readonly string[] Evening = ["moov-last.mp4", "audio-48000.mp4", "no-b-frames.mp4"]; // codecs and rates change
    private static readonly string[] Same = ["no-edit-list.mp4", "no-edit-list.mp4"];

    [Theory]
    [InlineData("evening.m3u8")]
    [InlineData("evening.json")]
    public async Task Ffmpeg_reads_every_packet_and_playlists_keep_the_rules(string name)
    {
        await using MapwireServer server = await StartAsync();
        using WebTitle title = new(server, name);
        string[] children = [.. HlsTests.Children(await title.ReadPlaylistAsync("index.m3u8"))];
        Assert.Equal(2, children.Length);
        foreach (string child in children)
        {
            byte[] playlist = await title.ReadPlaylistAsync(child);
            string text = Encoding.UTF8.GetString(playlist);
            Assert.Equal(Evening.Length - 1, Regex.Count(text, "^#EXT-X-DISCONTINUITY\n#EXT-X-MAP:", RegexOptions.Multiline));
            await title.ReadSegmentsAsync(playlist);
        }

        await IsAsync(Evening, await Ffprobe.ReadEnhancedAsync(server.WebAddress(name))); // by the redirect
    }

    [Fact]
    public async Task The_text_of_a_list_is_never_served()
    {
        await using MapwireServer server = await StartAsync();
        using HttpClient client = new(new HttpClientHandler { AllowAutoRedirect = false });
        foreach (string name in (string[])["evening.m3u8", "evening.json", "a b.m3u8"])
        {
            using HttpResponseMessage answer = await client.GetAsync(server.WebAddress(name) + "?lang=de&x=1%262");
            Assert.Equal(HttpStatusCode.TemporaryRedirect, answer.StatusCode);
            Assert.Equal(
                Uri.EscapeDataString(name) + "/index.m3u8?lang=de&x=1%262", answer.Headers.Location!.OriginalString);
            Assert.DoesNotContain("moov-last", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Films_that_are_alike_are_one_fragmented_film_and_others_are_refused()
    {
        await using MapwireServer server = await StartAsync();
        Recording film = await Ffprobe.ReadEnhancedAsync(server.WebAddress("same.m3u8", "stream.mp4"));
        await IsAsync(Same, film);
        foreach (string kind in (string[])["video", "audio"])
        {
            Packet[] packets = [.. film.Of(kind)];
            Assert.All(packets.Zip(packets.Skip(1)), pair => Assert.InRange(pair.Second.Dts - pair.First.Dts, 0.0001, 0.13));
        }

        using HttpClient client = new();
        byte[] whole = await client.GetByteArrayAsync(server.WebAddress("same.m3u8", "stream.mp4"));
        using HttpRequestMessage part = new(HttpMethod.Get, server.WebAddress("same.m3u8", "stream.mp4"));
        part.Headers.Range = new((whole.Length / 2) - 5000, (whole.Length / 2) + 5000); // across the joint
        using HttpResponseMessage answer = await client.SendAsync(part);
        Assert.Equal(whole[((whole.Length / 2) - 5000)..((whole.Length / 2) + 5001)], await answer.Content.ReadAsByteArrayAsync());
        using WebTitle evening = new(server, "evening.m3u8");
        await evening.RefusedAsync("stream.mp4", "film 2 has");
        await evening.RefusedAsync("clip.mp4", "a clip is of one film");
        await evening.RefusedAsync("index.m3u8?loop=1", "?loop=1 takes a stream");
        await evening.RefusedAsync("index.m3u8?start=100", "nothing from 100 s on");
        using WebTitle bad = new(server, "bad.m3u8");
        await bad.RefusedAsync("index.m3u8", "item 2 of the playlist (line 2 at offset 14)", 404);
    }

    [Fact]
    public async Task Times_of_the_query_cut_the_whole_list()
    {
        await using MapwireServer server = await StartAsync();
        using HttpClient client = new();
        string playlist = await client.GetStringAsync(server.WebAddress("evening.m3u8", "v1a1.m3u8?start=3&end=9"));
        double seconds = Regex.Matches(playlist, "#EXTINF:([\\d.]+),").Sum(
            match => double.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(seconds, 5.9, 6.6);
        Assert.Equal(
            ["moov-last.mp4", "audio-48000.mp4", "no-b-frames.mp4"],
            Regex.Matches(playlist, "^\\.\\./([^/]+)/v1a1-\\d", RegexOptions.Multiline).Select(match => match.Groups[1].Value).Distinct());
    }

    [Fact]
    public async Task DASH_has_periods_one_behind_the_other_and_their_segments_are_there()
    {
        await using MapwireServer server = await StartAsync();
        using HttpClient client = new();
        string url = server.WebAddress("evening.m3u8", "manifest.mpd");
        XDocument manifest = XDocument.Parse(await client.GetStringAsync(url));
        TimeSpan at = TimeSpan.Zero;
        XElement[] periods = [.. manifest.Descendants(Mpd + "Period")];
        Assert.Equal(Evening.Length, periods.Length);
        foreach (XElement period in periods)
        {
            Assert.Equal(at, System.Xml.XmlConvert.ToTimeSpan(period.Attribute("start")!.Value));
            at += System.Xml.XmlConvert.ToTimeSpan(period.Attribute("duration")!.Value);
            foreach (XElement template in period.Descendants(Mpd + "SegmentTemplate"))
            {
                string first = template.Attribute("media")!.Value.Replace("$Number$", template.Attribute("startNumber")!.Value);
                foreach (string child in (string[])[template.Attribute("initialization")!.Value, first])
                {
                    using HttpResponseMessage answer = await client.GetAsync(new Uri(new Uri(url), child));
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                }
            }
        }

        Assert.Equal(at, System.Xml.XmlConvert.ToTimeSpan(manifest.Root!.Attribute("mediaPresentationDuration")!.Value));
    }

    [Fact]
    public async Task Gstreamer_takes_every_segment_of_HLS_and_DASH_to_the_end()
    {
        await using MapwireServer server = await StartAsync();
        string copy = Path.Combine(TemporaryFolder.Create("hlsdemux"), "film.mp4");
        ToolResult result = await Tool.SucceedAsync("gst-launch-1.0", [
            "-e", "souphttpsrc", $"location={server.WebAddress("same.m3u8", "index.m3u8")}", "!", "hlsdemux", "!", "filesink",
            "async=false", $"location={copy}",
        ]);
        Assert.Contains("Got EOS from element", result.Output, StringComparison.Ordinal);
        await IsAsync(Same, await Ffprobe.ReadEnhancedAsync(copy));
        foreach (string resource in (string[])["index.m3u8", "manifest.mpd"])
        {
            result = await Tool.SucceedAsync("gst-launch-1.0", [
                "-e", "playbin3", $"uri={server.WebAddress("evening.m3u8", resource)}", "video-sink=fakesink sync=false",
                "audio-sink=fakesink sync=false",
            ]);
            Assert.Contains("Got EOS from element", result.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("hlsjs", "index.m3u8")] // Shaka moves muxed segments of HLS by the ends of their sound, with or without a joint
    [InlineData("shaka", "manifest.mpd")]
    [InlineData("dashjs", "manifest.mpd")]
    public async Task A_browser_plays_across_the_joint(string player, string resource)
    {
        await NumberedFilms.GetAsync("numbered.mp4");
        await NumberedFilms.GetAsync("no-b-frames.mp4");
        File.WriteAllText(
            Path.Combine(NumberedFilms.Folder, "joined.json"),
            """[{"file": "numbered.mp4", "out": 2}, {"file": "no-b-frames.mp4", "in": 2}]""");
        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder, "--segment-duration", "1");
        string page = browsers.Page(player, server.WebAddress("joined.json", resource));
        // dash.js may go on to the next period when a seek leads near the end of one, and is late with pictures around a joint.
        (double speed, int? seeks) = player == "dashjs" ? (1, (int?)null) : (2, 8);
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(page, NumberedFilms.Count, NumberedFilms.Rate, speed, seeks, tolerance: Joint));
        Assert.True(wrong.Count == 0, $"{player} {resource}: {string.Join("; ", wrong)}");
    }

    private static async Task<MapwireServer> StartAsync()
    {
        string folder = TemporaryFolder.Create("lists");
        foreach (string name in Evening.Concat(Same).Distinct())
        {
            File.Copy(await FilmFactory.GetAsync(name), Path.Combine(folder, name));
        }

        File.WriteAllText(Path.Combine(folder, "evening.m3u8"), string.Join('\n', Evening));
        File.WriteAllText(Path.Combine(folder, "a b.m3u8"), string.Join('\n', Evening));
        File.WriteAllText(Path.Combine(folder, "evening.json"), $"""["{string.Join("\", \"", Evening)}"]""");
        File.WriteAllText(Path.Combine(folder, "same.m3u8"), string.Join('\n', Same));
        File.WriteAllText(Path.Combine(folder, "bad.m3u8"), "moov-last.mp4\nnowhere.mp4\n");
        return await MapwireServer.StartAsync(folder, "--segment-duration", "1", "--max-address-connects", "0");
    }

    /// <summary>A reading has the packets of films, one film behind the other.</summary>
    private static async Task IsAsync(string[] films, Recording read)
    {
        foreach (string kind in (string[])["video", "audio"])
        {
            List<string> expected = [];
            foreach (string film in films)
            {
                Packet[] packets = [.. (await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(film))).Of(kind)];
                // Of the sound that an edit list hides one packet comes (WebExpectation).
                int first = kind == "audio" ? Math.Max(0, Array.FindIndex(packets, static packet => !packet.Discard) - 1) : 0;
                expected.AddRange(packets.Skip(first).Select(static packet => packet.Hash));
            }

            Assert.Equal(expected, read.Of(kind).Select(static packet => packet.Hash));
        }
    }
}
