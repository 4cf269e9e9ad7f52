using Mapwire.Media.Codecs;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Codecs;

/// <summary>What configurations say of colours, without a word of the file: as encoders write it, and in forms that few do.</summary>
public sealed class ColorDescriptionTests
{
    private const string X265 = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -tag:v hvc1 -x265-params log-level=none";

    [Theory]
    [InlineData("hevc-pq", X265 + ":colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", 9, 16, 9)]
    [InlineData(
        "hevc-hlg", X265 + ":colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc:scaling-list=default:amp=1:rect=1", 9, 18, 9)]
    [InlineData("hevc-none", X265, 2, 2, 2)]
    [InlineData("hevc-range", X265 + ":range=full", 2, 2, 2, true)]
    [InlineData("hevc-lists", X265 + ":temporal-layers=3:bframes=4:b-pyramid=1:transfer=smpte2084", 2, 16, 2)]
    [InlineData("avc-709", "-c:v libx264 -preset ultrafast -x264-params colorprim=bt709:transfer=bt709:colormatrix=bt709:sar=4/3", 1, 1, 1)]
    [InlineData("avc-hlg", "-c:v libx264 -preset ultrafast -x264-params transfer=arib-std-b67:overscan=show", 2, 18, 2)]
    [InlineData("av1-pq", "-c:v libaom-av1 -cpu-used 8 -pix_fmt yuv420p10le -color_primaries bt2020 -color_trc smpte2084 "
        + "-colorspace bt2020nc", 9, 16, 9)]
    [InlineData("av1-svt", "-c:v libsvtav1 -preset 12 -svtav1-params color-primaries=9:transfer-characteristics=18:matrix-coefficients=9",
        9, 18, 9)]
    [InlineData("vp9-pq", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -profile:v 2 -pix_fmt yuv420p10le -color_primaries bt2020 "
        + "-color_trc smpte2084 -colorspace bt2020nc", 9, 16, 9)]
    public void A_configuration_tells_the_colours_that_its_encoder_was_told(
        string name, string encoder, int primaries, int transfer, int matrix, bool isFullRange = false)
    {
        string path = Ffmpeg.Make($"{name}.mp4", $"-f lavfi -i testsrc2=s=192x128:r=25:d=0.4 {encoder}");
        VideoColor color = Mp4Files.Parse(path).Tracks[0].Codec!.Color!;
        Assert.Equal((primaries, transfer, matrix, isFullRange), (color.Primaries, color.Transfer, color.Matrix, color.IsFullRange));
    }

    [Fact]
    public void A_configuration_that_says_nothing_of_colours_has_none()
    {
        string path = Ffmpeg.Make("avc-none.mp4", "-f lavfi -i testsrc2=s=192x128:r=25:d=0.4 -c:v libx264 -preset ultrafast");
        Assert.Null(Mp4Files.Parse(path).Tracks[0].Codec!.Color);
    }

    [Theory]
    [InlineData(false, false, false, false)]
    [InlineData(true, false, false, false)]
    [InlineData(false, true, false, false)]
    [InlineData(false, false, true, false)]
    [InlineData(false, false, false, true)]
    [InlineData(true, true, true, true)]
    public void The_colours_of_HEVC_are_found_behind_all_that_a_set_may_have(
        bool hasSubLayers, bool hasScalingLists, bool hasPcm, bool hasReferences)
    {
        byte[] set = CreateHevcSet(hasSubLayers, hasScalingLists, hasPcm, hasReferences);
        VideoColor color = HevcConfiguration.Parse(RecordOf(set)).Color!;
        Assert.Equal((9, 18, 9, true), (color.Primaries, color.Transfer, color.Matrix, color.IsFullRange));
        for (int length = 0; length < set.Length; length++)
        {
            HevcConfiguration cut = HevcConfiguration.Parse(RecordOf(set[..length])); // says less, and never what is wrong
            Assert.True(cut.Color is null || cut.Color == color);
        }
    }

    /// <summary>A range that a playlist tells: what is said beside the pictures, or else what they say.</summary>
    [Theory]
    [InlineData(null, 16, "PQ")]
    [InlineData(null, 18, "HLG")]
    [InlineData(null, 1, "SDR")]
    [InlineData(2, 16, "PQ")]
    [InlineData(18, 16, "HLG")]
    [InlineData(1, 16, "SDR")]
    public void What_is_said_beside_the_pictures_counts_before_what_they_say(int? said, byte transfer, string range)
    {
        VpConfiguration codec = VpConfiguration.Parse([2, 10, 0xA2, 9, transfer, 9, 0, 0], isVp9: true);
        Assert.Equal(range, VideoColor.GetRange(said is { } code ? VideoColor.Unknown with { Transfer = code } : null, codec));
        Assert.Equal("SDR", VideoColor.GetRange(null, null));
    }

    private static byte[] RecordOf(byte[] set) =>
    [
        1, 2, 0x20, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xF0, 0, 0xFC, 0xFD, 0xFA, 0xFA, 0, 0, 0x0F, 1, 33, 0, 1, (byte)(set.Length >> 8),
        (byte)set.Length, .. set,
    ];

    /// <summary>A sequence parameter set (ITU-T H.265, 7.3.2.2.1) of 1,920 by 1,080 with HLG in its usability information.</summary>
    private static byte[] CreateHevcSet(bool hasSubLayers, bool hasScalingLists, bool hasPcm, bool hasReferences)
    {
        BitWriter bits = new();
        int subLayers = hasSubLayers ? 2 : 0;
        bits.Write(0, 4).Write((uint)subLayers, 3).Write(1, 1);
        bits.Write(0x22, 8).Write(0x2000_0000, 32).Write(0xFFFF_FFFF, 32).Write(0, 16).Write(93, 8); // profile and level
        if (hasSubLayers)
        {
            bits.Write(0b1101, 4).Write(0, 12); // of two sub-layers one has a profile, both a level
            bits.Write(0xAAAA_AAAA, 32).Write(0x5555_5555, 32).Write(0xFFFFFF, 24).Write(60, 8).Write(30, 8);
        }

        bits.Golomb(0).Golomb(1).Golomb(1920).Golomb(1088).Write(1, 1).Golomb(0).Golomb(0).Golomb(0).Golomb(4);
        bits.Golomb(2).Golomb(2).Golomb(4).Write(hasSubLayers ? 1u : 0, 1);
        for (int layer = 0; layer <= subLayers; layer++)
        {
            bits.Golomb(4).Golomb(2).Golomb(5);
        }

        bits.Golomb(0).Golomb(3).Golomb(0).Golomb(3).Golomb(1).Golomb(2).Write(hasScalingLists ? 0b11u : 0, hasScalingLists ? 2 : 1);
        for (int size = 0; hasScalingLists && size < 4; size++)
        {
            for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1)
            {
                bits.Write((uint)(matrix & 1), 1);
                if (matrix % 2 == 0)
                {
                    bits.Golomb(0);
                    continue;
                }

                for (int i = size > 1 ? -1 : 0; i < Math.Min(64, 1 << (4 + (size << 1))); i++)
                {
                    bits.Golomb((uint)(i & 7)); // signed, likewise
                }
            }
        }

        bits.Write(0b11, 2).Write(hasPcm ? 1u : 0, 1);
        if (hasPcm)
        {
            bits.Write(7, 4).Write(7, 4).Golomb(0).Golomb(2).Write(1, 1);
        }

        if (!hasReferences)
        {
            bits.Golomb(0).Write(0, 1);
        }
        else
        {
            bits.Golomb(4);
            bits.Golomb(2).Golomb(1).Golomb(0).Write(1, 1).Golomb(1).Write(1, 1).Golomb(3).Write(0, 1); // -1, -3; 4
            // As seen from one picture later: -2, -4, 3 and -1, of which -4 is kept for later.
            bits.Write(1, 1).Write(1, 1).Golomb(0).Write(1, 1).Write(0b01, 2).Write(1, 1).Write(1, 1);
            // The same from four earlier: 3, 2, 0, 7 and 4; 2 is dropped, and 0 is none: three are left, and the next set says so of four.
            bits.Write(1, 1).Write(0, 1).Golomb(3).Write(1, 1).Write(0b00, 2).Write(1, 1).Write(1, 1).Write(1, 1);
            bits.Write(1, 1).Write(0, 1).Golomb(0).Write(0b1111, 4);
            bits.Write(1, 1).Golomb(2).Write(0x12, 8).Write(1, 1).Write(0x34, 8).Write(0, 1); // long-term, by 8 bits each
        }

        bits.Write(0b01, 2); // temporal_mvp, strong_intra_smoothing
        bits.Write(1, 1).Write(1, 1).Write(255, 8).Write(4, 16).Write(3, 16).Write(0b11, 2); // aspect ratio, overscan
        bits.Write(1, 1).Write(5, 3).Write(1, 1).Write(1, 1).Write(9, 8).Write(18, 8).Write(9, 8).Write(0b1000, 4);
        return [0x42, 1, .. bits.ToNalPayload()];
    }

    private sealed class BitWriter
    {
        private readonly List<bool> _bits = [];

        public BitWriter Write(uint value, int count)
        {
            for (int i = count - 1; i >= 0; i--)
            {
                _bits.Add((value >> i & 1) != 0);
            }

            return this;
        }

        /// <summary>ue(v).</summary>
        public BitWriter Golomb(uint value)
        {
            int zeros = (int)uint.Log2(value + 1);
            return Write(0, zeros).Write(value + 1, zeros + 1);
        }

        /// <summary>The bits, with emulation prevention bytes.</summary>
        public byte[] ToNalPayload()
        {
            List<byte> bytes = [];
            for (int at = 0; at < _bits.Count; at += 8)
            {
                int value = 0;
                for (int i = 0; i < 8; i++)
                {
                    value = value << 1 | (at + i < _bits.Count && _bits[at + i] ? 1 : 0);
                }

                if (value <= 3 && bytes is [.., 0, 0])
                {
                    bytes.Add(3);
                }

                bytes.Add((byte)value);
            }

            return [.. bytes];
        }
    }
}
