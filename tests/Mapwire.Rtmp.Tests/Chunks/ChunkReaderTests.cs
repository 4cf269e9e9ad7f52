using System.Buffers;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Tests.Chunks;

public sealed class ChunkReaderTests
{
    private static readonly ChunkReaderLimits Wide =
        new() { MaxMessageLength = 0xFFFFFF, MaxBufferedBytes = 0x2000000, MaxChunkStreams = 64 };

    private static List<Received> ReadAll(byte[] bytes, ChunkReaderLimits? limits = null)
    {
        List<Received>? expected = null;
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            ChunkReader reader = new(limits);
            List<Received> messages = Wire.Read(reader, pieces);
            expected ??= messages;
            Assert.Equal(expected, messages);
            Assert.Equal(0, reader.BufferedBytes);
            Assert.Equal(bytes.Length, reader.Position);
        }

        return expected!;
    }

    private static string Zeros(int count) => new('0', count * 2);

    [Fact]
    public void Reads_the_specifications_first_example()
    {
        // RTMP 1.0, section 5.3.2.1: four audio messages of 32 bytes on stream 12345, times 1000, 1020, 1040, 1060,
        // as chunks of types 0, 2, 3, 3.
        string body = Zeros(32);
        byte[] bytes = Wire.Hex($"03 0003E8 000020 08 39300000 {body} 83 000014 {body} C3 {body} C3 {body}");

        List<Received> messages = ReadAll(bytes);

        Assert.Equal([1000u, 1020u, 1040u, 1060u], messages.Select(m => m.Timestamp));
        Assert.All(messages, m => Assert.Equal((3, (byte)8, 12345u, body), (m.ChunkStream, m.Type, m.Stream, m.Payload)));
    }

    [Fact]
    public void Reads_the_specifications_second_example()
    {
        // RTMP 1.0, section 5.3.2.2: a video message of 307 bytes at 1000 on stream 12346, in chunks of 128, 128, 51.
        string body = Convert.ToHexString([.. Enumerable.Range(0, 307).Select(i => (byte)i)]);
        byte[] bytes = Wire.Hex($"04 0003E8 000133 09 3A300000 {body[..256]} C4 {body[256..512]} C4 {body[512..]}");

        Assert.Equal([new Received(4, 9, 12346, 1000, body)], ReadAll(bytes));
    }

    [Theory]
    [InlineData("02", 2)]
    [InlineData("3F", 63)]
    [InlineData("00 00", 64)]
    [InlineData("00 FF", 319)]
    [InlineData("01 0001", 320)]
    [InlineData("01 0000", 64)] // a longer form than needed is a form
    [InlineData("01 FFFF", 65599)]
    public void Reads_every_form_of_chunk_stream_id(string basic, int id)
    {
        byte[] bytes = Wire.Hex($"{basic} 000001 000002 14 01000000 AABB");
        Assert.Equal([new Received(id, 20, 1, 1, "AABB")], ReadAll(bytes));
    }

    [Fact]
    public void A_type_3_chunk_that_starts_a_message_adds_the_last_delta_and_after_type_0_the_time_itself()
    {
        byte[] bytes = Wire.Hex("04 00000A 000001 08 01000000 A0  C4 A1  44 000005 000002 09 B0B1  C4 B2B3  84 000007 C0C1  C4 C2C3");
        Assert.Equal([10u, 20u, 25u, 30u, 37u, 44u], ReadAll(bytes).Select(m => m.Timestamp));
    }

    [Fact]
    public void A_type_1_chunk_may_open_a_chunk_stream_as_librtmp_does()
    {
        byte[] bytes = Wire.Hex("42 000000 00000A 04 0003 00000000 0000012C");
        Assert.Equal([new Received(2, 4, 0, 0, "0003000000000000012C")], ReadAll(bytes));
    }

    [Theory]
    [InlineData("82 000000 AA")]
    [InlineData("C2 AA")]
    [InlineData("C3")]
    public void Types_2_and_3_may_not_open_a_chunk_stream(string bytes)
    {
        foreach (byte[][] pieces in Wire.Cuts(Wire.Hex(bytes)))
        {
            Wire.Refused(() => Wire.Read(new ChunkReader(), pieces), RtmpError.ChunkWithoutContext);
        }
    }

    [Fact]
    public void Reads_extended_timestamps_and_deltas_across_the_wrap()
    {
        byte[] bytes =
            Wire.Hex(
                "04 FFFFFF 000001 08 01000000 FFFFFFFE A0  84 000003 A1  84 FFFFFF 01000000 A2  04 FFFFFF 000001 08 01000000 00FFFFFF A3");
        Assert.Equal([0xFFFFFFFEu, 1u, 0x1000001u, 0xFFFFFFu], ReadAll(bytes).Select(m => m.Timestamp));
    }

    [Theory]
    [InlineData("01020304", true)]
    [InlineData("01020304", false)]
    [InlineData("00FFFFFF", false)]
    [InlineData("7F000000", true)]
    public void Takes_type_3_chunks_with_and_without_the_extended_timestamp(string time, bool repeated)
    {
        string body = Convert.ToHexString([.. Enumerable.Range(0, 300).Select(i => (byte)(i + 77))]);
        string again = repeated ? time : "";
        byte[] bytes =
            Wire.Hex(
                $"05 FFFFFF 00012C 09 01000000 {time} {body[..256]} C5{again}{body[256..512]} C5{again}{body[512..]} 02 000000 000004 03 "
                + "00000000 00000009");
        Assert.Equal([new Received(5, 9, 1, Convert.ToUInt32(time, 16), body), new Received(2, 3, 0, 0, "00000009")], ReadAll(bytes));
    }

    [Fact]
    public void A_payload_that_begins_as_the_extended_timestamp_does_is_payload_all_the_same()
    {
        // 129 bytes: the second chunk holds one byte, 01, which is also the timestamp's first byte; the next header follows.
        string first = Zeros(128);
        byte[] bytes = Wire.Hex($"05 FFFFFF 000081 09 01000000 01020304 {first} C5 01 06 000000 000001 08 01000000 AA");
        Assert.Equal([new Received(5, 9, 1, 0x01020304, first + "01"), new Received(6, 8, 1, 0, "AA")], ReadAll(bytes));

        bytes = Wire.Hex($"05 FFFFFF 000083 09 01000000 01020304 {first} C5 010203 06 000000 000001 08 01000000 AA");
        Assert.Equal([new Received(5, 9, 1, 0x01020304, first + "010203"), new Received(6, 8, 1, 0, "AA")], ReadAll(bytes));

        bytes = Wire.Hex($"05 FFFFFF 000088 09 01000000 01020304 {first} C5 01020305 06070809 06 000000 000001 08 01000000 AA");
        Assert.Equal([new Received(5, 9, 1, 0x01020304, first + "0102030506070809"), new Received(6, 8, 1, 0, "AA")], ReadAll(bytes));
    }

    [Fact]
    public void A_new_message_of_type_3_may_repeat_its_delta_or_its_own_time()
    {
        byte[] bytes = Wire.Hex("04 FFFFFF 000001 08 01000000 01000000 A0  C4 01000000 A1  C4 03000000 A2");
        Assert.Equal([0x1000000u, 0x2000000u, 0x3000000u], ReadAll(bytes).Select(m => m.Timestamp));
    }

    [Fact]
    public void Interleaved_messages_come_in_the_order_of_their_ends()
    {
        string a = new('A', 260);
        string b = new('B', 300);
        byte[] bytes =
            Wire.Hex($"04 000001 000082 08 01000000 {a[..256]} 05 000002 000096 09 01000000 {b[..256]} C5 {b[256..]} C4 {a[256..]}");
        Assert.Equal([new Received(5, 9, 1, 2, b), new Received(4, 8, 1, 1, a)], ReadAll(bytes));
    }

    [Fact]
    public void An_empty_message_is_a_message()
    {
        Assert.Equal([new Received(4, 9, 1, 5, ""), new Received(4, 9, 1, 10, "")], ReadAll(Wire.Hex("04 000005 000000 09 01000000 C4")));
    }

    [Fact]
    public void Obeys_set_chunk_size_between_and_inside_messages()
    {
        // 200 bytes begun at 128, the rest after the size became 65536; then a message of 150 in one chunk.
        string a = Zeros(200);
        string b = new('C', 300);
        byte[] bytes =
            Wire.Hex(
                $"04 000001 0000C8 08 01000000 {a[..256]} 02 000000 000004 01 00000000 00010000 C4 {a[256..]} 05 000002 000096 09 "
                + $"01000000 {b}");
        Assert.Equal([(byte)1, (byte)8, (byte)9], ReadAll(bytes).Select(m => m.Type));
    }

    [Fact]
    public void Chunks_of_one_byte_are_chunks()
    {
        byte[] bytes = Wire.Hex("02 000000 000004 01 00000000 00000001 03 000000 000003 14 00000000 A1 C3 A2 C3 A3");
        Assert.Equal([new Received(2, 1, 0, 0, "00000001"), new Received(3, 20, 0, 0, "A1A2A3")], ReadAll(bytes));
    }

    [Theory]
    [InlineData("00000000", RtmpError.ChunkSize)]
    [InlineData("80000000", RtmpError.ChunkSize)]
    [InlineData("FFFFFFFF", RtmpError.ChunkSize)]
    public void Refuses_impossible_chunk_sizes(string size, RtmpError error) =>
        Wire.Refused(() => ReadAll(Wire.Hex($"02 000000 000004 01 00000000 {size}")), error);

    [Theory]
    [InlineData("02 000000 000003 01 00000000 000001")]
    [InlineData("02 000000 000005 01 00000000 0000000001")]
    [InlineData("02 000000 000000 02 00000000")]
    public void Refuses_control_messages_of_the_wrong_length(string bytes) =>
        Wire.Refused(() => ReadAll(Wire.Hex(bytes)), RtmpError.MalformedMessage);

    [Fact]
    public void Takes_the_largest_chunk_size()
    {
        ChunkReader reader = new();
        Wire.Read(reader, Wire.Hex("02 000000 000004 01 00000000 7FFFFFFF"));
        Assert.Equal(int.MaxValue, reader.ChunkSize);
    }

    [Fact]
    public void Abort_drops_the_message_and_keeps_the_header()
    {
        string a = new('A', 300);
        byte[] bytes =
            Wire.Hex($"04 000005 000096 08 01000000 {a[..256]} 02 000000 000004 02 00000000 00000004 C4 {a[..256]} C4 {a[256..]}");
        Assert.Equal([new Received(2, 2, 0, 0, "00000004"), new Received(4, 8, 1, 10, a)], ReadAll(bytes));
    }

    [Theory]
    [InlineData("00000009")]
    [InlineData("FFFFFFFF")]
    public void Abort_of_an_unknown_chunk_stream_does_nothing(string id) =>
        Assert.Single(ReadAll(Wire.Hex($"02 000000 000004 02 00000000 {id}")));

    [Theory]
    [InlineData("04 000000 000001 08 01000000 AA")]
    [InlineData("44 000000 000001 08 AA")]
    [InlineData("84 000000 AA")]
    public void Refuses_a_new_header_inside_a_message(string header)
    {
        RtmpProtocolException e = Wire.Refused(
            () => ReadAll(Wire.Hex($"04 000005 000096 08 01000000 {Zeros(128)} {header}")), RtmpError.InterruptedMessage);
        Assert.Equal(140, e.Offset);
        Assert.Equal((byte?)8, e.MessageType);
    }

    [Fact]
    public void Refuses_messages_past_the_limit_before_they_come()
    {
        ChunkReaderLimits limits = new() { MaxMessageLength = 1000 };
        Wire.Refused(() => ReadAll(Wire.Hex("04 000005 0003E9 08 01000000"), limits), RtmpError.MessageTooLong);
        ChunkReader reader = new(limits);
        Assert.Empty(Wire.Read(reader, Wire.Hex("04 000005 0003E8 08 01000000")));
        Assert.Equal(0, reader.BufferedBytes);
    }

    [Fact]
    public void Refuses_more_chunk_streams_than_the_limit()
    {
        ChunkReader reader = new(new ChunkReaderLimits { MaxChunkStreams = 3 });
        Wire.Read(reader,
            Wire.Hex(
                "04 000000 000000 08 01000000  05 000000 000000 08 01000000  06 000000 000000 08 01000000  04 000000 000000 08 01000000"));
        Wire.Refused(() => Wire.Read(reader, Wire.Hex("07 000000 000000 08 01000000")), RtmpError.TooManyChunkStreams);
    }

    [Fact]
    public void Holds_what_arrived_and_never_what_was_announced()
    {
        ChunkReader reader = new(new ChunkReaderLimits { MaxMessageLength = 0xFFFFFF, MaxBufferedBytes = 1000 });
        long before = GC.GetAllocatedBytesForCurrentThread();
        Wire.Read(reader, Wire.Hex("04 000005 FFFFFF 08 01000000 AABB"), Wire.Hex("CC"));
        Assert.Equal(3, reader.BufferedBytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);

        Wire.Read(reader, new byte[125]);
        Assert.Equal(128, reader.BufferedBytes);
        Wire.Refused(
            () =>
            {
                for (int i = 0; i < 8; i++)
                {
                    Wire.Read(reader, [0xC4, .. new byte[128]]);
                }
            },
            RtmpError.TooMuchBuffered);
    }

    [Fact]
    public void Incomplete_messages_share_one_bound()
    {
        ChunkReader reader = new(new ChunkReaderLimits { MaxBufferedBytes = 300 });
        byte[] Begin(byte id) => [id, 0, 0, 5, 0, 1, 0, 8, 1, 0, 0, 0, .. new byte[128]];
        Wire.Read(reader, Begin(4), Begin(5));
        Assert.Equal(256, reader.BufferedBytes);
        Wire.Refused(() => Wire.Read(reader, Begin(6)), RtmpError.TooMuchBuffered);
    }

    [Fact]
    public void Streams_media_in_pieces_and_collects_the_rest()
    {
        byte[] body = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        byte[] bytes = [.. Wire.Hex("06 000007 00012C 09 01000000"), .. body[..128], 0xC6, .. body[128..256], 0xC6, .. body[256..],
            .. Wire.Hex("03 000000 000003 14 00000000 A1A2A3")];
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            ChunkReader reader = new(Wide, streamMedia: true);
            List<byte> collected = [];
            int firsts = 0, lasts = 0, commands = 0;
            foreach (byte[] piece in pieces)
            {
                ReadOnlySpan<byte> input = piece;
                while (reader.TryRead(ref input, out RtmpMessage message))
                {
                    if (message.TypeId == 20)
                    {
                        Assert.Equal("A1A2A3", Convert.ToHexString(message.Payload));
                        commands++;
                        continue;
                    }

                    Assert.Equal((300, 7u, collected.Count), (message.Length, message.Timestamp, message.PayloadOffset));
                    firsts += message.IsFirst ? 1 : 0;
                    lasts += message.IsLast ? 1 : 0;
                    collected.AddRange(message.Payload);
                    Assert.True(message.Payload.Length > 0);
                }

                Assert.InRange(reader.BufferedBytes, 0, 2); // of the command only
            }

            Assert.Equal(body, collected);
            Assert.Equal((1, 1, 1), (firsts, lasts, commands));
        }
    }

    [Fact]
    public void Steady_reading_allocates_nothing()
    {
        ArrayBufferWriter<byte> output = new();
        ChunkWriter writer = new(output);
        for (int i = 0; i < 10; i++)
        {
            writer.Write(3, 0, 20, 0, new byte[400]);
            writer.Write(6, 0, 9, 1, new byte[100]);
        }

        ChunkReader reader = new();
        byte[] bytes = output.WrittenSpan.ToArray();
        Run(reader, bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Run(reader, bytes);
        }

        // Less than an object each: the runtime takes some thousand bytes once where it compiles a loop anew.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 9999);

        static void Run(ChunkReader reader, ReadOnlySpan<byte> bytes)
        {
            ReadOnlySpan<byte> head = bytes[..777];
            while (reader.TryRead(ref head, out _))
            {
            }

            ReadOnlySpan<byte> tail = bytes[777..];
            while (reader.TryRead(ref tail, out _))
            {
            }
        }
    }

    [Fact]
    public void An_idle_reader_is_small()
    {
        byte[] bytes = Wire.Hex("02 000000 000004 03 00000000 00000001 03 000000 000001 14 00000000 AA 08 000000 000001 14 01000000 AA");
        ChunkReader[] readers = new ChunkReader[1000];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < readers.Length; i++)
        {
            readers[i] = new ChunkReader();
            ReadOnlySpan<byte> input = bytes;
            while (readers[i].TryRead(ref input, out _))
            {
            }
        }

        // What was allocated at all, growth included: what stays is less.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / readers.Length, 1, 450);
    }
}
