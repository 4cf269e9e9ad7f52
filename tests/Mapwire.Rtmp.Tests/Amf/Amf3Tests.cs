using Mapwire.Rtmp.Amf;

namespace Mapwire.Rtmp.Tests.Amf;

public sealed class Amf3Tests
{
    // The bytes are laid out by hand from AMF3 (January 2013), section 3.
    public static TheoryData<string, AmfValue> Golden => new()
    {
        { "00", AmfValue.Undefined },
        { "01", AmfValue.Null },
        { "02", AmfValue.False },
        { "03", AmfValue.True },
        { "04 00", AmfValue.Integer(0) },
        { "04 7F", AmfValue.Integer(127) },
        { "04 8100", AmfValue.Integer(128) },
        { "04 FF7F", AmfValue.Integer(16383) },
        { "04 818000", AmfValue.Integer(16384) },
        { "04 FFFF7F", AmfValue.Integer(2097151) },
        { "04 80C08000", AmfValue.Integer(2097152) },
        { "04 BFFFFFFF", AmfValue.Integer(268435455) },
        { "04 C0808000", AmfValue.Integer(-268435456) },
        { "04 FFFFFFFF", AmfValue.Integer(-1) },
        { "05 3FF8000000000000", AmfValue.Number(1.5) },
        { "06 01", AmfValue.String("") },
        { "06 07 61C3A4", AmfValue.String("aä") },
        { "07 09 3C612F3E", AmfValue.XmlDocument("<a/>") },
        { "0B 09 3C612F3E", AmfValue.Xml("<a/>") },
        { "08 01 4276BB3B63400000", AmfValue.Date(1562088190976) },
        { "09 05 01 01 00", AmfValue.StrictArray(AmfValue.Null, AmfValue.Undefined) },
        { "09 03 03 61 03 01 01", AmfValue.EcmaArray([new("a", AmfValue.True)], [AmfValue.Null]) },
        { "0A 0B 01 03 61 04 05 01", AmfValue.Object(("a", AmfValue.Integer(5))) },
        { "0A 0B 03 43 01", AmfValue.Object([], "C") },
        { "0C 05 AABB", AmfValue.ByteArray([0xAA, 0xBB]) },
        { "0D 05 00 FFFFFFFF 00000002", AmfValue.Vector(AmfKind.Int32Vector, [AmfValue.Number(-1), AmfValue.Number(2)]) },
        { "0E 03 01 FFFFFFFF", AmfValue.Vector(AmfKind.UInt32Vector, [AmfValue.Number(uint.MaxValue)], isFixed: true) },
        { "0F 03 00 3FF8000000000000", AmfValue.Vector(AmfKind.DoubleVector, [AmfValue.Number(1.5)]) },
        { "10 03 00 03 43 0A 0B 03 43 01", AmfValue.Vector(AmfKind.ObjectVector, [AmfValue.Object([], "C")], className: "C") },
        { "11 03 00 06 03 61 04 01", AmfValue.Dictionary([AmfValue.String("a"), AmfValue.Integer(1)]) },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Reads_and_writes(string hex, AmfValue value)
    {
        byte[] bytes = Wire.Hex(hex);
        Amf3Reader reader = new(bytes);
        Assert.Equal(value, reader.ReadValue());
        Assert.True(reader.IsAtEnd);

        Amf3Writer writer = new(default);
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
            Wire.Refused(() => Read(bytes[..length]), RtmpError.AmfTruncated);
        }
    }

    [Fact]
    public void Strings_objects_and_traits_are_referred_to()
    {
        // [{a: "ab"} of class C with the sealed member a, another of the same traits whose a is the same string, the first again]
        AmfValue value = Read(Wire.Hex("09 07 01  0A 13 03 43 03 61 06 05 6162  0A 01 06 04  0A 02"));
        AmfValue one = AmfValue.Object([new("a", AmfValue.String("ab"))], "C");
        Assert.Equal(AmfValue.StrictArray(one, one, one), value);
        Assert.Same(value.Items[0], value.Items[2]);
    }

    [Fact]
    public void Tables_last_for_an_amf0_message()
    {
        Amf0Reader reader = new(Wire.Hex("11 06 05 6162  11 06 00"));
        Assert.Equal("ab", reader.ReadString());
        Assert.Equal("ab", reader.ReadString());
    }

    [Fact]
    public void An_array_collection_is_its_array() =>
        Assert.Equal(
            AmfValue.StrictArray(AmfValue.Null),
            Read([.. Wire.Hex("0A 07 43"), .. "flex.messaging.io.ArrayCollection"u8, .. Wire.Hex("09 03 01 01")]));

    [Theory]
    [InlineData("0A 00", RtmpError.AmfReference)]
    [InlineData("0A 01", RtmpError.AmfReference)] // traits
    [InlineData("06 00", RtmpError.AmfReference)]
    [InlineData("09 03 01 09 00", RtmpError.AmfReference)] // an array that holds itself
    [InlineData("0A 07 03 43", RtmpError.AmfMarker)] // an unknown externalizable class
    [InlineData("12", RtmpError.AmfMarker)]
    [InlineData("09 FFFFFFFF 01", RtmpError.AmfTruncated)]
    [InlineData("0F FFFFFFFF 01", RtmpError.AmfTooMany)]
    [InlineData("0F 0B 01 00", RtmpError.AmfTruncated)]
    [InlineData("11 FFFFFFFF 00", RtmpError.AmfTruncated)]
    [InlineData("0A FFFFFFFB 01", RtmpError.AmfTruncated)] // 2^25 sealed members
    [InlineData("0C FFFFFFFF", RtmpError.AmfTruncated)]
    public void Refuses(string hex, RtmpError error) => Wire.Refused(() => Read(Wire.Hex(hex)), error);

    [Fact]
    public void An_empty_name_cannot_be_written()
    {
        AmfValue value = AmfValue.Object(("", AmfValue.Null));
        Assert.Throws<ArgumentException>(() => { using Amf3Writer writer = new(default); writer.WriteValue(value); });
    }

    private static AmfValue Read(byte[] bytes) => new Amf3Reader(bytes).ReadValue();
}
