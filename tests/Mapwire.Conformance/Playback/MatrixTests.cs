using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>
/// Every file of the matrix comes off the wire as ffmpeg reads it from the disk, to a player that offers every codec: each packet byte for
/// byte, times within a millisecond, and metadata that say what it is.
/// </summary>
public sealed class MatrixTests(ServedFilms films)
{
    public static TheoryData<string> Names() => [.. MatrixFilms.All.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public async Task It_is_a_matrix()
    {
        Assert.True(MatrixFilms.All.Count + FilmRecipes.All.Count >= 100);
        await Parallel.ForEachAsync(MatrixFilms.All.Keys, new ParallelOptions { MaxDegreeOfParallelism = 2 },
            static async (name, _) => await FilmFactory.GetAsync(name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_comes_as_ffmpeg_reads_it(string name)
    {
        string path = await FilmFactory.GetAsync(name);
        Recording file = await Ffprobe.ReadEnhancedAsync(path);
        Recording expected = Expectation.Of(file);
        Assert.NotEmpty(expected.Packets);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port, offers: Offers.All);
        await player.SetBufferAsync(TimeSpan.FromHours(23));
        await player.PlayAsync(name);
        await player.ToTheEndAsync();
        Expectation.Same(expected, player.Film, name);
        Assert.Equal(
            expected.Of("video").Where(static packet => packet.IsKey).Select(static packet => packet.Hash),
            player.Film.Of("video").Where(static packet => packet.IsKey).Select(static packet => packet.Hash));

        Dictionary<string, object?> metadata =
            (Dictionary<string, object?>)player.Heard.First(static message => message.Name == "onMetaData").Values[1]!;
        MediaStream? video = file.Streams.FirstOrDefault(static stream => stream.Kind == "video");
        MediaStream? audio = file.Streams.FirstOrDefault(static stream => stream.Kind == "audio");
        Assert.Equal((video is not null, audio is not null), (metadata["hasVideo"], metadata["hasAudio"]));
        if (video is not null)
        {
            Assert.Equal((video.Width, video.Height), ((double)metadata["width"]!, (double)metadata["height"]!));
        }

        if (audio is not null)
        {
            Assert.Equal((audio.SampleRate, audio.Channels), ((double)metadata["audiosamplerate"]!, (double)metadata["audiochannels"]!));
        }

        // Up to the end of the packet that is shown last, which an edit may cut.
        double last = file.Packets.Where(static packet => !packet.Discard).Max(static packet => packet.Pts);
        double start = Math.Max(0, file.Packets.Where(static packet => !packet.Discard).Min(static packet => packet.Pts));
        double[] shown = [.. file.Of("video").Select(static packet => packet.Pts).Order()];
        // of pictures, or the longest packet of sound
        double longest = shown.Zip(shown.Skip(1), static (one, next) => next - one).Append(0.13).Max();
        Assert.InRange((double)metadata["duration"]!, last - start - 0.01, last + longest + 0.01);
    }

    [Theory]
    [InlineData("keyframe-fragments.mp4", 0.5)]
    [InlineData("short-fragments.mp4", 0.7)]
    [InlineData("gst-fragments.mp4", 0.6)]
    [InlineData("tags.flv", 0.5)]
    [InlineData("hvc1-fragments.mp4", 0.8)]
    public async Task A_recording_that_was_cut_off_plays_what_is_whole(string name, double share)
    {
        string whole = await FilmFactory.GetAsync(name);
        string folder = TemporaryFolder.Create("cut-off");
        byte[] bytes = await File.ReadAllBytesAsync(whole);
        await File.WriteAllBytesAsync(Path.Combine(folder, name), bytes[..(int)(bytes.Length * share)]);
        Recording expected = Expectation.Of(await Ffprobe.ReadEnhancedAsync(whole));
        await using MapwireServer server = await MapwireServer.StartAsync(folder, "--max-buffer", "60");
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port, offers: Offers.All);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.PlayAsync(name);
        await player.ToTheEndAsync();
        Assert.Contains(player.Heard, static message => message.StatusCode == "NetStream.Play.Complete");
        foreach (string kind in (string[])["video", "audio"])
        {
            string[] came = [.. player.Film.Of(kind).Select(static packet => packet.Hash)];
            string[] all = [.. expected.Of(kind).Select(static packet => packet.Hash)];
            Assert.InRange(came.Length, all.Length / 8, all.Length - 1);
            Assert.Equal(all.Take(came.Length), came);
        }
    }
}
