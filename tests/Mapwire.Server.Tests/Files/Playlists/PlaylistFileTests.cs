using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Files;
using Mapwire.Server.Files.Playlists;
using Xunit;

namespace Mapwire.Server.Tests.Files.Playlists;

public sealed class PlaylistFileTests
{
    [Theory]
    [InlineData("a.mp4\nb.mp4")]
    [InlineData("#EXTM3U\r\n#EXTINF:10.5,A film\r\na.mp4\r\n\r\n# a comment\r\n  b.mp4  \r\n")]
    [InlineData("\uFEFF#EXTM3U\na.mp4\n#EXTVLCOPT:network-caching=1000\nb.mp4")]
    public void Lines_are_names(string text) =>
        Assert.Equal([new("a.mp4", null, null, default), new("b.mp4", null, null, default)], Parse("x.m3u8", text));

    [Fact]
    public void A_file_may_be_as_long_as_is_allowed_and_no_byte_longer()
    {
        string text = "a.mp4\n#" + new string('x', PlaylistFile.MaxBytes - 7);
        Assert.Single(Parse("x.m3u8", text));
        Assert.Throws<TitleException>(() => Parse("x.m3u8", text + "x"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_byte_that_is_not_UTF_8_is_told_with_its_place(int offset)
    {
        byte[] text = [.. "a.mp4\nb.mp4"u8];
        text[offset] = 0xFF;
        TitleException wrong = Assert.Throws<TitleException>(() => PlaylistFile.Parse("x.m3u8", text, 10));
        Assert.EndsWith(
            $"it is not UTF-8 (line {(offset < 6 ? 1 : 2)} at offset {offset})", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_and_out_points_count_for_the_next_name_alone()
    {
        const string Text = "#EXTVLCOPT:start-time=1.5\n#EXTVLCOPT:stop-time=10\na.mp4\nb.mp4?start=3";
        Assert.Equal([new("a.mp4", 1500, 10_000, default), new("b.mp4?start=3", null, null, default)], Parse("x.M3U", Text));
    }

    [Theory]
    [InlineData("""["a.mp4", {"file": "b.mp4", "in": 1.5, "out": 10, "title": "B"}]""")]
    [InlineData("""{"name": "evening", "items": ["a.mp4", {"file": "b.mp4", "in": 1.5, "out": 10},]}""")]
    [InlineData("\uFEFF[\"a.mp4\", /* then */ {\"file\": \"b.mp4\", \"in\": 1.5, \"out\": 10}]")]
    public void A_list_in_json_has_names_or_objects(string text) =>
        Assert.Equal([new("a.mp4", null, null, default), new("b.mp4", 1500, 10_000, default)], Parse("x.json", text));

    [Theory]
    [InlineData("x.m3u8", "", "it has no item (line 1 at offset 0)")]
    [InlineData("x.m3u8", "#EXTM3U\n#nothing", "it has no item (line 2 at offset 16)")]
    [InlineData("x.m3u8", "b.mp4\n#EXTVLCOPT:start-time=soon\na.mp4", "start-time takes seconds (line 2 at offset 6)")]
    [InlineData("x.m3u8", "#EXTVLCOPT:stop-time=-Infinity\na.mp4", "stop-time takes seconds (line 1 at offset 0)")]
    [InlineData("x.m3u8", "#EXTVLCOPT:stop-time\na.mp4", "stop-time takes seconds (line 1 at offset 0)")]
    [InlineData("x.json", "", "no JSON (line 1 at offset 0)")]
    [InlineData("x.json", "[\n\"a.mp4\"", "no JSON (line 2 at offset 9)")]
    [InlineData("x.json", "[\"a.mp4\",\n soon]", "no JSON (line 2 at offset 11)")]
    [InlineData("x.json", "[\"a.mp4\"] soon", "no JSON (line 1 at offset 10)")]
    [InlineData("x.json", "[\"a.mp4\"] soon\n\n\n", "no JSON (line 1 at offset 10)")]
    [InlineData("x.json", "[]", "it has no item (line 1 at offset 2)")]
    [InlineData("x.json", "{}", "no list, nor an object with a list named items (line 1 at offset 0)")]
    [InlineData("x.json", "{\"items\": 1}", "no list, nor an object with a list named items (line 1 at offset 0)")]
    [InlineData("x.json", "\n\"a.mp4\"", "no list, nor an object with a list named items (line 2 at offset 1)")]
    [InlineData("x.json", "[1]", "item 1 is neither a name nor an object with a file (line 1 at offset 1)")]
    [InlineData("x.json", "[\"a.mp4\", {\"in\": 1}]", "item 2 is neither a name nor an object with a file (line 1 at offset 10)")]
    [InlineData("x.json", "[{\"file\": \"a.mp4\", \"in\": -1}]", "item 1: in takes seconds (line 1 at offset 25)")]
    [InlineData("x.json", "[{\"file\": \"a.mp4\", \"out\": \"1\"}]", "item 1: out takes seconds (line 1 at offset 26)")]
    [InlineData("x.json", "[\"a.mp4\", \"\\ud83d\"]", "a text is not Unicode (line 1 at offset 10)")]
    [InlineData("x.json", "[[[[[[\"a.mp4\"]]]]]]", "item 1 is neither a name nor an object with a file (line 1 at offset 1)")]
    [InlineData("x.json", "[{\"note\": [[[[1]]]]}]", "no JSON (line 1 at offset 12)")]
    public void What_is_no_playlist_is_refused_with_the_reason(string name, string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<TitleException>(() => Parse(name, text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Too_many_items_are_refused()
    {
        Assert.Equal(10, Parse("x.m3u8", string.Concat(Enumerable.Repeat("a.mp4\n", 10))).Length);
        Assert.Throws<TitleException>(() => Parse("x.m3u8", string.Concat(Enumerable.Repeat("a.mp4\n", 11))));
        Assert.Throws<TitleException>(() => Parse("x.json", $"[{string.Join(',', Enumerable.Repeat("\"a.mp4\"", 11))}]"));
    }

    [Fact]
    public void Any_bytes_are_a_playlist_or_refused()
    {
        Gen<byte[]> noise = Gen.Choose(0, 255).Select(static value => (byte)value).ArrayOf();
        Gen<byte[]> words =
            Gen.Elements("[", "]", "{", "}", ",", ":", "\"file\"", "\"items\"", "\"in\"", "1e999", "-0", "\"a\"", "#EXTVLCOPT:",
            "start-time=", "\n", "\ud83d")
            .ArrayOf().Select(static parts => Encoding.UTF8.GetBytes(string.Concat(parts)));
        Prop.ForAll(Gen.OneOf(noise, words).ToArbitrary(), static bytes =>
        {
            foreach (string name in (string[])["x.m3u8", "x.json"])
            {
                try
                {
                    Assert.InRange(PlaylistFile.Parse(name, bytes, 10).Count, 1, 10);
                }
                catch (TitleException refused)
                {
                    Assert.Equal(TitleError.NotPlayable, refused.Error);
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory]
    [InlineData("x.m3u8", "\uFEFF#EXTM3U\r\n\r\n  a.mp4\r\nb.mp4", "line 3 at offset 14", "line 4 at offset 23")]
    [InlineData("x.json", "\uFEFF[\n  \"a.mp4\", {\n\"file\":\"b.mp4\"}]", "line 2 at offset 7", "line 2 at offset 16")]
    public void Items_know_their_places(string name, string text, string first, string second) =>
        Assert.Equal([first, second],
        PlaylistFile.Parse(name, Encoding.UTF8.GetBytes(text), 10).Select(static item => item.Place.ToString()));

    private static PlaylistItem[] Parse(string name, string text) =>
        [.. PlaylistFile.Parse(name, Encoding.UTF8.GetBytes(text), 10).Select(static item => item with { Place = default })];
}
