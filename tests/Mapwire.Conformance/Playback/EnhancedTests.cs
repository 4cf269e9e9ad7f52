using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>
/// Players that offer codecs by Enhanced RTMP get them, byte for byte and on time; others get what they can play, or a reason.
/// </summary>
public sealed class EnhancedTests(ServedFilms films)
{
    [Theory]
    [InlineData("hevc.mp4", "hvc1", "Opus")]
    [InlineData("hevc-in-band.mp4", "hvc1", null)]
    [InlineData("hevc-hdr.mp4", "hvc1", null)]
    [InlineData("av1.mp4", "av01", "Opus")]
    [InlineData("vp9.mp4", "vp09", "fLaC")]
    [InlineData("vp8-opus.mp4", "vp08", "Opus")]
    [InlineData("ac3.mp4", null, "ac-3")]
    [InlineData("eac3.mp4", null, "ec-3")]
    [InlineData("moov-last.mp4", null, null)]
    public async Task A_player_that_offers_a_codec_gets_what_ffprobe_reads(string name, string? video, string? audio)
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name)));
        await using RtmpPlayer player = await PlayAsync(name, Offers.All);
        await player.ToTheEndAsync();
        Expectation.Same(expected, player.Film, "an enhanced player");
        ExtendedPacket[] packets = [.. ExtendedOf(player)];
        Assert.All(packets.Where(packet => packet.Kind == "video"), packet => Assert.Equal(video, packet.FourCc));
        Assert.All(packets.Where(packet => packet.Kind == "audio"), packet => Assert.Equal(audio, packet.FourCc));
        Assert.Equal(video is null, packets.All(packet => packet.Kind != "video"));
        Assert.Equal(audio is null, packets.All(packet => packet.Kind != "audio"));

        // Each sequence has one beginning, before its frames, and one end, behind them. Dolby's codecs have no configuration.
        foreach (IGrouping<string, ExtendedPacket> kind in packets.GroupBy(packet => packet.Kind))
        {
            int[] types = [.. kind.Select(packet => packet.Type).Where(type => type != ExtendedPacket.Metadata)];
            Assert.Equal(kind.First().FourCc is "ac-3" or "ec-3" ? 1 : ExtendedPacket.SequenceStart, types[0]);
            Assert.Equal(ExtendedPacket.SequenceEnd, types[^1]);
            Assert.All(types[1..^1], type => Assert.Equal(1, type));
        }

        Dictionary<string, object?> metadata = MetadataOf(player);
        Assert.Equal(video is null ? 7 : CodeOf(video), metadata.GetValueOrDefault("videocodecid"));
        Assert.Equal(expected.Of("audio").Any() ? audio is null ? 10 : CodeOf(audio) : null,
            (double?)metadata.GetValueOrDefault("audiocodecid"));
    }

    [Theory]
    [InlineData("hevc.mp4", "video")]
    [InlineData("hevc.mp4", "audio")]
    [InlineData("av1.mp4", "video")]
    public async Task The_sequence_header_is_the_files_own_configuration(string name, string kind)
    {
        Recording film = await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name));
        await using RtmpPlayer player = await PlayAsync(name, Offers.All);
        Message start =
            await player.UntilAsync(message => Extended(message) is { Type: ExtendedPacket.SequenceStart } packet && packet.Kind == kind);
        string hash = Convert.ToHexStringLower(SHA256.HashData(start.Body.AsSpan(5)));
        Assert.Equal("SHA256:" + hash, film.Streams.Single(stream => stream.Kind == kind).ExtradataHash);
    }

    [Theory]
    [InlineData("hevc.mp4", "H.265")]
    [InlineData("av1.mp4", "AV1")]
    [InlineData("vp9.mp4", "VP9")]
    [InlineData("vp8-opus.mp4", "VP8")]
    public async Task A_plain_player_is_refused_with_the_codecs_name(string name, string codec)
    {
        await FilmFactory.GetAsync(name);
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync((await films.Server).Port);
        await player.PlayAsync(name);
        Message status = await player.UntilAsync(message => message.Name == "onStatus");
        Assert.Equal("NetStream.Play.Failed", status.StatusCode);
        Assert.Contains(codec, status.StatusDescription, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hevc-in-band.mp4", "audio")]
    [InlineData("ac3.mp4", "video")]
    public async Task A_plain_player_gets_the_half_that_it_can_play(string name, string kind)
    {
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync(name));
        await using RtmpPlayer player = await PlayAsync(name, null);
        await player.ToTheEndAsync();
        Expectation.Same(Expectation.Of(film), player.Film, "a plain player");
        Assert.All(player.Film.Packets, packet => Assert.Equal(kind, packet.Kind));
    }

    [Fact]
    public async Task A_list_of_codes_is_enough()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync("hevc.mp4")));
        await using RtmpPlayer player = await PlayAsync("hevc.mp4", Offers.List("hvc1"));
        await player.ToTheEndAsync();
        Expectation.Same(expected with { Packets = [.. expected.Of("video")] }, player.Film, "a player of hvc1 alone");

        await using RtmpPlayer forwarder = await PlayAsync("hevc.mp4", Offers.List("*"));
        await forwarder.ToTheEndAsync();
        Expectation.Same(expected, forwarder.Film, "a player of everything");
    }

    [Fact]
    public async Task An_option_gives_plain_players_hevc_with_its_old_number()
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync("hevc-in-band.mp4")));
        await using MapwireServer server = await MapwireServer.StartAsync(FilmFactory.Folder, "--legacy-hevc", "--max-buffer", "60");
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(server.Port);
        await player.SetBufferAsync(TimeSpan.FromSeconds(60));
        await player.PlayAsync("hevc-in-band.mp4");
        await player.ToTheEndAsync();
        Message[] video = [.. player.Heard.Where(message => message.Type == Message.Video)];
        Assert.Equal(0, video[0].Body[1]); // HEVCDecoderConfigurationRecord, version 1, behind the header
        Assert.Equal(1, video[0].Body[5]);
        Assert.All(video, message => Assert.Equal(12, message.Body[0] & 15));
        Packet[] packets = [.. video.Skip(1).Select(message => new Packet(
            "video", (message.Time + UInt24(message.Body.AsSpan(2))) / 1000.0, message.Time / 1000.0, message.Body.Length - 5,
            Convert.ToHexStringLower(SHA256.HashData(message.Body.AsSpan(5))), message.Body[0] >> 4 == 1, false))];
        Expectation.Same(expected, new Recording([.. packets, .. player.Film.Of("audio")], [], null), "a plain player of HEVC");
        Assert.Equal(12.0, MetadataOf(player)["videocodecid"]);
    }

    [Fact]
    public async Task The_answer_to_connect_says_what_the_server_passes_on()
    {
        int port = (await films.Server).Port;
        await using RtmpPlayer enhanced = await RtmpPlayer.ConnectAsync(port, offers: Offers.List("hvc1"));
        Dictionary<string, object?> answer =
            (Dictionary<string, object?>)enhanced.Heard.First(message => message.Name == "_result").Values[2]!;
        const double CanForward = 4;
        Assert.Equal(CanForward, ((Dictionary<string, object?>)answer["videoFourCcInfoMap"]!)["av01"]);
        Assert.Equal(CanForward, ((Dictionary<string, object?>)answer["audioFourCcInfoMap"]!)["Opus"]);
        Assert.Contains("hvc1", (List<object?>)answer["fourCcList"]!);
        Assert.Equal(1.0 + 2 + 4 + 8, answer["capsEx"]);

        await using RtmpPlayer plain = await RtmpPlayer.ConnectAsync(port);
        answer = (Dictionary<string, object?>)plain.Heard.First(message => message.Name == "_result").Values[2]!;
        Assert.Equal(["capabilities", "fmsVer", "mode"], answer.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Colours_are_told_before_the_first_picture()
    {
        await FilmFactory.GetAsync("hevc-hdr.mp4");
        await using RtmpPlayer player = await PlayAsync("hevc-hdr.mp4", Offers.All);
        await player.UntilAsync(message => message.Packet is not null);
        Message[] video = [.. player.Heard.Where(message => message.Type == Message.Video)];
        Assert.Equal([ExtendedPacket.SequenceStart, ExtendedPacket.Metadata, 1], video.Select(message => Extended(message)!.Type));
        List<object?> values = Amf0.Read(video[1].Body.AsSpan(5));
        Assert.Equal("colorInfo", values[0]);
        Dictionary<string, object?> color = (Dictionary<string, object?>)((Dictionary<string, object?>)values[1]!)["colorConfig"]!;
        Assert.Equal((8.0, 9.0, 16.0, 9.0),
            (color["bitDepth"], color["colorPrimaries"], color["transferCharacteristics"], color["matrixCoefficients"]));
    }

    [Fact]
    public async Task A_player_of_several_tracks_gets_all_sounds_and_another_one()
    {
        Recording film = await Ffprobe.ReadAsync(await FilmFactory.GetAsync("three-sounds.mp4"), [], static all => all);
        await using RtmpPlayer player = await PlayAsync("three-sounds.mp4", Offers.ManyTracks);
        await player.ToTheEndAsync();
        double shift = -film.Packets.Min(packet => packet.Dts);
        for (int track = 0; track < 3; track++)
        {
            Recording one =
                await Ffprobe.ReadAsync(await FilmFactory.GetAsync("three-sounds.mp4"), ["-select_streams", $"a:{track}"],
                static all => all);
            Packet[] came = [.. player.Film.Of(track == 0 ? "audio" : $"audio:{track}").Select(packet => packet with { Kind = "audio" })];
            Assert.Empty(Expectation.Differences(Expectation.Of(one), new Recording(came, [], null), shift));
        }

        Dictionary<string, object?> others = (Dictionary<string, object?>)MetadataOf(player)["audioTrackIdInfoMap"]!;
        Assert.Equal(["1", "2"], others.Keys.Order(StringComparer.Ordinal));
        Dictionary<string, object?> third = (Dictionary<string, object?>)others["2"]!;
        Assert.Equal((CodeOf("Opus"), 48000.0, 2.0, "fra"),
            (third["audiocodecid"], third["samplerate"], third["channels"], third["language"]));

        await using RtmpPlayer plain = await PlayAsync("three-sounds.mp4", null);
        await plain.ToTheEndAsync();
        Assert.Equal(Hashes(player.Film, "audio"), Hashes(plain.Film, "audio"));
        Assert.DoesNotContain(plain.Film.Packets, packet => packet.Kind.Contains(':', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ntsc.mp4")]
    [InlineData("trimmed.mp4")]
    [InlineData("av1.mp4")]
    public async Task A_player_of_nanoseconds_gets_times_to_the_microsecond(string name)
    {
        Recording expected = Expectation.Of(await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name)));
        await using RtmpPlayer player = await PlayAsync(name, Offers.Nanoseconds);
        await player.ToTheEndAsync();
        Expectation.Same(expected, player.Film, "a player of nanoseconds");
        Packet[] came = [.. player.Film.Packets.OrderBy(packet => packet.Kind).ThenBy(packet => packet.Pts)];
        Packet[] wanted = [.. expected.Packets.OrderBy(packet => packet.Kind).ThenBy(packet => packet.Pts)];
        double shift = came[0].Pts - wanted[0].Pts; // whole milliseconds, for all tracks the same; ffprobe gives microseconds
        Assert.Equal(Math.Round(shift, 3), shift, 2e-6);
        Assert.Equal(0, came.Zip(wanted).Max(pair => Math.Abs(pair.First.Pts - pair.Second.Pts - shift)), 4e-6);
        Assert.Contains(ExtendedOf(player), packet => packet.Nanoseconds > 0);
    }

    [Theory]
    [InlineData("hevc.mp4")]
    [InlineData("vp9.mp4")]
    public async Task Bench_offers_the_codecs_when_it_is_told_to(string name)
    {
        int frames = (await Ffprobe.ReadEnhancedAsync(await FilmFactory.GetAsync(name))).Packets.Count;
        string address = (await films.Server).Address(name);
        string[] arguments =
            ["bench", address, "--players", "2", "--seconds", "0.5", "--ramp", "0", "--rehearsal", "0", "--fast", "--json"];
        ToolResult enhanced = await Tool.RunAsync(MapwireServer.Program, [.. arguments, "--enhanced"]);
        Assert.True(enhanced.ExitCode == 0, enhanced.ToString());
        using JsonDocument report = JsonDocument.Parse(enhanced.Output);
        Assert.Equal(2, report.RootElement.GetProperty("servedPlayers").GetInt32());
        Assert.Equal(0, report.RootElement.GetProperty("backwards").GetInt32());
        Assert.True(report.RootElement.GetProperty("frames").GetInt32() >= frames - 10);

        ToolResult plain = await Tool.RunAsync(MapwireServer.Program, arguments);
        Assert.Equal(1, plain.ExitCode);
        Assert.Contains("refused: NetStream.Play.Failed", plain.Output, StringComparison.Ordinal);
    }

    internal static ExtendedPacket? Extended(Message message) => ExtendedPacket.Parse(new FlvTag(message.Type, message.Time, message.Body));

    private static IEnumerable<ExtendedPacket> ExtendedOf(RtmpPlayer player) => player.Heard.Select(Extended).OfType<ExtendedPacket>();

    private static IEnumerable<string> Hashes(Recording film, string kind) => film.Of(kind).Select(packet => packet.Hash);

    private static Dictionary<string, object?> MetadataOf(RtmpPlayer player) =>
        (Dictionary<string, object?>)player.Heard.First(message => message.Name == "onMetaData").Values[1]!;

    private static double CodeOf(string fourCc) => BinaryPrimitives.ReadUInt32BigEndian(Encoding.Latin1.GetBytes(fourCc));

    private static int UInt24(ReadOnlySpan<byte> bytes) => (sbyte)bytes[0] << 16 | bytes[1] << 8 | bytes[2];

    private async Task<RtmpPlayer> PlayAsync(string name, IReadOnlyDictionary<string, object?>? offers)
    {
        await FilmFactory.GetAsync(name);
        return await RtmpPlayer.WatchAsync((await films.Server).Port, name, offers: offers);
    }
}
