using Mapwire.Load.Reading;

namespace Mapwire.Load.Tests.Reading;

/// <summary>What a viewer takes from playlists, and each rule that it relies on.</summary>
public sealed class HlsPlaylistTests
{
    private const string Head = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n";

    [Fact]
    public void Segments_have_their_durations_ranges_and_init_segments()
    {
        HlsPlaylist playlist = HlsPlaylist.Parse(Head + """
            #EXT-X-MEDIA-SEQUENCE:7
            #EXT-X-MAP:URI="init.mp4",BYTERANGE="720@0"
            #EXTINF:6.006,with, commas
            #EXT-X-BYTERANGE:1000@720
            film.mp4
            #EXTINF:5.5,
            #EXT-X-BYTERANGE:500
            film.mp4

            # a comment
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="other.mp4"
            #EXTINF:2,
            last.m4s
            #EXT-X-ENDLIST
            """.ReplaceLineEndings("\r\n"));
        Assert.Equal((7, 6_000_000, true), (playlist.Sequence, playlist.TargetDuration, playlist.IsEnded));
        Assert.Equal(
            [
                new HlsSegment("film.mp4", 6_006_000, new HlsRange(720, 1000), "init.mp4", new HlsRange(0, 720)),
                new HlsSegment("film.mp4", 5_500_000, new HlsRange(1720, 500), "init.mp4", new HlsRange(0, 720)),
                new HlsSegment("last.m4s", 2_000_000, null, "other.mp4", null, IsJump: true),
            ],
            playlist.Segments);
    }

    [Fact]
    public void The_first_variant_is_taken_with_the_default_of_its_sounds()
    {
        HlsPlaylist playlist = HlsPlaylist.Parse("""
            #EXTM3U
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="x",DEFAULT=YES,URI="b.m3u8"
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en, us",URI="en.m3u8"
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="de",DEFAULT=YES,URI="de.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=100,CODECS="avc1.64,mp4a.40.2",AUDIO="a"
            video.m3u8
            #EXT-X-STREAM-INF:BANDWIDTH=50,AUDIO="b"
            small.m3u8
            """);
        Assert.Equal(("video.m3u8", "de.m3u8"), (playlist.Variant, playlist.Sound));
        Assert.Empty(playlist.Segments);
    }

    [Fact]
    public void Sound_that_comes_with_the_variant_is_no_playlist_of_its_own()
    {
        HlsPlaylist playlist = HlsPlaylist.Parse("""
            #EXTM3U
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="de",DEFAULT=YES
            #EXT-X-STREAM-INF:BANDWIDTH=100,AUDIO="a"
            video.m3u8
            """);
        Assert.Null(playlist.Sound);
    }

    [Theory]
    [InlineData("no #EXTM3U", "#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na\n")]
    [InlineData("no target duration", "#EXTM3U\n#EXTINF:6,\na\n")]
    [InlineData("no target duration", "#EXTM3U\n")]
    [InlineData("longer than the target", Head + "#EXTINF:6.5,\na\n")]
    [InlineData("without a duration", Head + "a\n")]
    [InlineData("no URI", Head + "#EXTINF:6,\n")]
    [InlineData("no URI", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n")]
    [InlineData("without an offset", Head + "#EXTINF:6,\n#EXT-X-BYTERANGE:5\na\n")]
    [InlineData("without a URI", Head + "#EXT-X-MAP:BYTERANGE=\"1@0\"\n")]
    [InlineData("bad attributes", Head + "#EXT-X-MAP:URI=\"a\n")]
    [InlineData("bad duration", Head + "#EXTINF:-1,\na\n")]
    [InlineData("bad duration", Head + "#EXTINF:x,\na\n")]
    [InlineData("bad number", Head + "#EXT-X-MEDIA-SEQUENCE:-1\n")]
    [InlineData("encrypted", Head + "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n")]
    public void A_playlist_that_breaks_a_rule_is_found(string rule, string text) =>
        Assert.Contains(rule, Assert.Throws<ContentException>(() => HlsPlaylist.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(null, 5, "b c d")]
    [InlineData(null, 4, "a b c")]
    [InlineData(null, 7, "d e")]
    [InlineData("goes back", 3, "z a b c")]
    [InlineData("end goes back", 4, "a b")]
    [InlineData("changed", 4, "a x c")]
    [InlineData("changed", 5, "c d e")]
    public void A_live_playlist_that_does_not_go_on_is_found(string? rule, int sequence, string names)
    {
        HlsPlaylist before = Live(4, "a b c");
        void Run() => Live(sequence, names).RequireContinues(before);
        if (rule is null)
        {
            Run();
        }
        else
        {
            Assert.Contains(rule, Assert.Throws<ContentException>(Run).Message, StringComparison.Ordinal);
        }
    }

    private static HlsPlaylist Live(int sequence, string names) => HlsPlaylist.Parse(
        $"{Head}#EXT-X-MEDIA-SEQUENCE:{sequence}\n" + string.Concat(names.Split(' ').Select(name => $"#EXTINF:4,\n{name}\n")));
}
