using System.Buffers;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Chunks;

public sealed class ChunkHeaderTests
{
    [Theory]
    [InlineData(4, 1000u, 307, 9, 12346u, "04 0003E8 000133 09 3A300000")] // RTMP 1.0, section 5.3.2.2
    [InlineData(2, 0u, 4, 1, 0u, "02 000000 000004 01 00000000")]
    [InlineData(64, 0xFFFFFEu, 0, 8, 1u, "00 00 FFFFFE 000000 08 01000000")]
    [InlineData(319, 0xFFFFFFu, 0xFFFFFF, 8, 1u, "00 FF FFFFFF FFFFFF 08 01000000 00FFFFFF")]
    [InlineData(320, 0x1000000u, 1, 20, 0x01020304u, "01 0001 FFFFFF 000001 14 04030201 01000000")]
    [InlineData(65599, 0xFFFFFFFFu, 1, 22, 0u, "01 FFFF FFFFFF 000001 16 00000000 FFFFFFFF")]
    public void Type_0_is_laid_out_as_the_specification_says(int id, uint time, int length, byte type, uint stream, string hex)
    {
        byte[] bytes = new byte[ChunkHeader.MaxLength];
        int written = ChunkHeader.WriteType0(bytes, id, time, length, type, stream);
        Assert.Equal(Wire.Hex(hex), bytes[..written]);

        byte[] exact = new byte[written];
        Assert.Equal(written, ChunkHeader.WriteType0(exact, id, time, length, type, stream));
        Assert.ThrowsAny<ArgumentException>(() => ChunkHeader.WriteType0(new byte[written - 1], id, time, length, type, stream));
    }

    [Theory]
    [InlineData(4, 1000u, "C4")]
    [InlineData(64, 0xFFFFFEu, "C0 00")]
    [InlineData(65599, 0xFFFFFFu, "C1 FFFF 00FFFFFF")]
    [InlineData(4, 0x12345678u, "C4 12345678")]
    public void Type_3_repeats_the_extended_timestamp(int id, uint time, string hex)
    {
        byte[] bytes = new byte[ChunkHeader.MaxLength];
        Assert.Equal(Wire.Hex(hex), bytes[..ChunkHeader.WriteType3(bytes, id, time)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    [InlineData(65600)]
    public void There_are_no_other_chunk_streams(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkHeader.WriteType3(new byte[18], id, 0));

    [Theory]
    [InlineData(-1)]
    [InlineData(0x1000000)]
    public void There_are_no_other_lengths(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkHeader.WriteType0(new byte[18], 4, 0, length, 9, 1));

    [Fact]
    public void The_writer_splits_the_specifications_second_example()
    {
        ArrayBufferWriter<byte> output = new();
        byte[] body = [.. Enumerable.Range(0, 307).Select(i => (byte)i)];
        new ChunkWriter(output).Write(4, 1000, 9, 12346, body);
        Assert.Equal(
            [.. Wire.Hex("04 0003E8 000133 09 3A300000"), .. body[..128], 0xC4, .. body[128..256], 0xC4, .. body[256..]],
            output.WrittenSpan.ToArray());
    }
}
