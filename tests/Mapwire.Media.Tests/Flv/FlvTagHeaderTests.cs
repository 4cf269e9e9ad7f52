using Mapwire.Media.Flv;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>Headers of tags and of the file, as FLV 10.1, E.2 to E.4 has them.</summary>
public sealed class FlvTagHeaderTests
{
    [Fact]
    public void A_timestamp_past_24_bits_has_its_upper_bits_behind_the_lower_ones()
    {
        byte[] bytes = new byte[FlvTagHeader.Length + FlvTagHeader.TrailerLength];
        Array.Fill(bytes, (byte)0xEE);
        FlvTagHeader.Write(bytes, FlvTagHeader.Video, 0x010203, 0xA1B2C3D4);
        FlvTagHeader.WriteTrailer(bytes.AsSpan(FlvTagHeader.Length), 0x010203);
        Assert.Equal([9, 1, 2, 3, 0xB2, 0xC3, 0xD4, 0xA1, 0, 0, 0, 0, 1, 2, 14], bytes);
        Assert.Equal(new FlvTagHeader(FlvTagHeader.Video, false, 0x010203, 0xA1B2C3D4, true), FlvTagHeader.Parse(bytes));
    }

    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(true, false, 4)]
    [InlineData(false, true, 1)]
    [InlineData(true, true, 5)]
    public void A_file_header_has_a_flag_for_each_kind_of_tag(bool hasAudio, bool hasVideo, byte flags)
    {
        byte[] bytes = new byte[FlvFileHeader.Length];
        Array.Fill(bytes, (byte)0xEE);
        FlvFileHeader.Write(bytes, hasAudio, hasVideo);
        Assert.Equal([(byte)'F', (byte)'L', (byte)'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0], bytes);
    }
}
