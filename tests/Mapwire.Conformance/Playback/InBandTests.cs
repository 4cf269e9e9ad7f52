using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>
/// Recordings whose parameter sets are in their samples alone start in players that look for them in the sequence header, too. That the
/// samples stay as they are is what <see cref="MatrixTests"/> see to.
/// </summary>
public sealed class InBandTests(ServedFilms films)
{
    /// <summary>Written by GStreamer, in one piece and in fragments, and made of films of ffmpeg.</summary>
    public static TheoryData<string> Names() =>
        ["gst-in-band.mp4", "gst-in-band-fragments.mp4", "in-band-sets.mp4", "in-band-sets-hevc.mp4"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_sequence_header_has_the_sets_of_the_first_sample(string name)
    {
        (Box record, byte[][] pictures) = await PlayAsync(name);
        Assert.Empty(CodecShapes.SetsOf(CodecShapes.RecordOf(BoxFile.Read(await FilmFactory.GetAsync(name)))));
        byte[][] sets = [.. CodecShapes.SetsOf(record)];
        Assert.Equal(record.Type == "avcC" ? [7, 8] : [32, 33, 34], sets.Select(set => TypeOf(record, set)));
        Assert.Equal(UnitsOf(pictures[0]).Where(unit => IsSet(record, unit)), sets);
    }

    [Fact]
    public async Task The_sequence_header_is_the_one_that_the_writer_of_the_film_had_made()
    {
        (Box record, _) = await PlayAsync("in-band-sets.mp4");
        Assert.Equal(CodecShapes.RecordOf(BoxFile.Read(await FilmFactory.GetAsync("plain.mp4"))).Payload, record.Payload);
        (record, _) = await PlayAsync("in-band-sets-hevc.mp4");
        Box whole = CodecShapes.RecordOf(BoxFile.Read(await FilmFactory.GetAsync("hvc1.mp4")));
        Assert.Equal(whole.Payload[..22], record.Payload[..22]);
        Assert.Equal(CodecShapes.SetsOf(whole).Where(set => IsSet(whole, set)), CodecShapes.SetsOf(record));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Who_goes_by_the_sequence_header_alone_sees_the_film(string name)
    {
        (Box record, byte[][] pictures) = await PlayAsync(name);
        string stream = Path.Combine(TemporaryFolder.Create("in-band"), record.Type == "avcC" ? "film.h264" : "film.hevc");
        using (FileStream file = File.Create(stream))
        {
            foreach (byte[] unit in CodecShapes.SetsOf(record).Concat(pictures.SelectMany(UnitsOf).Where(unit => !IsSet(record, unit))))
            {
                file.Write([0, 0, 0, 1, .. unit]);
            }
        }

        string[] expected = await DecodedAsync(await FilmFactory.GetAsync(name));
        Assert.Equal(40, expected.Length);
        Assert.Equal(expected, await DecodedAsync(stream));
    }

    [Theory]
    [InlineData("gst-in-band.mp4")]
    [InlineData("in-band-sets.mp4")]
    public async Task Gstreamer_decodes_it_to_the_end(string name)
    {
        (Box record, _) = await PlayAsync(name);
        ToolResult result = await Tool.SucceedAsync("gst-launch-1.0", [
            "-e", "-v", "rtmp2src", $"location={(await films.Server).Address(name)}", "!", "flvdemux", "name=demux",
            "demux.video", "!", "queue", "!", "h264parse", "!", "video/x-h264,stream-format=avc", "!", "avdec_h264", "!", "fakesink",
            "sync=false", "async=false", "silent=false",
            "demux.audio", "!", "queue", "!", "fakesink", "sync=false", "async=false",
        ]);
        Assert.Contains("Got EOS from element", result.Output, StringComparison.Ordinal);
        Assert.Contains($"codec_data=(buffer){Convert.ToHexStringLower(record.Payload)}", result.Output, StringComparison.Ordinal);
        Assert.True(record.Payload.Length > 30, "its parameter sets are missing");
    }

    /// <summary>The configuration that came first, and the pictures after it.</summary>
    private async Task<(Box Record, byte[][] Pictures)> PlayAsync(string name)
    {
        await FilmFactory.GetAsync(name);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port, offers: Offers.All);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.PlayAsync(name);
        await player.ToTheEndAsync();
        Message[] video = [.. player.Heard.Where(static message => message.Type == Message.Video)];
        Assert.Null(video[0].Packet);
        ExtendedPacket? extended = EnhancedTests.Extended(video[0]);
        byte[][] pictures = [.. video.Where(static message => message.Packet is not null)
            .Select(static message => message.Body[(EnhancedTests.Extended(message)?.HeaderLength ?? 5)..])];
        return (new Box(extended is null ? "avcC" : "hvcC", video[0].Body[(extended?.HeaderLength ?? 5)..]), pictures);
    }

    private static IEnumerable<byte[]> UnitsOf(byte[] sample)
    {
        for (int at = 0, length; at < sample.Length; at += 4 + length)
        {
            length = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(sample.AsSpan(at));
            yield return sample[(at + 4)..(at + 4 + length)];
        }
    }

    private static int TypeOf(Box record, byte[] unit) => record.Type == "avcC" ? unit[0] & 31 : (unit[0] >> 1) & 63;

    private static bool IsSet(Box record, byte[] unit) =>
        TypeOf(record, unit) is var type && (record.Type == "avcC" ? type is 7 or 8 : type is 32 or 33 or 34);

    /// <summary>The frames that ffmpeg's decoder makes of the pictures, by their MD5.</summary>
    private static async Task<string[]> DecodedAsync(string input)
    {
        ToolResult result = await Tool.SucceedAsync("ffmpeg", [
            "-hide_banner", "-loglevel", "error", "-nostdin", "-i", input, "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5",
            "-"]);
        return [.. result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] != '#')
            .Select(static line => line.Split(',')[^1].Trim())];
    }
}
