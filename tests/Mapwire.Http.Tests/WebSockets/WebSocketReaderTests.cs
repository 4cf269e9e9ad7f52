using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.WebSockets;

namespace Mapwire.Http.Tests.WebSockets;

/// <summary>A client's frames by RFC 6455, section 5.</summary>
public sealed class WebSocketReaderTests
{
    private const string Hello = "48656C6C6F";

    /// <summary>What arrives, and what comes of it. Every row is also read in every two pieces and byte by byte.</summary>
    public static TheoryData<string, byte[], string> Rows { get; } = new()
    {
        // RFC 6455, section 5.7: a single-frame masked text message, and a masked pong
        { "text", [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], $"Text {Hello}\n" },
        { "pong", [0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], $"Pong {Hello}\n" },
        { "empty", ClientFrames.Write(0x82, ""), "Binary \n" },
        { "empty ping", ClientFrames.Write(0x89, ""), "Ping \n" },
        { "fragments", [.. ClientFrames.Write(0x01, "Hel"), .. ClientFrames.Write(0x80, "lo")], $"Text {Hello}\n" },
        {
            "a ping between fragments",
            [.. ClientFrames.Write(0x02, "H"), .. ClientFrames.Write(0x89, "!"), .. ClientFrames.Write(0x00, "ell"),
                .. ClientFrames.Write(0x8A, "?"), .. ClientFrames.Write(0x80, "o")],
            $"Ping 21\nPong 3F\nBinary {Hello}\n"
        },
        { "125 bytes", ClientFrames.Write(0x82, new byte[125]), $"Binary {new string('0', 250)}\n" },
        { "126 bytes", ClientFrames.Write(0x82, new byte[126]), $"Binary {new string('0', 252)}\n" },
        { "the longest ping", ClientFrames.Write(0x89, new byte[125]), $"Ping {new string('0', 250)}\n" },
        { "the longest message", ClientFrames.Write(0x82, new byte[1000]), $"Binary {new string('0', 2000)}\n" },
        {
            "text cut inside a character",
            [.. ClientFrames.Write(0x01, [0xE6, 0x97]), .. ClientFrames.Write(0x80, [0xA5])], "Text E697A5\n"
        },
        { "two messages", [.. ClientFrames.Write(0x81, "a"), .. ClientFrames.Write(0x82, "b")], "Text 61\nBinary 62\n" },
        { "close", ClientFrames.Close(1000, "bye"u8), "Close 03E8627965 1000 bye\nclosed" },
        { "close without a code", ClientFrames.Write(0x88, ""), "Close  0 \nclosed" },
        { "close without a reason", ClientFrames.Close(1001, []), "Close 03E9 1001 \nclosed" },
        { "close of an application", ClientFrames.Close(4999, []), "Close 1387 4999 \nclosed" },
        { "what follows a close", [.. ClientFrames.Close(1000, []), 0xFF, 0xFF, 0xFF], "Close 03E8 1000 \nclosed" },
        { "a close between fragments", [.. ClientFrames.Write(0x01, "a"), .. ClientFrames.Close(1000, [])], "Close 03E8 1000 \nclosed" },
        // what is wrong
        { "RSV1", ClientFrames.Write(0xC2, ""), "! 1002 at 0" },
        { "RSV2", ClientFrames.Write(0xA2, ""), "! 1002 at 0" },
        { "RSV3", ClientFrames.Write(0x92, ""), "! 1002 at 0" },
        { "opcode 3", ClientFrames.Write(0x83, ""), "! 1002 at 0" },
        { "opcode 7", ClientFrames.Write(0x87, ""), "! 1002 at 0" },
        { "opcode 11", ClientFrames.Write(0x8B, ""), "! 1002 at 0" },
        { "opcode 15", ClientFrames.Write(0x8F, ""), "! 1002 at 0" },
        { "unmasked", ClientFrames.Write(0x82, "a"u8, isMasked: false), "! 1002 at 0" },
        { "unmasked ping", ClientFrames.Write(0x89, [], isMasked: false), "! 1002 at 0" },
        { "a ping in fragments", ClientFrames.Write(0x09, "a"), "! 1002 at 0" },
        { "a close in fragments", ClientFrames.Write(0x08, ""), "! 1002 at 0" },
        { "a ping of 126 bytes", ClientFrames.Write(0x89, new byte[126]), "! 1002 at 0" },
        { "a ping of 64 bits", ClientFrames.Write(0x89, [], form: 64), "! 1002 at 0" },
        { "16 bits for 125", ClientFrames.Write(0x82, new byte[125], form: 16), "! 1002 at 0" },
        { "16 bits for 0", ClientFrames.Write(0x82, [], form: 16), "! 1002 at 0" },
        { "64 bits for 126", ClientFrames.Write(0x82, new byte[126], form: 64), "! 1002 at 0" },
        { "64 bits for 65535", ClientFrames.Write(0x82, [], announced: 65535, form: 64), "! 1002 at 0" },
        { "the top bit", ClientFrames.Write(0x82, [], announced: 1UL << 63, form: 64), "! 1002 at 0" },
        { "63 bits", ClientFrames.Write(0x82, [], announced: long.MaxValue, form: 64), "! 1009 at 0" },
        { "65536 bytes", ClientFrames.Write(0x82, [], announced: 65536), "! 1009 at 0" },
        { "a byte over the limit", ClientFrames.Write(0x82, [], announced: 1001), "! 1009 at 0" },
        {
            "over the limit by its second piece",
            [.. ClientFrames.Write(0x02, new byte[999]), .. ClientFrames.Write(0x80, [], announced: 2)], "! 1009 at 1007"
        },
        { "a continuation of nothing", ClientFrames.Write(0x80, "a"), "! 1002 at 0" },
        {
            "a continuation behind the end",
            [.. ClientFrames.Write(0x81, "a"), .. ClientFrames.Write(0x80, "b")], "Text 61\n! 1002 at 7"
        },
        { "a message inside another", [.. ClientFrames.Write(0x01, "a"), .. ClientFrames.Write(0x81, "b")], "! 1002 at 7" },
        { "text that is no UTF-8", ClientFrames.Write(0x81, [0xFF]), "! 1007 at 0" },
        { "text that ends inside a character", ClientFrames.Write(0x81, [0xE6, 0x97]), "! 1007 at 0" },
        { "half a close code", ClientFrames.Write(0x88, "a"), "! 1002 at 0closed" },
        { "close 999", ClientFrames.Close(999, []), "! 1002 at 0closed" },
        { "close 1004", ClientFrames.Close(1004, []), "! 1002 at 0closed" },
        { "close 1005", ClientFrames.Close(1005, []), "! 1002 at 0closed" },
        { "close 1006", ClientFrames.Close(1006, []), "! 1002 at 0closed" },
        { "close 1015", ClientFrames.Close(1015, []), "! 1002 at 0closed" },
        { "close 2999", ClientFrames.Close(2999, []), "! 1002 at 0closed" },
        { "close 5000", ClientFrames.Close(5000, []), "! 1002 at 0closed" },
        { "a reason that is no UTF-8", ClientFrames.Close(1000, [0xFF]), "! 1007 at 0closed" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Frames_are_read_or_refused_the_same_wherever_they_are_cut(string what, byte[] bytes, string expected)
    {
        Assert.True(expected == FrameLog.Read(bytes), $"{what}: {FrameLog.Read(bytes)}");
        Assert.Equal(expected, FrameLog.Read(bytes, () => 1));
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            int first = cut;
            Assert.Equal(expected, FrameLog.Read(bytes, () => (first, first = bytes.Length).Item1));
        }
    }

    [Fact]
    public void What_is_wrong_is_seen_at_the_second_byte_of_a_frame()
    {
        WebSocketReader reader = new();
        Assert.Throws<WebSocketProtocolException>(() =>
        {
            ReadOnlySpan<byte> rest = [0x82, 0x05]; // unmasked: its payload is not waited for
            reader.TryRead(ref rest, out _);
        });
    }

    [Fact]
    public void An_announced_length_allocates_nothing()
    {
        WebSocketReader reader = new(maxMessageLength: int.MaxValue);
        ReadOnlySpan<byte> rest = ClientFrames.Write(0x82, new byte[100], announced: int.MaxValue);
        Assert.False(reader.TryRead(ref rest, out _));
        Assert.Equal(100, reader.BufferedBytes);
    }

    [Fact]
    public void A_message_of_a_byte_a_frame_stays_within_its_limit()
    {
        WebSocketReader reader = new(maxMessageLength: 100);
        byte[] piece = ClientFrames.Write(0x00, "a");
        ReadOnlySpan<byte> rest = ClientFrames.Write(0x02, "a");
        for (int i = 1; i < 100; i++)
        {
            Assert.False(reader.TryRead(ref rest, out _));
            rest = piece;
        }

        Assert.False(reader.TryRead(ref rest, out _));
        Assert.Equal(100, reader.BufferedBytes);
        Assert.Equal(WebSocketCloseCode.MessageTooBig, Assert.Throws<WebSocketProtocolException>(() =>
        {
            ReadOnlySpan<byte> more = piece;
            reader.TryRead(ref more, out _);
        }).CloseCode);
    }

    [Fact]
    public void A_negative_limit_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketReader(-1));

    [Fact]
    public void Messages_arrive_as_they_were_sent_in_whatever_fragments() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), Gen.Choose(1, 20).ToArbitrary(), (messages, step) =>
        {
            List<byte> wire = [];
            StringBuilder expected = new();
            foreach (byte[] message in messages.Select(static message => message ?? []))
            {
                for (int at = 0; at == 0 || at < message.Length; at += step)
                {
                    byte[] piece = message[at..Math.Min(message.Length, at + step)];
                    wire.AddRange(ClientFrames.Write((at == 0 ? 2 : 0) | (at + step >= message.Length ? 0x80 : 0), piece));
                }

                expected.Append($"Binary {Convert.ToHexString(message)}\n");
            }

            Assert.Equal(expected.ToString(), FrameLog.Read([.. wire], () => step, maxMessageLength: 100_000));
        }).QuickCheckThrowOnFailure();
}
