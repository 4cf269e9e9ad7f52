using Mapwire.Server.Catalog;
using Xunit;

namespace Mapwire.Server.Tests.Catalog;

public sealed class TitleNameTests
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
    public void A_name_with_an_extension_is_tried_as_it_is_first(string folder, string name, string first) =>
        Assert.Equal(first, TitleName.Candidates(folder, name)[0]);

    [Fact]
    public void A_name_without_an_extension_is_tried_with_each() =>
        Assert.Equal(["film.mp4", "film.m4v", "film.mov", "film.f4v", "film.m4a", "film.flv", "film.m3u8", "film.m3u", "film.json"], TitleName.Candidates("", "flv:film"));

    [Fact]
    public void Escapes_are_tried_as_they_are_and_then_decoded_once()
    {
        IReadOnlyList<string> candidates = TitleName.Candidates("", "a%20b%2520.mp4");
        Assert.Equal("a%20b%2520.mp4", candidates[0]);
        Assert.Contains("a b%20.mp4", candidates);
        Assert.DoesNotContain("a b .mp4", candidates);
    }

    [Theory]
    [InlineData("../film.mp4")]
    [InlineData("mp4:../vod/film.mp4")]
    [InlineData("a/../../film.mp4")]
    [InlineData("a/./film.mp4")]
    [InlineData(".hidden.mp4")]
    [InlineData("a/.git/film.mp4")]
    [InlineData("a\\..\\film.mp4")]
    [InlineData("C:film.mp4")]
    [InlineData("film.mp4\0.txt")]
    [InlineData("film\n.mp4")]
    [InlineData("film.mp4 ")]
    [InlineData("film.mp4.")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("mp4:")]
    public void A_name_that_could_lead_elsewhere_has_no_candidate(string name) => Assert.Empty(TitleName.Candidates("", name));

    [Theory]
    [InlineData("%2e%2e/film.mp4", "..")]
    [InlineData("a%2f..%2f..%2ffilm.mp4", "..")]
    [InlineData("..%5cfilm.mp4", "\\")]
    [InlineData("film%00.mp4", "\0")]
    [InlineData("%252e%252e/film.mp4", "..")]
    public void Decoded_escapes_are_held_to_the_same_rules(string name, string never) =>
        Assert.DoesNotContain(
            TitleName.Candidates("", name),
            candidate => candidate.Split('/').Any(segment => segment == never) || (never != ".." && candidate.Contains(never, StringComparison.Ordinal)));

    [Fact]
    public void A_folder_that_leads_out_is_refused_too() => Assert.Empty(TitleName.Candidates("/../secret", "film.mp4"));

    [Fact]
    public void Many_segments_and_long_names_are_refused_without_an_exception()
    {
        Assert.Empty(TitleName.Candidates("", string.Concat(Enumerable.Repeat("../", 2000)) + "film.mp4"));
        Assert.Empty(TitleName.Candidates("", string.Concat(Enumerable.Repeat("a/", 65)) + "film.mp4"));
        Assert.Empty(TitleName.Candidates("", new string('a', 5000)));
    }
}
