using System.Text;
using System.Xml.Linq;
using Mapwire.Media.Tests.Tools;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Http;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>What playlists and MPDs say of films, of lists of films and of several qualities of one.</summary>
public sealed class TitleTextsTests : IDisposable
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";

    private readonly TemporaryFolder _folder = new();
    private readonly TitleCatalog _catalog;
    private readonly HttpContext _context;

    public TitleTextsTests()
    {
        _catalog = new TitleCatalog(new FileCatalog(new ServedFolder(_folder.Path), new FileBudget()), NullLogger.Instance);
        _context = HttpContexts.Create(_folder, _catalog);
    }

    public void Dispose()
    {
        _catalog.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_commentary_in_the_language_of_the_sound_is_no_quality_of_it()
    {
        Write("two.mp4", SampleClip.WithTwoSounds(isCommentary: true));
        XElement manifest = XElement.Parse(await TextAsync("two.mp4/manifest.mpd"));
        Assert.Equal(
            ["v1", "a1", "a2"],
            manifest.Descendants(Mpd + "AdaptationSet").Select(static set => string.Join(' ', set.Elements(Mpd + "Representation")
                .Select(static track => track.Attribute("id")!.Value))));
    }

    [Fact]
    public async Task A_second_sound_in_the_default_one_s_language_is_not_offered_by_a_list_as_the_default_one_again()
    {
        Write("one.mp4", SampleClip.WithTwoSounds(isCommentary: true));
        Write("two.mp4", SampleClip.WithTwoSounds());
        Write("comments.m3u8", "one.mp4\none.mp4\n");
        Write("languages.m3u8", "two.mp4\ntwo.mp4\n");
        Assert.DoesNotContain("#EXT-X-MEDIA:", await TextAsync("comments.m3u8/index.m3u8"), StringComparison.Ordinal);
        Assert.Equal(2, Count(await TextAsync("languages.m3u8/index.m3u8"), "#EXT-X-MEDIA:"));
    }

    [Fact]
    public async Task The_playlists_of_all_qualities_have_one_target_duration()
    {
        Write("film.360p.mp4", FilmBytes.Progressive(3, 160)); // 6.4 s
        Write("film.720p.mp4", FilmBytes.Progressive(4, 170)); // 6.8 s
        foreach (string quality in (string[])["q1", "q2"])
        {
            Assert.Contains(
                "#EXT-X-TARGETDURATION:7\n", await TextAsync($"film.mp4/{quality}-v1.m3u8"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_list_is_static_though_its_last_film_is_being_written()
    {
        Write("whole.mp4", FilmBytes.Progressive(3, 200));
        Write("live.flv", FilmBytes.Flv(3, 400));
        Write("list.m3u8", "whole.mp4\nlive.flv\n");
        XElement manifest = XElement.Parse(await TextAsync("list.m3u8/manifest.mpd"));
        Assert.Equal("static", manifest.Attribute("type")!.Value);
        Assert.Equal(2, manifest.Elements(Mpd + "Period").Count());
        Assert.All(manifest.Elements(Mpd + "Period"), static period => Assert.NotNull(period.Attribute("duration")));
        Assert.Contains("#EXT-X-ENDLIST", await TextAsync("list.m3u8/v1a1.m3u8"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_film_of_a_list_that_has_no_whole_segment_yet_is_left_out()
    {
        Write("whole.mp4", FilmBytes.Progressive(3, 200));
        Write("live.flv", FilmBytes.Flv(3, 60));
        Write("list.m3u8", "whole.mp4\nlive.flv\n");
        XElement manifest = XElement.Parse(await TextAsync("list.m3u8/manifest.mpd"));
        Assert.Equal("static", manifest.Attribute("type")!.Value);
        Assert.Single(manifest.Elements(Mpd + "Period"));
        Assert.DoesNotContain("live.flv", await TextAsync("list.m3u8/v1.m3u8"), StringComparison.Ordinal);
        Resource stream = await HttpContexts.OpenAsync(_context, "list.m3u8/stream.mp4");
        Assert.Equal(2, stream.Body.PartCount);
    }

    /// <summary>A film of key pictures alone takes megabytes of tables and would take gigabytes of playlists.</summary>
    [Fact]
    public async Task Very_many_key_pictures_are_listed_one_a_second()
    {
        const int Pictures = 100_000;
        const int Dense = 1 << 16;
        Write("many.mp4", new Mp4Builder { Sizes = [.. Enumerable.Repeat(1u, Pictures)] }.Build(
            static moov => moov["trak/mdia/minf/stbl"].Remove("stss")));
        Assert.Equal(Dense + ((Pictures - Dense) / 25), Count(await TextAsync("many.mp4/v1-pictures.m3u8"), "#EXTINF:"));
    }

    private static int Count(string text, string word) => text.Split(word).Length - 1;

    private void Write(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder.Path, name), bytes);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.Path, name), text);

    private async Task<string> TextAsync(string path) =>
        Encoding.UTF8.GetString((await HttpContexts.OpenAsync(_context, path)).Body.Bytes.Span);
}
