using Mapwire.PlaylistRules;

namespace Mapwire.Http.Tests.Hls;

/// <summary>The checker follows a sound live playlist to its end, and finds each fault that a server commits on the way.</summary>
public sealed class LivePlaylistCheckerTests
{
    /// <summary>The rules that a fault breaks, in their order, and the fault.</summary>
    public static TheoryData<string, string> Faults { get; } = new()
    {
        { "", "none" },
        { "bis 6.2.5.2 defer", "an answer that comes before what was asked for" },
        { "bis 6.2.5.2 defer", "an answer at the end of a segment to a part behind it" },
        { "bis 6.2.5.2 defer", "an answer before a segment, without parts" },
        { "own 6.2.5.2 answer", "no answer" },
        { "bis 6.2.1 part late", "a part that comes late" },
        { "bis 6.2.1 segment late", "a segment that comes late" },
        { "bis 6.2.5.1 all", "an update that is the whole playlist" },
        { "bis 6.2.5.1 all", "an update that skips too little" },
        { "bis 6.2.5.1 nearer", "an update that skips too much" },
        { "bis 6.2.5.1 known", "an update that skips what nobody has seen" },
        { "bis 6.2.5.1 equal", "an update with another hint" },
        { "6.2.1 change", "an update that counts one segment too many" },
        { "bis 4.4.5.3 kept", "a part that was hinted by another name" },
        { "bis 6.2.1 parts", "a part that changes its name" },
        { "bis 6.2.2 edge", "parts that leave early" },
        { "6.2.1 change", "a segment that changes its name" },
        { "6.2.1 change, bis 6.2.5.2 defer", "numbers that go back" },
        { "6.2.2 discontinuity", "a discontinuity sequence that goes back" },
        { "bis 6.2.1 control", "a hold back that changes" },
        { "own 6.2.1 dates", "a date that is 40 ms late" },
        { "bis 3.2 sum", "a segment that is longer than its parts" },
        { "bis 4.4.5.4 back", "a report that goes back" },
        { "bis 4.4.5.3 ended", "a hint at the end" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_of_the_server_is_found(string rules, string fault)
    {
        LivePlaylistChecker checker = await FollowAsync(CreateServer(fault));
        Assert.Equal(
            rules.Split(", ", StringSplitOptions.RemoveEmptyEntries),
            checker.Violations.Select(static found => found.Violation.Rule.Id).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_sound_playlist_is_followed_to_its_end_and_all_of_it_is_counted()
    {
        ScriptedServer server = CreateServer("none");
        LivePlaylistChecker checker = await FollowAsync(server);
        Assert.True(checker.IsEnded);
        Assert.Equal(20, checker.Segments);
        Assert.Equal(13 + ScriptedServer.LastParts - ScriptedServer.FirstParts, checker.Parts); // 13 were in the first answer
        Assert.Equal(19, checker.Updates);
        Assert.Equal(19, checker.ComparedUpdates);
        Assert.Equal(1 + 39 + 19, checker.Reloads);
        Assert.Equal(server.Asked.Count, checker.Reloads);
        Assert.Equal(TimeSpan.FromSeconds(0.5), checker.LongestPartInterval);
        Assert.Equal(TimeSpan.FromSeconds(2), checker.LongestSegmentInterval);
        Assert.Equal(
            [
                "v1.m3u8", "v1.m3u8?_HLS_msn=217000010&_HLS_part=1", "v1.m3u8?_HLS_msn=217000010&_HLS_part=2&_HLS_skip=YES",
                "v1.m3u8?_HLS_msn=217000010&_HLS_part=2", "v1.m3u8?_HLS_msn=217000010&_HLS_part=3",
                "v1.m3u8?_HLS_msn=217000011&_HLS_part=0&_HLS_skip=YES",
            ],
            server.Asked.Take(6));
    }

    [Fact]
    public async Task A_violation_says_when_it_was_and_what_was_asked_for()
    {
        LivePlaylistChecker checker = await FollowAsync(CreateServer("no answer"));
        LiveViolation found = checker.Violations.Single();
        Assert.Equal(TimeSpan.FromSeconds(4.5), found.At);
        Assert.Equal("v1.m3u8?_HLS_msn=217000012&_HLS_part=1", found.Address);
        Assert.StartsWith("4.500 s, v1.m3u8?_HLS_msn=217000012&_HLS_part=1: Mapwire beyond", found.ToString(), StringComparison.Ordinal);
        Assert.Contains("there is none", found.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_longest_delay_is_that_from_the_list_to_the_arrival()
    {
        ScriptedServer server = CreateServer("none");
        LivePlaylistChecker checker = new("v1.m3u8", server.FetchAsync, server);
        Assert.Null(checker.LongestDelay);
        checker.RecordArrival(LiveTexts.PartUri(12, 0), TimeSpan.FromSeconds(3.9)); // hinted, and listed at 4 s
        await checker.FollowAsync(TestContext.Current.CancellationToken);
        Assert.Equal(TimeSpan.Zero, checker.LongestDelay);
        checker.RecordArrival(LiveTexts.PartUri(12, 1), TimeSpan.FromSeconds(4.75));
        checker.RecordArrival(LiveTexts.PartUri(12, 2), TimeSpan.FromSeconds(5.1));
        checker.RecordArrival("never-listed", TimeSpan.FromSeconds(100));
        Assert.Equal(TimeSpan.FromSeconds(0.25), checker.LongestDelay);
    }

    [Fact]
    public async Task Directives_stand_among_other_words_in_the_order_of_their_bytes()
    {
        ScriptedServer server = CreateServer("none");
        await new LivePlaylistChecker("v1.m3u8?token=a&Z=1", server.FetchAsync, server).FollowAsync(TestContext.Current.CancellationToken);
        Assert.Equal("v1.m3u8?token=a&Z=1", server.Asked[0]);
        Assert.Equal("v1.m3u8?Z=1&_HLS_msn=217000010&_HLS_part=2&_HLS_skip=YES&token=a", server.Asked[2]);
    }

    [Fact]
    public async Task A_server_that_cannot_block_is_polled()
    {
        ScriptedServer server = new()
        {
            Change = static (_, _, text) => LiveTexts.Change(text, "CAN-BLOCK-RELOAD=YES,", ""),
        };
        LivePlaylistChecker checker = await FollowAsync(server);
        Assert.Empty(checker.Violations);
        Assert.True(checker.IsEnded);
        Assert.Equal(["v1.m3u8", "v1.m3u8?_HLS_skip=YES"], server.Asked.Distinct());
    }

    [Fact]
    public async Task Whoever_tells_it_to_stop_is_obeyed_at_once()
    {
        using CancellationTokenSource stop = new();
        TaskCompletionSource<byte[]> never = new();
        LivePlaylistChecker checker = new("v1.m3u8", _ => never.Task);
        Task following = checker.FollowAsync(stop.Token);
        Assert.False(following.IsCompleted);
        await stop.CancelAsync();
        await following.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Empty(checker.Violations);
        Assert.False(checker.IsEnded);
    }

    private static async Task<LivePlaylistChecker> FollowAsync(ScriptedServer server)
    {
        LivePlaylistChecker checker = new("v1.m3u8", server.FetchAsync, server) { Tolerance = TimeSpan.FromSeconds(0.1) };
        await checker.FollowAsync(TestContext.Current.CancellationToken);
        return checker;
    }

    private static ScriptedServer CreateServer(string fault) => fault switch
    {
        "none" => new ScriptedServer(),
        "an answer that comes before what was asked for" => new ScriptedServer { IsEarly = OnceAt(50) },
        "an answer at the end of a segment to a part behind it" => new ScriptedServer
        {
            // It has two parts alone, which is known when it is whole: the answer to a third one has to wait for the next segment.
            Change = static (address, parts, text) => parts < 51 ? text
                : Shorten(address.Contains("skip", StringComparison.Ordinal) ? LiveTexts.WriteUpdate(50) : LiveTexts.Write(50), parts > 51),
        },
        "an answer before a segment, without parts" => new ScriptedServer
        {
            Change = static (_, _, text) => WithoutParts(text),
            IsEarly = OnceAt(52),
        },
        "no answer" => new ScriptedServer
        {
            Change = static (_, parts, text) => parts < 50 ? text : throw new IOException("there is none"),
        },
        "a part that comes late" => new ScriptedServer { Lasts = static parts => TimeSpan.FromSeconds(parts == 49 ? 0.61 : 0.5) },
        "a segment that comes late" => new ScriptedServer
        {
            Change = static (_, _, text) => WithoutParts(text),
            Lasts = static parts => TimeSpan.FromSeconds(parts == 49 ? 1.7 : 0.5),
        },
        "an update that is the whole playlist" => new ScriptedServer { Update = static parts => LiveTexts.Write(parts) },
        "an update that skips too little" => new ScriptedServer { Update = static parts => LiveTexts.Write(parts, 1) },
        "an update that skips too much" => new ScriptedServer { Update = static parts => LiveTexts.Write(parts, 7) },
        "an update that skips what nobody has seen" => new ScriptedServer
        {
            Change = static (address, _, text) => address.Contains("skip", StringComparison.Ordinal)
                ? text.Replace("SKIPPED-SEGMENTS=", "SKIPPED-SEGMENTS=9", StringComparison.Ordinal) : text,
        },
        "an update with another hint" => new ScriptedServer
        {
            Change = static (address, _, text) => address.Contains("skip", StringComparison.Ordinal)
                ? text.Replace("HINT:TYPE=PART,URI=\"v1", "HINT:TYPE=PART,URI=\"v2", StringComparison.Ordinal) : text,
        },
        "an update that counts one segment too many" => new ScriptedServer
        {
            Change = static (address, _, text) => address.Contains("skip", StringComparison.Ordinal)
                ? text.Replace("SKIPPED-SEGMENTS=5", "SKIPPED-SEGMENTS=6", StringComparison.Ordinal) : text,
        },
        "a part that was hinted by another name" => new ScriptedServer
        {
            Change = static (_, _, text) => text.Replace("0,URI=\"v1-217000013-part-2", "0,URI=\"other", StringComparison.Ordinal),
        },
        "a part that changes its name" => new ScriptedServer
        {
            Change = static (_, parts, text) =>
                parts > 55 ? text.Replace("0,URI=\"v1-217000013-part-2", "0,URI=\"other", StringComparison.Ordinal) : text,
        },
        "parts that leave early" => new ScriptedServer
        {
            Change = static (_, parts, text) => parts < 50 ? text : string.Concat(text.Split('\n')
                .Where(static line => line.Length > 0 && !line.Contains("v1-217000009-part", StringComparison.Ordinal))
                .Select(static line => line + "\n")),
        },
        "a segment that changes its name" => new ScriptedServer
        {
            Change = static (_, parts, text) =>
                parts > 55 ? text.Replace("v1-217000012.m4s", "v1-other.m4s", StringComparison.Ordinal) : text,
        },
        "numbers that go back" => new ScriptedServer
        {
            Change = static (_, parts, text) => parts > 61 ? text.Replace("21700", "21600", StringComparison.Ordinal) : text,
        },
        "a discontinuity sequence that goes back" => new ScriptedServer
        {
            Change = static (_, parts, text) =>
                parts > 60 ? text.Replace("DISCONTINUITY-SEQUENCE:6", "DISCONTINUITY-SEQUENCE:5", StringComparison.Ordinal) : text,
        },
        "a hold back that changes" => new ScriptedServer
        {
            Change = static (_, parts, text) => parts > 60 ? text.Replace("BACK=1.500", "BACK=1.600", StringComparison.Ordinal) : text,
        },
        "a date that is 40 ms late" => new ScriptedServer
        {
            Change = static (_, _, text) => text.Replace("00:39.250Z", "00:39.290Z", StringComparison.Ordinal),
        },
        "a segment that is longer than its parts" => new ScriptedServer
        {
            Change = static (_, _, text) =>
                text.Replace("2.000,\nv1-217000019", "2.040,\nv1-217000019", StringComparison.Ordinal),
        },
        "a report that goes back" => new ScriptedServer
        {
            Change = static (_, parts, text) =>
                parts == 60 ? text.Replace("LAST-MSN=217000014", "LAST-MSN=217000013", StringComparison.Ordinal) : text,
        },
        "a hint at the end" => new ScriptedServer
        {
            Change = static (_, parts, text) =>
                parts < ScriptedServer.LastParts ? text : text + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v1-217000020-part-1.m4s\"\n",
        },
        _ => throw new ArgumentException($"no such fault: {fault}", nameof(fault)),
    };

    private static Func<int, bool> OnceAt(int parts)
    {
        bool isDone = false;
        return now => now >= parts && !isDone && (isDone = true);
    }

    /// <summary>The segment with two parts is whole, and maybe the last one.</summary>
    private static string Shorten(string text, bool isEnded)
    {
        const string second = "#EXT-X-PART:DURATION=0.500,URI=\"v1-217000012-part-2.m4s\"\n";
        text = LiveTexts.Change(text, second, second + "#EXTINF:1.000,\nv1-217000012.m4s\n");
        int end = text.IndexOf("#EXT-X-PRELOAD-HINT", StringComparison.Ordinal);
        return isEnded ? text[..end] + "#EXT-X-ENDLIST\n" : LiveTexts.Change(text, "217000012-part-3", "217000013-part-1");
    }

    private static string WithoutParts(string text) => string.Concat(text.Split('\n')
        .Where(static line => line.Length > 0 && !line.StartsWith("#EXT-X-PART", StringComparison.Ordinal)
            && !line.StartsWith("#EXT-X-PRELOAD", StringComparison.Ordinal) && !line.StartsWith("#EXT-X-REND", StringComparison.Ordinal))
        .Select(static line => line.Replace("PART-HOLD-BACK=1.500,", "", StringComparison.Ordinal) + "\n"));
}
