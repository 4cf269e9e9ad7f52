using System.Text;
using Mapwire.PlaylistRules;

namespace Mapwire.Http.Tests.Hls;

/// <summary>The validator finds a made violation of each rule that it has, and nothing in sound playlists.</summary>
public sealed class PlaylistValidatorTests
{
    private const string Media = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:1\n";
    private const string Segment = "#EXTINF:5.5,\na.ts\n";
    private const string Master = "#EXTM3U\n#EXT-X-VERSION:7\n";
    private const string Variant = "#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n";
    private const string Dated = Media + "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n";
    private const string Range = "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-01-01T00:00:00Z\"";
    private const string Audio = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\"";

    /// <summary>A playlist that breaks one rule and no other.</summary>
    public static TheoryData<string, string> Broken { get; } = new()
    {
        { "3.3 map", Media + "#EXTINF:5,\na.m4s\n" },
        { "4.1 bom", "\uFEFF" + Media + Segment },
        { "4.1 control", Media + "#EXTINF:5,a\u0001b\na.ts\n" },
        { "4.1 control", Media + "#EXTINF:5,a\rb\na.ts\n" },
        { "4.1 control", Media + "#EXTINF:5,a\u0085b\na.ts\n" },
        { "4.1 space", Media + "#EXTINF:5,\n a.ts\n" },
        { "4.1 space", Media + "#EXTINF:5,\na.ts \n" },
        { "4.1 uri", Media + "#EXTINF:5,\nä.ts\n" },
        { "4.1 uri", Media + "#EXTINF:5,\na%2.ts\n" },
        { "4.2 syntax", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,\na.m3u8\n" },
        { "4.2 syntax", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,x=2\na.m3u8\n" },
        { "4.2 syntax", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1, CODECS=\"a\"\na.m3u8\n" },
        { "4.2 syntax", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a\"b\"\na.m3u8\n" },
        { "4.2 once", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,BANDWIDTH=1\na.m3u8\n" },
        { "4.2 type", Master + "#EXT-X-STREAM-INF:BANDWIDTH=-1\na.m3u8\n" },
        { "4.2 type", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1.5\na.m3u8\n" },
        { "4.2 type", Master + "#EXT-X-STREAM-INF:BANDWIDTH=\"1\"\na.m3u8\n" },
        { "4.2 type", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=avc1\na.m3u8\n" },
        { "4.2 type", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=1920X1080\na.m3u8\n" },
        { "4.2 type", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,FRAME-RATE=1e3\na.m3u8\n" },
        { "4.3.1.1 first", "#EXT-X-VERSION:7\n#EXTM3U\n#EXT-X-TARGETDURATION:6\n" + Segment },
        { "4.3.1.2 once", Media + "#EXT-X-VERSION:7\n" + Segment },
        { "4.3.2 master", Master + Variant + "#EXT-X-DISCONTINUITY\n" },
        { "4.3.2.1 required", Media + "a.ts\n" },
        { "4.3.2.1 required", Media + Segment + "b.ts\n" },
        { "4.3.2.1 required", Media + "#EXTINF:5,\n" },
        { "4.3.2.1 duration", Media + "#EXTINF:5\na.ts\n" },
        { "4.3.2.1 duration", Media + "#EXTINF:-1,\na.ts\n" },
        { "4.3.2.1 duration", Media + "#EXTINF:5e0,\na.ts\n" },
        { "4.3.2.2 format", Media + "#EXT-X-BYTERANGE:5@x\n" + Segment },
        { "4.3.2.2 before", Media + "#EXT-X-BYTERANGE:5\n" + Segment },
        { "4.3.2.2 before", Media + "#EXT-X-BYTERANGE:5@0\n" + Segment + "#EXT-X-BYTERANGE:5\n#EXTINF:5,\nb.ts\n" },
        { "4.3.2.2 before", Media + Segment + "#EXT-X-BYTERANGE:5\n" + Segment },
        { "4.3.2.4 method", Media + "#EXT-X-KEY:METHOD=AES,URI=\"a\"\n" + Segment },
        { "4.3.2.4 none", Media + "#EXT-X-KEY:METHOD=NONE,URI=\"a\"\n" + Segment },
        { "4.3.2.4 uri", Media + "#EXT-X-KEY:METHOD=AES-128\n" + Segment },
        { "4.3.2.5 uri", Media + "#EXT-X-MAP:BYTERANGE=\"5@0\"\n" + Segment },
        { "4.3.2.5 range", Media + "#EXT-X-MAP:URI=\"a\",BYTERANGE=\"5@\"\n" + Segment },
        { "4.3.2.6 date", Media + "#EXT-X-PROGRAM-DATE-TIME:1 Jan 2026\n" + Segment },
        { "4.3.2.7 required", Dated + "#EXT-X-DATERANGE:START-DATE=\"2026-01-01T00:00:00Z\"\n" + Segment },
        { "4.3.2.7 required", Dated + "#EXT-X-DATERANGE:ID=\"a\"\n" + Segment },
        { "4.3.2.7 negative", Dated + Range + ",DURATION=-1\n" + Segment },
        { "4.3.2.7 negative", Dated + Range + ",PLANNED-DURATION=-0.1\n" + Segment },
        { "4.3.2.7 next", Dated + Range + ",END-ON-NEXT=NO,CLASS=\"a\"\n" + Segment },
        { "4.3.2.7 next", Dated + Range + ",END-ON-NEXT=YES\n" + Segment },
        { "4.3.2.7 next", Dated + Range + ",END-ON-NEXT=YES,CLASS=\"a\",DURATION=1\n" + Segment },
        { "4.3.2.7 end", Dated + Range + ",END-DATE=\"2025-01-01T00:00:00Z\"\n" + Segment },
        { "4.3.2.7 date", Media + Range + "\n" + Segment },
        { "4.3.3 master", Master + Variant + "#EXT-X-ENDLIST\n" },
        { "4.3.3 once", Media + "#EXT-X-TARGETDURATION:6\n" + Segment },
        { "4.3.3 once", Media + Segment + "#EXT-X-ENDLIST\n#EXT-X-ENDLIST\n" },
        { "4.3.3.1 required", "#EXTM3U\n#EXT-X-VERSION:3\n" + Segment },
        { "4.3.3.1 required", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6.5\n" + Segment },
        { "4.3.3.1 longest", Media + "#EXTINF:6.5,\na.ts\n" },
        { "4.3.3.2 place", "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n" + Segment + "#EXT-X-MEDIA-SEQUENCE:1\n" },
        { "4.3.3.3 place", Media + Segment + "#EXT-X-DISCONTINUITY-SEQUENCE:1\n" },
        { "4.3.3.3 place", Media + "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" + Segment },
        { "4.3.3.5 value", Media + "#EXT-X-PLAYLIST-TYPE:LIVE\n" + Segment },
        { "4.3.4 media", Media + Audio + ",NAME=\"x\"\n" + Segment },
        { "4.3.4.1 type", Master + "#EXT-X-MEDIA:GROUP-ID=\"a\",NAME=\"x\"\n" + Variant },
        { "4.3.4.1 type", Master + "#EXT-X-MEDIA:TYPE=SOUND,GROUP-ID=\"a\",NAME=\"x\"\n" + Variant },
        { "4.3.4.1 group", Master + "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"x\"\n" + Variant },
        { "4.3.4.1 name", Master + Audio + "\n" + Variant },
        {
            "4.3.4.1 uri",
            Master + "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"a\",NAME=\"x\",INSTREAM-ID=\"CC1\",URI=\"a\"\n" + Variant
        },
        { "4.3.4.1 yes", Master + Audio + ",NAME=\"x\",DEFAULT=yes\n" + Variant },
        { "4.3.4.1 auto", Master + Audio + ",NAME=\"x\",DEFAULT=YES,AUTOSELECT=NO\n" + Variant },
        { "4.3.4.1 forced", Master + Audio + ",NAME=\"x\",FORCED=YES\n" + Variant },
        { "4.3.4.1 instream", Master + "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"a\",NAME=\"x\"\n" + Variant },
        {
            "4.3.4.1 instream",
            Master + "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"a\",NAME=\"x\",INSTREAM-ID=\"SERVICE64\"\n" + Variant
        },
        { "4.3.4.1 instream", Master + Audio + ",NAME=\"x\",INSTREAM-ID=\"CC1\"\n" + Variant },
        { "4.3.4.1.1 names", Master + Audio + ",NAME=\"x\"\n" + Audio + ",NAME=\"x\"\n" + Variant },
        { "4.3.4.1.1 default", Master + Audio + ",NAME=\"x\",DEFAULT=YES\n" + Audio + ",NAME=\"y\",DEFAULT=YES\n" + Variant },
        {
            "4.3.4.1.1 same",
            Master + Audio + ",NAME=\"x\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"b\",NAME=\"y\"\n" + Variant
        },
        { "4.3.4.2 uri", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1\n" },
        { "4.3.4.2 uri", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1\n" + Variant },
        { "4.3.4.2 bandwidth", Master + "#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1\na.m3u8\n" },
        { "4.3.4.2 group", Master + "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\na.m3u8\n" },
        { "4.3.4.2 group", Master + Audio + ",NAME=\"x\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,SUBTITLES=\"a\"\na.m3u8\n" },
        { "4.3.4.2 group", Master + Variant + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"a\",VIDEO=\"v\"\n" },
        { "4.3.4.2 none", Master + Variant + "#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=NONE\na.m3u8\n" },
        { "4.3.4.2.1 subtitles", Master + "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"a\",NAME=\"x\"\n" + Variant },
        { "4.3.4.3 required", Master + Variant + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n" },
        { "4.3.4.3 required", Master + Variant + "#EXT-X-I-FRAME-STREAM-INF:URI=\"a\"\n" },
        { "4.3.4.3 others", Master + Variant + "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"a\",FRAME-RATE=25\n" },
        { "4.3.4.4 required", Master + Variant + "#EXT-X-SESSION-DATA:VALUE=\"a\"\n" },
        { "4.3.4.4 required", Master + Variant + "#EXT-X-SESSION-DATA:DATA-ID=\"a\"\n" },
        { "4.3.4.4 required", Master + Variant + "#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"b\",URI=\"c\"\n" },
        {
            "4.3.4.4 once",
            Master + Variant + "#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"b\"\n#EXT-X-SESSION-DATA:DATA-ID=\"a\",VALUE=\"c\"\n"
        },
        { "4.3.4.5 none", Master + Variant + "#EXT-X-SESSION-KEY:METHOD=NONE\n" },
        { "4.3.5 once", Media + "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-INDEPENDENT-SEGMENTS\n" + Segment },
        { "4.3.5.2 offset", Media + "#EXT-X-START:PRECISE=YES\n" + Segment },
        { "6.2.1 end", Media + "#EXT-X-PLAYLIST-TYPE:VOD\n" + Segment },
        { "7 version", "#EXTM3U\n#EXT-X-TARGETDURATION:6\n" + Segment },
        { "7 version", "#EXTM3U\n#EXT-X-VERSION:2\n#EXT-X-TARGETDURATION:6\n" + Segment },
        { "7 version", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-BYTERANGE:5@0\n" + Segment },
        { "7 version", "#EXTM3U\n#EXT-X-VERSION:5\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"a\"\n" + Segment },
        { "7 version", "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:6\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"a\"\n" + Segment },
        { "7 version", "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:6\n"
            + "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"a\",KEYFORMAT=\"b\"\n" + Segment },
    };

    private const string Map = "#EXT-X-MAP:URI=\"i.mp4\"\n";

    private const string Key = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n";

    /// <summary>What a playlist was and what it is, which breaks one rule and no other.</summary>
    public static TheoryData<string, string, string> BrokenUpdates { get; } = new()
    {
        { "6.2.1 change", Live(1, "a", "b", "c", "d"), Live(1, "a", "x", "c", "d") },
        { "6.2.1 change", With(Map, "a", "b"), With(Map.Replace("i.mp4", "j.mp4", StringComparison.Ordinal), "a", "b") },
        { "6.2.1 change", With(Key, "a", "b"), With(Key.Replace("\"k\"", "\"l\"", StringComparison.Ordinal), "a", "b") },
        { "6.2.1 change", With(Key, "a", "b"), With("", "a", "b") },
        { "6.2.1 change", Live(1, "a", "b"), Live(1, "a", "b").Replace("VERSION:3", "VERSION:4", StringComparison.Ordinal) },
        { "6.2.1 change", Event(1, "a", "b"), Live(1, "a", "b") },
        { "6.2.1 change", Live(5, "a", "b", "c", "d"), Live(4, "e", "f", "g", "h") },
        { "6.2.2 discontinuity", Live(1, "!a", "b"), Live(9, "c", "d", "e", "f") },
        { "6.2.2 sequence", Live(1, "a", "b", "c", "d"), Live(2, "a", "b", "c", "d", "e") },
        { "6.2.1 target", Live(1, "a", "b"), Live(1, "a", "b").Replace("DURATION:6", "DURATION:7", StringComparison.Ordinal) },
        { "6.2.2 sequence", Live(1, "a", "b", "c", "d"), Live(1, "b", "c", "d", "e") },
        { "6.2.2 sequence", Live(1, "a", "b", "c", "d"), Live(3, "b", "c", "d", "e") },
        { "6.2.1 event", Event(1, "a", "b", "c", "d"), Event(2, "b", "c", "d", "e") },
        { "4.3.3.4 ended", Live(1, "a", "b", "c", "d") + "#EXT-X-ENDLIST\n", Live(1, "a", "b", "c", "d", "e") + "#EXT-X-ENDLIST\n" },
        { "6.2.2 discontinuity", Live(1, "!a", "b", "c", "d"), Live(2, "b", "c", "d", "e") },
        { "6.2.2 short", Live(1, "a", "b", "c", "d"), Live(3, "c", "d") },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_rule_is_found(string rule, string text) =>
        Assert.Equal([rule], PlaylistTexts.Validate(text).Select(static found => found.Rule.Id).Distinct());

    [Theory]
    [MemberData(nameof(BrokenUpdates))]
    public void A_change_that_breaks_a_rule_is_found(string rule, string before, string after)
    {
        Assert.Empty(PlaylistTexts.Validate(before));
        Assert.Empty(PlaylistTexts.Validate(after));
        Assert.Equal([rule], Update(before, after));
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_found() =>
        Assert.Equal(
            "4.1 utf8",
            PlaylistValidator.Validate([.. Encoding.UTF8.GetBytes(Media), .. "#EXTINF:5,"u8, 0xFF, .. "\na.ts\n"u8]).Single().Rule.Id);

    [Fact]
    public void Tags_of_both_kinds_are_found() =>
        Assert.Equal(
            ["4.1 kind", "4.3.2 master"],
            PlaylistTexts.Validate(Master + Variant + "#EXTINF:5,\n").Select(static found => found.Rule.Id));

    [Theory]
    [InlineData("6.2.4 target", "#EXT-X-TARGETDURATION:6", "#EXT-X-TARGETDURATION:7")]
    [InlineData("6.2.4 type", "#EXT-X-PLAYLIST-TYPE:EVENT", "#X")]
    public void Playlists_of_one_title_that_do_not_fit_are_found(string rule, string line, string other)
    {
        string first = Event(1, "a");
        string second = first.Replace(line, other, StringComparison.Ordinal);
        Assert.Empty(PlaylistValidator.ValidateTogether([Encoding.UTF8.GetBytes(first), Encoding.UTF8.GetBytes(first)]));
        byte[][] both = [Encoding.UTF8.GetBytes(first), Encoding.UTF8.GetBytes(second)];
        Assert.Equal(rule, PlaylistValidator.ValidateTogether(both).Single().Rule.Id);
    }

    [Fact]
    public void Every_rule_has_a_violation_that_is_found()
    {
        string[] elsewhere =
        [
            "4.1 utf8", "4.1 kind", "6.2.4 target", "6.2.4 type", "bis 6.2.4 control", "bis 6.2.4 dates", "bis 6.2.5.1 equal",
        ];
        string[] shown =
        [
            .. Broken.Select(static row => row.Data.Item1), .. BrokenUpdates.Select(static row => row.Data.Item1), .. elsewhere,
            .. LowLatencyValidatorTests.Broken.Select(static row => row.Data.Item1),
            .. LowLatencyValidatorTests.BrokenUpdates.Select(static row => row.Data.Item1),
            .. LivePlaylistCheckerTests.Faults.SelectMany(static row => row.Data.Item1.Split(", ", StringSplitOptions.RemoveEmptyEntries)),
        ];
        Assert.Equal(
            PlaylistRule.All.Select(static rule => rule.Id).Order(StringComparer.Ordinal),
            shown.Distinct().Order(StringComparer.Ordinal));
        Assert.Distinct(PlaylistRule.All.Select(static rule => rule.Id));
    }

    /// <summary>The playlists of RFC 8216, section 8, and what else is allowed.</summary>
    [Theory]
    [InlineData("""
        #EXTM3U
        #EXT-X-TARGETDURATION:10
        #EXT-X-VERSION:3
        #EXTINF:9.009,
        http://media.example.com/first.ts
        #EXTINF:9.009,
        http://media.example.com/second.ts
        #EXTINF:3.003,
        http://media.example.com/third.ts
        #EXT-X-ENDLIST
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-VERSION:3
        #EXT-X-TARGETDURATION:8
        #EXT-X-MEDIA-SEQUENCE:2680

        #EXTINF:7.975,
        https://priv.example.com/fileSequence2680.ts
        #EXTINF:7.941,
        https://priv.example.com/fileSequence2681.ts
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-VERSION:3
        #EXT-X-MEDIA-SEQUENCE:7794
        #EXT-X-TARGETDURATION:15

        #EXT-X-KEY:METHOD=AES-128,URI="https://priv.example.com/key.php?r=52"

        #EXTINF:2.833,
        http://media.example.com/fileSequence52-A.ts
        #EXTINF:15.0,
        http://media.example.com/fileSequence52-B.ts
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-STREAM-INF:BANDWIDTH=1280000,AVERAGE-BANDWIDTH=1000000
        http://example.com/low.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=65000,CODECS="mp4a.40.5"
        http://example.com/audio-only.m3u8
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-STREAM-INF:BANDWIDTH=1280000
        low/audio-video.m3u8
        #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=86000,URI="low/iframe.m3u8"
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",DEFAULT=YES,AUTOSELECT=YES,LANGUAGE="en",URI="main/english-audio.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Deutsch",DEFAULT=NO,AUTOSELECT=YES,LANGUAGE="de",URI="main/german-audio.m3u8"
        #EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="...",AUDIO="aac"
        low/video-only.m3u8
        #EXT-X-STREAM-INF:BANDWIDTH=65000,CODECS="mp4a.40.5",AUDIO="aac"
        main/english-audio.m3u8
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",NAME="x",INSTREAM-ID="SERVICE63"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",CHANNELS="2",URI="a.m3u8"
        #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="x",CHANNELS="6",URI="b.m3u8"
        #EXT-X-SESSION-DATA:DATA-ID="x",VALUE="a,b=c",LANGUAGE="en"
        #EXT-X-SESSION-DATA:DATA-ID="x",VALUE="a",LANGUAGE="de"
        #EXT-X-SESSION-KEY:METHOD=AES-128,URI="k"
        #EXT-X-START:TIME-OFFSET=-1.5,PRECISE=NO
        #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="b",CLOSED-CAPTIONS="c",UNKNOWN=0x1F
        v.m3u8
        """)]
    [InlineData("""
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-TARGETDURATION:6
        # a comment
        #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000+01:00
        #EXT-X-DATERANGE:ID="a",START-DATE="2026-01-01T00:00:00Z",END-ON-NEXT=YES,CLASS="c"
        #EXT-X-MAP:URI="i.mp4",BYTERANGE="5@0"
        #EXT-X-KEY:METHOD=NONE
        #EXT-X-BYTERANGE:5@5
        #EXTINF:6.499,a title
        a.m4s
        #EXT-X-BYTERANGE:5
        #EXTINF:6,
        a.m4s
        #UNKNOWN
        #EXT-X-UNKNOWN:a b
        """)]
    public void A_sound_playlist_breaks_nothing(string text)
    {
        Assert.Empty(PlaylistTexts.Validate(text));
        Assert.Empty(PlaylistTexts.Validate(text.ReplaceLineEndings("\r\n")));
    }

    [Fact]
    public void A_sound_change_breaks_nothing()
    {
        Assert.Empty(Update(Live(1, "a", "b", "c", "d"), Live(1, "a", "b", "c", "d")));
        Assert.Empty(Update(Live(1, "a", "b", "c", "d"), Live(3, "c", "d", "e", "f")));
        Assert.Empty(Update(Live(1, "a", "b"), Live(3, "c", "d", "e", "f"))); // all are gone
        Assert.Empty(Update(Live(1, "a", "b"), Live(20, "c", "d", "e", "f"))); // and others that nobody has seen
        Assert.Empty(Update(With(Map + Key, "a", "b", "c", "d"), With(Key + Map, "a", "b", "c", "d", "e")));
        Assert.Empty(Update(With(Key, "a") + "#EXT-X-KEY:METHOD=NONE\n", With(Key, "a")));
        Assert.Empty(Update(Event(1, "a"), Event(1, "a", "b") + "#EXT-X-ENDLIST\n"));
        string shorter = Live(2, "b", "c", "d", "e")
            .Replace("#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE", StringComparison.Ordinal);
        Assert.Empty(Update(Live(1, "!a", "b", "c", "d"), shorter));
    }

    private static string Live(int sequence, params string[] segments) =>
        $"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n"
        + string.Concat(segments.Select(name =>
            $"{(name[0] == '!' ? "#EXT-X-DISCONTINUITY\n" : "")}#EXTINF:6.0,\n{name.TrimStart('!')}.ts\n"));

    /// <summary>A live playlist with tags that are in force for all segments.</summary>
    private static string With(string tags, params string[] segments) =>
        Live(1, segments).Replace("VERSION:3", "VERSION:6", StringComparison.Ordinal)
            .Replace("#EXT-X-MEDIA-SEQUENCE:1\n", $"#EXT-X-MEDIA-SEQUENCE:1\n{tags}", StringComparison.Ordinal);

    private static string Event(int sequence, params string[] segments) =>
        Live(sequence, segments)
            .Replace("#EXT-X-MEDIA-SEQUENCE", "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MEDIA-SEQUENCE", StringComparison.Ordinal);

    private static IEnumerable<string> Update(string before, string after) =>
        PlaylistValidator.ValidateUpdate(Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after))
            .Select(static found => found.Rule.Id);
}
