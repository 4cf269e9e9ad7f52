using Mapwire.Conformance.Browsers;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Http;

/// <summary>
/// Real players in a real browser play, seek and reach the end of films that this server serves: every picture once, at its time, and not a
/// word in the console.
/// </summary>
[Collection(BrowserFixture.Collection)]
public sealed class BrowserTests(BrowserFixture browsers, ServedFilms films)
{
    /// <summary>The players, with what each asks for of a film.</summary>
    private static readonly (string Player, string Resource)[] Players =
    [
        ("native", ""), ("native", "index.m3u8"), ("native", "stream.mp4"), ("hlsjs", "index.m3u8"), ("shaka", "index.m3u8"),
        ("shaka", "manifest.mpd"), ("dashjs", "manifest.mpd"), ("mpegts", "stream.flv"),
    ];

    private static readonly string[] FlvCodecs = ["h264", "aac", "mp3"];

    /// <summary>What Chromium's Media Source Extensions take in MP4.</summary>
    /// <remarks>By MediaSource.isTypeSupported; MP3 in MP4 is none of them, nor is VP8.</remarks>
    private static readonly string[] Codecs = ["h264", "aac", "vp9", "av1", "opus", "flac"];

    private static bool PlaysAll => Environment.GetEnvironmentVariable("MAPWIRE_BROWSER_FILMS") == "1";

    public static TheoryData<string, string, string> Numbered()
    {
        TheoryData<string, string, string> rows = [];
        foreach ((string player, string resource) in Players)
        {
            foreach (string film in PlaysAll ? NumberedFilms.Good : ["numbered.mp4"])
            {
                rows.Add(player, resource, film);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Numbered))]
    public async Task Every_picture_is_shown_once_at_its_time_and_seeks_are_exact(string player, string resource, string film)
    {
        string path = await NumberedFilms.GetAsync(film);
        if (!IsFor(player, resource, film, await Ffprobe.ReadEnhancedAsync(path)))
        {
            return;
        }

        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder);
        string page = browsers.Page(player, server.WebAddress(film, resource));
        // Chromium's own reader of a fragmented file that has no index goes to the next fragment for the last two pictures of one, whoever
        // wrote and served it.
        int? seeks = resource == "stream.mp4" ? null : 8;
        IReadOnlyList<string> wrong = await browsers.WithBrowserAsync(
            play => play.CheckNumberedAsync(page, NumberedFilms.Count, NumberedFilms.Rate, speed: 2, seeks));
        Assert.True(wrong.Count == 0, $"{player} {film} {resource}: {string.Join("; ", wrong)}");
    }

    [Theory]
    [InlineData("native")]
    [InlineData("mse")]
    public async Task A_film_that_begins_again_goes_on_in_the_browser(string player)
    {
        await NumberedFilms.GetAsync("numbered.mp4");
        await using MapwireServer server = await MapwireServer.StartAsync(NumberedFilms.Folder, "--segment-duration", "1");
        string page = browsers.Page(player, server.WebAddress("numbered.mp4", "stream.mp4?loop=1"))
            + "&codecs=" + Uri.EscapeDataString("avc1.64000c,mp4a.40.2");
        await browsers.WithBrowserAsync(async play =>
        {
            (IReadOnlyList<double> rounds, List<string> wrong) = await play.PlayRoundsAsync(
                page, until: 14, NumberedFilms.Count, NumberedFilms.Rate);
            Assert.True(wrong.Count == 0, $"{player}: {string.Join("; ", wrong)}");
            Assert.InRange(rounds.Count, 3, 4);
            Assert.All(rounds.Zip(rounds.Skip(1)), static pair => Assert.InRange(pair.Second - pair.First, 3.99, 4.1));
            return rounds;
        });
    }

    public static TheoryData<string> Matrix() => PlaysAll
        ? [.. MatrixFilms.All.Keys, .. FilmRecipes.All.Keys.Where(static name => !FilmRecipes.IsLong(name))]
        : ["plain.mp4", "quiet.m4a"];

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task A_film_of_the_matrix_plays_to_its_end_in_every_player(string name)
    {
        Recording film = await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name));
        List<string> faults = [];
        foreach ((string player, string resource) in Players)
        {
            if (!IsFor(player, resource, name, film))
            {
                continue;
            }

            string page = browsers.Page(player, (await films.Server).WebAddress(name, resource));
            (_, List<string> wrong) = await browsers.WithBrowserAsync(play => play.PlayAsync(page, 4));
            faults.AddRange(wrong.Select(fault => $"{player} {resource}: {fault}"));
        }

        Assert.True(faults.Count == 0, $"{name}: {string.Join("; ", faults)}");
    }

    /// <summary>Whether the browser has all codecs of a film, and the player's container takes them.</summary>
    private static bool IsFor(string player, string resource, string name, Recording film)
    {
        string[] known = player == "mpegts" ? FlvCodecs : resource.Length == 0 ? [.. Codecs, "mp3"] : Codecs;
        return film.Streams.Count > 0 && film.Streams.All(stream => known.Contains(stream.Codec))
            && (resource.Length > 0 || name is "numbered.mp4" or "plain.mp4"); // a file is read by the browser, which reads no FLV
    }
}
