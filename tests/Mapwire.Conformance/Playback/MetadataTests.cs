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

    private static double BitRate(Recording film, string kind) =>
        film.Of(kind).Sum(packet => (double)packet.Size) * 8 / 1000 / film.Duration!.Value;

    private async Task<Message> MetadataAsync(string name)
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.PlayAsync(name);
        return await player.UntilAsync(message => message.Name == "onMetaData");
    }
}
