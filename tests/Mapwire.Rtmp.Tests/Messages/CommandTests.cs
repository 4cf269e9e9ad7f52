using FsCheck;
using FsCheck.Fluent;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Tests.Amf;

namespace Mapwire.Rtmp.Tests.Messages;

public sealed class CommandTests
{
    private delegate void Writing(ref Amf0Writer writer);

    private delegate T Parsing<T>(ref CommandReader reader);

    private static byte[] Bytes(Writing write)
    {
        Amf0Writer writer = new(default);
        write(ref writer);
        byte[] bytes = writer.Written.ToArray();
        writer.Dispose();
        return bytes;
    }

    private static T Parse<T>(byte[] bytes, Parsing<T> parse, byte type = 20)
    {
        CommandReader reader = new(type, bytes);
        return parse(ref reader);
    }

    private static byte[] Command(string name, double transaction, params AmfValue[] arguments) => Bytes((ref Amf0Writer w) =>
    {
        w.WriteString(name);
        w.WriteNumber(transaction);
        foreach (AmfValue argument in arguments)
        {
            w.WriteValue(argument);
        }
    });

    private static PlayCommand Play(params AmfValue[] arguments) =>
        Parse(Command("play", 0, [AmfValue.Null, .. arguments]), PlayCommand.Parse);

    private static readonly AmfValue Name = AmfValue.String("x");

    [Theory]
    [InlineData(-2, PlayCommand.AnyStart)]
    [InlineData(-2000, PlayCommand.AnyStart)]
    [InlineData(-1, PlayCommand.LiveStart)]
    [InlineData(-1000, PlayCommand.LiveStart)]
    [InlineData(-3, PlayCommand.AnyStart)]
    [InlineData(-0.0, 0)]
    [InlineData(0, 0)]
    [InlineData(1500.5, 1500.5)]
    [InlineData(double.NegativeInfinity, PlayCommand.AnyStart)]
    [InlineData(double.NaN, PlayCommand.AnyStart)]
    public void Plays_start_is_milliseconds_or_one_of_two_words(double sent, double start) =>
        Assert.Equal(start, Play(Name, AmfValue.Number(sent)).StartMilliseconds);

    [Theory]
    [InlineData(-1)]
    [InlineData(-1000)]
    [InlineData(-5)]
    [InlineData(double.NaN)]
    public void A_negative_duration_is_all(double sent) =>
        Assert.Equal(PlayCommand.WholeDuration, Play(Name, AmfValue.Number(0), AmfValue.Number(sent)).DurationMilliseconds);

    [Fact]
    public void Plays_arguments_may_be_missing_null_or_numbers()
    {
        Assert.Equal(new PlayCommand(0, "x"), Play(Name));
        Assert.Equal(new PlayCommand(0, "x"), Play(Name, AmfValue.Null, AmfValue.Undefined, AmfValue.Null));
        Assert.Equal(new PlayCommand(0, ""), Play());
        Assert.False(Play(Name, AmfValue.Number(0), AmfValue.Number(-1), AmfValue.Number(0)).Reset);
        Assert.True(Play(Name, AmfValue.Number(0), AmfValue.Number(-1), AmfValue.Number(2)).Reset);
        Assert.False(Play(Name, AmfValue.Number(0), AmfValue.Number(-1), AmfValue.False).Reset);
        Wire.Refused(() => Play(Name, Name), RtmpError.AmfType);
        Wire.Refused(() => Play(AmfValue.Number(5)), RtmpError.AmfType);
    }

    private static PublishCommand Publish(params AmfValue[] arguments) =>
        Parse(Command("publish", 5, [AmfValue.Null, .. arguments]), PublishCommand.Parse);

    [Theory]
    [InlineData("live", PublishType.Live)]
    [InlineData("record", PublishType.Record)]
    [InlineData("append", PublishType.Append)]
    [InlineData("appendWithGap", PublishType.Live)]
    [InlineData("Record", PublishType.Live)]
    [InlineData("", PublishType.Live)]
    public void A_publish_s_type_that_is_not_known_is_live(string sent, PublishType type) =>
        Assert.Equal(new PublishCommand(5, "x", type), Publish(Name, AmfValue.String(sent)));

    [Fact]
    public void Publish_s_arguments_may_be_missing_null_or_more()
    {
        Assert.Equal(new PublishCommand(5, ""), Publish());
        Assert.Equal(new PublishCommand(5, ""), Publish(AmfValue.Null, AmfValue.Undefined));
        Assert.Equal(new PublishCommand(5, "x"), Publish(Name));
        Assert.Equal(new PublishCommand(5, "x"), Publish(Name, AmfValue.Number(1)));
        Assert.Equal(new PublishCommand(5, "x", PublishType.Record), Publish(Name, AmfValue.String("record"), AmfValue.Number(1)));
        Wire.Refused(() => Publish(AmfValue.Number(5)), RtmpError.AmfType);
    }

    [Fact]
    public void Pause_and_seek_have_times_that_are_times()
    {
        foreach (double wrong in new[] { -1, double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            Assert.Equal(0, Parse(Command("seek", 0, AmfValue.Null, AmfValue.Number(wrong)), SeekCommand.Parse).Milliseconds);
            Assert.Equal(0,
                Parse(Command("pause", 0, AmfValue.Null, AmfValue.True, AmfValue.Number(wrong)), PauseCommand.Parse).Milliseconds);
        }

        Assert.Equal(new PauseCommand(0, true, 0), Parse(Command("pause", 0, AmfValue.Null), PauseCommand.Parse));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4294967296.0)]
    [InlineData(double.PositiveInfinity)]
    public void Only_ids_can_be_deleted(double id) => Wire.Refused(
        () => Parse(Command("deleteStream", 0, AmfValue.Null, AmfValue.Number(id)), DeleteStreamCommand.Parse), RtmpError.MalformedMessage);

    [Fact]
    public void Amf3_commands_have_a_format_byte()
    {
        byte[] bytes = [0, .. Command("play", 0, AmfValue.Null), 0x11, 0x06, 0x03, (byte)'x', 0x11, 0x04, 0x0A];
        Assert.Equal(new PlayCommand(0, "x", 10), Parse(bytes, PlayCommand.Parse, 17));
        bytes[0] = 1;
        Wire.Refused(() => Parse(bytes, PlayCommand.Parse, 17), RtmpError.MalformedMessage);
        Wire.Refused(() => Parse([], PlayCommand.Parse, 17), RtmpError.MalformedMessage);
    }

    [Fact]
    public void Connect_needs_its_object()
    {
        Wire.Refused(() => Parse(Command("connect", 1), ConnectCommand.Parse), RtmpError.AmfTruncated);
        Wire.Refused(() => Parse(Command("connect", 1, AmfValue.Null), ConnectCommand.Parse), RtmpError.AmfType);
        ConnectCommand empty = Parse(Command("connect", 1, AmfValue.Object(("app", AmfValue.Number(1)))), ConnectCommand.Parse);
        Assert.Equal(("", null, 0), (empty.App, empty.TcUrl, empty.ObjectEncoding));
        Assert.Equal(ClientCapabilities.None, empty.Capabilities);
    }

    [Fact]
    public void Connect_keeps_all_that_was_said()
    {
        AmfValue properties = AmfValue.Object(
            ("app", AmfValue.String("vod/dir")),
            ("tcUrl", AmfValue.String("rtmp://h/vod/dir")),
            ("flashVer", AmfValue.String("v")),
            ("objectEncoding", AmfValue.Number(3)),
            ("fourCcList", AmfValue.StrictArray(AmfValue.String("av01"), AmfValue.Number(1))),
            ("videoFourCcInfoMap", AmfValue.Object(("hvc1", AmfValue.Number(5)), ("*", AmfValue.Number(4)), ("x", AmfValue.Null))),
            ("audioFourCcInfoMap", AmfValue.EcmaArray([new("Opus", AmfValue.Number(1))])),
            ("capsEx", AmfValue.Number(3)));
        ConnectCommand connect = Parse(Command("connect", 1, properties, AmfValue.String("token")), ConnectCommand.Parse);

        Assert.Equal(("vod/dir", "rtmp://h/vod/dir", "v", 3), (connect.App, connect.TcUrl, connect.FlashVersion, connect.ObjectEncoding));
        Assert.Equal(properties, connect.Properties);
        Assert.Equal(AmfValue.StrictArray(AmfValue.String("token")), connect.Arguments);
        ClientCapabilities can = connect.Capabilities;
        Assert.True(can.IsEnhanced);
        Assert.Equal(EnhancedCapabilities.Reconnect | EnhancedCapabilities.Multitrack, can.Extended);
        Assert.Equal(FourCcAbilities.Decode | FourCcAbilities.Forward, can.VideoAbilities("hvc1"));
        Assert.Equal(FourCcAbilities.Decode | FourCcAbilities.Forward, can.VideoAbilities("av01"));
        Assert.Equal(FourCcAbilities.Forward, can.VideoAbilities("vp09"));
        Assert.Equal(FourCcAbilities.Decode, can.AudioAbilities("Opus"));
        Assert.Equal(FourCcAbilities.None, can.AudioAbilities("fLaC"));
    }

    [Fact]
    public void Capabilities_of_the_wrong_form_are_passed_over()
    {
        AmfValue properties = AmfValue.Object(
            ("fourCcList", AmfValue.String("av01")), ("videoFourCcInfoMap", AmfValue.Number(double.NaN)),
            ("capsEx", AmfValue.Number(1e300)));
        Assert.False(ClientCapabilities.Parse(properties).IsEnhanced);
    }

    [Fact]
    public void Commands_read_back_what_they_wrote() => Prop.ForAll(
        (from text in Gen.Elements("", "mp4:dir/f.mp4?token=ä", "x")
         from other in Gen.Elements("", "y")
         from number in Gen.Elements(0.0, 1, 2000, 1e12, 0.5)
         from flag in Gen.Elements(true, false)
         from properties in AmfValues.Object(amf3: false)
         from argument in AmfValues.Any(amf3: false)
         select (text, other, number, flag, properties, argument)).ToArbitrary(),
        run =>
        {
            (string text, string other, double number, bool flag, AmfValue properties, AmfValue argument) = run;
            Same(new ConnectCommand(1, properties, AmfValue.StrictArray(argument)), (c, ref w) => c.WriteTo(ref w), ConnectCommand.Parse);
            Same(new CreateStreamCommand(number), (c, ref w) => c.WriteTo(ref w), CreateStreamCommand.Parse);
            Same(new CloseStreamCommand(number), (c, ref w) => c.WriteTo(ref w), CloseStreamCommand.Parse);
            Same(new DeleteStreamCommand(0, (uint)number), (c, ref w) => c.WriteTo(ref w), DeleteStreamCommand.Parse);
            Same(new PlayCommand(4, text, number, number, flag), (c, ref w) => c.WriteTo(ref w), PlayCommand.Parse);
            Same(new PlayCommand(4, text), (c, ref w) => c.WriteTo(ref w), PlayCommand.Parse);
            Same(new PublishCommand(number, text, flag ? PublishType.Record : PublishType.Append), (c, ref w) => c.WriteTo(ref w),
                PublishCommand.Parse);
            Same(new PublishCommand(number, text), (c, ref w) => c.WriteTo(ref w), PublishCommand.Parse);
            Same(new Play2Command(0, text, other, "switch", number, number, number), (c, ref w) => c.WriteTo(ref w), Play2Command.Parse);
            Same(new Play2Command(0, text), (c, ref w) => c.WriteTo(ref w), Play2Command.Parse);
            Same(new SeekCommand(0, number), (c, ref w) => c.WriteTo(ref w), SeekCommand.Parse);
            Same(new PauseCommand(0, flag, number), (c, ref w) => c.WriteTo(ref w), PauseCommand.Parse);
            Same(new ReceiveCommand(0, flag, !flag), (c, ref w) => c.WriteTo(ref w), ReceiveCommand.Parse);
            Same(new StreamNameCommand("FCSubscribe", number, text), (c, ref w) => c.WriteTo(ref w), StreamNameCommand.Parse);
        }).QuickCheckThrowOnFailure();

    private delegate void WritingOf<in T>(T command, ref Amf0Writer writer);

    private static void Same<T>(T command, WritingOf<T> write, Parsing<T> parse) =>
        Assert.Equal(command, Parse(Bytes((ref Amf0Writer w) => write(command, ref w)), parse));

    [Fact]
    public void A_play_command_is_laid_out_as_ffmpeg_does()
    {
        // From Recordings/ffmpeg.bin: transaction 4, null, name, start -2000; the rest is not sent.
        byte[] bytes = Wire.Hex("02 0004 706C6179 00 4010000000000000 05 02 0009 6D70343A662E6D7034 00 C09F400000000000");
        PlayCommand play = Parse(bytes, PlayCommand.Parse);
        Assert.Equal(new PlayCommand(4, "mp4:f.mp4"), play);
        Assert.Equal(bytes, Bytes((ref Amf0Writer w) => play.WriteTo(ref w))[..bytes.Length]);
    }
}
