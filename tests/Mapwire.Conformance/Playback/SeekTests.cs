using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Playback;

/// <summary>Seek, pause and resume lose nothing, repeat nothing and always begin with a picture that can be decoded.</summary>
public sealed class SeekTests(ServedFilms films)
{
    private const string Film = "moov-last.mp4"; // keyframes at 0, 1, 2 and 3 s; ends at 4 s

    [Theory]
    [InlineData(2000, 2)]
    [InlineData(2700, 2)]
    [InlineData(2999, 2)]
    [InlineData(3001, 3)]
    [InlineData(3990, 3)]
    [InlineData(0, 0)]
    [InlineData(40, 0)]
    public async Task Seek_lands_on_the_keyframe_before(int milliseconds, int keyframe)
    {
        Recording expected = await ExpectedAsync();
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(500));
        await player.UntilAsync(message => message.Packet is not null);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.SeekAsync(milliseconds);
        await SeekNotifiedAsync(player);
        await player.ToTheEndAsync();

        // Times stay the film's own, so that a player knows where it is.
        Recording rest = FromKeyframe(expected, keyframe);
        Assert.Empty(
            Expectation.Differences(rest with { Packets = [.. rest.Of("video")] },
            player.Film with { Packets = [.. player.Film.Of("video")] }, from: Shift(expected)));
        Packet[] audio = [.. player.Film.Of("audio")];
        Assert.Equal(expected.Of("audio").TakeLast(audio.Length).Select(packet => packet.Hash), audio.Select(packet => packet.Hash));
        Assert.InRange(audio[0].Dts - player.Film.Of("video").First().Dts, -0.05, 0.06); // the first of the file comes 57 ms later
        Assert.True(player.Heard.First(message => message.Type == Message.Video).Packet is null or { IsKey: true });
    }

    [Fact]
    public async Task Seek_past_the_end_still_begins_with_a_keyframe()
    {
        Recording expected = await ExpectedAsync();
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(500));
        await player.UntilAsync(message => message.Packet is not null);
        await player.SeekAsync(1e9);
        await SeekNotifiedAsync(player);
        await player.ToTheEndAsync();
        Packet[] video = [.. expected.Of("video")];
        Assert.Equal(video[Array.FindLastIndex(video, packet => packet.IsKey)..].Select(packet => packet.Hash),
            player.Film.Of("video").Select(packet => packet.Hash));
        Assert.Contains(player.Heard, message => message.StatusCode == "NetStream.Play.Stop");
    }

    [Fact]
    public async Task Seek_while_paused_shows_the_frame_and_goes_on_from_there()
    {
        Recording expected = await ExpectedAsync();
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(300));
        await player.UntilAsync(message => message.Packet is not null);
        await player.PauseAsync(true, 100);
        await player.StatusAsync("NetStream.Pause.Notify");
        await player.SeekAsync(2700);
        await SeekNotifiedAsync(player);
        await player.ListenAsync(TimeSpan.FromSeconds(1));
        Recording rest = FromKeyframe(expected, 2);
        Packet[] shown = [.. player.Film.Of("video")];
        Assert.NotEmpty(shown);
        Assert.True(shown[0].IsKey);
        Assert.True(shown.Length <= 25, $"{shown.Length} frames while paused");

        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.PauseAsync(false, 2700);
        await player.ToTheEndAsync();
        Assert.Empty(
            Expectation.Differences(rest with { Packets = [.. rest.Of("video")] },
            player.Film with { Packets = [.. player.Film.Of("video")] }, from: Shift(expected)));
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("pauseRaw")]
    public async Task Pause_and_resume_lose_and_repeat_nothing(string command)
    {
        Recording expected = await ExpectedAsync();
        await using RtmpPlayer player = await StartAsync(TimeSpan.FromMilliseconds(300));
        for (int round = 0; round < 3; round++)
        {
            await player.UntilAsync(message => message.Packet is { } packet && packet.Dts > 0.2 + (0.7 * round));
            await player.CommandAsync(command, player.StreamId, null, true, 500 + (700 * round));
            await player.StatusAsync("NetStream.Pause.Notify");
            int before = player.Film.Packets.Count;
            await player.ListenAsync(TimeSpan.FromMilliseconds(600));
            Assert.Equal(before, player.Film.Packets.Count);
            await player.CommandAsync(command, player.StreamId, null, false, 500 + (700 * round));
            await player.StatusAsync("NetStream.Unpause.Notify");
        }

        await player.ToTheEndAsync();
        Expectation.Same(expected, player.Film, "after three pauses");
        Assert.True(player.Now > TimeSpan.FromSeconds(4), "the pauses counted");
    }

    [Fact]
    public async Task Seek_past_24_bits_of_milliseconds_keeps_the_time()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync("long.mp4")));
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.SetBufferAsync(TimeSpan.FromSeconds(1));
        await player.PlayAsync("long.mp4");
        await player.UntilAsync(message => message.Packet is not null);
        await player.SeekAsync(16_900_000);
        await SeekNotifiedAsync(player);
        Packet first = (await player.UntilAsync(message => message.Type == Message.Video && message.Packet is not null)).Packet!;
        Packet keyframe = expected.Of("video").Last(packet => packet.IsKey && packet.Dts + Shift(expected) <= 16_900);
        Assert.Equal(keyframe.Dts + Shift(expected), first.Dts, Expectation.Tolerance);
        Assert.True(first.Dts > 16_777.216);
    }

    [Fact]
    public async Task Ffmpeg_seeks_and_reads_on()
    {
        // As a user would: -ss before -i makes ffmpeg send a seek. It ignores one after Play.Stop, so the film must last.
        const string Name = "twelve-seconds.mp4";
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(Name)));
        Recording actual = await FfmpegCopy.ReadAsync((await films.Server).Address(Name), "-ss", "9.5");
        Packet[] video = [.. actual.Of("video")];
        Packet keyframe = expected.Of("video").Last(packet => packet.IsKey && packet.Pts <= 9.5);
        Assert.Equal(expected.Of("video").SkipWhile(packet => packet != keyframe).Select(packet => packet.Hash),
            video.Select(packet => packet.Hash));
        Assert.Equal(keyframe.Dts + Shift(expected), video[0].Dts, Expectation.Tolerance);
    }

    /// <summary>Forgets what came before the seek was carried out.</summary>
    private static async Task SeekNotifiedAsync(RtmpPlayer player)
    {
        await player.StatusAsync("NetStream.Seek.Notify");
        player.Heard.Clear();
    }

    private static double Shift(Recording film) => -film.Packets.Min(packet => packet.Dts);

    private static Recording FromKeyframe(Recording film, int keyframe)
    {
        Packet[] video = [.. film.Of("video")];
        Packet first = video.Where(packet => packet.IsKey).ElementAt(keyframe);
        return film with { Packets = video[Array.IndexOf(video, first)..] };
    }

    private static async Task<Recording> ExpectedAsync() => Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(Film)));

    private async Task<RtmpPlayer> StartAsync(TimeSpan buffer)
    {
        await FilmFactory.GetAsync(Film);
        RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.SetBufferAsync(buffer);
        await player.PlayAsync(Film);
        return player;
    }
}
