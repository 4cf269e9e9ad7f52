using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;
using static Mapwire.Rtmp.Tests.Sessions.Publisher;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>How a publish is asked for, accepted, refused and ended.</summary>
public sealed class PublishTests
{
    private const string Started = "1 onStatus 0 status NetStream.Publish.Start";
    private const string BadName = "1 onStatus 0 error NetStream.Publish.BadName";
    private const string Ended = "1 onStatus 0 status NetStream.Unpublish.Success";

    private static readonly AmfValue Key = AmfValue.String("key?token=x");

    [Fact]
    public void A_publisher_is_served_from_connect_to_end_wherever_its_bytes_are_cut()
    {
        // In the order in which OBS and ffmpeg send it.
        byte[] bytes =
        [
            .. Message(2, 0, MessageType.SetChunkSize, 0, [0, 0, 0, 20]),
            .. Chunked(3, 0, MessageType.CommandAmf0, 0, Body("releaseStream", 2, AmfValue.Null, Key)),
            .. Chunked(3, 0, MessageType.CommandAmf0, 0, Body("FCPublish", 3, AmfValue.Null, Key)),
            .. Chunked(3, 0, MessageType.CommandAmf0, 0, Body("createStream", 4, AmfValue.Null)),
            .. Chunked(4, 0, MessageType.CommandAmf0, 1, Body("publish", 5, AmfValue.Null, Key, AmfValue.String("live"))),
            .. Chunked(4, 0, MessageType.DataAmf0, 1, Wire.Hex("02 000D 40736574446174614672616D65 02 0001 78 05")),
            .. Chunked(4, 0, MessageType.Audio, 1, Wire.Hex("AF00 1210")),
            .. Chunked(4, 40, MessageType.Video, 1, new byte[50]),
            .. Chunked(3, 0, MessageType.CommandAmf0, 0, Body("FCUnpublish", 6, AmfValue.Null, Key)),
            .. Chunked(3, 0, MessageType.CommandAmf0, 0, Body("deleteStream", 7, AmfValue.Null, AmfValue.Number(1))),
            .. Chunked(4, 80, MessageType.Video, 1, [0x27]),
        ];
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            Publisher publisher = new();
            publisher.Send(pieces);
            Assert.Equal(
                [
                    "publish 1 key?token=x Live", "data 1 0 0200017805", "media 8 1 0 AF001210", $"media 9 1 40 {new string('0', 100)}",
                    "unpublish key?token=x", "closed 1",
                ],
                publisher.Handler.Calls);
            Assert.Equal(
                [
                    "0 _result 2 Null", "0 _result 3 Null", "0 _result 4 1", "0 onFCPublish 0 status NetStream.Publish.Start",
                    "StreamBegin 1", Started, "0 _result 6 Null", Ended,
                ],
                publisher.TakeAnswers());
            Assert.False(publisher.Session.IsPublishing(1));
        }
    }

    [Fact]
    public void Ffmpeg_is_told_that_it_may_publish()
    {
        ServerRecorder handler = new() { Publishing = static (session, streamId) => session.BeginPublish(streamId) };
        ArrayBufferWriter<byte> output = new();
        ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions(), handler, output);
        session.Receive(Wire.Recording("ffmpeg-publish.bin"));
        Assert.True(session.IsPublishing(1));
        List<Received> answers = Wire.Read(new ChunkReader(ChunkReaderLimits.Client), output.WrittenSpan[(1 + (2 * 1536))..].ToArray());
        // Its publish is transaction 5, to which the status is no answer.
        Assert.Equal((ChunkStreamIds.Stream, MessageType.CommandAmf0, 1u), (answers[^1].ChunkStream, answers[^1].Type, answers[^1].Stream));
        Assert.Contains(Convert.ToHexString("NetStream.Publish.Start"u8), answers[^1].Payload, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ffmpeg-published.bin", 12, 46, "media 8 1 1021 ")]
    [InlineData("ffmpeg-published-late.bin", 12, 0, "media 9 1 16800900 ")]
    public void What_ffmpeg_published_is_understood_wherever_it_is_cut(string recording, int pictures, int sounds, string last)
    {
        byte[] bytes = Wire.Recording(recording);
        List<string>? expected = null;
        for (int cut = bytes.Length; cut > 1 + (2 * 1536); cut -= 3)
        {
            ServerRecorder handler = new() { Publishing = static (session, streamId) => session.BeginPublish(streamId) };
            ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions(), handler, new ArrayBufferWriter<byte>());
            session.Receive(bytes.AsSpan(0, cut));
            session.Receive(bytes.AsSpan(cut));
            expected ??= handler.Calls;
            Assert.Equal(expected, handler.Calls);
        }

        Assert.Equal(["connect live", "publish 1 key Live"], expected!.Take(2));
        Assert.StartsWith("data 1 0 ", expected![2], StringComparison.Ordinal);
        Assert.Equal((pictures, sounds), (Count("media 9"), Count("media 8")));
        Assert.Contains(expected, call => call.StartsWith(last, StringComparison.Ordinal));
        Assert.Equal(["unpublish key", "closed 1"], expected.TakeLast(2));

        int Count(string kind) => expected!.Count(call => call.StartsWith(kind, StringComparison.Ordinal));
    }

    [Fact]
    public void A_publish_without_FCPublish_is_answered_by_its_status_alone()
    {
        Publisher publisher = new();
        publisher.Send(CreateStream, Publish(1, "key"));
        Assert.Equal(["0 _result 4 1", "StreamBegin 1", Started], publisher.TakeAnswers());
    }

    [Fact]
    public void A_publish_may_be_accepted_later_and_media_counts_from_then_on()
    {
        Publisher publisher = new(static (_, _) => { });
        publisher.Send(CreateStream, Publish(1, "key"), Video(0, "17 00"));
        Assert.Equal(["0 _result 4 1"], publisher.TakeAnswers());
        Assert.False(publisher.Session.IsPublishing(1));

        Assert.False(publisher.Session.BeginPublish(2));
        Assert.True(publisher.Session.BeginPublish(1));
        Assert.False(publisher.Session.BeginPublish(1));
        Assert.False(publisher.Session.RefusePublish(1, StatusCodes.PublishDenied, "Too late."));
        publisher.Send(Video(40, "27 01"));
        Assert.Equal(["StreamBegin 1", Started], publisher.TakeAnswers());
        Assert.Equal(["publish 1 key Live", "media 9 1 40 2701"], publisher.Handler.Calls);
    }

    [Fact]
    public void A_publish_that_was_refused_may_be_tried_again()
    {
        int tries = 0;
        Publisher publisher = new((session, streamId) => Assert.True(
            tries++ == 0 ? session.RefusePublish(streamId, StatusCodes.PublishDenied, "The key is not known.") : session.BeginPublish(1)));
        publisher.Send(CreateStream, Publish(1, "wrong"), Video(0, "17 00"), Publish(1, "right"), Video(40, "27 01"));
        Assert.Equal(
            ["0 _result 4 1", "1 onStatus 0 error NetStream.Publish.Denied", "StreamBegin 1", Started], publisher.TakeAnswers());
        Assert.Equal(["publish 1 wrong Live", "publish 1 right Live", "media 9 1 40 2701"], publisher.Handler.Calls);
    }

    [Theory]
    [InlineData("closeStream")]
    [InlineData("deleteStream")]
    public void A_publish_is_forgotten_when_its_stream_is_closed_before_the_answer(string command)
    {
        Publisher publisher = new(static (_, _) => { });
        publisher.Send(CreateStream, Publish(1, "key"), Command(1, command, 0, AmfValue.Null, AmfValue.Number(1)));
        publisher.TakeAnswers();
        Assert.False(publisher.Session.BeginPublish(1));
        Assert.False(publisher.Session.RefusePublish(1, StatusCodes.PublishDenied, "Too late."));
        Assert.Empty(publisher.TakeAnswers());
        Assert.Equal(["publish 1 key Live", "closed 1"], publisher.Handler.Calls);
    }

    [Fact]
    public void A_stream_that_is_deleted_by_its_name_is_not_published_any_more()
    {
        Publisher publisher = Publisher.Started();
        publisher.Send(Command(0, "deleteStream", 0, AmfValue.Null, AmfValue.String("key?token=x"))); // as rtmp2sink of GStreamer
        Assert.Equal(["unpublish key?token=x"], publisher.Handler.Calls);
        publisher.Send(Command(0, "deleteStream", 0, AmfValue.Null, AmfValue.Number(1)));
        Assert.Equal(["unpublish key?token=x", "closed 1"], publisher.Handler.Calls);
        Assert.Equal(Ended, publisher.TakeAnswers()[^1]);
    }

    [Fact]
    public void A_second_publish_on_a_stream_is_refused_and_the_first_goes_on()
    {
        Publisher waiting = new(static (_, _) => { });
        waiting.Send(CreateStream, Publish(1, "a"), Publish(1, "b"));
        Assert.Equal(["0 _result 4 1", BadName], waiting.TakeAnswers());
        Assert.True(waiting.Session.BeginPublish(1));

        Publisher publisher = Publisher.Started();
        publisher.Send(Publish(1, "b"), Video(0, "27 01"));
        Assert.Equal([BadName], publisher.TakeAnswers());
        Assert.Equal(["media 9 1 0 2701"], publisher.Handler.Calls);
    }

    [Fact]
    public void A_stream_either_plays_or_publishes()
    {
        byte[] play = Command(1, "play", 0, AmfValue.Null, Key);
        byte[] play2 = Command(1, "play2", 0, AmfValue.Null, AmfValue.Object(("streamName", Key)));
        byte[] close = Command(1, "closeStream", 0, AmfValue.Null);
        Publisher publisher = Publisher.Started();
        publisher.Send(play, play2);
        string failed = "1 onStatus 0 error NetStream.Play.Failed";
        Assert.Equal([failed, failed], publisher.TakeAnswers());
        Assert.Empty(publisher.Handler.Calls);

        publisher.Send(close, play, Publish(1, "key"));
        Assert.Equal([Ended, BadName], publisher.TakeAnswers());
        Assert.Equal(["closed 1", "play 1 key?token=x -2000 -1000 True"], publisher.Handler.Calls);

        publisher.Send(close, Publish(1, "key"));
        Assert.Equal(["StreamBegin 1", Started], publisher.TakeAnswers());
    }

    [Fact]
    public void A_connection_may_play_on_one_stream_and_publish_on_another()
    {
        Publisher publisher = Publisher.Started();
        publisher.Send(CreateStream, Command(2, "play", 0, AmfValue.Null, Key), Video(7, "27 01"));
        publisher.Send(Message(6, 8, MessageType.Video, 2, [0x27, 2]), Message(6, 9, MessageType.DataAmf0, 2, [5]));
        Assert.Equal(["play 2 key?token=x -2000 -1000 True", "media 9 1 7 2701"], publisher.Handler.Calls);
    }

    [Fact]
    public void A_server_ends_a_publish_with_its_own_words_once()
    {
        Publisher publisher = Publisher.Started();
        Assert.True(publisher.Session.EndPublish(1, "Another publisher took over."));
        Assert.False(publisher.Session.EndPublish(1, "Again."));
        publisher.Send(Video(0, "27 01"), Command(1, "closeStream", 0, AmfValue.Null));
        Assert.Equal([Ended], publisher.TakeAnswers());
        Assert.Equal(["closed 1"], publisher.Handler.Calls);

        publisher = new(closing: static (session, streamId) => Assert.True(session.EndPublish(streamId, "It was recorded.")));
        publisher.Send(CreateStream, Publish(1, "key"), Command(1, "closeStream", 0, AmfValue.Null));
        Assert.Equal(Ended, Assert.Single(publisher.TakeAnswers(), answer => answer.Contains("Unpublish", StringComparison.Ordinal)));
    }

    [Fact]
    public void FCUnpublish_names_a_stream_and_is_answered_whatever_it_holds()
    {
        Publisher publisher = Publisher.Started();
        publisher.Send(
            Command(0, "FCUnpublish", 0, AmfValue.Null, Key), // no answer is wanted
            Command(0, "FCUnpublish", 7, AmfValue.Null),
            Command(0, "FCUnpublish", 8, AmfValue.Null, AmfValue.Number(1)),
            Message(3, 0, MessageType.CommandAmf0, 0, [.. Body("FCUnpublish", 9, AmfValue.Null), 2, 0, 9, 1]),
            Message(3, 0, MessageType.CommandAmf0, 0, [.. Body("FCUnpublish", 10), 0xFF]),
            Command(0, "FCPublish", 0, AmfValue.Null, Key),
            Command(0, "_checkbw", 11, AmfValue.Null));
        Assert.Equal(["unpublish key?token=x"], publisher.Handler.Calls);
        Assert.Equal(
            ["0 _result 7 Null", "0 _result 8 Null", "0 _result 9 Null", "0 _result 10 Null", "0 _result 11 Null"],
            publisher.TakeAnswers());
        Assert.True(publisher.Session.IsPublishing(1));
    }

    [Fact]
    public void A_publisher_is_acknowledged_by_its_own_window_or_else_by_the_bandwidth_that_it_was_told()
    {
        Publisher publisher = Publisher.Started(new ServerSessionOptions { PeerBandwidth = 10_000 });
        List<long> acknowledged = [];
        byte[] message = Message(4, 0, MessageType.Video, 1, new byte[100]);
        long silent = publisher.Session.BytesReceived;
        for (int i = 0; i < 300; i++)
        {
            publisher.Send(message);
            foreach (string answer in publisher.TakeAnswers())
            {
                Assert.Equal($"control 3 {publisher.Session.BytesReceived}", answer);
                acknowledged.Add(publisher.Session.BytesReceived);
            }
        }

        Assert.InRange(silent, 0, 9_999);
        Assert.Equal(3, acknowledged.Count);
        Assert.All(acknowledged.Zip(acknowledged.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 10_000, 10_111));

        publisher.Send(Message(2, 0, MessageType.WindowAcknowledgementSize, 0, [0, 0, 0x03, 0xE8]));
        publisher.TakeAnswers();
        for (int i = 0; i < 20; i++)
        {
            publisher.Send(message);
        }

        Assert.Equal(2, publisher.TakeAnswers().Count); // of 2,240 bytes, each 1,000
    }

    [Fact]
    public void A_publisher_s_steady_path_allocates_nothing()
    {
        SilentHandler handler = new();
        ArrayBufferWriter<byte> output = new(1 << 16);
        ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions(), handler, output);
        session.Receive(
        [
            3, .. new byte[2 * 1536], .. Command(0, "connect", 1, AmfValue.Object(("app", AmfValue.String("live")))), .. CreateStream,
            .. Publish(1, "key"), .. Message(2, 0, MessageType.SetChunkSize, 0, [0, 0, 0x10, 0]),
        ]);
        byte[] steady =
        [
            .. Message(4, 5, MessageType.Audio, 1, new byte[400], 4096),
            .. Message(6, 5, MessageType.Video, 1, new byte[9000], 4096),
            .. Message(5, 5, MessageType.DataAmf0, 1, Wire.Hex("02 000D 40736574446174614672616D65 02 0001 78 05"), 4096),
        ];
        for (int i = 0; i < 10; i++)
        {
            session.Receive(steady);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            session.Receive(steady);
        }

        Assert.Equal(0, (GC.GetAllocatedBytesForCurrentThread() - before) / 100);
        Assert.Equal((220, 110), (handler.Media, handler.Data));
    }

    private static byte[] Body(string name, double transaction, params AmfValue[] arguments) =>
        Wire.Hex(Assert.Single(Wire.Read(new ChunkReader(), Command(0, name, transaction, arguments))).Payload);

    private static byte[] Chunked(int chunkStream, uint time, byte type, uint streamId, byte[] body) =>
        Message(chunkStream, time, type, streamId, body, chunkSize: 20);
}
