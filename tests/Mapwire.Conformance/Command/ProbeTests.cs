using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Refusals;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Command;

/// <summary><c>mapwire probe</c> says what the server would make of a file.</summary>
public sealed class ProbeTests
{
    [Theory]
    [InlineData("moov-last.mp4")]
    [InlineData("ntsc.mp4")]
    [InlineData("mp3.mp4")]
    [InlineData("audio-only.m4a")]
    [InlineData("past-4-gib.mp4")]
    [InlineData("trimmed.mp4")]
    public async Task Its_json_says_what_ffprobe_says(string name)
    {
        string path = await FilmFactory.GetAsync(name);
        Recording film = await Ffprobe.ReadAsync(path);
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--json"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement root = document.RootElement;

        Assert.True(root.GetProperty("playable").GetBoolean());
        Assert.InRange(root.GetProperty("duration").GetDouble(), film.Duration!.Value - 0.001, film.Duration!.Value + 0.001);
        Assert.Equal(new FileInfo(path).Length, root.GetProperty("size").GetInt64());
        JsonElement[] tracks = [.. root.GetProperty("tracks").EnumerateArray()];
        Assert.Equal(film.Streams.Select(stream => stream.Kind), tracks.Select(track => track.GetProperty("kind").GetString()!));
        foreach ((MediaStream stream, JsonElement track) in film.Streams.Zip(tracks))
        {
            Assert.StartsWith(stream.Codec switch { "h264" => "H.264", "aac" => "AAC", _ => "MP3" }, track.GetProperty("codec").GetString(),
                StringComparison.Ordinal);
            if (stream.Kind == "video")
            {
                Assert.Equal((stream.Width, stream.Height),
                    (track.GetProperty("width").GetInt32(), track.GetProperty("height").GetInt32()));
                double[] rate = [.. stream.FrameRate.Split('/').Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
                Assert.Equal(rate[0] / rate[1], track.GetProperty("frameRate").GetDouble(), 0.01);
                Assert.InRange(track.GetProperty("longestKeyframeInterval").GetDouble(), 0.5, 1.1); // one a second: -g 25
            }
            else
            {
                Assert.Equal((stream.SampleRate, stream.Channels),
                    (track.GetProperty("sampleRate").GetInt32(), track.GetProperty("channels").GetInt32()));
            }
        }
    }

    [Fact]
    public async Task A_name_that_begins_with_an_at_sign_is_a_file()
    {
        string folder = TemporaryFolder.Create("at-sign");
        string film = Path.Combine(folder, "@film.mp4");
        File.Copy(await FilmFactory.GetAsync("moov-first.mp4"), film);
        await using ServerProcess probe = ServerProcess.Start(MapwireServer.Program, ["probe", "@film.mp4"], folder);
        Assert.Equal(0, await probe.EndsAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("playable", probe.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tracks_that_are_left_out_are_listed_with_the_reason()
    {
        string path = await FilmFactory.GetAsync("extra-tracks.mp4");
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--json"]);
        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        JsonElement[] tracks = [.. document.RootElement.GetProperty("tracks").EnumerateArray()];
        Assert.Equal(4, tracks.Length);
        Assert.Equal("tx3g", tracks[0].GetProperty("sampleEntry").GetString());
        Assert.False(string.IsNullOrWhiteSpace(tracks[0].GetProperty("leftOut").GetString()));
        Assert.False(string.IsNullOrWhiteSpace(tracks[3].GetProperty("leftOut").GetString()));
        Assert.Null(tracks[1].GetProperty("leftOut").GetString());
        Assert.Null(tracks[2].GetProperty("leftOut").GetString());

        ToolResult text = await Tool.RunAsync(MapwireServer.Program, ["probe", path]);
        Assert.Contains("playable", text.Output, StringComparison.Ordinal);
        Assert.Contains("tx3g", text.Output, StringComparison.Ordinal);
        Assert.Contains("4.0", text.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hevc.mp4", "hvc1", "Opus", true)]
    [InlineData("ac3.mp4", null, "ac-3", false)]
    public async Task What_players_have_to_offer_is_told(string name, string? video, string? audio, bool isPlainRefused)
    {
        string path = await FilmFactory.GetAsync(name);
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--json"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.True(document.RootElement.GetProperty("playable").GetBoolean());
        Assert.Equal(isPlainRefused, document.RootElement.GetProperty("plainRefusal").GetString() is not null);
        JsonElement[] tracks = [.. document.RootElement.GetProperty("tracks").EnumerateArray()];
        Assert.Equal([video, audio], tracks.Select(track => track.GetProperty("offer").GetString()));
        Assert.All(tracks, track => Assert.True(track.GetProperty("playable").GetBoolean()));

        ToolResult text = await Tool.RunAsync(MapwireServer.Program, ["probe", path]);
        Assert.Equal(isPlainRefused, text.Output.Contains("playable for players of Enhanced RTMP", StringComparison.Ordinal));
        Assert.Contains($"for players that offer {audio}", text.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--limit-tracks", "3", "more than the limit of 3 (--limit-tracks) (box 'trak' at offset")]
    [InlineData("--limit-movie-bytes", "1000", "(--limit-movie-bytes) (box 'moov' at offset")]
    [InlineData("--limit-samples", "50", "more than the limit of 50 (--limit-samples) (box 'stsz' at offset")]
    [InlineData("--limit-depth", "4", "more than the limit of 4 (--limit-depth) (box '")]
    [InlineData("--limit-boxes", "1", "more than the limit of 1 (--limit-boxes) (box '")]
    public async Task A_limit_is_named_alike_by_probe_and_server_and_is_the_one_that_was_given(string option, string value, string reason)
    {
        string folder = TemporaryFolder.Create("limits");
        string path = Path.Combine(folder, "film.mp4");
        File.Copy(await FilmFactory.GetAsync("extra-tracks.mp4"), path);
        ToolResult probe = await Tool.RunAsync(MapwireServer.Program, ["probe", path, option, value]);
        Assert.Equal(1, probe.ExitCode);
        Assert.Contains(reason, probe.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Tool.RunAsync(MapwireServer.Program, ["probe", path])).ExitCode);

        await using MapwireServer server = await MapwireServer.StartAsync(folder, option, value);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.PlayAsync("film.mp4");
        Assert.Contains((await RefusalTests.RefusedAsync(player)).StatusDescription!, probe.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_is_told_as_the_server_logs_it()
    {
        string folder = TemporaryFolder.Create("damaged");
        byte[] film = await File.ReadAllBytesAsync(await FilmFactory.GetAsync("tags.flv"));
        film.AsSpan(film.Length / 2, 3000).Clear();
        await File.WriteAllBytesAsync(Path.Combine(folder, "hole.flv"), film);
        byte[] whole = await File.ReadAllBytesAsync(await FilmFactory.GetAsync("moov-first.mp4"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "cut.mp4"), whole[..(whole.Length * 2 / 3)]);
        await File.WriteAllTextAsync(Path.Combine(folder, "list.m3u8"), "hole.flv\n");

        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        await using (RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port))
        {
            foreach (string name in (string[])["hole.flv", "cut.mp4"])
            {
                await player.PlayAsync(name);
                await player.UntilAsync(message => message.Packet is not null);
                Match logged = await server.Process.HearsAsync(
                    new Regex($"{Regex.Escape(name)} plays without some of it: (.*?)\r?$", RegexOptions.Multiline));
                string warning = logged.Groups[1].Value;
                Assert.Matches(name == "cut.mp4" ? "the file is cut off; track 1: \\d+ of \\d+ samples" : "bytes passed over: .*at offset",
                    warning);

                ToolResult text = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(folder, name)]);
                Assert.Contains($"  plays without some of it: {warning}", text.Output, StringComparison.Ordinal);
                ToolResult json = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(folder, name), "--json"]);
                using JsonDocument document = JsonDocument.Parse(json.Output);
                Assert.Contains(warning, document.RootElement.GetProperty("warnings").EnumerateArray().Select(line => line.GetString()));
            }
        }

        ToolResult list = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(folder, "list.m3u8")]);
        Assert.Matches("    plays without some of it: .*bytes passed over", list.Output);
    }

    [Fact]
    public async Task What_is_not_known_of_a_track_is_left_out_of_its_line()
    {
        string folder = TemporaryFolder.Create("words");
        string[] source = ["-y", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25"];
        await Tool.SucceedAsync(
            "ffmpeg", [.. source, "-frames:v", "50", "-c:v", "flv", "-g", "1", "sorenson.flv"], workingDirectory: folder);
        await Tool.SucceedAsync("ffmpeg", [.. source, "-frames:v", "1", "-c:v", "libx264", "one.mp4"], workingDirectory: folder);
        await Tool.SucceedAsync(
            "ffmpeg", [.. source, "-frames:v", "5", "-c:v", "mpeg2video", "unknown.mp4"], workingDirectory: folder);
        Assert.Matches(
            @"Sorenson H\.263 160x120, 25 frames/s, .* keyframe every 0\.04 s \(longest 0\.04 s\)", await ProbeAsync("sorenson.flv"));
        Assert.Matches("H.264 .* 1 sample, one keyframe", await ProbeAsync("one.mp4"));
        Assert.DoesNotMatch("0x0|[ ,]0 frames/s", await ProbeAsync("unknown.mp4"));

        async Task<string> ProbeAsync(string name) =>
            (await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(folder, name)])).Output;
    }

    [Fact]
    public async Task A_folder_has_the_titles_that_the_server_counts()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links and names that are not UTF-8 are Unix's.");
        string outer = TemporaryFolder.Create("links");
        string film = await FilmFactory.GetAsync("moov-first.mp4");
        string folder = Directory.CreateDirectory(Path.Combine(outer, "in", "sub")).Parent!.FullName;
        File.Copy(film, Path.Combine(folder, "film.mp4"));
        File.Copy(film, Path.Combine(outer, "out.mp4"));
        File.CreateSymbolicLink(Path.Combine(folder, "link.mp4"), "film.mp4");
        File.CreateSymbolicLink(Path.Combine(folder, "out.mp4"), "../out.mp4");
        Directory.CreateSymbolicLink(Path.Combine(folder, "up"), "..");
        await File.WriteAllTextAsync(Path.Combine(folder, "sub", "list.m3u8"), "linked.mp4\n");
        File.CreateSymbolicLink(Path.Combine(folder, "sub", "linked.mp4"), "../film.mp4"); // out of the list's folder, not of the served
        await Tool.SucceedAsync("bash", ["-c", "cp film.mp4 $'bad\\xff.mp4' && mkdir $'sub\\xff'"], workingDirectory: folder);

        await using MapwireServer server = await MapwireServer.StartAsync(folder);
        Assert.Equal(4, server.Titles);
        await server.Process.HearsAsync(
            new Regex("mapwire: 2 files and folders have a name that no player can ask for; the first: .* UTF-8"));

        ToolResult probe = await Tool.RunAsync(MapwireServer.Program, ["probe", folder]);
        Assert.Equal(1, probe.ExitCode);
        Assert.EndsWith("4 files: 4 playable, 0 refused", probe.Output.TrimEnd(), StringComparison.Ordinal);
        Assert.Matches("mapwire: .*/bad.\\.mp4: its name is not UTF-8", probe.Errors);
        Assert.Matches("mapwire: .*/sub.: its name is not UTF-8", probe.Errors);
        ToolResult json = await Tool.RunAsync(MapwireServer.Program, ["probe", Path.Combine(folder, "link.mp4"), "--json"]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(new FileInfo(film).Length, document.RootElement.GetProperty("size").GetInt64());
        ToolResult pages = await Tool.RunAsync(MapwireServer.Program, ["pages", folder]);
        Assert.Contains("a name that is not UTF-8 cannot be opened", pages.Errors, StringComparison.Ordinal);
        await Tool.SucceedAsync("bash", ["-c", "rm -r -- *bad* sub?"], workingDirectory: folder); // .NET could not
    }

    [Fact]
    public async Task Boxes_are_printed_where_they_lie()
    {
        string path = await FilmFactory.GetAsync("moov-last.mp4");
        ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--boxes"]);
        Assert.Equal(0, result.ExitCode);
        List<string> expected = [];
        long at = 0;
        foreach (Box box in BoxFile.Read(path).Boxes)
        {
            List(box, at, 1, expected);
            at += box.Length;
        }

        string[] lines = result.Output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.All(expected, line => Assert.Contains(lines, other => Regex.IsMatch(other, line)));

        static void List(Box box, long at, int depth, List<string> lines)
        {
            lines.Add($@"^{Regex.Escape(box.Type.Trim())}\s+@{at} {box.Length} bytes");
            at += 8;
            foreach (Box child in box.IsContainer ? box.Children : [])
            {
                List(child, at, depth + 1, lines);
                at += child.Length;
            }
        }
    }

    [Fact]
    public async Task A_bad_film_is_refused_with_where_and_why()
    {
        string folder = TemporaryFolder.Create("probed");
        foreach ((string name, Func<string, Task> write) in BadFilms.All)
        {
            string path = Path.Combine(folder, name);
            await write(path);
            ToolResult result = await Tool.RunAsync(MapwireServer.Program, ["probe", path]);
            Assert.True(result.ExitCode == 1, $"{name}: {result}");
            Assert.Matches("refused: .{10,}", result.Output);

            ToolResult boxes = await Tool.RunAsync(MapwireServer.Program, ["probe", path, "--json", "--boxes"], TimeSpan.FromSeconds(10));
            Assert.Equal(1, boxes.ExitCode);
            using JsonDocument document = JsonDocument.Parse(boxes.Output);
            Assert.False(document.RootElement.GetProperty("playable").GetBoolean());
            Assert.False(string.IsNullOrWhiteSpace(document.RootElement.GetProperty("refusal").GetString()));
        }
    }
}
