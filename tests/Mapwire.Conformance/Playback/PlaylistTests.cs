using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>Playlists, cuts and loops come as one film: every packet, one time line, new configurations where they change.</summary>
public sealed class PlaylistTests(PlaylistTests.Films films) : IClassFixture<PlaylistTests.Films>
{
    private const string First = "moov-last.mp4"; // 4 s at 44,100 Hz
    private const string Second = "audio-48000.mp4";
    private const string Third = "no-b-frames.mp4"; // the picture of First, encoded in another way

    private static readonly string[] Codecs = ["plain.mp4", "hvc1.mp4", "vp9-opus.mp4", "vp8-opus.mp4", "av1-opus.mp4", "flac.mp4"];
    private static readonly TimeSpan Everything = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("evening.m3u8")]
    [InlineData("evening.json")]
    [InlineData("mp4:evening")]
    public async Task A_playlist_is_one_film(string name)
    {
        await using RtmpPlayer player = await PlayAsync(name);
        await player.ToTheEndAsync();
        await IsTheEveningAsync(player.Film);

        string[] statuses =
            [.. player.Heard.Select(message => message.StatusCode).OfType<string>()
                .Where(code => code.StartsWith("NetStream", StringComparison.Ordinal))];
        Assert.Equal(
            ["NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Play.Switch", "NetStream.Play.Switch", "NetStream.Play.Complete",
            "NetStream.Play.Stop"],
            statuses);
        Message[] metadata = [.. player.Heard.Where(message => message.Name == "onMetaData")];
        Assert.Equal(3, metadata.Length);
        Assert.All(metadata, message => Assert.Equal(12, (double)((Dictionary<string, object?>)message.Values[1]!)["duration"]!, 0.1));
        Assert.Equal(12, await LengthAsync(player, name), 0.1);
        Message complete = player.Heard.Single(message => message.StatusCode == "NetStream.Play.Complete");
        Assert.Equal(12, (double)complete.Values.OfType<Dictionary<string, object?>>().Single()["duration"]!, 0.1);
    }

    [Fact]
    public async Task Ffmpeg_and_rtmpdump_read_it_as_one_film()
    {
        await IsTheEveningAsync(await FfmpegCopy.ReadAsync(films.Server.Address("evening.m3u8"), "-rtmp_buffer", "2000000000"));
        await IsTheEveningAsync(await Rtmpdump.ReadAsync(films.Server.Address("evening.m3u8")));
    }

    [Fact]
    public async Task At_a_joint_only_what_is_different_is_told()
    {
        await using RtmpPlayer player = await PlayAsync("evening.m3u8");
        await player.ToTheEndAsync();
        List<byte[]> told = [];
        foreach (byte type in (byte[])[Message.Video, Message.Audio])
        {
            byte[][] headers =
                [.. player.Heard.Where(message => message.Type == type && message.Packet is null).Select(message => message.Body)];
            Assert.All(headers.Zip(headers.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
            told.AddRange(headers);
        }

        Assert.InRange(told.Count, 4, 6); // 44,100, 48,000 and 44,100 Hz; and pictures with B-frames and without
    }

    [Fact]
    public async Task In_and_out_points_cut_its_items()
    {
        Recording whole = await ExpectedAsync(First);
        await using RtmpPlayer player = await PlayAsync("pieces.json"); // 2 to 3 s, 0 to 1 s, 1.5 s to the end
        await player.ToTheEndAsync();
        Packet[] video = [.. player.Film.Of("video")];
        Packet[] keys = [.. video.Where(packet => packet.IsKey)];
        Packet[] wholeKeys = [.. whole.Of("video").Where(packet => packet.IsKey)];
        Assert.Equal([wholeKeys[2].Hash, wholeKeys[0].Hash, wholeKeys[1].Hash, wholeKeys[2].Hash, wholeKeys[3].Hash],
            Without(keys, wholeKeys[3].Hash, 1));
        Assert.All(player.Film.Of("audio").Zip(player.Film.Of("audio").Skip(1)),
            pair => Assert.InRange(pair.Second.Dts - pair.First.Dts, 0, 0.05));
        Assert.Equal(video.Select(packet => packet.Dts).Order(), video.Select(packet => packet.Dts));
        Assert.InRange(player.Film.Packets.Max(packet => packet.Dts), 4.3, 4.7);
    }

    [Theory]
    [InlineData(9.5, 2, 1)]
    [InlineData(6.2, 1, 2)]
    [InlineData(0.4, 0, 0)]
    [InlineData(500, 2, 3)]
    public async Task A_seek_goes_anywhere_in_the_list(double seconds, int item, int keyframe)
    {
        string[] names = [First, Second, Third];
        Recording there = await ExpectedAsync(names[item]);
        Packet key = there.Of("video").Where(packet => packet.IsKey).ElementAt(keyframe);
        await using RtmpPlayer player = await PlayAsync("evening.m3u8", TimeSpan.FromMilliseconds(200));
        await player.UntilAsync(message => message.Packet is not null);
        await player.SeekAsync(seconds * 1000);
        await player.StatusAsync("NetStream.Seek.Notify");
        player.Heard.Clear();
        Message first = await player.UntilAsync(message => message is { Type: Message.Video, Packet: not null });
        Assert.Equal(key.Hash, first.Packet!.Hash);
        Assert.InRange(first.Packet.Dts, (4 * item) + keyframe - 0.01, (4 * item) + keyframe + 0.1);
        Assert.Equal(2, player.Heard.Count(message => message.IsMedia && message.Packet is null)); // both configurations, always

        // And it goes on to the end from there.
        await player.SetBufferAsync(Everything);
        await player.ToTheEndAsync();
        Packet[] last = [.. (await ExpectedAsync(Third)).Of("video")];
        Assert.Equal(last[^1].Hash, player.Film.Of("video").Last().Hash);
        Assert.InRange(player.Film.Of("video").Last().Dts, 11.9, 12.1);
    }

    [Fact]
    public async Task A_start_and_an_end_cut_a_film()
    {
        Recording whole = await ExpectedAsync(First);
        await using RtmpPlayer player = await PlayAsync(First + "?start=1.5&end=3.25");
        await player.ToTheEndAsync();
        Packet[] video = [.. player.Film.Of("video")];
        string[] expected =
            [.. whole.Of("video").SkipWhile(packet => packet.Hash != KeyAt(whole, 1).Hash).Take(video.Length)
                .Select(packet => packet.Hash)];
        Assert.Equal(expected, video.Select(packet => packet.Hash));
        Assert.Equal(0, player.Film.Packets[0].Dts);
        Assert.InRange(player.Film.Packets.Max(packet => packet.Dts), 1.6, 1.75);
        Dictionary<string, object?> metadata =
            (Dictionary<string, object?>)player.Heard.First(message => message.Name == "onMetaData").Values[1]!;
        Assert.Equal(1.75, (double)metadata["duration"]!, 0.001);
        Assert.Equal(1.75, await LengthAsync(player, First + "?start=1.5&end=3.25"), 0.001);

        // A seek counts from the cut's start, and its times are the cut's.
        await player.SeekAsync(700);
        await player.StatusAsync("NetStream.Seek.Notify");
        player.Heard.Clear();
        await player.ToTheEndAsync();
        video = [.. player.Film.Of("video")];
        Assert.Equal(KeyAt(whole, 2).Hash, video[0].Hash);
        Assert.InRange(video[0].Dts, 0.49, 0.52);
        Assert.InRange(player.Film.Packets.Max(packet => packet.Dts), 1.6, 1.75);
    }

    [Theory]
    [InlineData(First, 1.5, 3.25)]
    [InlineData(First, 0.0, 2.0)]
    [InlineData(First, 2.999, 3.0)]
    [InlineData(Second, 3.96, null)]
    [InlineData(Third, 0.05, 1.05)]
    public async Task A_cut_has_what_lies_in_it_and_nothing_else(string name, double start, double? end)
    {
        // By the server's time, which is ffprobe's with the earliest packet at 0; pictures from the keyframe on that the first one needs.
        Recording film = await ExpectedAsync(name);
        double shift = -film.Packets.Min(static packet => packet.Dts);
        double from =
            film.Of("video").Where(packet => packet.IsKey && packet.Dts + shift <= start + 0.0005).Max(static packet => packet.Dts);
        Packet[] expected =
        [
            .. film.Packets.Where(
                packet => Math.Round(packet.Dts + shift, 3) < (end ?? 1000)
                && packet.Dts + shift > (packet.Kind == "video" ? from + shift : start) - 0.0005),
        ];
        await using RtmpPlayer player =
            await PlayAsync(
                string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"{name}?start={start}{(end is null ? "" : $"&end={end}")}"));
        await player.ToTheEndAsync();
        foreach (string kind in (string[])["video", "audio"])
        {
            Packet[] wanted = [.. expected.Where(packet => packet.Kind == kind)];
            Packet[] came = [.. player.Film.Of(kind)];
            Assert.Equal(wanted.Select(static packet => packet.Hash), came.Select(static packet => packet.Hash));
            foreach ((Packet was, Packet now) in wanted.Zip(came))
            {
                Assert.Equal(Math.Max(0, was.Dts + shift - start), now.Dts, 0.0011);
                Assert.Equal(Math.Max(0, was.Pts + shift - start), now.Pts, 0.0021);
            }
        }

        Dictionary<string, object?> metadata =
            (Dictionary<string, object?>)player.Heard.First(static message => message.Name == "onMetaData").Values[1]!;
        Assert.Equal((end ?? film.Duration!.Value + shift) - start, (double)metadata["duration"]!, 0.002);
    }

    [Fact]
    public async Task Items_of_different_codecs_follow_each_other_for_a_player_that_takes_them()
    {
        await using RtmpPlayer player = await PlayAsync("codecs.m3u8", offers: Offers.All);
        await player.ToTheEndAsync();
        Recording[] items =
            await Task.WhenAll(
                Codecs.Select(static async name => Expectation.Of(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name)))));
        foreach ((byte type, string kind) in (IEnumerable<(byte, string)>)[(Message.Video, "video"), (Message.Audio, "audio")])
        {
            Assert.Equal(items.SelectMany(item => item.Of(kind)).Select(static packet => packet.Hash),
                player.Film.Of(kind).Select(static packet => packet.Hash));
            double[] times = [.. player.Film.Of(kind).Select(static packet => packet.Dts)];
            Assert.Equal(times.Order(), times);

            // What comes right before an item's first packet of a kind is its configuration.
            Message[] messages = [.. player.Heard.Where(message => message.Type == type)];
            foreach (Packet first in items.Select(item => item.Of(kind).First()))
            {
                int at = Array.FindIndex(messages, message => message.Packet?.Hash == first.Hash);
                Message start = messages[at - 1];
                ExtendedPacket? extended = EnhancedTests.Extended(start);
                Assert.True(extended?.Type == ExtendedPacket.SequenceStart || (extended is null && start.Body[1] == 0),
                    $"{kind} of {first.Hash}: {start}");
                Assert.Equal(extended?.FourCc, EnhancedTests.Extended(messages[at])?.FourCc);
            }
        }

        await using RtmpPlayer plain = await PlayAsync("codecs.m3u8");
        Message status = await plain.UntilAsync(static message => message.Name == "onStatus");
        Assert.Equal("NetStream.Play.Failed", status.StatusCode);
        Assert.Contains("item 3 of the playlist", status.StatusDescription, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loop_goes_on_for_as_long_as_anyone_watches()
    {
        Recording whole = await ExpectedAsync(Third);
        await using RtmpPlayer player = await PlayAsync(Third + "?end=2&loop=1", TimeSpan.FromSeconds(9));
        await player.UntilAsync(message => message.Packet is { Dts: > 8.5 });
        await player.SetBufferAsync(TimeSpan.FromMilliseconds(100));
        Packet[] video = [.. player.Film.Of("video")];
        string[] round = [.. whole.Of("video").Take(50).Select(packet => packet.Hash)];
        Assert.Equal(round.Concat(round).Concat(round), video.Take(150).Select(packet => packet.Hash));
        // 50 pictures in 1.977 s
        Assert.All(video.Zip(video.Skip(1)), pair => Assert.InRange(pair.Second.Dts - pair.First.Dts, 0.015, 0.041));
        Assert.Equal(2, player.Heard.Count(message => message.IsMedia && message.Packet is null)); // told once
        Assert.Single(player.Heard, message => message.Name == "onMetaData");
        Assert.DoesNotContain(player.Heard, message => message.Event == 1 || message.StatusCode == "NetStream.Play.Complete");
        Assert.Equal(0, await LengthAsync(player, Third + "?end=2&loop=1"));

        await player.SeekAsync(7000); // in the fourth round, which begins at 5.954 s
        await player.StatusAsync("NetStream.Seek.Notify");
        player.Heard.Clear();
        Message first = await player.UntilAsync(message => message is { Type: Message.Video, Packet: not null });
        Assert.Equal(KeyAt(whole, 1).Hash, first.Packet!.Hash);
        Assert.InRange(first.Packet.Dts, 6.93, 6.98);
    }

    [Fact]
    public async Task Sound_alone_of_a_playlist()
    {
        await using RtmpPlayer player = await PlayAsync("evening.m3u8?video=none");
        await player.ToTheEndAsync();
        Assert.Equal(
            [.. Hashes(await ExpectedAsync(First), "audio"), .. Hashes(await ExpectedAsync(Second), "audio"),
            .. Hashes(await ExpectedAsync(Third), "audio")],
            Hashes(player.Film, "audio"));
        Assert.Empty(player.Film.Of("video"));
    }

    [Theory]
    [InlineData("nested.m3u8", "nested playlists are not supported")]
    [InlineData("missing.m3u8", "item 2 of the playlist")]
    [InlineData("outside.m3u8", "item 1 of the playlist")]
    [InlineData("broken.json", "no JSON")]
    public async Task A_bad_playlist_is_refused_with_the_reason(string name, string reason)
    {
        await using RtmpPlayer player = await PlayAsync(name);
        Message status = await player.UntilAsync(message => message.Name == "onStatus");
        Assert.Contains(status.StatusCode, (string[])["NetStream.Play.Failed", "NetStream.Play.StreamNotFound"]);
        Assert.Contains(reason, status.StatusDescription, StringComparison.Ordinal);
        Assert.DoesNotContain(films.Folder, status.StatusDescription, StringComparison.Ordinal);
    }

    private static async Task IsTheEveningAsync(Recording film)
    {
        // Each film's presentation begins when the one before is over. What is decoded before it is shown may not have a time before
        // that of the last packet before, so decode times may be later than they were, by less than a film's first reordering.
        double begins = -1;
        Dictionary<string, int> taken = new() { ["video"] = 0, ["audio"] = 0 };
        foreach (string name in (string[])[First, Second, Third])
        {
            Recording item = await ExpectedAsync(name);
            begins = begins < 0 ? -item.Packets.Min(packet => packet.Dts) : begins + 4;
            foreach (string kind in (string[])["video", "audio"])
            {
                Packet[] expected = [.. item.Of(kind)];
                Packet[] came = [.. film.Of(kind).Skip(taken[kind]).Take(expected.Length)];
                taken[kind] += expected.Length;
                Assert.Equal(expected.Select(packet => packet.Hash), came.Select(packet => packet.Hash));
                foreach ((Packet was, Packet now) in expected.Zip(came))
                {
                    bool isRunUp = kind == "audio" && was.Pts < 0;
                    Assert.InRange(now.Pts - begins - was.Pts, -0.0021, isRunUp ? 0.03 : 0.0021);
                    Assert.InRange(now.Dts - begins - was.Dts, -0.0021, was.Dts < 0 ? 0.085 : 0.0021);
                }
            }
        }

        Assert.Equal(film.Packets.Count, taken.Values.Sum());
        foreach (string kind in (string[])["video", "audio"])
        {
            double[] times = [.. film.Of(kind).Select(packet => packet.Dts)];
            Assert.Equal(times.Order(), times);
        }
    }

    private static Packet KeyAt(Recording film, int index) => film.Of("video").Where(packet => packet.IsKey).ElementAt(index);

    private static string[] Hashes(Recording film, string kind) => [.. film.Of(kind).Select(packet => packet.Hash)];

    /// <summary>The hashes of these packets but for one occurrence of a hash, where a cut may or may not reach its picture.</summary>
    private static string[] Without(Packet[] packets, string hash, int at) =>
        [.. packets.Select(packet => packet.Hash).Where((each, i) => each != hash || i != at)];

    private static async Task<double> LengthAsync(RtmpPlayer player, string name)
    {
        double transaction = await player.CommandAsync("getStreamLength", 0, null, name);
        return (double)(await player.UntilAsync(
            message => message.Name == "_result" && (double)message.Values[1]! == transaction)).Values[3]!;
    }

    private static async Task<Recording> ExpectedAsync(string name) =>
        Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name)));

    private Task<RtmpPlayer> PlayAsync(string name, TimeSpan? buffer = null, IReadOnlyDictionary<string, object?>? offers = null) =>
        RtmpPlayer.WatchAsync(films.Server.Port, name, buffer, offers);

    /// <summary>A folder of films and lists of them, served.</summary>
    public sealed class Films : IAsyncLifetime
    {
        internal string Folder { get; } = TemporaryFolder.Create("playlists");

        internal MapwireServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            foreach (string name in (string[])[First, Second, Third, .. Codecs])
            {
                File.Copy(await FilmFactory.GetAsync(name), Path.Combine(Folder, name));
            }

            Write("evening.m3u8", $"#EXTM3U\n#EXTINF:4,One\n{First}\n#EXTINF:4,Two\n{Second}\n{Third}\n");
            Write("evening.json", $$"""{"items": ["{{First}}", {"file": "{{Second}}"}, "{{Third}}"]}""");
            Write("pieces.json",
                $$"""[{"file": "{{First}}", "in": 2, "out": 3}, {"file": "{{First}}", "out": 1}, {"file": "{{First}}", "in": 1.5}]""");
            Write("codecs.m3u8", string.Join('\n', Codecs));
            Write("nested.m3u8", "evening.m3u8");
            Write("missing.m3u8", $"{First}\nnowhere.mp4");
            Write("outside.m3u8", "/etc/passwd");
            Write("broken.json", "[\"a.mp4\"");
            Server = await MapwireServer.StartAsync(Folder, "--max-buffer", "86400");
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();

        private void Write(string name, string text) => File.WriteAllText(Path.Combine(Folder, name), text);
    }
}
