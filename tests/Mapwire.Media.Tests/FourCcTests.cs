using Xunit;

namespace Mapwire.Media.Tests;

public sealed class FourCcTests
{
    [Fact]
    public void Text_and_number_are_the_same()
    {
        Assert.Equal(0x6D6F6F76u, new FourCc("moov").Value);
        Assert.Equal("moov", FourCc.Read("moov..."u8).ToString());
        byte[] written = new byte[4];
        new FourCc("\u00A9nam").WriteTo(written);
        Assert.Equal([0xA9, (byte)'n', (byte)'a', (byte)'m'], written);
    }

    [Fact]
    public void What_cannot_be_printed_is_escaped()
    {
        Assert.Equal("\\xA9nam", new FourCc("\u00A9nam").ToString());
        Assert.Equal("\\x00\\x00\\x0A\\x7F", new FourCc(0x00000A7Fu).ToString());
    }

    [Theory]
    [InlineData("mov")]
    [InlineData("movie")]
    [InlineData("mo\u0100v")]
    public void Refuses_text_of_another_shape(string text) => Assert.Throws<ArgumentException>(() => new FourCc(text));
}
