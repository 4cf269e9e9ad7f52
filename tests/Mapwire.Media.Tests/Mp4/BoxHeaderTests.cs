using Mapwire.Media.Mp4;
using Mapwire.Media.Tests.Tools;
using Xunit;
using static Mapwire.Media.Tests.Tools.EditableBox;

namespace Mapwire.Media.Tests.Mp4;

public sealed class BoxHeaderTests
{
    [Fact]
    public void Reads_plain_64_bit_and_uuid_sizes()
    {
        Assert.Equal(new BoxHeader(new FourCc("free"), 100, 8, 20), Parse(Bytes(20, "free"), 100, 1000));
        Assert.Equal(new BoxHeader(new FourCc("mdat"), 100, 16, 5_000_000_000),
            Parse(Bytes(1, "mdat", 5_000_000_000L), 100, 6_000_000_000));
        Assert.Equal(new BoxHeader(new FourCc("uuid"), 0, 24, 30), Parse(Bytes(30, "uuid", new byte[16]), 0, 30));
        Assert.Equal(new BoxHeader(new FourCc("uuid"), 0, 32, 40), Parse(Bytes(1, "uuid", 40L, new byte[16]), 0, 40));
    }

    [Fact]
    public void Size_0_reaches_to_the_parents_end()
    {
        BoxHeader header = Parse(Bytes(0, "mdat"), 100, 1000);
        Assert.Equal(900, header.Length);
        Assert.Equal(1000, header.End);
        Assert.Equal(108, header.BodyOffset);
        Assert.Equal(892, header.BodyLength);
    }

    [Theory]
    [InlineData(2u)]
    [InlineData(7u)]
    public void Refuses_sizes_smaller_than_the_header(uint size) =>
        AssertRefused(Mp4Error.BadBoxSize, Bytes(size, "abcd"), 1000);

    [Fact]
    public void Refuses_impossible_large_sizes()
    {
        AssertRefused(Mp4Error.BadBoxSize, Bytes(1, "moov", 0L), 1000);
        AssertRefused(Mp4Error.BadBoxSize, Bytes(1, "moov", 15L), 1000);
        AssertRefused(Mp4Error.BadBoxSize, Bytes(1, "moov", 1UL << 63), 1000);
        AssertRefused(Mp4Error.BadBoxSize, Bytes(1, "moov", ulong.MaxValue), 1000);
        AssertRefused(Mp4Error.PastEnd, Bytes(1, "moov", long.MaxValue), 1000);
        AssertRefused(Mp4Error.PastEnd, Bytes(1001, "moov"), 1000);
        AssertRefused(Mp4Error.BadBoxSize, Bytes(23, "uuid", new byte[16]), 1000);
    }

    [Fact]
    public void A_cut_box_is_let_pass_when_allowed_but_never_past_2_to_the_63()
    {
        Assert.True(BoxHeader.TryParse(Bytes(1001, "mdat"), 0, 1000, allowCut: true, out BoxHeader header));
        Assert.Equal(1001, header.End);
        Assert.Throws<Mp4FormatException>(() => BoxHeader.TryParse(Bytes(1, "mdat", long.MaxValue), 8, 1000, allowCut: true, out _));
    }

    [Fact]
    public void Too_few_bytes_are_incomplete_at_every_length()
    {
        foreach (byte[] whole in new[] { Bytes(30, "free"), Bytes(1, "mdat", 30L) })
        {
            for (int length = 0; length < whole.Length; length++)
            {
                Assert.False(BoxHeader.TryParse(whole.AsSpan(0, length), 0, 1000, out _));
            }
        }
    }

    [Fact]
    public void Fewer_than_8_bytes_in_the_parent_are_padding()
    {
        Assert.False(BoxHeader.TryParse(new byte[32], 0, 7, out _));
        BoxReader reader = new(Bytes(12, "name", "abcd", 0), 50, new FourCc("udta"));
        Assert.True(reader.TryReadBox(out BoxHeader header, out BoxReader body));
        Assert.Equal(50, header.Offset);
        Assert.Equal(4, body.Remaining);
        Assert.False(reader.TryReadBox(out _, out _));
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void The_message_says_what_is_wrong_where()
    {
        Mp4FormatException e = Assert.Throws<Mp4FormatException>(() => Parse(Bytes(3, "moov"), 77, 1000));
        Assert.Equal("a size of 3 is smaller than the header of 8 (box 'moov' at offset 77)", e.Message);
        Assert.Equal(77, e.Offset);
        Assert.Equal("moov", e.Box);
    }

    private static BoxHeader Parse(byte[] bytes, long offset, long end)
    {
        Assert.True(BoxHeader.TryParse(bytes, offset, end, out BoxHeader header));
        return header;
    }

    private static void AssertRefused(Mp4Error error, byte[] bytes, long end) =>
        Assert.Equal(error, Assert.Throws<Mp4FormatException>(() => BoxHeader.TryParse(bytes, 0, end, out _)).Error);
}
