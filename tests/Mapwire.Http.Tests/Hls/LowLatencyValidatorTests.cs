using System.Text;
using Mapwire.PlaylistRules;

namespace Mapwire.Http.Tests.Hls;

/// <summary>
/// The validator finds a made violation of each rule of draft-pantos-hls-rfc8216bis, and nothing in sound live playlists of low latency.
/// </summary>
public sealed class LowLatencyValidatorTests
{
    /// <summary>Parts of 12 whole segments and of an open one: segments 2 to 11, and 12 with two parts.</summary>
    private const int Parts = 50;

    private const string Control = "PART-HOLD-BACK=1.500,CAN-SKIP-UNTIL=12.000";
    private const string Skip = "#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n";
    private const string Report = "#EXT-X-RENDITION-REPORT:URI=\"a1.m3u8\",LAST-MSN=217000012,LAST-PART=1\n";
    private const string Map = "#EXT-X-MAP:URI=\"v1-init-217000003.mp4\"\n";

    private const string FirstOpen = "#EXT-X-PART:DURATION=0.500,INDEPENDENT=YES,URI=\"v1-217000012-part-1.m4s\"\n";
    private const string SecondOpen = "#EXT-X-PART:DURATION=0.500,URI=\"v1-217000012-part-2.m4s\"\n";
    private const string ThirdOpen = "#EXT-X-PART:DURATION=0.500,URI=\"v1-217000012-part-3.m4s\"\n";
    private const string OpenDate = "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T20:00:31.250Z\n";
    private const string Info = "#EXT-X-PART-INF:PART-TARGET=0.500\n";

    /// <summary>A playlist that breaks one rule and no other.</summary>
    public static TheoryData<string, string> Broken { get; } = new()
    {
        { "3.3 map", Change(LiveTexts.Write(2), "#EXT-X-MAP:URI=\"v1-init-217000000.mp4\"\n", "") },
        { "4.2 type", Whole("PART-TARGET=0.500", "PART-TARGET=\"0.5\"") },
        { "4.2 type", Whole(FirstOpen, FirstOpen.Replace("INDEPENDENT=YES", "INDEPENDENT=NO", StringComparison.Ordinal)) },
        { "4.3.2 master", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n" + FirstOpen },
        { "4.3.3 master", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n" + Info },
        { "4.3.3 once", Whole(Info, Info + Info) },
        { "4.3.3.2 place", Move(LiveTexts.Write(2), "#EXT-X-MEDIA-SEQUENCE:217000000\n", PartLine(0, 1)) },
        { "4.3.3.3 place", Move(LiveTexts.Write(2), "#EXT-X-DISCONTINUITY-SEQUENCE:5\n", PartLine(0, 1)) },
        { "bis 3.2 sum", Whole(PartLine(11, 1), PartLine(11, 1, "0.450")) },
        { "bis 3.2 sum", Whole(PartLine(11, 3), "") },
        { "bis 3.2 sum", Whole(PartLine(11, 1), PartLine(11, 1, "0.494")) },
        { "bis 3.2 sum", Move(LiveTexts.Write(Parts), PartLine(11, 3), OpenDate) }, // of the next one, where it stands now
        { "bis 3.2 parent", LiveTexts.Write(Parts, isEnded: true) },
        { "bis 4.4.3.7 required", Whole(Info, "") },
        { "bis 4.4.3.7 target", Whole("PART-TARGET=0.500", "X-TARGET=0.500") },
        { "bis 4.4.3.8 skip", Whole("CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL=11.999") },
        { "bis 4.4.3.8 dates", Whole("CAN-SKIP-UNTIL=12.000", "CAN-SKIP-DATERANGES=YES") },
        { "bis 4.4.3.8 hold", Whole(Control, Control + ",HOLD-BACK=5.999") },
        { "bis 4.4.3.8 required", Whole("PART-HOLD-BACK=1.500,", "") },
        { "bis 4.4.3.8 required", Whole("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES," + Control + "\n", "") },
        { "bis 4.4.3.8 part", Whole("PART-HOLD-BACK=1.500", "PART-HOLD-BACK=0.999") },
        { "bis 4.4.4.9 required", Whole(SecondOpen, "#EXT-X-PART:DURATION=0.500\n") },
        { "bis 4.4.4.9 required", Whole(SecondOpen, "#EXT-X-PART:URI=\"v1-217000012-part-2.m4s\"\n") },
        { "bis 4.4.4.9 longest", Whole(SecondOpen, PartLine(12, 1, "0.501")) },
        { "bis 4.4.4.9 longest", Whole(FirstOpen, PartLine(12, 0, "0.501")) }, // also where it is independent
        { "bis 4.4.4.9 shortest", Change(LiveTexts.Write(Parts + 1), SecondOpen, PartLine(12, 1, "0.424")) },
        { "bis 4.4.4.9 before", Whole(SecondOpen, Map + SecondOpen) },
        { "bis 4.4.4.9 before", Whole(SecondOpen, "#EXT-X-DISCONTINUITY\n" + SecondOpen) },
        { "bis 4.4.4.9 before", Whole(SecondOpen, "#EXT-X-KEY:METHOD=NONE\n" + SecondOpen) },
        { "bis 4.4.4.9 before", Whole(SecondOpen, OpenDate + SecondOpen) },
        { "bis 4.4.4.9 before", Whole("#EXTINF:2.000,\nv1-217000011.m4s", Map + "#EXTINF:2.000,\nv1-217000011.m4s") },
        { "bis 4.4.4.9 range", Whole(FirstOpen, FirstOpen.Replace(",URI", ",BYTERANGE=\"5\",URI", StringComparison.Ordinal)) },
        { "bis 4.4.4.9 range", Whole(FirstOpen, FirstOpen.Replace(",URI", ",BYTERANGE=\"5@\",URI", StringComparison.Ordinal)) },
        { "bis 4.4.4.9 range", Whole(",URI=\"v1-217000012-part-2", ",BYTERANGE=\"5\",URI=\"v1-217000012-part-2", AsRange) },
        { "bis 4.4.5 once", Updated(Skip, Skip + Skip) },
        { "bis 4.4.5.2 required", Updated(Skip, "#EXT-X-SKIP:X-SEGMENTS=5\n") },
        { "bis 4.4.5.2 place", Move(LiveTexts.Write(Parts, 5), Skip, "v1-217000007.m4s\n") },
        { "bis 4.4.5.3 required", Whole("HINT:TYPE=PART,", "HINT:") },
        { "bis 4.4.5.3 required", Whole("HINT:TYPE=PART", "HINT:TYPE=SEGMENT") },
        { "bis 4.4.5.3 required", Whole("HINT:TYPE=PART,URI=\"v1-217000012-part-3.m4s\"", "HINT:TYPE=PART") },
        { "bis 4.4.5.3 ended", LiveTexts.Write(48, isEnded: true) + "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"a\"\n" },
        { "bis 4.4.5.4 required", Whole("REPORT:URI=\"a1.m3u8\",", "REPORT:") },
        { "bis 4.4.5.4 relative", Whole("REPORT:URI=\"", "REPORT:URI=\"http://localhost/") },
        { "bis 4.4.5.4 relative", Whole("REPORT:URI=\"", "REPORT:URI=\"//localhost/") },
        { "own 4.4.5.4 said", Whole(",LAST-MSN=217000012", "") },
        { "own 4.4.5.4 said", Whole(",LAST-PART=1", "") },
        { "bis 6.2.1 overlap", Whole("20:00:31.250Z", "20:00:30.250Z") },
        { "own 6.2.1 dates", Whole("20:00:31.250Z", "20:00:31.253Z") },
        { "own 6.2.1 dates", Whole("20:00:31.250Z", "20:00:30.251Z") },
        { "own 6.2.1 dates", Whole("20:00:31.250Z", "20:00:31.300Z", DropDates) },
        { "bis 6.2.5.1 until", Updated(",CAN-SKIP-UNTIL=12.000", "") },
        { "bis 6.2.5.1 ended", LiveTexts.Write(48, 5, isEnded: true) },
        { "bis 6.2.5.1 all", LiveTexts.Write(Parts, 2) },
        { "bis 8 version", Updated("VERSION:9", "VERSION:8") },
        { "bis 8 version", Updated(Skip, Skip.TrimEnd() + ",RECENTLY-REMOVED-DATERANGES=\"a\tb\"\n") },
        { "bis 8 version", Whole("VERSION:9", "VERSION:7", static text => text + "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n") },
        { "bis 8 version", Whole("VERSION:9", "VERSION:10", static text => text + "#EXT-X-DEFINE:QUERYPARAM=\"a\"\n") },
    };

    /// <summary>What a playlist was and what it is, which breaks one rule and no other.</summary>
    public static TheoryData<string, string, string> BrokenUpdates { get; } = new()
    {
        // What is in force for an open segment, and the dates of whole ones, stay.
        { "6.2.1 change", LiveTexts.Write(Parts), Whole(FirstOpen, "#EXT-X-MAP:URI=\"other.mp4\"\n" + FirstOpen) },
        { "6.2.1 change", LiveTexts.Write(48), Change(LiveTexts.Write(48), "T20:", "T21:") },
        { "6.2.1 change", LiveTexts.Write(Parts), Whole("v1-217000005.m4s", "other.m4s") },
        { "6.2.1 change", LiveTexts.Write(Parts), Change(LiveTexts.Write(Parts, 5), "v1-217000007.m4s", "other.m4s") },
        { "6.2.1 stays", LiveTexts.Write(48, isEnded: true), LiveTexts.Write(48) },
        { "6.2.2 sequence", LiveTexts.Write(Parts), Change(LiveTexts.Write(Parts), "SEQUENCE:217000002", "SEQUENCE:217000001") },
        { "6.2.2 discontinuity", LiveTexts.Write(56), Change(LiveTexts.Write(57), "DISCONTINUITY-SEQUENCE:6", "DISCONTINUITY-SEQUENCE:4") },
        { "6.2.2 said", Unsaid(LiveTexts.Write(51)), Unsaid(LiveTexts.Write(52)) },
        { "bis 4.4.5.3 kept", LiveTexts.Write(Parts), Change(LiveTexts.Write(Parts + 1), LiveTexts.PartUri(12, 2), "other.m4s") },
        { "bis 4.4.5.3 kept", LiveTexts.Write(Parts), Whole(LiveTexts.PartUri(12, 2), "other.m4s") },
        { "bis 4.4.5.3 kept", LiveTexts.Write(Parts), Whole("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v1-217000012-part-3.m4s\"\n", "") },
        { "bis 4.4.5.3 kept", LiveTexts.Write(48), Change(LiveTexts.Write(49), LiveTexts.PartUri(12, 0), "other.m4s") },
        { "bis 4.4.5.3 kept", LiveTexts.Write(47), Change(LiveTexts.Write(49), LiveTexts.PartUri(11, 3), "other.m4s") },
        { "bis 4.4.5.4 back", LiveTexts.Write(Parts), Whole(",LAST-PART=1", ",LAST-PART=0") },
        { "bis 4.4.5.4 back", LiveTexts.Write(Parts), Whole("LAST-MSN=217000012", "LAST-MSN=217000011") },
        { "bis 6.2.1 control", LiveTexts.Write(Parts), Whole("PART-HOLD-BACK=1.500", "PART-HOLD-BACK=1.501") },
        { "bis 6.2.1 control", LiveTexts.Write(Parts), Whole("PART-TARGET=0.500", "PART-TARGET=0.501") },
        { "bis 6.2.1 control", LiveTexts.Write(Parts), Change(LiveTexts.Write(Parts, 5), "BACK=1.500", "BACK=1.501") },
        { "bis 6.2.1 parts", LiveTexts.Write(Parts), Whole(LiveTexts.PartUri(12, 1), "other.m4s") },
        { "bis 6.2.1 parts", LiveTexts.Write(Parts), Whole(LiveTexts.PartUri(11, 1), "other.m4s") },
        { "bis 6.2.1 parts", LiveTexts.Write(Parts), Whole(SecondOpen, PartLine(12, 1, "0.499")) },
        { "bis 6.2.1 parts", LiveTexts.Write(Parts), Whole(",INDEPENDENT=YES,URI=\"v1-217000012", ",URI=\"v1-217000012") },
        { "bis 6.2.1 parts", WithoutReport(LiveTexts.Write(Parts)), WithoutReport(LiveTexts.Write(Parts - 1)) },
        { "bis 6.2.1 parts", WithoutReport(LiveTexts.Write(Parts)), WithoutReport(LiveTexts.Write(48)) },
        { "bis 6.2.1 parts", LiveTexts.Write(Parts, edge: 4), LiveTexts.Write(Parts) },
        { "bis 6.2.1 parts", LiveTexts.Write(Parts), Change(LiveTexts.Write(Parts, isEnded: true), FirstOpen + SecondOpen, "") },
        { "bis 6.2.2 edge", LiveTexts.Write(48), LiveTexts.Write(49, edge: 4) },
        { "bis 6.2.2 edge", LiveTexts.Write(48), LiveTexts.Write(48, edge: 5.9) },
        { "bis 6.2.2 order", LiveTexts.Write(48, edge: 10), WithoutPartsOf(LiveTexts.Write(48, edge: 10), 7) },
        { "bis 6.2.5.1 nearer", LiveTexts.Write(Parts), LiveTexts.Write(Parts, 6) },
        { "bis 6.2.5.1 known", LiveTexts.Write(16), LiveTexts.WriteUpdate(Parts) },
        { "bis 6.2.5.1 known", LiveTexts.Write(60), LiveTexts.WriteUpdate(Parts) },
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
        Assert.Equal([rule], Update(before, after).Select(static found => found.Rule.Id).Distinct());
    }

    /// <summary>A stream from its first part to its end, every step and every few steps, whole and by updates.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(45)] // whatever was known is gone
    public void A_sound_stream_breaks_nothing(int step)
    {
        string before = LiveTexts.Write(1);
        Assert.Empty(PlaylistTexts.Validate(before));
        for (int parts = 1 + step; parts < 140; parts += step)
        {
            string whole = LiveTexts.Write(parts);
            string update = LiveTexts.WriteUpdate(parts);
            Assert.Empty(PlaylistTexts.Validate(whole));
            Assert.Empty(PlaylistTexts.Validate(update));
            Assert.Empty(Update(before, whole));
            if (step < 20)
            {
                Assert.Empty(Update(before, update));
                byte[] merged = Merge(before, update)!;
                Assert.Empty(PlaylistValidator.Validate(merged));
                Assert.Empty(PlaylistValidator.ValidateMerged(merged, Encoding.UTF8.GetBytes(whole)));
                before = Encoding.UTF8.GetString(merged);
            }
            else
            {
                before = whole;
            }
        }

        string ended = LiveTexts.Write(140, isEnded: true);
        Assert.Empty(PlaylistTexts.Validate(ended));
        Assert.Empty(Update(before, ended));
        Assert.Empty(Update(ended, ended));
    }

    [Theory]
    [InlineData(SecondOpen, "#EXT-X-PART:DURATION=0.425,URI=\"v1-217000012-part-2.m4s\"\n")] // 85 %
    [InlineData(SecondOpen, "#EXT-X-PART:DURATION=0.1,INDEPENDENT=YES,URI=\"v1-217000012-part-2.m4s\"\n")]
    [InlineData(SecondOpen, "#EXT-X-PART:DURATION=0.1,GAP=YES,URI=\"v1-217000012-part-2.m4s\"\n")]
    [InlineData(ThirdOpen, "#EXT-X-PART:DURATION=0.1,URI=\"v1-217000012-part-3.m4s\"\n")] // the last one so far
    [InlineData("DURATION=0.500,URI=\"v1-217000011-part-2", "DURATION=0.495,URI=\"v1-217000011-part-2")] // five numbers to a millisecond
    [InlineData(SecondOpen + "#EXT-X-PART:DURATION=0.500,", "#EXT-X-PART:DURATION=0.1,URI=\"v1-217000012-part-2.m4s\"\n"
        + "#EXT-X-PART:DURATION=0.1,GAP=YES,")] // before a gap
    [InlineData("VERSION:9", "VERSION:6")] // parts alone need none of the draft
    [InlineData("CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,HOLD-BACK=6")]
    [InlineData("REPORT:URI=\"", "REPORT:URI=\"../x/")]
    [InlineData("REPORT:URI=\"", "REPORT:URI=\"/live/")]
    [InlineData("20:00:31.250Z", "20:00:31.251Z")] // rounding
    public void What_is_allowed_in_a_playlist_breaks_nothing(string from, string to) =>
        Assert.Empty(PlaylistTexts.Validate(Change(LiveTexts.Write(Parts + 1), from, to)));

    [Fact]
    public void Parts_of_a_last_short_segment_and_of_rounded_numbers_are_sound()
    {
        // 1024 samples of 44.1 kHz: 0.5 s are 21 frames.
        string text = """
            #EXTM3U
            #EXT-X-VERSION:9
            #EXT-X-TARGETDURATION:1
            #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5
            #EXT-X-PART-INF:PART-TARGET=0.5
            #EXT-X-MAP:URI="a1-init-1.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-11-30T20:00:00.000Z
            #EXT-X-PART:DURATION=0.48762,INDEPENDENT=YES,URI="a1-1-part-1.m4s"
            #EXT-X-PART:DURATION=0.48762,INDEPENDENT=YES,URI="a1-1-part-2.m4s"
            #EXTINF:0.97523,
            a1-1.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-11-30T20:00:00.975Z
            #EXT-X-PART:DURATION=0.20898,INDEPENDENT=YES,URI="a1-2-part-1.m4s"
            #EXTINF:0.209,
            a1-2.m4s
            #EXT-X-ENDLIST
            """;
        Assert.Empty(PlaylistTexts.Validate(text));
    }

    [Fact]
    public void Parts_that_are_ranges_of_one_resource_are_sound()
    {
        string text = LiveTexts.Write(Parts);
        text = Change(text, FirstOpen, "#EXT-X-PART:DURATION=0.5,INDEPENDENT=YES,URI=\"x.m4s\",BYTERANGE=\"700@0\"\n");
        text = Change(text, SecondOpen, "#EXT-X-PART:DURATION=0.5,URI=\"x.m4s\",BYTERANGE=\"300\"\n");
        Assert.Empty(PlaylistTexts.Validate(text));
    }

    [Fact]
    public void Dates_start_anew_at_a_discontinuity_and_may_be_left_out() =>
        Assert.Empty(PlaylistTexts.Validate(DropDates(LiveTexts.Write(20))));

    [Fact]
    public void An_update_that_is_merged_but_not_the_whole_playlist_is_found()
    {
        string before = Change(LiveTexts.Write(Parts), "v1-217000005.m4s", "v1-other.m4s");
        byte[] merged = Merge(before, LiveTexts.WriteUpdate(Parts))!;
        Assert.Equal("bis 6.2.5.1 equal", Compare(merged, LiveTexts.Write(Parts)).Single().Rule.Id);
        merged = Merge(LiveTexts.Write(Parts), LiveTexts.Write(Parts, 4))!;
        Assert.Empty(Compare(merged, LiveTexts.Write(Parts)));
        Assert.Equal("bis 6.2.5.1 equal", Compare(merged, Whole(SecondOpen, PartLine(12, 1, "0.499"))).Single().Rule.Id);
        string next = Change(LiveTexts.Write(Parts + 1), SecondOpen, PartLine(12, 1, "0.499"));
        Assert.Equal("bis 6.2.1 parts", Compare(merged, next).Single().Rule.Id);
    }

    [Fact]
    public void A_merged_update_has_what_is_in_force_from_segments_that_are_gone()
    {
        // The only EXT-X-MAP stands before segment 3, and segment 4 is the first one of the update.
        string whole = LiveTexts.Write(56);
        string update = Change(LiveTexts.Write(56, 3), Map, "");
        Assert.Empty(PlaylistTexts.Validate(update));
        byte[] merged = Merge(LiveTexts.Write(55), update)!;
        Assert.Empty(Compare(merged, whole));
        Assert.Null(PlaylistValidator.MergeUpdate(Encoding.UTF8.GetBytes(update), Encoding.UTF8.GetBytes(update)));
    }

    [Fact]
    public void Date_ranges_that_an_update_leaves_out_are_kept_but_for_removed_ones()
    {
        const string a = "#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2026-11-30T20:00:20Z\"\n";
        string before = LiveTexts.Write(49) + a + a.Replace("\"a\"", "\"b\"", StringComparison.Ordinal);
        string update = Change(LiveTexts.WriteUpdate(Parts), "SEGMENTS=5", "SEGMENTS=5,RECENTLY-REMOVED-DATERANGES=\"b\tc\"");
        string merged = Encoding.UTF8.GetString(Merge(before, Change(update, "VERSION:9", "VERSION:10"))!);
        Assert.Contains(a, merged, StringComparison.Ordinal);
        Assert.DoesNotContain("ID=\"b\"", merged, StringComparison.Ordinal);
        Assert.Empty(PlaylistTexts.Validate(Change(update, "VERSION:9", "VERSION:10")));
    }

    [Theory]
    [InlineData("bis 6.2.4 control", ",CAN-SKIP-UNTIL=12.000", "")]
    [InlineData("bis 6.2.4 control", "CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL=13")]
    [InlineData("bis 6.2.4 dates", "#EXT-X-PROGRAM-DATE-TIME:", "#X:")]
    public void Playlists_of_one_stream_that_do_not_fit_are_found(string rule, string from, string to)
    {
        byte[] one = Encoding.UTF8.GetBytes(LiveTexts.Write(Parts));
        Assert.Empty(PlaylistValidator.ValidateTogether([one, one]));
        byte[] other = Encoding.UTF8.GetBytes(Whole(from, to));
        Assert.Equal(rule, PlaylistValidator.ValidateTogether([one, other]).Single().Rule.Id);
    }

    [Fact]
    public void A_violation_names_where_its_rule_stands()
    {
        Assert.StartsWith("draft-pantos-hls-rfc8216bis-22, 3.2 sum", PlaylistTexts.Validate(Whole(PartLine(11, 3), ""))[0].ToString(),
            StringComparison.Ordinal);
        Assert.StartsWith("Mapwire beyond", PlaylistTexts.Validate(Whole(",LAST-PART=1", ""))[0].ToString(), StringComparison.Ordinal);
    }

    private static string PartLine(int segment, int part, string duration = "0.500") =>
        $"#EXT-X-PART:DURATION={duration}{(part == 0 ? ",INDEPENDENT=YES" : "")},URI=\"{LiveTexts.PartUri(segment, part)}\"\n";

    private static string Change(string text, string from, string to) => LiveTexts.Change(text, from, to);

    private static string Whole(string from, string to, Func<string, string>? also = null)
    {
        string text = Change(LiveTexts.Write(Parts), from, to);
        return also is null ? text : also(text);
    }

    private static string Updated(string from, string to) => Change(LiveTexts.WriteUpdate(Parts), from, to);

    /// <summary>A line stands behind another one.</summary>
    private static string Move(string text, string line, string behind) => Change(Change(text, line, ""), behind, behind + line);

    private static string WithoutPartsOf(string text, int segment) =>
        Enumerable.Range(0, LiveTexts.PartsPerSegment).Aggregate(text, (rest, part) => Change(rest, PartLine(segment, part), ""));

    private static string WithoutReport(string text) => text[..text.IndexOf("#EXT-X-RENDITION-REPORT", StringComparison.Ordinal)];

    /// <summary>Some segments have no date.</summary>
    private static string DropDates(string text) => string.Concat(text.Split('\n').Where(static line => line.Length > 0
        && !((string[])["00:02.000Z", "00:27.250Z", "00:29.250Z"]).Any(line.EndsWith)).Select(static line => line + "\n"));

    private static string Unsaid(string text) => Change(text, "#EXT-X-DISCONTINUITY-SEQUENCE:5\n", "");

    /// <summary>The first part of the open segment is a range of another resource than the second.</summary>
    private static string AsRange(string text) =>
        Change(text, ",URI=\"v1-217000012-part-1", ",BYTERANGE=\"5@0\",URI=\"v1-217000012-part-1");

    private static IReadOnlyList<Violation> Update(string before, string after) =>
        PlaylistValidator.ValidateUpdate(Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after));

    private static byte[]? Merge(string before, string update) =>
        PlaylistValidator.MergeUpdate(Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(update));

    private static IReadOnlyList<Violation> Compare(byte[] merged, string whole) =>
        PlaylistValidator.ValidateMerged(merged, Encoding.UTF8.GetBytes(whole));
}
