using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>The codecs that FLV alone has are read as they are: the tag's body behind its header of one byte.</summary>
public sealed class FlvCodecTests
{
    private const string Picture = "-f lavfi -i testsrc2=s=160x120:r=10:d=2";
    private const string Sound = "-f lavfi -i sine=440:d=2";

    public static TheoryData<string, string, string, int, int> Files => new()
    {
        { "sorenson.flv", $"{Picture} -c:v flv", "Sorenson H.263", 160, 120 },
        { "sorenson-size.flv", "-f lavfi -i testsrc2=s=200x104:r=10:d=2 -c:v flv", "Sorenson H.263", 200, 104 },
        { "screen.flv", $"{Picture} -c:v flashsv", "Screen video", 160, 120 },
        { "screen2.flv", $"{Picture} -c:v flashsv2", "Screen video 2", 160, 120 },
        { "alaw.flv", $"{Sound} -c:a pcm_alaw -ar 8000 -ac 1", "G.711 A-law", 8000, 1 },
        { "mulaw.flv", $"{Sound} -c:a pcm_mulaw -ar 8000 -ac 1", "G.711 mu-law", 8000, 1 },
        { "pcm.flv", $"{Sound} -c:a pcm_s16le -ar 44100 -ac 2", "PCM, little endian", 44100, 2 },
        { "pcm8.flv", $"{Sound} -c:a pcm_u8 -ar 22050 -ac 1", "PCM", 22050, 1 },
        { "adpcm.flv", $"{Sound} -c:a adpcm_swf -ar 22050 -ac 1", "ADPCM", 22050, 1 },
        { "nellymoser16.flv", $"{Sound} -c:a nellymoser -ar 16000 -ac 1", "Nellymoser", 16000, 1 },
        { "nellymoser8.flv", $"{Sound} -c:a nellymoser -ar 8000 -ac 1", "Nellymoser", 8000, 1 },
        { "nellymoser.flv", $"{Sound} -c:a nellymoser -ar 22050 -ac 1", "Nellymoser", 22050, 1 },
        { "speex.flv", $"{Sound} -c:a libspeex -ar 16000 -ac 1", "Speex", 16000, 1 },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Reads_what_ffprobe_reads(string name, string arguments, string codec, int widthOrRate, int heightOrChannels)
    {
        string path = Ffmpeg.Make(name, arguments);
        Track track = Assert.Single(MovieFiles.Parse(File.ReadAllBytes(path)).Tracks);
        Assert.Null(track.UnplayableReason);
        Assert.True(track.Codec!.HasPlainHeader);
        Assert.Equal((codec, 0), (track.Codec.Name, track.Codec.Raw.Length));
        Assert.Equal((widthOrRate, heightOrChannels),
            track.Kind == TrackKind.Video ? (track.Width, track.Height) : (track.SampleRate, track.Channels));
        IReadOnlyList<Packet> expected = Ffmpeg.Packets(path, track.Kind == TrackKind.Video ? "v:0" : "a:0");
        Assert.Equal(
            expected.Select(packet => (packet.Dts, packet.Size, packet.Position + 12, packet.IsKey)),
            track.Samples.Select(sample => (sample.DecodeTime, (long)sample.Size, sample.Offset, sample.IsSync)));
    }

    [Theory]
    [InlineData("14 00 7F 36 0004 0F14 00", VideoCodecId.Vp6, 320, 240)]
    [InlineData("14 88 7F 36 0004 0F14 00", VideoCodecId.Vp6, 312, 232)] // adjusted
    [InlineData("14 00 7E 3A 0F14 0000", VideoCodecId.Vp6, 320, 240)] // a profile without an offset
    [InlineData("15 00 000010 7F 36 0004 0F14 00", VideoCodecId.Vp6Alpha, 320, 240)]
    public void Vp6_tells_the_size_of_its_pictures(string body, VideoCodecId codec, int width, int height)
    {
        Track track = Assert.Single(MovieFiles.Parse(new FlvBuilder().Tag(9, 0, body).Tag(9, 40, $"2{(int)codec} AABBCC").Build()).Tracks);
        Assert.Equal((byte)codec, Assert.IsType<FlvConfiguration>(track.Codec).PlainNumber!.Value);
        Assert.Equal((width, height), (track.Width, track.Height));
        Assert.Equal([true, false], track.Samples.Select(sample => sample.IsSync));
    }

    [Fact]
    public void Sound_keeps_the_header_that_tells_its_rate()
    {
        Track track = Assert.Single(MovieFiles.Parse(new FlvBuilder().Tag(8, 0, "3A AABB").Build()).Tracks);
        Assert.Equal(new AudioTagHeader(AudioCodecId.PcmLittleEndian, 2, true, false, default),
            AudioTagHeader.ForSound(Assert.IsType<FlvConfiguration>(track.Codec)));
        Assert.Equal((22_050, 1), (track.SampleRate, track.Channels));
    }
}
