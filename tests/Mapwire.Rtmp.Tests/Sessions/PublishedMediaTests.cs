using System.Buffers.Binary;
using System.Security.Cryptography;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using static Mapwire.Rtmp.Tests.Sessions.Publisher;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>
/// What publishers send: messages of any size and form go on as they are, and what they may make the server hold is bounded.
/// </summary>
public sealed class PublishedMediaTests
{
    private const int Longest = 0xFFFFFF;

    [Fact]
    public void An_aggregate_is_its_parts_wherever_it_is_cut()
    {
        byte[] aggregate = Message(4, 5000, MessageType.Aggregate, 1, Wire.Hex(
            """
            09 000002 0003E8 00 000000 2701 0000000D
            08 000001 0003FC 00 000000 AF 0000000C
            12 000014 0003FC 00 000000 02 000D 40736574446174614672616D65 02 0000 05 0000001F
            14 000001 0003FC 00 000000 05 0000000C
            09 000000 0003FD 00 000000
            """));
        foreach (byte[][] pieces in Wire.Cuts(aggregate))
        {
            Publisher publisher = Started();
            publisher.Send(pieces);
            Assert.Equal(
                ["media 9 1 5000 2701", "media 8 1 5020 AF", "data 1 5020 02000005", "media 9 1 5021 "], publisher.Handler.Calls);
        }
    }

    [Theory]
    [InlineData("09 000002 000000 00 000000 2701 0000000D 09 0000FF 000001 00 000000 2702 0000000D")] // past its end
    [InlineData("09 000002 000000 00 000000 2701 0000000D 16 000000 000001 00 000000 0000000B")] // an aggregate
    [InlineData("09 000002 000000 00 000000 2701 0000000D 01 000004 000001 00 000000 00000000 0000000F")] // Set Chunk Size
    [InlineData("09 000002 000000 00 000000 2701 0000000D 09 00")]
    public void What_is_wrong_in_an_aggregate_is_passed_over_from_there_on(string hex)
    {
        Publisher publisher = Started();
        publisher.Send(Message(4, 7, MessageType.Aggregate, 1, Wire.Hex(hex)), Video(8, "27 03"));
        Assert.Equal(["media 9 1 7 2701", "media 9 1 8 2703"], publisher.Handler.Calls);
    }

    [Fact]
    public void An_aggregate_ends_with_the_publish_that_a_part_of_it_ends()
    {
        Publisher publisher = Started();
        byte[] aggregate = Message(4, 0, MessageType.Aggregate, 2, Wire.Hex("09 000001 000000 00 000000 27 0000000C"));
        publisher.Send(aggregate, Message(5, 0, MessageType.Audio, 2, [1]), Message(5, 0, MessageType.DataAmf0, 2, [5]));
        Assert.Empty(publisher.Handler.Calls); // stream 2 does not publish
    }

    [Fact]
    public void Media_is_given_on_whatever_it_holds()
    {
        Publisher publisher = Started();
        publisher.Send(
            Message(4, 0, MessageType.Audio, 1, []), Message(4, 0, MessageType.Video, 1, []), Video(1, "FF FF"), Video(2, "17"),
            Message(4, 0, MessageType.Audio, 1, Wire.Hex("AF 07")), Message(4, 0, MessageType.SharedObjectAmf0, 1, [1]),
            Message(4, 0, 255, 1, [1]), Message(4, 0, MessageType.Video, 0, [1]), Message(4, 0, MessageType.Video, 33, [1]));
        Assert.Equal(
            ["media 8 1 0 ", "media 9 1 0 ", "media 9 1 1 FFFF", "media 9 1 2 17", "media 8 1 0 AF07"], publisher.Handler.Calls);
        Assert.Empty(publisher.TakeAnswers());
    }

    public static TheoryData<byte, string, string?> Data => new()
    {
        { MessageType.DataAmf0, "", null },
        { MessageType.DataAmf3, "", null },
        { MessageType.DataAmf3, "00", null },
        { MessageType.DataAmf0, "02 000D 40736574446174614672616D65", null },
        { MessageType.DataAmf0, "02 000D 40736574446174614672616D65 02 000A 6F6E4D65746144617461 0D", "02 000A 6F6E4D65746144617461 0D" },
        { MessageType.DataAmf3, "00 02 000D 40736574446174614672616D65 02 0001 78 11 0A", "02 0001 78 11 0A" },
        { MessageType.DataAmf3, "02 000D 40736574446174614672616D65 02 0001 78 05", "02 0001 78 05" }, // without its format
        { MessageType.DataAmf0, "02 000F 40636C656172446174614672616D65 02 000A 6F6E4D65746144617461", null },
        { MessageType.DataAmf0, "02 000A 6F6E4D65746144617461 04 07 12 FF", "02 000A 6F6E4D65746144617461 04 07 12 FF" },
        { MessageType.DataAmf0, "02", "02" },
        { MessageType.DataAmf0, "02 FFFF 40", "02 FFFF 40" },
        { MessageType.DataAmf0, "02 000D 407365744461", "02 000D 407365744461" },
        { MessageType.DataAmf0, "00 0000000000000000", "00 0000000000000000" },
        { MessageType.DataAmf0, "03 0001", "03 0001" },
        { MessageType.DataAmf3, "07", "07" },
    };

    [Theory]
    [MemberData(nameof(Data))]
    public void Data_is_given_on_without_the_word_for_the_server_and_is_not_parsed(byte type, string sent, string? given)
    {
        byte[] bytes = Message(5, 9, type, 1, Wire.Hex(sent));
        string[] calls = given is null ? [] : [$"data 1 9 {given.Replace(" ", "", StringComparison.Ordinal)}"];
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            Publisher publisher = Started();
            publisher.Send(pieces);
            Assert.Equal(calls, publisher.Handler.Calls);
        }
    }

    [Fact]
    public void A_message_of_16_MiB_comes_in_dribbles_after_the_acceptance()
    {
        byte[] body = new byte[Longest];
        new Random(3).NextBytes(body);
        byte[] bytes = [.. Message(2, 0, MessageType.SetChunkSize, 0, [8, 0, 0, 0]), .. Message(6, 1, MessageType.Video, 1, body, 1 << 27)];
        Publisher publisher = Started();
        Random random = new(4);
        for (int at = 0; at < bytes.Length;)
        {
            int count = Math.Min(bytes.Length - at, at < 100 ? 1 : random.Next(1, 40_000));
            publisher.Send(bytes[at..(at + count)]);
            at += count;
            // Behind two headers and a chunk size.
            Assert.True(at < 28 || publisher.Session.BufferedBytes == (at < bytes.Length ? at - 28 : 0));
        }

        Assert.Equal([$"media 9 1 1 {Longest} bytes {Convert.ToHexString(SHA256.HashData(body))}"], publisher.Handler.Calls);
    }

    [Fact]
    public void A_message_of_16_MiB_that_is_only_announced_holds_what_arrived()
    {
        Publisher publisher = Started();
        publisher.Send(Wire.Hex("02 000000 000004 01 00000000 08000000  06 000000 FFFFFF 09 01000000"), [5]);
        byte[] drop = [5];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++)
        {
            publisher.Session.Receive(drop);
        }

        Assert.Equal(2001, publisher.Session.BufferedBytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
    }

    [Fact]
    public void Long_messages_are_refused_without_an_accepted_publish()
    {
        byte[] longer = Wire.Hex("06 000000 010001 09 01000000");
        Publisher player = new();
        player.Send(CreateStream, Command(1, "play", 0, AmfValue.Null, AmfValue.String("x")));
        Wire.Refused(() => player.Send(longer), RtmpError.MessageTooLong);

        Publisher waiting = new(static (_, _) => { });
        waiting.Send(CreateStream, Publish(1, "key"));
        Wire.Refused(() => waiting.Send(longer), RtmpError.MessageTooLong);

        Publisher refused = new(static (session, streamId) => session.RefusePublish(streamId, StatusCodes.PublishDenied, "no"));
        refused.Send(CreateStream, Publish(1, "key"));
        Wire.Refused(() => refused.Send(longer), RtmpError.MessageTooLong);

        Publisher accepted = new(static (_, _) => { });
        accepted.Send(CreateStream, Publish(1, "key"));
        Assert.True(accepted.Session.BeginPublish(1));
        accepted.Send(longer);
        Wire.Refused(() => new Publisher().Send(longer), RtmpError.MessageTooLong); // of that connection alone
    }

    [Fact]
    public void The_limits_of_a_publisher_are_its_options_and_never_lower_than_before()
    {
        ServerSessionOptions options = new()
        {
            PublisherLimits = new ChunkReaderLimits { MaxMessageLength = 100_000, MaxBufferedBytes = 1, MaxChunkStreams = 1 },
        };
        Publisher publisher = Started(options);
        for (int id = 5; id < 19; id++)
        {
            publisher.Send(Message(id, 0, MessageType.Audio, 1, [(byte)id])); // by now 3, and 14 more
        }

        byte[] video = Message(5, 0, MessageType.Video, 1, new byte[100_000]);
        publisher.Send(video);
        Assert.Equal(15, publisher.Handler.Calls.Count);
        Wire.Refused(() => publisher.Send(Wire.Hex("05 000000 0186A1 09 01000000")), RtmpError.MessageTooLong);
    }

    [Theory]
    [InlineData("08000000")] // 134,217,728
    [InlineData("7FFFFFFF")]
    [InlineData("00000001")]
    public void Any_chunk_size_of_31_bits_is_taken(string size)
    {
        byte[] video = new byte[3000];
        Publisher publisher = Started();
        int chunkSize = (int)Math.Min(int.MaxValue, Convert.ToUInt32(size, 16));
        publisher.Send(
            Message(2, 0, MessageType.SetChunkSize, 0, Wire.Hex(size)), Message(4, 9, MessageType.Video, 1, video, chunkSize));
        Assert.Equal([$"media 9 1 9 3000 bytes {Convert.ToHexString(SHA256.HashData(video))}"], publisher.Handler.Calls);
    }

    [Theory]
    [InlineData("00000000")]
    [InlineData("80000000")]
    [InlineData("FFFFFF80")] // -128
    public void A_chunk_size_of_0_or_less_is_refused(string size)
    {
        byte[] bytes = Message(2, 0, MessageType.SetChunkSize, 0, Wire.Hex(size));
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            Wire.Refused(() => Started().Send(pieces), RtmpError.ChunkSize);
        }
    }

    [Fact]
    public void Publishers_may_use_64_chunk_streams_of_any_id()
    {
        Publisher publisher = Started(); // by chunk stream 3
        int[] ids = [.. Enumerable.Range(33, 60), 319, 320, 65599];
        foreach (int id in ids)
        {
            publisher.Send(Message(id, (uint)id, MessageType.Audio, 1, [7]));
        }

        Assert.Equal(ids.Select(id => $"media 8 1 {id} 07"), publisher.Handler.Calls);
        Wire.Refused(() => publisher.Send(Message(1000, 0, MessageType.Audio, 1, [7])), RtmpError.TooManyChunkStreams);
    }

    [Theory]
    [InlineData(6, false)]
    [InlineData(6, true)]
    [InlineData(64, true)]
    [InlineData(65599, false)]
    [InlineData(65599, true)]
    public void Extended_timestamps_are_repeated_by_some_and_not_by_others(int id, bool isRepeated)
    {
        // 4.66 hours and more, in chunks of 128 and messages of three; the second message continues by a type 1 chunk.
        byte[] body = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        string basic = id switch { 6 => "06", 64 => "0000", _ => "01FFFF" };
        byte[] first = Wire.Hex(basic);
        byte[] continued = [(byte)(first[0] | 0xC0), .. first[1..]];
        byte[] delta = [(byte)(first[0] | 0x40), .. first[1..]];
        byte[] time = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(time, 16_800_000);
        byte[] again = isRepeated ? time : [];
        byte[] bytes =
        [
            .. first, .. Wire.Hex("FFFFFF 00012C 09 01000000"), .. time, .. body[..128],
            .. continued, .. again, .. body[128..256], .. continued, .. again, .. body[256..],
            .. delta, .. Wire.Hex("000028 000002 09"), 0x27, 1,
        ];
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            Publisher publisher = Started();
            publisher.Send(pieces);
            Assert.Equal(
                [$"media 9 1 16800000 300 bytes {Convert.ToHexString(SHA256.HashData(body))}", "media 9 1 16800040 2701"],
                publisher.Handler.Calls);
        }
    }

    [Fact]
    public void Flipped_bits_of_a_publisher_are_understood_or_refused()
    {
        byte[] bytes =
        [
            .. CreateStream, .. Command(0, "FCPublish", 3, AmfValue.Null, AmfValue.String("key")), .. Publish(1, "key"),
            .. Message(4, 0, MessageType.DataAmf0, 1, Wire.Hex("02 000D 40736574446174614672616D65 02 0001 78 05")),
            .. Message(4, 5, MessageType.Video, 1, new byte[200]),
            .. Message(4, 0, MessageType.Aggregate, 1, Wire.Hex("09 000001 000000 00 000000 27 0000000C")),
            .. Command(0, "FCUnpublish", 6, AmfValue.Null, AmfValue.String("key")),
        ];
        int refused = 0;
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] flipped = [.. bytes];
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                new Publisher().Send(flipped);
            }
            catch (RtmpProtocolException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 10, bytes.Length * 8 / 2);
    }
}
