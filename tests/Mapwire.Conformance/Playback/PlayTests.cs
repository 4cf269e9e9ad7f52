using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Playback;

/// <summary>What a play command means: the order of what is said, start, duration and reset, and how fast the film comes.</summary>
public sealed class PlayTests(ServedFilms films)
{
    private const string Film = "moov-last.mp4"; // keyframes at 0, 1, 2 and 3 s; ends at 4 s

    [Fact]
    public async Task Everything_is_said_in_the_order_that_players_rely_on()
    {
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromSeconds(60), Film);
        await player.ToTheEndAsync();
        await player.ListenAsync(TimeSpan.FromMilliseconds(300));
        List<Message> heard = player.Heard;

        string[] statuses =
            [.. heard.Select(message => message.StatusCode).OfType<string>()
                .Where(code => code.StartsWith("NetStream", StringComparison.Ordinal))];
        Assert.Equal(["NetStream.Play.Reset", "NetStream.Play.Start", "NetStream.Play.Complete", "NetStream.Play.Stop"], statuses);
        int start = heard.FindIndex(message => message.StatusCode == "NetStream.Play.Start");
        int metadata = heard.FindIndex(message => message.Name == "onMetaData");
        int media = heard.FindIndex(message => message.IsMedia);
        int last = heard.FindLastIndex(message => message.IsMedia);
        Assert.True(heard.FindIndex(message => message.Event == 4) < start, "StreamIsRecorded before Play.Start");
        Assert.True(heard.FindIndex(message => message.Event == 0) < start, "StreamBegin before Play.Start");
        Assert.True(start < metadata && metadata < media, "Play.Start, onMetaData, media");
        Assert.True(heard[media].Packet is null, "the codec header comes before the first frame");
        Assert.True(last < heard.FindIndex(message => message.StatusCode == "NetStream.Play.Complete"), "Play.Complete after all media");
        Assert.Equal("onPlayStatus", heard.Single(message => message.StatusCode == "NetStream.Play.Complete").Name);
        Assert.Equal(1, heard[^1].Event); // StreamEOF is the last word
    }

    [Theory]
    [InlineData(2000, 2)]
    [InlineData(2500, 2)]
    [InlineData(3999, 3)]
    [InlineData(999, 0)]
    public async Task Play_from_a_start_begins_with_the_keyframe_before_it_and_counts_from_zero(int start, int keyframe)
    {
        Recording expected = await ExpectedAsync(Film);
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromSeconds(60), Film, start);
        await player.ToTheEndAsync();
        Packet[] video = [.. player.Film.Of("video")];
        Packet[] rest = FromKeyframe(expected, keyframe);
        Assert.Equal(rest.Select(packet => packet.Hash), video.Select(packet => packet.Hash));
        Assert.InRange(player.Film.Packets[0].Dts, 0, 0.03);
        Assert.All(player.Film.Packets, packet => Assert.InRange(packet.Dts, 0, 4));

        // What is from the start on keeps its distances.
        double base_ = rest[^1].Dts - video[^1].Dts;
        Assert.All(rest.Zip(video).Where(pair => pair.First.Dts - base_ > 0),
            pair => Assert.InRange(pair.Second.Dts - (pair.First.Dts - base_), -0.0021, 0.0021));
    }

    [Theory]
    [InlineData(1500)]
    [InlineData(500)]
    public async Task Play_for_a_duration_ends_there_and_says_so(int duration)
    {
        Recording expected = await ExpectedAsync(Film);
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromSeconds(60), Film, 0, duration);
        await player.ToTheEndAsync();
        foreach (string kind in (string[])["video", "audio"])
        {
            Packet[] came = [.. player.Film.Of(kind)];
            Assert.Equal(expected.Of(kind).Take(came.Length).Select(packet => packet.Hash), came.Select(packet => packet.Hash));
            Assert.InRange(came[^1].Dts, (duration / 1000.0) - 0.1, (duration / 1000.0) + 0.001);
        }

        Assert.Contains(player.Heard, message => message.StatusCode == "NetStream.Play.Complete");
        Assert.Equal(1, player.Heard[^1].Event);
    }

    [Fact]
    public async Task Play_without_reset_waits_for_its_turn_and_time_goes_on()
    {
        const string First = "trimmed-on-keyframe.mp4"; // 2 s
        Recording first = await ExpectedAsync(First);
        Recording second = await ExpectedAsync("no-b-frames.mp4");
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(500), First);
        await player.PlayAsync("no-b-frames.mp4", -2000, -1000, false);
        await player.UntilAsync(message => message.Packet is { Dts: > 1 }); // the second has had the time to be opened
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.ToTheEndAsync();
        foreach (string kind in (string[])["video", "audio"])
        {
            Assert.Equal([.. first.Of(kind).Select(packet => packet.Hash), .. second.Of(kind).Select(packet => packet.Hash)],
                player.Film.Of(kind).Select(packet => packet.Hash));
            double[] times = [.. player.Film.Of(kind).Select(packet => packet.Dts)];
            Assert.Equal(times.Order(), times);
        }

        Assert.InRange(player.Film.Packets[^1].Dts, 5.8, 6.2);
        Assert.Single(player.Heard, message => message.StatusCode == "NetStream.Play.Reset");
        Assert.Single(player.Heard, message => message.Event == 1);
    }

    [Fact]
    public async Task The_end_is_told_when_nothing_is_queued_any_more()
    {
        // The first plays until all are asked for, and ends at once then: the others may still be being opened, and two of them never are.
        string[] names = ["trimmed-on-keyframe.mp4", "no-b-frames.mp4", "mono.mp4"];
        Recording[] films = await Task.WhenAll(names.Select(ExpectedAsync));
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(100), names[0]);
        await player.PlayAsync(names[1], -2000, -1000, false);
        await player.PlayAsync("nowhere.mp4", -2000, -1000, false);
        await player.PlayAsync(names[2], -2000, -1000, false);
        await player.PlayAsync("nor-here.mp4", -2000, -1000, false);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.ToTheEndAsync();
        foreach (string kind in (string[])["video", "audio"])
        {
            Assert.Equal(films.SelectMany(film => film.Of(kind)).Select(static packet => packet.Hash),
                player.Film.Of(kind).Select(static packet => packet.Hash));
        }

        await player.ListenAsync(TimeSpan.FromMilliseconds(200));
        string[] said = [.. player.Heard.Select(static message => message.Event == 1 ? "EOF" : message.StatusCode).OfType<string>()];
        Assert.Equal("EOF", said[^1]);
        Assert.Single(said, "EOF");
        Assert.Single(said, "NetStream.Play.Complete");
        Assert.Single(said, "NetStream.Play.Stop");
        Assert.Equal(2, said.Count(static word => word == "NetStream.Play.StreamNotFound"));
        Assert.Equal(3, said.Count(static word => word == "NetStream.Play.Start"));
        Assert.Equal(2, said.Count(static word => word == "NetStream.Play.Switch"));
    }

    [Fact]
    public async Task Play_with_reset_ends_what_plays()
    {
        Recording second = await ExpectedAsync("mono.mp4");
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(500), Film);
        await player.UntilAsync(message => message.Packet is not null);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.PlayAsync("mono.mp4");
        await player.StatusAsync("NetStream.Play.Reset");
        player.Heard.Clear();
        await player.ToTheEndAsync();
        Expectation.Same(second, player.Film, "the second film");
    }

    [Fact]
    public async Task Get_stream_length_answers_with_seconds()
    {
        await FilmFactory.GetAsync(Film);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        double transaction = await player.CommandAsync("getStreamLength", 0, null, "mp4:" + Film);
        Message answer = await player.UntilAsync(message => message.Name == "_result" && (double)message.Values[1]! == transaction);
        Assert.Null(answer.Values[2]);
        Assert.Equal(4, (double)answer.Values[3]!, 0.001);
    }

    [Fact]
    public async Task Deleting_the_stream_ends_what_it_plays_and_nothing_else()
    {
        await FilmFactory.GetAsync(Film);
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(300), Film);
        await player.UntilAsync(message => message.Packet is not null);
        await player.CommandAsync("deleteStream", 0, null, (double)player.StreamId);
        double transaction = await player.CommandAsync("createStream", 0, [null]);
        await player.UntilAsync(message => message.Name == "_result" && (double)message.Values[1]! == transaction);
        int before = player.Heard.Count(message => message.IsMedia);
        await player.ListenAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(before, player.Heard.Count(message => message.IsMedia));
    }

    [Theory]
    [InlineData("receiveAudio", "audio", "video")]
    [InlineData("receiveVideo", "video", "audio")]
    public async Task A_track_that_is_not_wanted_is_not_sent(string command, string unwanted, string wanted)
    {
        Recording expected = await ExpectedAsync(Film);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.CommandAsync(command, player.StreamId, null, false);
        await player.PlayAsync(Film);
        await player.ToTheEndAsync();
        Assert.Empty(player.Film.Of(unwanted));
        Assert.Equal(expected.Of(wanted).Select(packet => packet.Hash), player.Film.Of(wanted).Select(packet => packet.Hash));
    }

    [Fact]
    public async Task Video_that_is_wanted_again_begins_with_a_keyframe_while_the_sound_goes_on()
    {
        Recording expected = await ExpectedAsync(Film);
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(300), Film);
        await player.UntilAsync(static message => message.Packet is { Kind: "video", Dts: > 0.4 });
        await player.CommandAsync("receiveVideo", player.StreamId, null, false);
        await player.UntilAsync(static message => message.Packet is { Kind: "audio", Dts: > 1.5 });
        int before = player.Film.Of("video").Count();
        Assert.InRange(player.Film.Of("video").Last().Dts, 0.4, 1.2);
        await player.CommandAsync("receiveVideo", player.StreamId, null, true);
        Message first = await player.UntilAsync(static message => message.Packet is { Kind: "video" });
        Assert.True(first.Packet!.IsKey);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.ToTheEndAsync();
        Packet[] all = [.. expected.Of("video")];
        Packet[] came = [.. player.Film.Of("video")];
        Assert.Equal(all.Take(before).Select(static packet => packet.Hash), came.Take(before).Select(static packet => packet.Hash));
        Assert.Equal(all.SkipWhile(packet => packet.Hash != first.Packet.Hash).Select(static packet => packet.Hash),
            came.Skip(before).Select(static packet => packet.Hash));
        Expectation.Same(
            expected with
            {
                Packets =
                [.. expected.Packets.Where(packet => packet.Kind == "audio" || came.Any(one => one.Hash == packet.Hash))]
            }, player.Film,
                "picture off and on");
    }

    [Fact]
    public async Task The_film_comes_as_far_ahead_as_the_player_buffers_and_no_further()
    {
        await FilmFactory.GetAsync(Film);
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromSeconds(1), Film);
        TimeSpan began = (await player.UntilAsync(message => message.Packet is not null)).ArrivedAt;
        await player.ToTheEndAsync();
        Assert.All(player.Heard.Where(message => message.Packet is not null), message =>
        {
            double clock = (message.ArrivedAt - began).TotalSeconds;
            Assert.True(message.Packet!.Dts < clock + 1.3, $"{message.Packet.Dts} s of film at {clock} s");
            Assert.True(message.Packet!.Dts > clock - 1.5, $"{message.Packet.Dts} s of film at {clock} s only");
        });
    }

    [Fact]
    public async Task The_server_bounds_what_a_player_may_ask_for()
    {
        await FilmFactory.GetAsync(Film);
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--max-buffer", "2");
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.SetBufferAsync(TimeSpan.FromHours(10));
        TimeSpan began = player.Now; // before the server's clock can begin: a player that reads late only reads less ahead of it
        await player.PlayAsync(Film);
        await player.ToTheEndAsync();
        Assert.All(player.Heard.Where(message => message.Packet is not null), message =>
        {
            double clock = (message.ArrivedAt - began).TotalSeconds;
            Assert.True(message.Packet!.Dts < clock + 2.4, $"{message.Packet.Dts} s of film at {clock} s");
        });
        Assert.True(player.Heard[^1].ArrivedAt - began > TimeSpan.FromSeconds(1.5), "not paced");
    }

    [Fact]
    public async Task The_first_frame_is_not_held_back_by_a_delayed_acknowledgement()
    {
        await FilmFactory.GetAsync(Film);
        Assert.InRange(await FastestStartAsync((await films.Server).Port), 0, 30);
    }

    /// <summary>
    /// Milliseconds from connect to the first frame, the best of some, for a player whose system holds small writes back.
    /// </summary>
    internal static async Task<double> FastestStartAsync(int port)
    {
        double best = double.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(port, noDelay: false);
            await player.PlayAsync("mp4:" + Film);
            best = Math.Min(best, (await player.UntilAsync(message => message.Packet is not null)).ArrivedAt.TotalMilliseconds);
        }

        return best;
    }

    private static Packet[] FromKeyframe(Recording film, int keyframe)
    {
        Packet[] video = [.. film.Of("video")];
        Packet first = video.Where(packet => packet.IsKey).ElementAt(keyframe);
        return video[Array.IndexOf(video, first)..];
    }

    private static async Task<Recording> ExpectedAsync(string name) =>
        Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name)));

    private async Task<RtmpPlayer> StartAsync(TimeSpan buffer, string name, params object?[] more)
    {
        await FilmFactory.GetAsync(name);
        RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.SetBufferAsync(buffer);
        await player.PlayAsync(name, more);
        return player;
    }
}
