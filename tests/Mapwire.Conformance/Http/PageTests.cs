using System.Net;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Http;

/// <summary>The page of a title: a link that plays in any browser.</summary>
[Collection(BrowserFixture.Collection)]
public sealed class PageTests(BrowserFixture browsers)
{
    [Theory]
    [InlineData("numbered.mp4")]
    [InlineData("numbered-fragments.mp4")]
    [InlineData("page.json")] // two films, one behind the other
    public async Task The_page_plays_every_picture_seeks_and_reaches_the_end(string film)
    {
        string path = await NumberedFilms.GetAsync(film == "page.json" ? "numbered.mp4" : film);
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc)); // one that was just written may still grow
        await NumberedFilms.GetAsync("no-b-frames.mp4");
        File.WriteAllText(
            Path.Combine(NumberedFilms.Folder, "page.json"),
            """[{"file": "numbered.mp4", "out": 2}, {"file": "no-b-frames.mp4", "in": 2}]""");
        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder, "--segment-duration", "1");
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(server.WebAddress(film) + "/", NumberedFilms.Count, NumberedFilms.Rate, speed: 2,
                tolerance: film == "page.json" ? 0.022 : FrameCheck.Tolerance)); // a packet of sound
        Assert.True(wrong.Count == 0, $"{film}: {string.Join("; ", wrong)}");
    }

    [Fact]
    public async Task The_page_plays_a_list_whose_films_have_other_codecs_each()
    {
        foreach (string film in (string[])["numbered.mp4", "numbered-vp9.mp4"])
        {
            File.SetLastWriteTimeUtc(await NumberedFilms.GetAsync(film), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        File.WriteAllText(
            Path.Combine(NumberedFilms.Folder, "codecs.json"),
            """[{"file": "numbered.mp4", "out": 2}, {"file": "numbered-vp9.mp4", "in": 2}]""");
        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder, "--segment-duration", "1");
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(server.WebAddress("codecs.json") + "/", NumberedFilms.Count, NumberedFilms.Rate, speed: 2,
                tolerance: 0.022)); // a packet of sound
        Assert.True(wrong.Count == 0, string.Join("; ", wrong));
    }

    [Fact]
    public async Task A_film_that_the_browser_has_no_decoder_for_is_named_by_its_codec()
    {
        string film = await FilmFactory.GetAsync("ac3.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(Path.GetDirectoryName(film)!);
        string words = await browsers.WithBrowserAsync(play => play.TextAsync(server.WebAddress("ac3.mp4") + "/", "words"));
        Assert.Equal("The film cannot be played: this browser has no decoder for ac-3", words);
    }

    [Fact]
    public async Task A_link_begins_where_it_says()
    {
        await NumberedFilms.GetAsync("numbered.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder, "--segment-duration", "1");
        string page = server.WebAddress("numbered.mp4") + "/?start=2.5";
        (System.Text.Json.Nodes.JsonNode play, List<string> wrong) = await browsers.WithBrowserAsync(one => one.PlayAsync(page, 1));
        Assert.Empty(wrong);
        Assert.InRange(play["seen"]![0]![0]!.GetValue<int>(), 55, 70);
        Assert.InRange(play["pictures"]!.GetValue<int>(), 20, 55);
    }

    [Fact]
    public async Task What_cannot_be_played_is_said_in_words()
    {
        await NumberedFilms.GetAsync("numbered.mp4");
        File.WriteAllText(Path.Combine(NumberedFilms.Folder, "bad list.m3u8"), "nowhere.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder);
        string words = await browsers.WithBrowserAsync(play => play.TextAsync(server.WebAddress("bad list.m3u8") + "/", "words"));
        Assert.Equal("The film cannot be played: item 1 of the playlist (line 1 at offset 0): no title nowhere.mp4", words);
    }

    [Fact]
    public async Task The_page_may_load_nothing_from_elsewhere_and_is_there_for_titles_alone()
    {
        await FilmFactory.GetAsync("plain.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder);
        using HttpClient client = new();
        using HttpResponseMessage answer = await client.GetAsync(server.WebAddress("plain.mp4") + "/");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'sha256-", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch(new Regex("(src|href)=\"(?!data:,)"), await answer.Content.ReadAsStringAsync());
        using HttpResponseMessage nothing = await client.GetAsync(server.WebAddress("nowhere.mp4") + "/");
        Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
    }
}
