using Mapwire.Media.Codecs;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Codecs;

public sealed class AvcConfigurationTests
{
    [Fact]
    public void Reads_a_record()
    {
        AvcConfiguration avc = AvcConfiguration.Parse(Mp4Builder.AvcRecord);
        Assert.Equal((66, 0xC0, 11, 4), (avc.Profile, avc.ProfileCompatibility, avc.Level, avc.NalLengthSize));
        Assert.Equal(23, Assert.Single(avc.SequenceParameterSets).Length);
        Assert.Equal(5, Assert.Single(avc.PictureParameterSets).Length);
        Assert.Equal(Mp4Builder.AvcRecord, avc.Raw);
        Assert.Equal("H.264 Constrained Baseline 1.1", avc.Name);
        Assert.Equal("avc1.42c00b", avc.Rfc6381);
        Assert.Equal((160, 120), (avc.Sequence!.Width, avc.Sequence.Height));
    }

    [Fact]
    public void Truncated_at_every_length()
    {
        for (int length = 0; length < Mp4Builder.AvcRecord.Length; length++)
        {
            byte[] cut = Mp4Builder.AvcRecord[..length];
            Assert.Throws<CodecFormatException>(() => AvcConfiguration.Parse(cut));
        }
    }

    [Fact]
    public void One_bit_flipped_everywhere()
    {
        byte[] record = [.. Mp4Builder.AvcRecord];
        for (int bit = 0; bit < record.Length * 8; bit++)
        {
            record[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                AvcConfiguration avc = AvcConfiguration.Parse(record);
                Assert.True(avc.Sequence is null or { Width: > 0, Height: > 0 });
            }
            catch (CodecFormatException e)
            {
                Assert.InRange(e.Offset, 0, record.Length);
            }

            record[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void Refuses_other_versions_and_lengths_of_3()
    {
        byte[] record = [.. Mp4Builder.AvcRecord];
        record[0] = 2;
        Assert.Throws<CodecFormatException>(() => AvcConfiguration.Parse(record));
        record[0] = 1;
        record[4] = 0xFE;
        Assert.Throws<CodecFormatException>(() => AvcConfiguration.Parse(record));
    }

    [Fact]
    public void A_record_without_parameter_sets_is_one_for_sets_in_the_samples()
    {
        AvcConfiguration avc = AvcConfiguration.Parse([1, 100, 0, 31, 0xFF, 0xE0, 0]);
        Assert.Empty(avc.SequenceParameterSets);
        Assert.Null(avc.Sequence);
        Assert.Equal("H.264 High 3.1", avc.Name);
    }

    /// <summary>Sizes that need cropping, fields, chroma formats and depths, as x264 writes them and ffprobe reads them.</summary>
    [Theory]
    [InlineData("1918x1078", "yuv420p", "")]
    [InlineData("638x478", "yuv422p", "")]
    [InlineData("637x477", "yuv444p", "")]
    [InlineData("320x240", "yuv420p10le", "")]
    [InlineData("720x576", "yuv420p", "-flags +ilme+ildct")]
    [InlineData("718x572", "yuv420p", "-flags +ilme+ildct")]
    [InlineData("640x480", "gray", "")]
    [InlineData("640x360", "yuv420p", "-x264-params cqm=jvt")]
    public void Picture_sizes_are_those_that_ffprobe_reads(string size, string format, string options)
    {
        string path = Ffmpeg.Make(
            $"sps-{size}-{format}-{options.Length}.mp4",
            $"-f lavfi -i testsrc=s={size}:r=25:d=0.08 -pix_fmt {format} -c:v libx264 {options}");
        Track track = Mp4Files.Parse(path).Tracks[0];
        Assert.Equal(Ffmpeg.Probe(path, "v:0", "stream=width,height").Split('\n').Select(int.Parse), [track.Width, track.Height]);
        AvcConfiguration avc = Assert.IsType<AvcConfiguration>(track.Codec);
        Assert.Equal(format switch { "gray" => 0, "yuv422p" => 2, "yuv444p" => 3, _ => 1 }, avc.Sequence!.ChromaFormat);
        Assert.Equal(format.EndsWith("10le", StringComparison.Ordinal) ? 10 : 8, avc.Sequence.BitDepth);
        Assert.Equal(size, $"{avc.Sequence.Width}x{avc.Sequence.Height}");
    }
}
