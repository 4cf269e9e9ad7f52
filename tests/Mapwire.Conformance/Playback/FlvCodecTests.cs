using Mapwire.Conformance.Films;
using Mapwire.Conformance.Players;
using Mapwire.Conformance.Reading;
using Mapwire.Conformance.Servers;
using Mapwire.Conformance.Tools;

namespace Mapwire.Conformance.Playback;

/// <summary>The codecs that FLV alone has are played as they lie in the file: each tag's body byte for byte, at its time.</summary>
public sealed class FlvCodecTests(FlvCodecTests.Films films) : IClassFixture<FlvCodecTests.Films>
{
    private const string Picture = "-f lavfi -i testsrc2=s=160x120:r=10:d=3";
    private const string Sound = "-f lavfi -i sine=440:d=3";

    /// <summary>Names with what makes them by ffmpeg, null where it has no encoder, and the codec numbers of FLV.</summary>
    public static TheoryData<string, string?, int?, int?> Names() => new()
    {
        { "sorenson-alaw", $"{Picture} {Sound} -c:v flv -g 10 -c:a pcm_alaw -ar 8000 -ac 1", 2, 7 },
        { "screen-mulaw", $"{Picture} {Sound} -c:v flashsv -g 10 -c:a pcm_mulaw -ar 8000 -ac 1", 3, 8 },
        { "screen2-pcm", $"{Picture} {Sound} -c:v flashsv2 -g 10 -c:a pcm_s16le -ar 44100 -ac 2", 6, 3 },
        { "vp6-pcm8", null, 4, 0 },
        { "vp6-alpha", null, 5, null },
        { "adpcm", $"{Sound} -c:a adpcm_swf -ar 22050 -ac 1", null, 1 },
        { "nellymoser", $"{Sound} -c:a nellymoser -ar 22050 -ac 1", null, 6 },
        { "nellymoser-16-kHz", $"{Sound} -c:a nellymoser -ar 16000 -ac 1", null, 4 },
        { "nellymoser-8-kHz", $"{Sound} -c:a nellymoser -ar 8000 -ac 1", null, 5 },
        { "speex", $"{Sound} -c:a libspeex -ar 16000 -ac 1", null, 11 },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_comes_as_it_lies_in_the_file(string name, string? words, int? videoCodec, int? audioCodec)
    {
        Assert.Equal(words is null, name.StartsWith("vp6", StringComparison.Ordinal)); // all others by their encoders
        FlvTag[] tags = [.. FlvFile.Tags(await File.ReadAllBytesAsync(Path.Combine(films.Folder, name + ".flv")))];
        await using RtmpPlayer player = await RtmpPlayer.WatchAsync(films.Server.Port, name + ".flv");
        await player.ToTheEndAsync();
        foreach (byte type in (byte[])[FlvFile.VideoTag, FlvFile.AudioTag])
        {
            string[] lie = [.. tags.Where(tag => tag.Type == type).Select(static tag => Line(tag.Time, tag.Body.ToArray()))];
            Assert.Equal((type == FlvFile.VideoTag ? videoCodec : audioCodec) is null, lie.Length == 0);
            Assert.Equal(lie, player.Heard.Where(heard => heard.Type == type).Select(static heard => Line(heard.Time, heard.Body)));
        }

        Dictionary<string, object?> metadata =
            (Dictionary<string, object?>)player.Heard.First(static message => message.Name == "onMetaData").Values[1]!;
        Assert.Equal((videoCodec, audioCodec), (Number("videocodecid"), Number("audiocodecid")));

        int? Number(string property) => (int?)(double?)metadata.GetValueOrDefault(property);
    }

    private static string Line(uint time, byte[] body) => $"{time} ms: {Convert.ToHexString(body)}";

    /// <summary>All of them, served.</summary>
    public sealed class Films : IAsyncLifetime
    {
        internal string Folder { get; } = TemporaryFolder.Create("flv-codecs");

        internal MapwireServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            foreach ((string name, string? words, _, int? audioCodec) in Names().Select(static row => row.Data))
            {
                string path = Path.Combine(Folder, name + ".flv");
                if (words is null)
                {
                    WriteVp6(path, hasAlpha: audioCodec is null);
                }
                else
                {
                    await FilmFactory.EncodeAsync(words, path);
                }
            }

            Server = await MapwireServer.StartAsync(Folder, "--max-buffer", "60");
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();

        /// <summary>Pictures of VP6, whose headers alone mean something, and PCM of 8 bits: no encoder of today writes them.</summary>
        private static void WriteVp6(string path, bool hasAlpha)
        {
            using FileStream file = File.Create(path);
            file.Write([(byte)'F', (byte)'L', (byte)'V', 1, (byte)(hasAlpha ? 1 : 5), 0, 0, 0, 9, 0, 0, 0, 0]);
            for (uint i = 0; i < 30; i++)
            {
                byte[] payload = [.. Enumerable.Range(0, 300).Select(at => (byte)((at * 13) + i))];
                byte[] key = [.. hasAlpha ? (byte[])[0x15, 0, 0, 0, 0x10] : [0x14, 0], 0x7F, 0x36, 0, 4, 0x0F, 0x14, 0, .. payload];
                byte[] delta = [(byte)(hasAlpha ? 0x25 : 0x24), 0, .. payload];
                FlvFile.Write(file, new FlvTag(FlvFile.VideoTag, i * 40, i % 10 == 0 ? key : delta));
                if (!hasAlpha)
                {
                    FlvFile.Write(file, new FlvTag(FlvFile.AudioTag, i * 40, (byte[])[0x08, .. payload]));
                }
            }
        }
    }
}
