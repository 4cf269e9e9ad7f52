using FsCheck;
using FsCheck.Fluent;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Tests.Messages;

public sealed class ControlMessageTests
{
    [Theory]
    [InlineData(1, "00001000", 4096u)]
    [InlineData(1, "7FFFFFFF", 0x7FFFFFFFu)]
    [InlineData(2, "0000FFFF", 65535u)]
    [InlineData(3, "FFFFFFFF", 0xFFFFFFFFu)]
    [InlineData(5, "002625A0", 2_500_000u)]
    [InlineData(6, "002625A002", 2_500_000u)]
    public void Protocol_control_is_a_number(byte type, string hex, uint value)
    {
        ProtocolControl control = ProtocolControl.Parse(type, Wire.Hex(hex));
        Assert.Equal((type, value), (control.Type, control.Value));
        byte[] body = new byte[ProtocolControl.MaxLength];
        Assert.Equal(Wire.Hex(hex), body[..control.WriteTo(body)]);
        for (int length = 0; length <= hex.Length; length++)
        {
            if (length != hex.Length / 2)
            {
                Wire.Refused(() => ProtocolControl.Parse(type, new byte[length]), RtmpError.MalformedMessage);
            }
        }
    }

    [Fact]
    public void Protocol_control_out_of_range_is_refused()
    {
        Wire.Refused(() => ProtocolControl.Parse(1, Wire.Hex("00000000")), RtmpError.ChunkSize);
        Wire.Refused(() => ProtocolControl.Parse(1, Wire.Hex("80000000")), RtmpError.ChunkSize);
        Wire.Refused(() => ProtocolControl.Parse(6, Wire.Hex("0000000103")), RtmpError.MalformedMessage);
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolControl.Parse(4, new byte[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProtocolControl(20, 0).WriteTo(new byte[5]));
    }

    [Theory]
    [InlineData(UserControlEvent.StreamBegin, "0000 00000001")]
    [InlineData(UserControlEvent.StreamEof, "0001 00000001")]
    [InlineData(UserControlEvent.StreamDry, "0002 00000001")]
    [InlineData(UserControlEvent.StreamIsRecorded, "0004 00000001")]
    [InlineData(UserControlEvent.PingRequest, "0006 00000001")]
    [InlineData(UserControlEvent.PingResponse, "0007 00000001")]
    [InlineData(UserControlEvent.BufferEmpty, "001F 00000001")]
    [InlineData(UserControlEvent.BufferReady, "0020 00000001")]
    [InlineData(UserControlEvent.SetBufferLength, "0003 00000001 00000BB8")]
    public void User_control_is_an_event_and_its_numbers(UserControlEvent type, string hex)
    {
        byte[] bytes = Wire.Hex(hex);
        UserControl control = UserControl.Parse(bytes);
        Assert.Equal(new UserControl(type, 1, bytes.Length == 10 ? 3000u : 0), control);
        byte[] body = new byte[UserControl.MaxLength];
        Assert.Equal(bytes, body[..control.WriteTo(body)]);
        for (int length = 0; length < bytes.Length; length++)
        {
            Wire.Refused(() => UserControl.Parse(bytes.AsSpan(0, length)), RtmpError.MalformedMessage);
        }
    }

    [Fact]
    public void Unknown_events_are_kept_whatever_follows()
    {
        Assert.Equal(new UserControl((UserControlEvent)26, 0), UserControl.Parse(Wire.Hex("001A")));
        Assert.Equal(new UserControl((UserControlEvent)27, 0x01020304), UserControl.Parse(Wire.Hex("001B 01020304 05060708")));
    }

    [Fact]
    public void User_control_reads_back_what_it_wrote() => Prop.ForAll(
        (from type in Gen.Elements(
            Enum.GetValues<UserControlEvent>())
         from value in Gen.Choose(0, int.MaxValue)
         from buffer in Gen.Choose(0, int.MaxValue)
         select new UserControl(type, (uint)value * 2, type == UserControlEvent.SetBufferLength ? (uint)buffer * 2 : 0)).ToArbitrary(),
        control =>
        {
            byte[] body = new byte[UserControl.MaxLength];
            Assert.Equal(control, UserControl.Parse(body.AsSpan(0, control.WriteTo(body))));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Tells_message_types_apart_by_the_specifications_numbers() => Assert.Equal(
        [1, 2, 3, 4, 5, 6, 8, 9, 15, 16, 17, 18, 19, 20, 22],
        new int[]
        {
            MessageType.SetChunkSize, MessageType.Abort, MessageType.Acknowledgement, MessageType.UserControl,
            MessageType.WindowAcknowledgementSize, MessageType.SetPeerBandwidth, MessageType.Audio, MessageType.Video, MessageType.DataAmf3,
            MessageType.SharedObjectAmf3, MessageType.CommandAmf3, MessageType.DataAmf0, MessageType.SharedObjectAmf0,
            MessageType.CommandAmf0,
            MessageType.Aggregate,
        });
}
