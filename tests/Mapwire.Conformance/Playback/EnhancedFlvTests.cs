using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>
/// FLV files with the tags of Enhanced RTMP are titles as their samples in MP4 are: packets, times, configurations, metadata.
/// </summary>
public sealed class EnhancedFlvTests(EnhancedFlvTests.Films films) : IClassFixture<EnhancedFlvTests.Films>
{
    private static readonly string[] Properties =
        ["width", "height", "videocodecid", "audiosamplerate", "audiochannels", "stereo", "audiocodecid", "hasVideo", "hasAudio"];

    public static TheoryData<string> Names() => ["vp8-opus", "vp9-opus", "av1-opus", "hvc1", "flac", "ac3-surround"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_comes_as_it_does_from_MP4(string name)
    {
        Recording film = await Ffprobe.ReadEnhancedAsync(Path.Combine(films.Folder, name + ".mp4"));
        await using RtmpPlayer player = await PlayAsync(name + ".flv");
        await player.ToTheEndAsync();
        Expectation.Same(film, player.Film, name);
        Assert.Equal(film.Of("video").Select(static packet => packet.IsKey), player.Film.Of("video").Select(static packet => packet.IsKey));

        await using RtmpPlayer other = await PlayAsync(name + ".mp4");
        await other.ToTheEndAsync();
        Assert.Equal(Configurations(other), Configurations(player));
        Dictionary<string, object?> metadata = MetadataOf(player);
        Dictionary<string, object?> others = MetadataOf(other);
        Assert.Equal(Properties.Select(property => (property, others.GetValueOrDefault(property))),
            Properties.Select(property => (property, metadata.GetValueOrDefault(property))));
        // FLV says neither what a run-up is nor how long the last sample lasts
        Assert.Equal((double)others["duration"]!, (double)metadata["duration"]!, 0.2);

        await player.SeekAsync(1000);
        await player.StatusAsync("NetStream.Seek.Notify");
        player.Heard.Clear();
        Message first = await player.UntilAsync(static message => message is { Type: Message.Video, Packet: not null });
        Assert.Equal(film.Of("video").Last(packet => packet.IsKey && packet.Dts <= 1 + film.Packets.Min(static one => one.Dts)).Hash,
            first.Packet!.Hash);
    }

    [Fact]
    public async Task A_plain_player_is_refused_with_the_codecs_name()
    {
        await using RtmpPlayer player = await RtmpPlayer.ConnectAsync(films.Server.Port);
        await player.PlayAsync("av1-opus.flv");
        Message status = await player.UntilAsync(static message => message.Name == "onStatus");
        Assert.Equal("NetStream.Play.Failed", status.StatusCode);
        Assert.Contains("AV1", status.StatusDescription, StringComparison.Ordinal);
        Assert.Contains("Opus", status.StatusDescription, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Configurations(RtmpPlayer player) =>
        player.Heard.Where(static message => message.IsMedia && message.Packet is null)
            .Select(static message => Convert.ToHexString(message.Body)).Order(StringComparer.Ordinal);

    private static Dictionary<string, object?> MetadataOf(RtmpPlayer player) =>
        (Dictionary<string, object?>)player.Heard.First(static message => message.Name == "onMetaData").Values[1]!;

    private Task<RtmpPlayer> PlayAsync(string name) => RtmpPlayer.WatchAsync(films.Server.Port, name, offers: Offers.All);

    /// <summary>Each film in both containers, served.</summary>
    public sealed class Films : IAsyncLifetime
    {
        internal string Folder { get; } = TemporaryFolder.Create("enhanced-flv");

        internal MapwireServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            foreach (string name in Names().Select(static row => row.Data))
            {
                string mp4 = Path.Combine(Folder, name + ".mp4");
                File.Copy(await FilmFactory.GetAsync(name + ".mp4"), mp4);
                EnhancedFlv.Write(BoxFile.Read(mp4), await Ffprobe.ReadEnhancedAsync(mp4), Path.ChangeExtension(mp4, ".flv"));
            }

            Server = await MapwireServer.StartAsync(Folder, "--max-buffer", "60");
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
