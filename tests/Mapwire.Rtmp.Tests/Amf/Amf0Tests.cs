using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Tests.Amf;

public sealed class Amf0Tests
{
    // The bytes are laid out by hand from AMF0 1.21, section 2, unless a source is named.
    public static TheoryData<string, AmfValue> Golden => new()
    {
        { "00 3FF8000000000000", AmfValue.Number(1.5) },
        { "00 C09F400000000000", AmfValue.Number(-2000) }, // ffmpeg's play start
        { "01 01", AmfValue.True },
        { "01 00", AmfValue.False },
        { "02 0003 61C3A4", AmfValue.String("aä") },
        { "02 0000", AmfValue.String("") },
        { "05", AmfValue.Null },
        { "06", AmfValue.Undefined },
        { "0D", AmfValue.Unsupported },
        { "0F 00000004 3C612F3E", AmfValue.XmlDocument("<a/>") },
        { "0B 4276BB3B63400000 0000", AmfValue.Date(1562088190976) },
        { "03 0003617070 02 0003766F64 000009", AmfValue.Object(("app", AmfValue.String("vod"))) },
        { "03 000009", AmfValue.Object() },
        { "08 00000001 0001 61 05 000009", AmfValue.EcmaArray([new("a", AmfValue.Null)]) },
        { "0A 00000002 05 06", AmfValue.StrictArray(AmfValue.Null, AmfValue.Undefined) },
        { "10 0001 43 0001 61 0101 000009", AmfValue.Object([new("a", AmfValue.True)], "C") },
        { "11 0C 05 AABB", AmfValue.ByteArray([0xAA, 0xBB]) },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Reads_and_writes(string hex, AmfValue value)
    {
        byte[] bytes = Wire.Hex(hex);
        Amf0Reader reader = new(bytes);
        Assert.Equal(value, reader.ReadValue());
        Assert.True(reader.IsAtEnd);

        Amf0Writer writer = new(default);
        writer.WriteValue(value);
        Assert.Equal(bytes, writer.Written.ToArray());
        writer.Dispose();
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Refuses_every_truncation(string hex, AmfValue value)
    {
        Assert.NotNull(value);
        byte[] bytes = Wire.Hex(hex);
        for (int length = 0; length < bytes.Length; length++)
        {
            RtmpProtocolException e = Wire.Refused(() => Read(bytes[..length]), RtmpError.AmfTruncated);
            Assert.InRange(e.Offset, 0, length);
        }
    }

    [Fact]
    public void Long_strings_are_long_and_short_ones_short()
    {
        foreach (int length in new[] { 65535, 65536, 100_000 })
        {
            string text = new('x', length);
            Amf0Writer writer = new(new byte[16]);
            writer.WriteString(text);
            Assert.Equal(length > 65535 ? 0x0C : 0x02, writer.Written[0]);
            Assert.Equal(text, Read(writer.Written.ToArray()).AsString());
            writer.Dispose();
        }
    }

    [Fact]
    public void An_ecma_arrays_count_decides_nothing()
    {
        Assert.Single(Read(Wire.Hex("08 00000000 0001 61 05 000009")).Properties);
        Assert.Empty(Read(Wire.Hex("08 FFFFFFFF 000009")).Properties);
    }

    [Fact]
    public void References_give_the_object_again()
    {
        // {a: {}, b: ->1}
        AmfValue value = Read(Wire.Hex("03 0001 61 03 000009 0001 62 07 0001 000009"));
        Assert.Same(value["a"], value["b"]);
    }

    [Theory]
    [InlineData("07 0000", RtmpError.AmfReference)]
    [InlineData("03 0001 61 07 0000 000009", RtmpError.AmfReference)] // an object that holds itself
    [InlineData("0A 00000001 07 0001", RtmpError.AmfReference)]
    [InlineData("04", RtmpError.AmfMarker)]
    [InlineData("09", RtmpError.AmfMarker)]
    [InlineData("0E", RtmpError.AmfMarker)]
    [InlineData("12", RtmpError.AmfMarker)]
    [InlineData("FF", RtmpError.AmfMarker)]
    [InlineData("0A FFFFFFFF 05", RtmpError.AmfTruncated)]
    [InlineData("0C FFFFFFFF 41", RtmpError.AmfTruncated)]
    [InlineData("11 12 01", RtmpError.AmfMarker)]
    public void Refuses(string hex, RtmpError error) => Wire.Refused(() => Read(Wire.Hex(hex)), error);

    [Theory]
    [InlineData("0A00000001")]
    [InlineData("03000161")]
    [InlineData("0800000000000161")]
    [InlineData("10000143000161")]
    public void Endless_nesting_is_refused_at_the_limit(string level)
    {
        byte[] bytes = Wire.Hex(string.Concat(Enumerable.Repeat(level, 60_000 / level.Length)));
        Wire.Refused(() => Read(bytes), RtmpError.AmfTooDeep);
        Wire.Refused(() => Read([.. Wire.Hex("11"), .. Wire.Hex(string.Concat(Enumerable.Repeat("09 03 01", 10_000)))]),
            RtmpError.AmfTooDeep);
    }

    [Fact]
    public void References_do_not_unfold_into_a_forest()
    {
        // Each array holds the one before twice: 2^n values in 16 bytes a level, if they were counted once.
        string hex = "0A 00000014 0A 00000000";
        for (int i = 1; i < 20; i++)
        {
            hex += $"0A 00000002 07 {i:X4} 07 {i:X4}";
        }

        Wire.Refused(() => Read(Wire.Hex(hex)), RtmpError.AmfTooMany);
    }

    [Fact]
    public void Referenced_depth_counts()
    {
        string deep = string.Concat(Enumerable.Repeat("0A00000001", 20)) + "05";
        // The second array nests 20 levels, then refers to the first one's 20.
        string hex = "0A 00000002" + deep + string.Concat(Enumerable.Repeat("0A00000001", 20)) + "07 0001";
        Wire.Refused(() => Read(Wire.Hex(hex)), RtmpError.AmfTooDeep);
    }

    [Fact]
    public void The_number_of_values_is_bounded()
    {
        byte[] nulls = [.. Wire.Hex("0A 0000FFFF"), .. Enumerable.Repeat((byte)5, 65535)];
        Wire.Refused(() => Read(nulls), RtmpError.AmfTooMany);
        Amf0Reader wide = new(nulls, new AmfLimits { MaxValues = 65536 });
        Assert.Equal(65535, wide.ReadValue().Items.Length);
    }

    [Fact]
    public void Typed_reads_say_what_they_wanted()
    {
        Wire.Refused(() => new Amf0Reader(Wire.Hex("05")).ReadNumber(), RtmpError.AmfType);
        Wire.Refused(() => new Amf0Reader(Wire.Hex("05")).ReadString(), RtmpError.AmfType);
        Wire.Refused(() => new Amf0Reader(Wire.Hex("05")).ReadBoolean(), RtmpError.AmfType);
        Assert.True(new Amf0Reader(Wire.Hex("00 4000000000000000")).ReadBoolean());
        Assert.Equal(5, new Amf0Reader(Wire.Hex("11 04 05")).ReadNumber());
        Assert.Equal("ab", new Amf0Reader(Wire.Hex("11 06 05 6162")).ReadString());
        Assert.Equal("ab"u8.ToArray(), new Amf0Reader(Wire.Hex("0C 00000002 6162")).ReadUtf8().ToArray());
    }

    [Fact]
    public void Text_that_is_not_utf8_is_read_with_replacements() =>
        Assert.Equal("\uFFFD", Read(Wire.Hex("02 0001 E4")).AsString());

    [Fact]
    public void Writing_allocates_nothing_while_it_fits()
    {
        byte[] memory = new byte[512];
        Write(memory);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            Write(memory);
        }

        // Less than a byte each: the runtime takes some thousand once where it compiles a loop anew.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 9999);

        static void Write(byte[] memory)
        {
            using Amf0Writer writer = new(memory);
            writer.WriteObject();
            writer.WriteProperty("a", "text");
            writer.WriteProperty("b", 1.5);
            writer.WriteProperty("c", true);
            writer.WriteEnd();
        }
    }

    private static AmfValue Read(byte[] bytes) => new Amf0Reader(bytes).ReadValue();
}
