using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Refusals;

/// <summary>Every refusal names the box, tag or line and the byte, and <c>mapwire probe</c> says word for word what players hear.</summary>
public sealed partial class PlaceTests(BadFilmServer films) : IClassFixture<BadFilmServer>
{
    public static TheoryData<string> Names() => [.. BadFilms.Every.Select(film => film.Key).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Player_and_probe_are_told_the_same_with_a_place(string name)
    {
        ToolResult probe = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(films.Folder, name), "--json"]);
        Assert.True(probe.ExitCode == 1, probe.ToString());
        using JsonDocument report = JsonDocument.Parse(probe.Output);
        string plain = report.RootElement.GetProperty("plainRefusal").GetString()!;
        string refusal = report.RootElement.GetProperty("refusal").GetString()!;
        Assert.Matches(Place(), plain);
        Assert.Matches(Place(), refusal);

        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(films.Server.Port);
        await player.PlayAsync(name);
        Assert.Equal(plain, (await RefusalTests.RefusedAsync(player)).StatusDescription);
        await using RtmpPlayer able = await RtmpPlayer.ConnectAsync(films.Server.Port, offers: Offers.All);
        await able.PlayAsync(name);
        Assert.Equal(refusal, (await RefusalTests.RefusedAsync(able)).StatusDescription);
    }

    [Theory]
    [InlineData("sample-of-17-mb.mp4", "track 1: sample 10 has 17000000 bytes; an RTMP message carries ")]
    [InlineData("sample-of-17-mb.mp4", " (box 'stsz' at offset ")]
    [InlineData("sample-after-200-days.mp4", " (box 'stts' at offset ")]
    [InlineData("sample-shown-after-hours.mp4", "track 1: sample 6 is shown ")]
    [InlineData("sample-shown-after-hours.mp4", " (box 'ctts' at offset ")]
    [InlineData("codec-changes.mp4", " (box 'stsc' at offset ")]
    [InlineData("version-2.flv", "FLV version 2 is not known (file header at offset 0)")]
    [InlineData("bad-configuration.flv", " (video tag at offset 13)")]
    [InlineData("nothing-known.flv", "video codec 1 of FLV is not known (video tag at offset 13)")]
    [InlineData("list-bad-films.m3u8", "item 2 of the playlist (line 2 at offset 9): ")]
    [InlineData("list-surrogate.json", "a text is not Unicode (line 2 at offset 13)")]
    [InlineData("list-too-long.m3u8", "more than 256 items (line 257 at offset 2304)")]
    public async Task The_place_is_the_one_to_look_at(string name, string words)
    {
        ToolResult probe = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(films.Folder, name)]);
        Assert.Matches($"{Regex.Escape(name)}: refused: .*{Regex.Escape(words)}", probe.Output);
    }

    [Fact]
    public async Task Probe_tells_of_every_item_of_a_list()
    {
        ToolResult bad = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(films.Folder, "list-bad-films.m3u8")]);
        Assert.Contains("item 1 (line 1 at offset 0): good.mp4, 0.000 to ", bad.Output, StringComparison.Ordinal);
        Assert.Contains("item 2 (line 2 at offset 9): noise.mp4, refused: ", bad.Output, StringComparison.Ordinal);
        Assert.Contains("item 3 (line 3 at offset 19): sample-of-17-mb.mp4, refused: track 1: sample 10 has 17000000 bytes", bad.Output,
            StringComparison.Ordinal);

        string list = Path.Combine(TemporaryFolder.Create("list"), "evening.json");
        File.Copy(Path.Combine(films.Folder, BadFilmServer.Good), Path.Combine(Path.GetDirectoryName(list)!, BadFilmServer.Good));
        await File.WriteAllTextAsync(list, "[{\"file\": \"good.mp4\", \"in\": 1, \"out\": 2.5},\n \"good.mp4?start=0.5&end=2\"]");
        ToolResult good = await Tool.RunAsync(MapwireServer.Program, ["probe", list, "--json"]);
        Assert.True(good.ExitCode == 0, good.ToString());
        using JsonDocument report = JsonDocument.Parse(good.Output);
        Assert.Equal(3, report.RootElement.GetProperty("duration").GetDouble());
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("refusal").ValueKind);
        Assert.Equal(
            [(1, "good.mp4", "line 1 at offset 1", 1, 2.5), (2, "good.mp4?start=0.5&end=2", "line 2 at offset 45", 0.5, 2)],
            report.RootElement.GetProperty("items").EnumerateArray().Select(item => (
                item.GetProperty("number").GetInt32(), item.GetProperty("name").GetString()!, item.GetProperty("place").GetString()!,
                item.GetProperty("in").GetDouble(), item.GetProperty("out").GetDouble())));
        Assert.Contains("duration 3.000 s, 2 items", (await Tool.RunAsync(MapwireServer.Program, ["probe", list])).Output,
            StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\((box '.+'|box header|file header|start of the file|"
        + @"video tag|audio tag|tag|tag of type \d+|line \d+) at offset \d+\)")]
    private static partial Regex Place();
}
