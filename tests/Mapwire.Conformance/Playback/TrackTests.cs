using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>Tracks by wish, and a track whose configuration changes in the middle.</summary>
public sealed class TrackTests(ServedFilms films)
{
    [Theory]
    [InlineData("two-pictures.mp4?video=2", "0:v:1", "0:a:0")]
    [InlineData("two-pictures.mp4?video=1&audio=none", "0:v:0", null)]
    [InlineData("three-sounds.mp4?audio=2", "0:v", "0:a:1")]
    [InlineData("three-sounds.mp4?lang=de", "0:v", "0:a:1")]
    [InlineData("three-sounds.mp4?lang=ger", "0:v", "0:a:1")]
    [InlineData("three-sounds.mp4?lang=ja", "0:v", "0:a:0")]
    [InlineData("three-sounds.mp4?audio=none", "0:v", null)]
    [InlineData("three-sounds.mp4?video=none", null, "0:a:0")]
    [InlineData("mp4:three-sounds?audio=2&video=none&token=x", null, "0:a:1")]
    public async Task A_wish_is_granted(string name, string? video, string? audio)
    {
        string path =
            await FilmFactory.GetAsync(name.StartsWith("two", StringComparison.Ordinal) ? "two-pictures.mp4" : "three-sounds.mp4");
        await using RtmpPlayer player = await PlayAsync((await films.Server).Port, name);
        await player.ToTheEndAsync();
        List<Packet> expected = [];
        foreach (string? stream in (string?[])[video, audio])
        {
            expected.AddRange(
                stream is null ? [] : (await Ffprobe.ReadAsync(path, ["-select_streams", stream[2..]], static all => all)).Packets);
        }

        Expectation.Same(Expectation.Of(new Recording(expected, [], null)), player.Film, name);
    }

    [Theory]
    [InlineData("ac3.mp4", "There is no sound: ac-3:")]
    [InlineData("hevc-in-band.mp4", "There is no picture: hev1:")]
    [InlineData("ac3.mp4?audio=none", null)]
    [InlineData("video-only.mp4", null)]
    [InlineData("moov-first.mp4", null)]
    public async Task A_player_that_cannot_be_sent_the_sound_or_the_picture_is_told_why(string name, string? warning)
    {
        await FilmFactory.GetAsync(name.Split('?')[0]);
        await using RtmpPlayer player = await PlayAsync((await films.Server).Port, name);
        await player.UntilAsync(static message => message.Packet is not null);
        List<Message> status = [.. player.Heard.Where(static message => message.Name == "onStatus")];
        Assert.Equal(["NetStream.Play.Reset", "NetStream.Play.Start"], status.Take(2).Select(static message => message.StatusCode));
        Assert.Equal(warning is null ? 2 : 3, status.Count);
        if (warning is not null)
        {
            Assert.Equal("NetStream.Play.TrackLeftOut", status[2].StatusCode);
            Assert.StartsWith(warning, status[2].StatusDescription, StringComparison.Ordinal);
            await using RtmpPlayer enhanced = await PlayAsync((await films.Server).Port, name, Offers.All);
            await enhanced.UntilAsync(static message => message.Packet is not null);
            Assert.DoesNotContain(enhanced.Heard, static message => message.StatusCode == "NetStream.Play.TrackLeftOut");
        }
    }

    [Fact]
    public async Task A_plain_players_language_is_among_what_it_can_play()
    {
        await FilmFactory.GetAsync("three-sounds.mp4"); // its French is Opus
        await using RtmpPlayer plain = await PlayAsync((await films.Server).Port, "three-sounds.mp4?lang=fr");
        await plain.UntilAsync(message => message.Packet?.Kind == "audio");
        Assert.Equal(10, plain.Heard.Last().Body[0] >> 4);
        await using RtmpPlayer enhanced = await PlayAsync((await films.Server).Port, "three-sounds.mp4?lang=fr", Offers.All);
        await enhanced.UntilAsync(message => message.Packet?.Kind == "audio");
        Assert.Equal("Opus", EnhancedTests.Extended(enhanced.Heard.Last())!.FourCc);
    }

    [Theory]
    [InlineData("three-sounds.mp4?audio=4", "audio track 4 of 3")]
    [InlineData("three-sounds.mp4?audio=3", "Opus")]
    [InlineData("three-sounds.mp4?video=2", "video track 2 of 1")]
    [InlineData("three-sounds.mp4?video=none&audio=none", "")]
    [InlineData("three-sounds.mp4?audio=first", "?audio=")]
    public async Task A_wish_that_cannot_be_granted_is_refused_with_the_reason(string name, string reason)
    {
        await FilmFactory.GetAsync("three-sounds.mp4");
        await using RtmpPlayer player = await PlayAsync((await films.Server).Port, name);
        Message status = await player.UntilAsync(message => message.Name == "onStatus");
        Assert.Equal("NetStream.Play.Failed", status.StatusCode);
        Assert.Contains(reason, status.StatusDescription, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_that_changes_is_told_where_it_changes_and_after_a_seek()
    {
        string folder = TemporaryFolder.Create("changing");
        FlvTag[] tags = await JoinedAsync(Path.Combine(folder, "changing.flv"));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-buffer", "60");
        await using RtmpPlayer player = await PlayAsync(server.Port, "changing.flv");
        await player.ToTheEndAsync();
        foreach (byte type in (byte[])[Message.Video, Message.Audio])
        {
            // Tag for tag what the file has, configurations where they were; only time may have moved as a whole.
            FlvTag[] expected = [.. tags.Where(tag => tag.Type == type)];
            Message[] came = [.. player.Heard.Where(message => message.Type == type)];
            Assert.Equal(expected.Select(tag => Convert.ToHexString(tag.Body.Span)),
                came.Select(message => Convert.ToHexString(message.Body)));
            int last = expected.Length - 1;
            Assert.Equal(expected[last].Time - expected[1].Time, came[last].Time - came[1].Time);
        }

        FlvTag[] video = [.. tags.Where(tag => tag.Type == Message.Video)];
        FlvTag[] configurations = [.. video.Where(IsConfiguration)];
        Assert.Equal(2, configurations.Length);
        Assert.NotEqual(configurations[0].Body.ToArray(), configurations[1].Body.ToArray());
        foreach ((uint time,
            FlvTag configuration) in (IEnumerable<(uint, FlvTag)>)[(configurations[1].Time + 1500, configurations[1]),
            (500, configurations[0]), (configurations[1].Time + 100, configurations[1])])
        {
            player.Heard.Clear();
            await player.SeekAsync(time);
            await player.StatusAsync("NetStream.Seek.Notify");
            player.Heard.Clear();
            await player.UntilAsync(message => message is { Type: Message.Video, Packet: not null });
            Assert.Equal(configuration.Body.ToArray(), player.Heard.Last(message => message is { Type: Message.Video, Packet: null }).Body);
        }
    }

    private static bool IsConfiguration(FlvTag tag) => tag.Type == Message.Video && tag.Body.Span[1] == 0;

    /// <summary>Two films of different sizes, tag behind tag, as a recorder writes whose source was switched.</summary>
    private static async Task<FlvTag[]> JoinedAsync(string path)
    {
        string first = Path.Combine(TemporaryFolder.Create("joined"), "first.flv");
        string second = first + ".second.flv";
        const string Codecs = "-c:v libx264 -preset ultrafast -g 25 -bf 0 -pix_fmt yuv420p -c:a aac -b:a 32k";
        await FilmFactory.EncodeAsync(
            $"-f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -f lavfi -i sine=440:sample_rate=44100:duration=2 {Codecs}", first);
        await FilmFactory.EncodeAsync(
            $"-f lavfi -i testsrc2=size=128x96:rate=25:duration=2 -f lavfi -i sine=440:sample_rate=32000:duration=2 {Codecs}", second);
        FlvTag[] media = [.. Media(first, 0), .. Media(second, 2040)];
        using FileStream file = File.Create(path);
        file.Write([(byte)'F', (byte)'L', (byte)'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
        foreach (FlvTag tag in media)
        {
            FlvFile.Write(file, tag);
        }

        return media;
    }

    /// <summary>The audio and video tags, later by some time; ffmpeg's mark at the end is left out.</summary>
    private static IEnumerable<FlvTag> Media(string path, uint later) =>
        FlvFile.Tags(File.ReadAllBytes(path))
            .Where(tag => tag.Type is Message.Audio or Message.Video && !(tag.Type == Message.Video && tag.Body.Span[1] == 2))
            .Select(tag => tag with { Time = tag.Time + later });

    private static Task<RtmpPlayer> PlayAsync(int port, string name, IReadOnlyDictionary<string, object?>? offers = null) =>
        RtmpPlayer.WatchAsync(port, name, offers: offers);
}
