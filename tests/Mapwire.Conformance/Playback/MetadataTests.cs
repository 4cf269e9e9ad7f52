using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;

namespace Mapwire.Conformance.Playback;

/// <summary>onMetaData says what the film is, in the shape that players read.</summary>
public sealed class MetadataTests(ServedFilms films)
{
    private const byte EcmaArray = 8;

    [Theory]
    [InlineData("moov-last.mp4", 25.0, true, 10.0)]
    [InlineData("ntsc.mp4", 24000.0 / 1001, true, 10.0)]
    [InlineData("trimmed.mp4", 25.0, true, 10.0)]
    [InlineData("mono.mp4", 25.0, false, 10.0)]
    [InlineData("mp3.mp4", 25.0, true, 2.0)]
    [InlineData("mp3-mono-22050.mp4", 25.0, false, 2.0)]
    [InlineData("audio-only.m4a", null, true, 10.0)]
    [InlineData("video-only.mp4", 25.0, null, null)]
    [InlineData("long.mp4", 1.0, false, 10.0)]
    public async Task It_says_what_ffprobe_says(string name, double? rate, bool? stereo, double? audioCodec)
    {
        string path = await FilmFactory.GetAsync(name);
        Recording film = await Ffprobe.ReadAsync(path);
        Message message = await MetadataAsync(name);
        Assert.Equal(EcmaArray, message.Body[3 + "onMetaData".Length]); // anything else ffmpeg passes over
        Dictionary<string, object?> metadata = (Dictionary<string, object?>)message.Values[1]!;

        Assert.Equal(film.Duration!.Value, (double)metadata["duration"]!, Expectation.Tolerance);
        Assert.Equal(new FileInfo(path).Length, (double)metadata["filesize"]!);
        MediaStream? video = film.Streams.FirstOrDefault(stream => stream.Kind == "video");
        MediaStream? audio = film.Streams.FirstOrDefault(stream => stream.Kind == "audio");
        Assert.Equal(video is not null, metadata.GetValueOrDefault("hasVideo", false));
        Assert.Equal(audio is not null, metadata.GetValueOrDefault("hasAudio", false));
        Assert.Equal(rate is not null, metadata.ContainsKey("framerate"));
        Assert.Equal(audioCodec, (double?)metadata.GetValueOrDefault("audiocodecid"));
        Assert.Equal(stereo, (bool?)metadata.GetValueOrDefault("stereo"));
        if (video is not null)
        {
            Assert.Equal(rate!.Value, (double)metadata["framerate"]!, 0.02);
            Assert.Equal((video.Width, video.Height), ((double)metadata["width"]!, (double)metadata["height"]!));
            Assert.Equal(7.0, metadata["videocodecid"]);
            Assert.Equal(BitRate(film, "video"), (double)metadata["videodatarate"]!, BitRate(film, "video") * 0.15);
        }

        if (audio is not null)
        {
            Assert.Equal(audio.SampleRate, (double)metadata["audiosamplerate"]!);
            Assert.Equal(BitRate(film, "audio"), (double)metadata["audiodatarate"]!, BitRate(film, "audio") * 0.15);
        }
    }

    [Fact]
    public async Task Its_keyframes_are_where_a_seek_lands()
    {
        const string Name = "moov-last.mp4";
        Recording expected = Expectation.Of(await Ffprobe.ReadAsync(await FilmFactory.GetAsync(Name)));
        Dictionary<string, object?> metadata = (Dictionary<string, object?>)(await MetadataAsync(Name)).Values[1]!;
        Dictionary<string, object?> keyframes = (Dictionary<string, object?>)metadata["keyframes"]!;
        double[] times = [.. ((List<object?>)keyframes["times"]!).Cast<double>()];
        string[] keys = [.. expected.Of("video").Where(packet => packet.IsKey).Select(packet => packet.Hash)];
        Assert.Equal(keys.Length, times.Length);
        Assert.Equal(times.Length, ((List<object?>)keyframes["filepositions"]!).Count);

        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.SetBufferAsync(TimeSpan.FromMilliseconds(100));
        await player.PlayAsync(Name);
        await player.UntilAsync(message => message.Packet is not null);
        for (int i = times.Length - 1; i >= 0; i--)
        {
            await player.SeekAsync(times[i] * 1000);
            await player.StatusAsync("NetStream.Seek.Notify");
            Message first = await player.UntilAsync(message => message.Type == Message.Video && message.Packet is not null);
            Assert.Equal(keys[i], first.Packet!.Hash);
        }
    }

    /// <summary>trimmed.mp4 begins 0.3 s before what its edit list shows, at the sync sample.</summary>
    [Theory]
    [InlineData("trimmed.mp4", true)]
    [InlineData("moov-last.mp4", false)]
    [InlineData("late-video.mp4", false)]
    public async Task The_length_is_the_same_wherever_it_is_told_and_a_hidden_run_up_is_told_as_one(string name, bool hasRunUp)
    {
        await FilmFactory.GetAsync(name);
        await using RtmpPlayer player = await RtmpPlayer.WatchAsync((await films.Server).Port, name);
        await player.ToTheEndAsync();
        double announced = (double)((Dictionary<string, object?>)player.Heard.First(
            static message => message.Name == "onMetaData").Values[1]!)["duration"]!;
        double transaction = await player.CommandAsync("getStreamLength", 0, null, name);
        Message answer = await player.UntilAsync(
            message => message.Name == "_result" && (double)message.Values[1]! == transaction);
        Assert.Equal(announced, (double)answer.Values[3]!, 0.001);
        Message complete = player.Heard.Single(static message => message.StatusCode == "NetStream.Play.Complete");
        double completed = (double)complete.Values.OfType<Dictionary<string, object?>>().Last()["duration"]!;
        Assert.InRange(completed, announced - 0.001, announced + 0.1); // from the first decoding on (docs/formats.md)
        Assert.InRange(player.Film.Packets.Max(static packet => packet.Dts), completed - 0.2, completed);

        // Frame type 5 says to players without a decoder's help: show nothing of what is between (FLV 10.1, E.4.3.1).
        Message[] media = [.. player.Heard.Where(static message => message.IsMedia)];
        int start = Array.FindIndex(media, static message => message is { Type: Message.Video, Body: [0x57, 0, ..] });
        int end = Array.FindIndex(media, static message => message is { Type: Message.Video, Body: [0x57, 1, ..] });
        Assert.Equal(hasRunUp, start >= 0);
        if (hasRunUp)
        {
            Message[] hidden = [.. media[(start + 1)..end].Where(static message => message.Packet is not null)];
            Assert.InRange(hidden.Length, 5, 10);
            Assert.All(hidden, static message => Assert.Equal((Message.Video, 0u), (message.Type, message.Time)));
            Assert.DoesNotContain(media[..start], static message => message.Packet is not null);
            Assert.Equal(1, media.Count(static message => message is { Type: Message.Video, Body: [0x57, 1, ..] }));
        }
    }

    private static double BitRate(Recording film, string kind) =>
        film.Of(kind).Sum(packet => (double)packet.Size) * 8 / 1000 / film.Duration!.Value;

    private async Task<Message> MetadataAsync(string name)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.PlayAsync(name);
        return await player.UntilAsync(message => message.Name == "onMetaData");
    }
}
