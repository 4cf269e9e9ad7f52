using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Media.Tests.Tools;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>Golden bytes from the tables of the Adobe Flash Video File Format Specification 10.1, E.4.2 and E.4.3.</summary>
public sealed class TagHeaderTests
{
    [Theory]
    [InlineData("1700000000", VideoFrameType.Key, VideoCodecId.Avc, AvcPacketType.SequenceHeader, 0)]
    [InlineData("1701000000", VideoFrameType.Key, VideoCodecId.Avc, AvcPacketType.NalUnits, 0)]
    [InlineData("2701000050", VideoFrameType.Inter, VideoCodecId.Avc, AvcPacketType.NalUnits, 80)]
    [InlineData("2701FFFFD8", VideoFrameType.Inter, VideoCodecId.Avc, AvcPacketType.NalUnits, -40)]
    [InlineData("27017FFFFF", VideoFrameType.Inter, VideoCodecId.Avc, AvcPacketType.NalUnits, 8388607)]
    [InlineData("2701800000", VideoFrameType.Inter, VideoCodecId.Avc, AvcPacketType.NalUnits, -8388608)]
    [InlineData("1702000000", VideoFrameType.Key, VideoCodecId.Avc, AvcPacketType.EndOfSequence, 0)]
    [InlineData("1C01000000", VideoFrameType.Key, VideoCodecId.Hevc, AvcPacketType.NalUnits, 0)]
    [InlineData("12", VideoFrameType.Key, VideoCodecId.SorensonH263, AvcPacketType.SequenceHeader, 0)]
    [InlineData("34", VideoFrameType.DisposableInter, VideoCodecId.Vp6, AvcPacketType.SequenceHeader, 0)]
    public void Video(string hex, VideoFrameType frame, VideoCodecId codec, AvcPacketType packet, int composition)
    {
        VideoTagHeader header = new(frame, codec, packet, composition);
        byte[] golden = Convert.FromHexString(hex);
        byte[] written = new byte[VideoTagHeader.MaxLength];
        Assert.Equal(golden.Length, header.WriteTo(written));
        Assert.Equal(golden, written[..golden.Length]);
        for (int length = 0; length < golden.Length; length++)
        {
            Assert.False(VideoTagHeader.TryParse(golden.AsSpan(0, length), out _));
        }

        Assert.True(VideoTagHeader.TryParse(golden, out VideoTagHeader parsed));
        Assert.Equal(header, parsed);
    }

    [Theory]
    [InlineData("AF00", AudioCodecId.Aac, 3, true, true, AacPacketType.SequenceHeader)]
    [InlineData("AF01", AudioCodecId.Aac, 3, true, true, AacPacketType.Raw)]
    [InlineData("2F", AudioCodecId.Mp3, 3, true, true, AacPacketType.SequenceHeader)]
    [InlineData("2A", AudioCodecId.Mp3, 2, true, false, AacPacketType.SequenceHeader)]
    [InlineData("00", AudioCodecId.PcmNative, 0, false, false, AacPacketType.SequenceHeader)]
    [InlineData("B6", AudioCodecId.Speex, 1, true, false, AacPacketType.SequenceHeader)]
    public void Audio(string hex, AudioCodecId codec, byte rate, bool is16Bit, bool isStereo, AacPacketType packet)
    {
        AudioTagHeader header = new(codec, rate, is16Bit, isStereo, packet);
        byte[] golden = Convert.FromHexString(hex);
        byte[] written = new byte[AudioTagHeader.MaxLength];
        Assert.Equal(golden.Length, header.WriteTo(written));
        Assert.Equal(golden, written[..golden.Length]);
        for (int length = 0; length < golden.Length; length++)
        {
            Assert.False(AudioTagHeader.TryParse(golden.AsSpan(0, length), out _));
        }

        Assert.True(AudioTagHeader.TryParse(golden, out AudioTagHeader parsed));
        Assert.Equal(header, parsed);
    }

    [Theory]
    [InlineData(44100, 2, "2F")]
    [InlineData(48000, 2, "2F")]
    [InlineData(22050, 1, "2A")]
    [InlineData(11025, 2, "27")]
    [InlineData(8000, 1, "E2")]
    [InlineData(0, 0, "2F")]
    public void Mp3(int rate, int channels, string hex)
    {
        byte[] written = new byte[1];
        AudioTagHeader.ForSound(new Mp3Configuration(rate, channels))!.Value.WriteTo(written);
        Assert.Equal(hex, Convert.ToHexString(written));
    }

    [Fact]
    public void Refuses_what_is_not_defined()
    {
        Assert.Throws<FlvFormatException>(() => VideoTagHeader.TryParse([0x17, 3, 0, 0, 0], out _));
        Assert.Throws<FlvFormatException>(() => VideoTagHeader.TryParse([0x90, (byte)'h', (byte)'v', (byte)'c', (byte)'1'], out _));
        Assert.Throws<FlvFormatException>(() => AudioTagHeader.TryParse([0xAF, 2], out _));
        Assert.Throws<FlvFormatException>(() => AudioTagHeader.TryParse([0x90, 0], out _));
        byte[] buffer = new byte[5];
        VideoTagHeader tooLate = new(VideoFrameType.Inter, VideoCodecId.Avc, AvcPacketType.NalUnits, 1 << 23);
        Assert.Throws<ArgumentException>(() => tooLate.WriteTo(buffer));
        Assert.Throws<ArgumentException>(() => VideoTagHeader.AvcEndOfSequence.WriteTo(buffer.AsSpan(0, 4)));
        AudioTagHeader sound = new(AudioCodecId.Aac, 3, true, true, AacPacketType.Raw);
        Assert.Throws<ArgumentException>(() => sound.WriteTo(buffer.AsSpan(0, 1)));
    }

    [Fact]
    public void Sequence_headers_carry_the_record()
    {
        Assert.Equal(
            [0x17, 0, 0, 0, 0, .. Mp4Builder.AvcRecord],
            SequenceHeader.Create(AvcConfiguration.Parse(Mp4Builder.AvcRecord)));
        Assert.Equal([0xAF, 0, 0x12, 0x10], SequenceHeader.Create(AacConfiguration.Parse([0x12, 0x10])));
        Assert.Null(SequenceHeader.Create(new Mp3Configuration(44100, 2)));
    }
}
