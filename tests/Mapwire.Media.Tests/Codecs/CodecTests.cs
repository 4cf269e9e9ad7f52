using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Codecs;

/// <summary>The codecs that only Enhanced RTMP carries: as ffmpeg's encoders write them, and as bytes made by hand.</summary>
public sealed class CodecTests
{
    private const string Picture = "-f lavfi -i testsrc2=s=318x238:r=25:d=1";
    private const string Sound = "-f lavfi -i sine=440:r=48000:d=1";

    public static TheoryData<string, string, string, string, string> Files => new()
    {
        { "hevc.mp4", $"{Picture} -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1", "hvc1", "H.265 Main 2.0",
            "hvc1.1.6.L60.90" },
        { "hev1.mp4", $"{Picture} -c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=3", "hvc1", "H.265 Main 2.0",
        "hvc1.1.6.L60.90" },
        { "hevc10.mp4", $"{Picture} -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1", "hvc1",
        "H.265 Main 10 2.0", "hvc1.2.4.L60.90" },
        { "hevcfrag.mp4", $"{Picture} -c:v libx265 -preset ultrafast -x265-params log-level=none -movflags frag_keyframe+empty_moov",
        "hvc1", "H.265 Main 2.0", "hvc1.1.6.L60.90" },
        { "av1.mp4", $"{Picture} -c:v libaom-av1 -cpu-used 8 -usage realtime -row-mt 1", "av01", "AV1 Main 2.0", "av01.0.00M.08" },
        { "vp9.mp4", $"{Picture} -c:v libvpx-vp9 -deadline realtime -cpu-used 8", "vp09", "VP9 profile 0", "vp09.00.20.08" },
        { "opus.mp4", $"{Sound} -c:a libopus", "Opus", "Opus", "Opus" },
        { "opus51.mp4", $"{Sound} -ac 6 -c:a libopus -mapping_family 1", "Opus", "Opus", "Opus" },
        { "flac.mp4", $"{Sound} -c:a flac -strict -2", "fLaC", "FLAC", "fLaC" },
        { "flac96.mp4", "-f lavfi -i sine=440:r=96000:d=1 -ac 2 -sample_fmt s32 -c:a flac -strict -2", "fLaC", "FLAC", "fLaC" },
        { "ac3.mp4", $"{Sound} -ac 6 -c:a ac3", "ac-3", "AC-3", "ac-3" },
        { "eac3.mp4", $"{Sound} -ac 6 -c:a eac3", "ec-3", "E-AC-3", "ec-3" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Files_of_ffmpeg(string name, string arguments, string fourCc, string codecName, string codecs)
    {
        string path = Ffmpeg.Make(name, arguments);
        Track track = Mp4Files.Parse(path).Tracks[0];
        Assert.Equal($"{codecName} needs a client of Enhanced RTMP", track.UnplayableReason);
        CodecConfiguration codec = track.Codec!;
        Assert.False(codec.HasPlainHeader);
        Assert.Equal((new FourCc(fourCc), codecName, codecs), (codec.FourCc, codec.Name, codec.Rfc6381));
        string stream = track.Kind == TrackKind.Video ? "v:0" : "a:0";
        Reference.AssertSame(path, track, stream);
        if (track.Kind == TrackKind.Video)
        {
            Assert.Equal((318, 238), (track.Width, track.Height));
        }
        else
        {
            Assert.Equal(Ffmpeg.Probe(path, stream, "stream=channels"), $"{track.Channels}");
            Assert.Equal(Ffmpeg.Probe(path, stream, "stream=sample_rate"), $"{track.SampleRate}");
        }

        byte[]? header = SequenceHeader.CreateExtended(codec);
        if (codec is DolbyConfiguration)
        {
            Assert.Null(header);
        }
        else
        {
            Assert.Equal(codec.Raw, header!.AsSpan(5).ToArray());
        }
    }

    /// <summary>A client of plain RTMP gets none of these tracks, one that offers their codec does.</summary>
    [Fact]
    public void Tracks_are_chosen_by_what_the_client_can_play()
    {
        string path = Ffmpeg.Make(
            "mixed.mp4",
            $"{Picture} {Sound} -map 0:v -map 1:a -map 1:a -c:v libx265 -preset ultrafast -x265-params log-level=none -c:a:0 libopus "
            + "-c:a:1 aac");
        Movie movie = Mp4Files.Parse(path);
        Assert.Null(movie.Default(TrackKind.Video));
        Assert.IsType<AacConfiguration>(movie.Default(TrackKind.Audio)!.Codec);
        Assert.IsType<HevcConfiguration>(movie.Default(TrackKind.Video, codec => codec.FourCc == new FourCc("hvc1"))!.Codec);
        Assert.IsType<OpusConfiguration>(movie.Default(TrackKind.Audio, _ => true)!.Codec);
        Assert.InRange(movie.Duration.TotalSeconds, 0.99, 1.1);
    }

    [Fact]
    public void Opus_headers_change_their_byte_order()
    {
        // version 0, 2 channels, pre-skip 312, 44100 Hz, gain -256, family 0
        OpusConfiguration opus = OpusConfiguration.ParseBox(Convert.FromHexString("00020138" + "0000AC44" + "FF0000"));
        Assert.Equal(Convert.FromHexString("4F70757348656164" + "01023801" + "44AC0000" + "00FF00"), opus.Raw);
        Assert.Equal((2, 312, 44100u, 0), (opus.Channels, opus.PreSkip, opus.InputSampleRate, opus.MappingFamily));
        Assert.Equal(opus.Raw, OpusConfiguration.Parse(opus.Raw.AsSpan()).Raw);
    }

    [Fact]
    public void Flac_headers_have_the_one_block()
    {
        // last block, type 0, 34 bytes: blocks 4096, 96000 Hz (0x17700), 2 channels (1), 24 bits (23)
        byte[] info = Convert.FromHexString("10001000" + "000000000000" + "17700370" + "00000000" + "00112233445566778899AABBCCDDEEFF");
        FlacConfiguration flac = FlacConfiguration.ParseBox([0x00, 0, 0, 34, .. info, 0x81, 0, 0, 0]);
        Assert.Equal((96000, 2, 24), (flac.SampleRate, flac.Channels, flac.BitsPerSample));
        Assert.Equal([.. "fLaC"u8, 0x80, 0, 0, 34, .. info], flac.Raw);
        Assert.Equal(flac.Raw, FlacConfiguration.Parse(flac.Raw.AsSpan()).Raw);
    }

    [Theory]
    [InlineData("10 11 E0", 48000, 2)] // 00 01000 000 010 0 01111 00000
    [InlineData("10 3D E0", 48000, 6)] // acmod 7, lfe
    [InlineData("50 11 E0", 44100, 2)]
    public void Ac3(string hex, int rate, int channels)
    {
        DolbyConfiguration dolby = DolbyConfiguration.ParseAc3(Bytes(hex));
        Assert.Equal((rate, channels, false), (dolby.SampleRate, dolby.Channels, dolby.IsEnhanced));
    }

    [Theory]
    [InlineData("0400 20 0F 00", 6)] // 192 kbit/s, one substream: 00 10000 0 0 000 111 1 000 0000 0
    [InlineData("0400 20 0F 02 80", 8)] // one dependent substream: chan_loc 010000000, the rear pair
    public void Eac3(string hex, int channels) => Assert.Equal(channels, DolbyConfiguration.ParseEac3(Bytes(hex)).Channels);

    [Fact]
    public void Records_cut_off_or_of_other_versions_are_refused()
    {
        foreach ((string name, _, string fourCc, _, _) in Files.Select(row => row.Data))
        {
            byte[] raw =
                [.. Mp4Files.Parse(Ffmpeg.Make(name, Files.Single(row => row.Data.Item1 == name).Data.Item2)).Tracks[0].Codec!.Raw];
            Action<byte[]>? parse = fourCc switch
            {
                "hvc1" => bytes => HevcConfiguration.Parse(bytes),
                "vp09" => bytes => VpConfiguration.Parse(bytes, true),
                "Opus" => bytes => OpusConfiguration.Parse(bytes),
                "fLaC" => bytes => FlacConfiguration.Parse(bytes),
                _ => null,
            };
            for (int length = 0; parse is not null && length < raw.Length; length++)
            {
                Assert.Throws<CodecFormatException>(() => parse(raw[..length]));
            }
        }

        Assert.Throws<CodecFormatException>(() => Av1Configuration.Parse([0x81, 0, 0]));
        Assert.Throws<CodecFormatException>(() => Av1Configuration.Parse([0x82, 0, 0, 0]));
        Assert.Throws<CodecFormatException>(() => DolbyConfiguration.ParseAc3([0x10, 0x3D]));
        Assert.Throws<CodecFormatException>(() => DolbyConfiguration.ParseEac3([0x04, 0, 0x20, 0x0F]));
        Assert.Throws<CodecFormatException>(() => OpusConfiguration.ParseBox(Convert.FromHexString("0100013800000000000000")));
        Assert.Throws<CodecFormatException>(() => OpusConfiguration.ParseBox(Convert.FromHexString("0000013800000000000000")));
    }

    [Fact]
    public void Any_bit_may_flip()
    {
        byte[] raw = [.. Mp4Files.Parse(Ffmpeg.Make("hevc.mp4", Files.First().Data.Item2)).Tracks[0].Codec!.Raw];
        for (int bit = 0; bit < raw.Length * 8; bit++)
        {
            raw[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                HevcConfiguration hevc = HevcConfiguration.Parse(raw);
                Assert.True(hevc.Picture is null or { Width: > 0, Height: > 0 });
                Assert.NotEmpty(hevc.Rfc6381);
            }
            catch (CodecFormatException e)
            {
                Assert.InRange(e.Offset, 0, raw.Length);
            }

            raw[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
