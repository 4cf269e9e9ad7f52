using Mapwire.Media.Codecs;
using Xunit;

namespace Mapwire.Media.Tests.Codecs;

/// <summary>Records as encoders write them: ffmpeg, fdk-aac, Apple, QuickTime; the bits are laid out beside each.</summary>
public sealed class AacConfigurationTests
{
    [Theory]
    [InlineData("1210", 2, 44100, 44100, 2, "AAC LC", "mp4a.40.2")] // 00010 0100 0010 000
    [InlineData("1190", 2, 48000, 48000, 2, "AAC LC", "mp4a.40.2")]
    [InlineData("1588", 2, 8000, 8000, 1, "AAC LC", "mp4a.40.2")]
    [InlineData("11B0", 2, 48000, 48000, 6, "AAC LC", "mp4a.40.2")]
    [InlineData("11B8", 2, 48000, 48000, 8, "AAC LC", "mp4a.40.2")]
    [InlineData("0A10", 1, 44100, 44100, 2, "AAC Main", "mp4a.40.1")]
    [InlineData("121056E500", 2, 44100, 44100, 2, "AAC LC", "mp4a.40.2")] // extension says: no SBR
    [InlineData("2B920800", 2, 22050, 44100, 2, "HE-AAC", "mp4a.40.5")] // 00101 0111 0010 0100 00010 000
    [InlineData("131056E598", 2, 24000, 48000, 2, "HE-AAC", "mp4a.40.5")] // extension: 2B7, 5, 1, 0011
    [InlineData("130856E59D4880", 2, 24000, 48000, 2, "HE-AAC v2", "mp4a.40.29")] // and 548, 1
    [InlineData("EB8A0800", 2, 22050, 44100, 2, "HE-AAC v2", "mp4a.40.29")] // 11101 0111 0001 0100 00010 000
    [InlineData("17800BB810", 2, 6000, 6000, 2, "AAC LC", "mp4a.40.2")] // frequency in 24 bits: 1111, 0x001770
    public void Reads_records(string hex, int objectType, int coreRate, int rate, int channels, string name, string codecs)
    {
        AacConfiguration aac = AacConfiguration.Parse(Convert.FromHexString(hex));
        Assert.Equal((objectType, coreRate, rate, channels), (aac.ObjectType, aac.CoreSampleRate, aac.SampleRate, aac.Channels));
        Assert.Equal((name, codecs), (aac.Name, aac.Rfc6381));
        Assert.Equal(1024, aac.FrameLength);
    }

    [Fact]
    public void Counts_the_channels_of_a_program_config_element()
    {
        // 00010 0011 0000 000 | tag 0000, type 01, rate 0011, front 2, side 0, back 1, lfe 1, data 0, cc 0, no mixdowns
        // | front: single 0, pair 1; back: pair 1; lfe 0 | byte alignment | comment of 0 bytes
        string bits = "00010" + "0011" + "0000" + "000" + "0000" + "01" + "0011" + "0010" + "0000" + "0001" + "01" + "000" + "0000" + "000"
            + "00000" + "10000" + "10000" + "0000";
        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '0') + "00000000";
        byte[] record = [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(i * 8, 8), 2))];
        AacConfiguration aac = AacConfiguration.Parse(record);
        Assert.Equal(6, aac.Channels);
        Assert.Equal(0, aac.ChannelConfiguration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("1690")] // frequency 13 is reserved
    [InlineData("17800B")]
    [InlineData("2B92")]
    [InlineData("1780000010")] // frequency 0
    public void Refuses_records_that_end_early_or_name_no_frequency(string hex) =>
        Assert.Throws<CodecFormatException>(() => AacConfiguration.Parse(Convert.FromHexString(hex)));

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        Random random = new(1);
        byte[] bytes = new byte[24];
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            try
            {
                AacConfiguration aac = AacConfiguration.Parse(bytes.AsSpan(0, i % 25));
                Assert.True(aac.SampleRate > 0 && aac.Channels is >= 0 and < 100);
            }
            catch (CodecFormatException)
            {
                // refused
            }
        }
    }
}
