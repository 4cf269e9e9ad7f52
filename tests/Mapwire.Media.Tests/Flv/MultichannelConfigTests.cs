using Mapwire.Media.Flv;
using Xunit;

namespace Mapwire.Media.Tests.Flv;

/// <summary>Golden bytes from the table of Enhanced RTMP v2, "ExAudioTagBody".</summary>
public sealed class MultichannelConfigTests
{
    public static TheoryData<string, MultichannelConfig> Golden => new()
    {
        { "0006", MultichannelConfig.Unspecified(6) },
        { "0106" + "0000060F", MultichannelConfig.Native(6, 0x60F) }, // 5.1: front, centre, low frequency, sides
        { "0203" + "00FE02", MultichannelConfig.Custom(0, 254, 2) },
        { "0200", MultichannelConfig.Custom() },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Bodies_are_the_golden_bytes(string hex, MultichannelConfig config)
    {
        byte[] golden = Convert.FromHexString(hex);
        byte[] written = new byte[golden.Length];
        Assert.Equal(golden.Length, config.WriteTo(written));
        Assert.Equal(golden, written);
        Assert.True(MultichannelConfig.TryParse(golden, out MultichannelConfig? parsed));
        Assert.Equal((config.Order, config.Channels, config.Speakers), (parsed!.Order, parsed.Channels, parsed.Speakers));
        Assert.Equal(config.Mapping, parsed.Mapping);
        for (int length = 0; length < golden.Length; length++)
        {
            Assert.False(MultichannelConfig.TryParse(golden.AsSpan(0, length), out _));
            Assert.Throws<ArgumentException>(() => config.WriteTo(written.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Refuses_what_is_not_defined()
    {
        Assert.Throws<FlvFormatException>(() => MultichannelConfig.TryParse([3, 2], out _));
        Assert.Throws<ArgumentException>(() => MultichannelConfig.Custom(new byte[256]));
    }
}
