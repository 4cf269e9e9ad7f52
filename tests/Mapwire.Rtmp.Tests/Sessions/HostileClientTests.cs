using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>A hostile client ends its own connection: one kind of exception, memory that follows what it sent, and no loop.</summary>
public sealed class HostileClientTests
{
    private static ServerSession Connected(out ServerRecorder handler)
    {
        handler = new ServerRecorder();
        ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions(), handler, new ArrayBufferWriter<byte>());
        session.Receive(Wire.Recording("rtmp2src.bin"));
        return session;
    }

    private static byte[] Command(uint streamId, byte[] body, byte type = MessageType.CommandAmf0)
    {
        ArrayBufferWriter<byte> output = new();
        new ChunkWriter(output).Write(3, 0, type, streamId, body);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Command(uint streamId, string name, params AmfValue[] arguments)
    {
        using Amf0Writer writer = new(default);
        writer.WriteString(name);
        writer.WriteNumber(0);
        writer.WriteNull();
        foreach (AmfValue argument in arguments)
        {
            writer.WriteValue(argument);
        }

        return Command(streamId, writer.Written.ToArray());
    }

    public static TheoryData<string, string, RtmpError> Attacks => new()
    {
        { "chunk size 0", "02 000000 000004 01 00000000 00000000", RtmpError.ChunkSize },
        { "chunk size past 31 bits", "02 000000 000004 01 00000000 FFFFFFFF", RtmpError.ChunkSize },
        { "16 MiB announced", "05 000000 FFFFFF 14 01000000", RtmpError.MessageTooLong },
        { "type 3 without context", "CD", RtmpError.ChunkWithoutContext },
        { "type 2 without context", "8D 000000", RtmpError.ChunkWithoutContext },
        { "a short acknowledgement", "02 000000 000003 03 00000000 000000", RtmpError.MalformedMessage },
        { "an empty user control", "02 000000 000000 04 00000000", RtmpError.MalformedMessage },
        { "an empty command", "03 000000 000000 14 00000000", RtmpError.AmfTruncated },
        { "an empty AMF3 command", "03 000000 000000 11 00000000", RtmpError.MalformedMessage },
        { "a command whose name is a number", "03 000000 000009 14 00000000 00 0000000000000000", RtmpError.AmfType },
        { "a limit of an unknown type", "02 000000 000005 06 00000000 0000000109", RtmpError.MalformedMessage },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void Is_refused_wherever_its_bytes_are_cut(string attack, string hex, RtmpError error)
    {
        Assert.NotEmpty(attack);
        byte[] bytes = Wire.Hex(hex);
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            ServerSession session = Connected(out _);
            Wire.Refused(
                () =>
                {
                    foreach (byte[] piece in pieces)
                    {
                        session.Receive(piece);
                    }
                },
                error);
            Assert.Throws<InvalidOperationException>(() => session.Receive([]));
        }
    }

    [Fact]
    public void Commands_out_of_order_are_refused()
    {
        byte[] handshake = Wire.Recording("rtmpdump.bin")[..3073];
        foreach (string name in new[] { "createStream", "play", "seek", "nonsense" })
        {
            ServerSession session = new(new ServerSessionOptions(), new ServerRecorder(), new ArrayBufferWriter<byte>());
            session.Receive(handshake);
            RtmpProtocolException e = Wire.Refused(() => session.Receive(Command(0, name)), RtmpError.OutOfOrder);
            Assert.Equal((byte?)20, e.MessageType);
        }

        ServerSession connected = Connected(out ServerRecorder handler);
        Wire.Refused(() => connected.Receive(Command(0, Written())), RtmpError.OutOfOrder);
        Assert.Single(handler.Calls, c => c.StartsWith("connect", StringComparison.Ordinal));

        static byte[] Written()
        {
            Amf0Writer writer = new(default);
            ClientSessionOptions.DefaultConnect("other", "x").WriteTo(ref writer);
            return writer.Written.ToArray();
        }
    }

    [Theory]
    [InlineData("play")]
    [InlineData("play2")]
    [InlineData("seek")]
    [InlineData("pause")]
    [InlineData("receiveAudio")]
    [InlineData("publish")]
    public void Commands_on_message_streams_that_do_not_exist_are_refused(string name)
    {
        foreach (uint streamId in new uint[] { 0, 2, 32, 33, uint.MaxValue })
        {
            ServerSession session = Connected(out ServerRecorder handler);
            int calls = handler.Calls.Count;
            Wire.Refused(() => session.Receive(Command(streamId, name, AmfValue.String("x"))), RtmpError.UnknownMessageStream);
            Assert.Equal(calls, handler.Calls.Count);
        }
    }

    [Fact]
    public void Endless_nesting_in_a_command_is_refused()
    {
        byte[] nested =
            [.. Wire.Hex("02 0004 706C6179 00 0000000000000000"), .. Enumerable.Repeat(Wire.Hex("0A00000001"), 12_000).SelectMany(b => b)];
        Wire.Refused(() => Connected(out _).Receive(Command(1, nested)), RtmpError.AmfTooDeep);
    }

    [Fact]
    public void Dribbled_messages_hold_what_arrived_only()
    {
        ServerSession session = Connected(out _);
        session.Receive(Wire.Hex("02 000000 000004 01 00000000 00010000  05 000000 010000 14 01000000"));
        byte[] drop = [5];
        session.Receive(drop);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++)
        {
            session.Receive(drop);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
    }

    [Fact]
    public void Many_half_messages_are_bounded_together()
    {
        ServerSession session = Connected(out _);
        session.Receive(Wire.Hex("02 000000 000004 01 00000000 00008000"));
        Wire.Refused(
            () =>
            {
                for (byte id = 16; id < 16 + 12; id++)
                {
                    session.Receive([id, 0, 0, 0, 1, 0, 0, 20, 1, 0, 0, 0, .. new byte[0x8000]]);
                }
            },
            RtmpError.TooMuchBuffered);
    }

    [Fact]
    public void Messages_begun_on_hundreds_of_chunk_streams_hold_what_arrived_and_are_refused_at_the_seventeenth()
    {
        ServerSession session = Connected(out _); // by two chunk streams
        int before = session.BufferedBytes;
        int begun = 0;
        Wire.Refused(
            () =>
            {
                for (int id = 64; id < 64 + 512; id++, begun++)
                {
                    session.Receive([0, (byte)(id - 64), 0, 0, 0, 1, 0, 0, 9, 1, 0, 0, 0, .. new byte[128]]); // of 64 KiB
                    Assert.Equal(before + (128 * (begun + 1)), session.BufferedBytes);
                }
            },
            RtmpError.TooManyChunkStreams);
        Assert.Equal(14, begun);
    }

    [Fact]
    public void Media_and_data_without_publish_go_nowhere()
    {
        ServerSession session = Connected(out ServerRecorder handler);
        int calls = handler.Calls.Count;
        foreach (byte type in new byte[] { 8, 9, 15, 16, 18, 19, 22, 7, 0, 255 })
        {
            session.Receive(Command(1, [0xFF, 0xFF], type));
        }

        Assert.Equal(calls, handler.Calls.Count);
    }

    [Theory]
    [InlineData("ffmpeg.bin")]
    [InlineData("rtmpdump-live.bin")]
    [InlineData("rtmp2src.bin")]
    [InlineData("ffmpeg-publish.bin")]
    public void One_flipped_bit_is_understood_or_refused(string recording)
    {
        byte[] bytes = Wire.Recording(recording);
        int refused = 0;
        // The handshake's filling is 24,000 bits without meaning: a few of them, and every bit behind it.
        for (int bit = 0; bit < bytes.Length * 8; bit += bit < 3073 * 8 ? 61 : 1)
        {
            byte[] flipped = [.. bytes];
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            refused += Survives(flipped) ? 0 : 1;
        }

        Assert.InRange(refused, 10, bytes.Length * 8);
    }

    [Theory]
    [InlineData("ffmpeg.bin")]
    [InlineData("rtmpdump-live.bin")]
    public void Every_truncation_waits_for_more(string recording)
    {
        byte[] bytes = Wire.Recording(recording);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.True(Survives(bytes[..length]));
        }
    }

    [Fact]
    public void Garbage_behind_the_handshake_is_refused_soon()
    {
        byte[] handshake = Wire.Recording("rtmpdump.bin")[..3073];
        Random random = new(5);
        byte[] garbage = new byte[4000];
        int survived = 0;
        for (int i = 0; i < 1000; i++)
        {
            random.NextBytes(garbage);
            survived += Survives([.. handshake, .. garbage]) ? 1 : 0;
        }

        Assert.InRange(survived, 0, 100); // a few announce a message that is still allowed, and wait for it
    }

    [Fact]
    public void Commands_with_damaged_arguments_are_understood_or_refused()
    {
        Random random = new(7);
        string[] names =
            ["play", "play2", "seek", "pause", "receiveVideo", "deleteStream", "createStream", "getStreamLength", "FCSubscribe", "x"];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] body =
                Command(1, names[i % names.Length], AmfValue.String("name"), AmfValue.Number(5),
                AmfValue.Object(("streamName", AmfValue.String("x"))))[12..];
            for (int flips = random.Next(4); flips >= 0; flips--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(0x14);
            }

            ServerSession session = Connected(out _);
            try
            {
                session.Receive(Command(1, body));
            }
            catch (RtmpProtocolException e)
            {
                Assert.NotNull(e.MessageType);
            }
        }
    }

    private static bool Survives(byte[] bytes)
    {
        ServerRecorder handler = new();
        ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions(), handler, new ArrayBufferWriter<byte>());
        try
        {
            session.Receive(bytes);
            return true;
        }
        catch (RtmpProtocolException)
        {
            return false;
        }
    }
}
