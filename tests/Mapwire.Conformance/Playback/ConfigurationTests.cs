using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>
/// Configurations that are not one at the beginning: several sample descriptions in a track, parameter sets in the samples, several of
/// them, what HE-AAC says of itself, places to start from that are no sync samples.
/// </summary>
public sealed class ConfigurationTests(ServedFilms films)
{
    private const string TwoTakes = "two-takes.mp4"; // 96 by 64 and 128 by 80, mono and stereo, from 1.6 s on

    [Fact]
    public async Task Each_sample_description_is_told_before_its_first_sample()
    {
        (byte[][] configurations, Recording first) = await TakesAsync();
        await using RtmpPlayer player = await PlayAsync(TwoTakes);
        await player.ToTheEndAsync();
        foreach ((byte type, string kind,
            int header) in (IEnumerable<(byte, string, int)>)[(Message.Video, "video", 5), (Message.Audio, "audio", 2)])
        {
            Message[] messages = [.. player.Heard.Where(message => message.Type == type)];
            int[] places = [.. Enumerable.Range(0, messages.Length).Where(i => messages[i].Packet is null)];
            Assert.Equal([0, first.Of(kind).Count() + 1], places);
            byte[][] told = [.. places.Select(place => messages[place].Body[header..])];
            Assert.Equal(kind == "video" ? configurations[..2] : configurations[2..], told);
        }
    }

    [Theory]
    [InlineData(TwoTakes, "0:v")]
    [InlineData(TwoTakes, "0:a")]
    [InlineData("several-sets.mp4", "0:v")]
    [InlineData("in-band-sets.mp4", "0:v")]
    [InlineData("gst-in-band.mp4", "0:v")]
    [InlineData("gst-in-band-fragments.mp4", "0:v")]
    public async Task What_comes_off_the_wire_decodes_as_the_file_does(string name, string stream)
    {
        string[] file = await DecodedAsync(await FilmFactory.GetAsync(name), stream);
        string[] wire = await DecodedAsync((await films.Server).Address(name), stream);
        Assert.True(file.Length >= 40, $"{file.Length} frames");
        Assert.Equal(file, wire);
    }

    [Fact]
    public async Task After_a_seek_the_configuration_there_counts()
    {
        (byte[][] configurations, Recording firstTake) = await TakesAsync();
        HashSet<string> early = [.. firstTake.Of("audio").Select(static packet => packet.Hash)];
        await using RtmpPlayer player = await PlayAsync(TwoTakes);
        await player.ToTheEndAsync();
        foreach ((double time, int take) in (IEnumerable<(double, int)>)[(2000, 1), (700, 0), (1650, 1), (1550, 0)])
        {
            await player.SeekAsync(time);
            await player.StatusAsync("NetStream.Seek.Notify");
            player.Heard.Clear();
            await player.UntilAsync(static message => message.Packet?.Kind == "video");
            Assert.Equal(configurations[take],
                player.Heard.Last(static message => message is { Type: Message.Video, Packet: null }).Body[5..]);
            // the last of the first take come along
            await player.UntilAsync(message => message.Packet is { Kind: "audio" } sound && early.Contains(sound.Hash) == (take == 0));
            Assert.Equal(configurations[2 + take],
                player.Heard.Last(static message => message is { Type: Message.Audio, Packet: null }).Body[2..]);
        }
    }

    [Fact]
    public async Task Video_that_comes_back_behind_a_change_has_its_configuration()
    {
        (byte[][] configurations, _) = await TakesAsync();
        await using RtmpPlayer player = await PlayAsync(TwoTakes, TimeSpan.FromMilliseconds(200));
        await player.UntilAsync(static message => message.Packet?.Kind == "video");
        await player.CommandAsync("receiveVideo", player.StreamId, null, false);
        await player.UntilAsync(static message => message.Packet is { Kind: "audio", Dts: > 1.7 });
        Assert.DoesNotContain(player.Film.Of("video"), static packet => packet.Dts > 1.5);
        await player.CommandAsync("receiveVideo", player.StreamId, null, true);
        Message first = await player.UntilAsync(static message => message.Packet is { Kind: "video" });
        Assert.True(first.Packet!.IsKey);
        Assert.Equal(configurations[1], player.Heard.Last(static message => message is { Type: Message.Video, Packet: null }).Body[5..]);
    }

    [Theory]
    [InlineData("he-aac.mp4", 44100.0, true, 2.0)] // of 22,050 Hz, and twice that with spectral band replication
    [InlineData("he-aac-compatible.mp4", 44100.0, true, 2.0)]
    [InlineData("he-aac-v2.mp4", 44100.0, true, 2.0)] // mono, and stereo with its parameters
    [InlineData("aac-elements.mp4", 44100.0, true, 2.0)]
    [InlineData("aac-surround.mp4", 44100.0, true, 2.0)]
    public async Task Sound_is_announced_as_its_configuration_says(string name, double rate, bool stereo, double type)
    {
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name));
        await using RtmpPlayer player = await PlayAsync(name);
        Message header = await player.UntilAsync(static message => message is { Type: Message.Audio, Packet: null });
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(header.Body.AsSpan(2)));
        Assert.Equal("SHA256:" + hash, film.Streams.Single(static stream => stream.Kind == "audio").ExtradataHash);
        Dictionary<string, object?> metadata =
            (Dictionary<string, object?>)player.Heard.First(static message => message.Name == "onMetaData").Values[1]!;
        Assert.Equal((rate, stereo, type, 10.0),
            (metadata["audiosamplerate"], metadata["stereo"], metadata["aacaot"], metadata["audiocodecid"]));
    }

    [Fact]
    public async Task Pictures_that_are_refreshed_bit_by_bit_are_started_from_where_they_recover()
    {
        // x264's film; ffmpeg has written its recovery points as sync samples, which the other file has not.
        Packet[] keys =
            [.. (await Ffprobe.ReadAsync(await FilmFactory.GetAsync("intra-refresh.mp4"))).Of("video")
                .Where(static packet => packet.IsKey)];
        Assert.Equal(4, keys.Length);
        Assert.Equal(1u, BoxFile.Read(await FilmFactory.GetAsync("rolling-behind-a-key.mp4")).Moov.All("stss").Single().UInt32(4));
        await using RtmpPlayer player = await PlayAsync("rolling-behind-a-key.mp4");
        await player.ToTheEndAsync();
        Assert.Equal(keys.Select(static key => key.Hash),
            player.Film.Of("video").Where(static packet => packet.IsKey).Select(static packet => packet.Hash));
        await player.SeekAsync(1200);
        await player.StatusAsync("NetStream.Seek.Notify");
        player.Heard.Clear();
        Message first = await player.UntilAsync(static message => message.Packet?.Kind == "video");
        Assert.Equal(keys[2].Hash, first.Packet!.Hash);
    }

    /// <summary>The configurations of both takes, pictures first, and the first take.</summary>
    private static async Task<(byte[][] Configurations, Recording First)> TakesAsync()
    {
        await FilmFactory.GetAsync(TwoTakes);
        List<byte[]> configurations = [];
        BoxFile[] takes =
            [BoxFile.Read(await FilmFactory.GetAsync("first-take.mp4")), BoxFile.Read(await FilmFactory.GetAsync("second-take.mp4"))];
        configurations.AddRange(
            takes.Select(
                static take =>
                    CodecShapes.PictureBoxes(CodecShapes.EntriesOf(take.Moov.All("stsd").First())[0])
                        .First(static box => box.Type == "avcC").Payload));
        configurations.AddRange(
            takes.Select(static take => CodecShapes.AudioConfiguration(CodecShapes.EntriesOf(take.Moov.All("stsd").Last())[0])));
        Assert.Equal(4, configurations.Select(Convert.ToHexString).Distinct().Count());
        return ([.. configurations], await Ffprobe.ReadAsync(await FilmFactory.GetAsync("first-take.mp4")));
    }

    /// <summary>The frames that ffmpeg's decoder makes of a stream, by their MD5.</summary>
    private static async Task<string[]> DecodedAsync(string input, string stream)
    {
        ToolResult result =
            await Tool.SucceedAsync("ffmpeg",
            ["-hide_banner", "-loglevel", "error", "-nostdin", "-i", input, "-map", stream, "-fps_mode", "passthrough", "-f", "framemd5",
            "-"]);
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] != '#')
            .Select(static line => line.Split(',')[^1].Trim())];
    }

    private async Task<RtmpPlayer> PlayAsync(string name, TimeSpan? buffer = null)
    {
        await FilmFactory.GetAsync(name);
        return await RtmpPlayer.WatchAsync((await films.Server).Port, name, buffer);
    }
}
