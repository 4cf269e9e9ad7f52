using Mapwire.Server.Files.Names;
using Xunit;

namespace Mapwire.Server.Tests.Files.Names;

public sealed class PlayNameTests
{
    [Theory]
    [InlineData("", "film.mp4", "film.mp4")]
    [InlineData("", "mp4:film.mp4", "film.mp4")]
    [InlineData("", "MP4:film.mp4", "film.mp4")]
    [InlineData("/dir", "mp4:film.mp4", "dir/film.mp4")]
    [InlineData("/dir/", "/film.mp4", "dir/film.mp4")]
    [InlineData("", "dir//film.mov?token=a/../b", "dir/film.mov")]
    [InlineData("", "a b.m4a", "a b.m4a")]
    [InlineData("", "film.MP4", "film.MP4")]
    [InlineData("", "./film.mp4", "film.mp4")]
    [InlineData("/a", "./b/././film.mp4", "a/b/film.mp4")]
    [InlineData("_definst_", "mp4:film.mp4", "film.mp4")]
    [InlineData("_definst_/dir", "film.mp4", "dir/film.mp4")]
    [InlineData("", "_definst_/mp4:dir/film.mp4", "dir/film.mp4")]
    [InlineData("", "film.3gp", "film.3gp")]
    [InlineData("", "film.QT", "film.QT")]
    public void A_name_with_an_extension_is_tried_as_it_is_first(string folder, string name, string first) =>
        Assert.Equal(first, PlayName.Parse(folder, name).GetCandidates().First());

    [Fact]
    public void A_name_that_is_longer_than_any_path_has_no_candidate_and_is_not_copied_for_each_extension()
    {
        PlayName name = PlayName.Parse("", new string('a', 400_000));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(name.GetCandidates(isWindows: false));
        Assert.Empty(name.GetCandidates(isWindows: true));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 * 400_000); // 84 times its length before
    }

    [Fact]
    public void A_path_may_be_longer_while_it_is_escaped() =>
        Assert.Equal(
            new string('ä', 2000) + ".mp4",
            PlayName.Parse("", string.Concat(Enumerable.Repeat("%C3%A4", 2000)) + ".mp4").GetCandidates().First());

    [Fact]
    public void A_name_without_an_extension_is_tried_with_each_and_then_in_capitals()
    {
        string[] extensions =
            ["mp4", "m4v", "mov", "f4v", "m4a", "flv", "3gp", "3g2", "m4b", "m4r", "qt", "isma", "ismv", "m3u8", "m3u", "json"];
        Assert.Equal(
            [.. extensions.Select(static extension => "film." + extension),
            .. extensions.Select(static extension => "film." + extension.ToUpperInvariant())],
            PlayName.Parse("", "film").GetCandidates(isWindows: false));
        Assert.Equal(extensions.Length, PlayName.Parse("", "film").GetCandidates(isWindows: true).Count());
        Assert.Equal("film.mp4", PlayName.Parse("", "flv:film").GetCandidates().First());
    }

    [Fact]
    public void Escapes_are_tried_as_they_are_and_then_decoded_once()
    {
        IReadOnlyList<string> candidates = [.. PlayName.Parse("", "a%20b%2520.mp4").GetCandidates()];
        Assert.Equal("a%20b%2520.mp4", candidates[0]);
        Assert.Contains("a b%20.mp4", candidates);
        Assert.DoesNotContain("a b .mp4", candidates);
    }

    [Theory]
    [InlineData("2024-01-01T12:00:00.mp4", "2024-01-01T12:00:00.mp4")]
    [InlineData("2024-01-01T12%3A00%3A00.mp4", "2024-01-01T12:00:00.mp4")]
    [InlineData("S.H.I.E.L.D./e1", "S.H.I.E.L.D./e1.mp4")]
    [InlineData("trailing blank /e1.mp4", "trailing blank /e1.mp4")]
    [InlineData("Mr.", "Mr..flv")]
    [InlineData("take%201%20", "take 1 .flv")]
    [InlineData("back\\slash.mp4", "back\\slash.mp4")]
    [InlineData("mp4:literal.mp4", "mp4:literal.mp4")]
    [InlineData("_definst_/film.mp4", "_definst_/film.mp4")]
    [InlineData("two\nlines.mp4", "two\nlines.mp4")]
    [InlineData("CON.mp4", "CON.mp4")]
    public void Every_name_that_Linux_allows_is_tried(string name, string expected) =>
        Assert.Contains(expected, PlayName.Parse("", name).GetCandidates(isWindows: false));

    [Theory]
    [InlineData("a:b.mp4")]
    [InlineData("C:film.mp4")]
    [InlineData("film.mp4::$DATA")]
    [InlineData("a\\..\\film.mp4")]
    [InlineData("dir./film.mp4")]
    [InlineData("dir /film.mp4")]
    [InlineData("CON.mp4")]
    [InlineData("con .mp4")]
    [InlineData("a/Nul.tar.mp4")]
    [InlineData("COM1.mp4")]
    [InlineData("lpt².mp4")]
    [InlineData("aux/film.mp4")]
    [InlineData("film\u0007.mp4")]
    [InlineData("film*.mp4")]
    public void A_name_that_Windows_reads_as_another_one_is_not_tried_there(string name) =>
        Assert.Empty(PlayName.Parse("", name).GetCandidates(isWindows: true));

    [Theory]
    [InlineData("COM10.mp4")]
    [InlineData("console.mp4")]
    [InlineData("Mr.")]
    [InlineData("film..mp4")]
    public void A_name_that_only_resembles_a_device_or_has_dots_before_its_extension_is_tried_on_Windows(string name) =>
        Assert.NotEmpty(PlayName.Parse("", name).GetCandidates(isWindows: true));

    [Theory]
    [InlineData("../film.mp4")]
    [InlineData("a/../../film.mp4")]
    [InlineData("_definst_/../film.mp4")]
    [InlineData(".hidden.mp4")]
    [InlineData("a/.git/film.mp4")]
    [InlineData("film.mp4\0.txt")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("dir/")]
    [InlineData("?start=1")]
    public void A_name_that_could_lead_elsewhere_has_no_candidate(string name) => Assert.Empty(PlayName.Parse("", name).GetCandidates());

    [Theory]
    [InlineData("%2e%2e/film.mp4", "..")]
    [InlineData("mp4:../vod/film.mp4", "..")]
    [InlineData("a%2f..%2f..%2ffilm.mp4", "..")]
    [InlineData("film%00.mp4", "\0")]
    [InlineData("%252e%252e/film.mp4", "..")]
    public void Decoded_escapes_and_prefixed_names_are_held_to_the_same_rules(string name, string never) =>
        Assert.DoesNotContain(
            PlayName.Parse("", name).GetCandidates(),
            candidate => candidate.Split('/').Any(segment => segment == never)
            || (never != ".." && candidate.Contains(never, StringComparison.Ordinal)));

    [Fact]
    public void A_folder_that_leads_out_is_refused_too() => Assert.Empty(PlayName.Parse("/../secret", "film.mp4").GetCandidates());

    [Fact]
    public void Many_segments_and_long_names_are_refused_without_an_exception()
    {
        Assert.Empty(PlayName.Parse("", string.Concat(Enumerable.Repeat("../", 2000)) + "film.mp4").GetCandidates());
        Assert.Empty(PlayName.Parse("", string.Concat(Enumerable.Repeat("a/", 65)) + "film.mp4").GetCandidates());
        Assert.Empty(PlayName.Parse("", new string('a', 5000)).GetCandidates());
    }

    [Theory]
    [InlineData("film.info.json")]
    [InlineData("film.info")]
    [InlineData("film.INFO.JSON")]
    public void A_sidecar_of_yt_dlp_is_no_playlist(string name) =>
        Assert.DoesNotContain(
            PlayName.Parse("", name).GetCandidates(),
            static candidate => candidate.EndsWith(".info.json", StringComparison.OrdinalIgnoreCase));

    [Fact]
    public void The_query_is_told_apart_and_not_shown()
    {
        PlayName name = PlayName.Parse("/dir", "film.mp4?token=secret&start=1?2");
        Assert.Equal("token=secret&start=1?2", name.Query);
        Assert.Equal("dir/film.mp4", name.ToString());
        Assert.Equal("film.mp4?token=secret&start=1?2", name.Sent); // its own words, for the client alone
        Assert.Equal(("vod", "dir"), PlayName.ParseApplication("vod/dir?key=secret"));
        Assert.Equal(("vod", ""), PlayName.ParseApplication("/vod/"));
    }
}
