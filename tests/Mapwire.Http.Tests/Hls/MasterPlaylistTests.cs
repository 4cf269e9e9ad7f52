using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.Hls;

namespace Mapwire.Http.Tests.Hls;

public sealed class MasterPlaylistTests
{
    private static readonly VariantStream Plain = new("video.m3u8", 1_280_000);

    [Fact]
    public void A_title_with_sounds_subtitles_and_key_pictures_is_written_whole()
    {
        MasterPlaylist playlist = new()
        {
            Renditions =
            [
                new(RenditionKind.Audio, "a", "English") { Language = "en", IsDefault = true, Channels = 2, Uri = "a1.m3u8" },
                new(RenditionKind.Audio, "a", "Deutsch") { Language = "de", Channels = 6, Uri = "a2.m3u8" },
                new(RenditionKind.Subtitles, "s", "Untertitel") { Language = "de", IsAutoSelect = false, IsForced = true, Uri = "s.m3u8" },
            ],
            Variants =
            [
                new("v1.m3u8?x=%20", 2_500_000)
                {
                    AverageBandwidth = 2_000_000,
                    Codecs = "avc1.640028,mp4a.40.2",
                    Resolution = (1920, 1080),
                    FrameRate = 29.97002997,
                    VideoRange = VideoRange.Sdr,
                    AudioGroup = "a",
                    SubtitlesGroup = "s",
                },
                new("v2.m3u8", 800_000) { VideoRange = VideoRange.Pq, FrameRate = 25, AudioGroup = "a", SubtitlesGroup = "s" },
            ],
            IFrameStreams =
            [
                new("i.m3u8", 300_000)
                {
                    AverageBandwidth = 200_000, Codecs = "avc1.640028", Resolution = (1920, 1080), VideoRange = VideoRange.Hlg,
                    FrameRate = 1, AudioGroup = "a", SubtitlesGroup = "s",
                },
            ],
        };
        Assert.Equal(
            """
            #EXTM3U
            #EXT-X-VERSION:7
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",LANGUAGE="en",NAME="English",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a1.m3u8"
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",LANGUAGE="de",NAME="Deutsch",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="6",URI="a2.m3u8"
            #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",LANGUAGE="de",NAME="Untertitel",DEFAULT=NO,AUTOSELECT=NO,FORCED=YES,URI="s.m3u8"
            #EXT-X-STREAM-INF:BANDWIDTH=2500000,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,~
            FRAME-RATE=29.970,VIDEO-RANGE=SDR,AUDIO="a",SUBTITLES="s"
            v1.m3u8?x=%20
            #EXT-X-STREAM-INF:BANDWIDTH=800000,FRAME-RATE=25.000,VIDEO-RANGE=PQ,AUDIO="a",SUBTITLES="s"
            v2.m3u8
            #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300000,AVERAGE-BANDWIDTH=200000,CODECS="avc1.640028",~
            RESOLUTION=1920x1080,VIDEO-RANGE=HLG,URI="i.m3u8"

            """.Replace("~\n", "", StringComparison.Ordinal),
            PlaylistTexts.Write(playlist));
    }

    [Fact]
    public void A_default_rendition_may_always_be_chosen_by_the_player() =>
        Assert.Contains("DEFAULT=YES,AUTOSELECT=YES", PlaylistTexts.Write(new MasterPlaylist
        {
            Renditions = [new(RenditionKind.Audio, "a", "x") { IsDefault = true, IsAutoSelect = false }],
            Variants = [Plain with { AudioGroup = "a" }],
        }), StringComparison.Ordinal);

    [Theory]
    [InlineData("He said \"no\"", "NAME=\"He said 'no'\"")]
    [InlineData("a\r\nb\tc\u0085d", "NAME=\"a  b c d\"")]
    [InlineData("a,b=c;日本 😀", "NAME=\"a,b=c;日本 😀\"")]
    public void A_name_out_of_a_file_stays_in_its_quotes(string name, string expected) =>
        Assert.Contains(expected, PlaylistTexts.Write(WithName(name)), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    public void A_character_of_two_code_units_is_whole_wherever_it_stands(string before)
    {
        string name = before + string.Concat(Enumerable.Repeat("😀", 20_000));
        Assert.Contains($"NAME=\"{name}\"", PlaylistTexts.Write(WithName(name)), StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_breaks_a_playlist() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), name =>
    {
        string text = PlaylistTexts.Write(WithName(name ?? ""));
        Assert.Equal(7, text.Split('\n').Length);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Theory]
    [InlineData("a\"b")]
    [InlineData("a\nb")]
    [InlineData("a\rb")]
    [InlineData("a\0b")]
    public void A_word_for_machines_that_would_leave_its_quotes_is_refused(string word)
    {
        Refused(new() { Variants = [Plain with { Codecs = word }] });
        Refused(new() { Variants = [Plain with { AudioGroup = word }] });
        Refused(new() { Variants = [Plain with { SubtitlesGroup = word }] });
        Refused(new() { Variants = [Plain], Renditions = [new(RenditionKind.Audio, word, "x")] });
        Refused(new() { Variants = [Plain], Renditions = [new(RenditionKind.Audio, "a", "x") { Language = word }] });
    }

    [Theory]
    [InlineData("")]
    [InlineData("#EXT-X-ENDLIST")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\"b")]
    [InlineData("ä")]
    public void A_URI_that_is_not_percent_encoded_is_refused(string uri)
    {
        Refused(new() { Variants = [Plain with { Uri = uri }] });
        Refused(new() { Variants = [Plain], IFrameStreams = [Plain with { Uri = uri }] });
        Refused(new() { Variants = [Plain], Renditions = [new(RenditionKind.Audio, "a", "x") { Uri = uri }] });
    }

    [Fact]
    public void A_playlist_that_cannot_be_one_is_refused()
    {
        Refused(new() { Variants = [] });
        Refused(new() { Variants = [Plain], Renditions = [new(RenditionKind.Subtitles, "s", "x")] });
        Refused(new() { Variants = [Plain with { Bandwidth = -1 }] });
        Refused(new() { Variants = [Plain with { FrameRate = double.NaN }] });
        Refused(new() { Variants = [Plain with { FrameRate = 0 }] });
        Refused(new() { Variants = [Plain with { FrameRate = double.PositiveInfinity }] });
    }

    private static MasterPlaylist WithName(string name) => new()
    {
        Renditions = [new(RenditionKind.Audio, "a", name)],
        Variants = [Plain with { AudioGroup = "a" }],
    };

    private static void Refused(MasterPlaylist playlist) =>
        Assert.ThrowsAny<ArgumentException>(() => playlist.WriteTo(new ArrayBufferWriter<byte>()));
}
