using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

public sealed class SessionTests
{
    private static void PlaySomething(ServerSession session, uint streamId)
    {
        session.SendStreamIsRecorded(streamId);
        session.SendStreamBegin(streamId);
        session.SendStatus(streamId, StatusCodes.Status, StatusCodes.PlayStart, "Started.", "f.mp4");
        session.SendSampleAccess(streamId, 0, true, false);
        session.SendMetadata(streamId, 0, AmfValue.EcmaArray([new("duration", AmfValue.Number(12.5))]));
        session.SendPlayComplete(streamId, 40, 12.5, 5);
        session.SendStatus(streamId, StatusCodes.Status, StatusCodes.PlayStop, "Stopped.");
        session.SendBufferEmpty(streamId);
        session.SendBufferReady(streamId);
        session.SendStreamDry(streamId);
        session.SendStreamEof(streamId);
    }

    [Theory]
    [InlineData(HandshakeKind.Simple, 0, int.MaxValue)]
    [InlineData(HandshakeKind.ComplexScheme0, 0, 1)]
    [InlineData(HandshakeKind.ComplexScheme1, 3, 7)]
    [InlineData(HandshakeKind.Simple, 3, 1)]
    public void A_player_is_served_from_handshake_to_end(HandshakeKind kind, int encoding, int cut)
    {
        ServerRecorder recorder = new() { Playing = PlaySomething };
        Pair pair = new(
            recorder,
            new ClientSessionOptions { Handshake = kind },
            ClientSessionOptions.DefaultConnect("vod/dir", "rtmp://h/vod/dir", encoding),
            cut: cut);
        pair.Run();
        Assert.True(pair.Server.IsConnected);
        Assert.Equal("vod/dir", recorder.Connect!.App);
        Assert.Equal(encoding, recorder.Connect.ObjectEncoding);
        Assert.Equal(1024 * 1024, pair.Client.IncomingChunkSize);

        Assert.Equal(2, pair.Client.CreateStream());
        Assert.Equal(3, pair.Client.Call(CommandNames.GetStreamLength, "mp4:f.mp4"));
        pair.Run();
        pair.Client.Play(1, new PlayCommand(0, "mp4:f.mp4"));
        pair.Client.SetBufferLength(1, 3000);
        pair.Client.Seek(1, 4000);
        pair.Client.Pause(1, true, 4100);
        pair.Client.Pause(1, false, 4100);
        pair.Client.ReceiveMedia(1, isVideo: true, receive: false);
        pair.Client.ReceiveMedia(1, isVideo: false, receive: true);
        pair.Client.Play2(1, new Play2Command(0, "b", "a", "switch"));
        pair.Client.CloseStream(1);
        pair.Client.DeleteStream(1);
        pair.Run();

        Assert.Equal(
            [
                "connect vod/dir", "length mp4:f.mp4", "play 1 mp4:f.mp4 -2000 -1000 True", "buffer 1 3000", "seek 1 4000",
                "pause 1 True 4100",
                "pause 1 False 4100", "receiveVideo 1 False", "receiveAudio 1 True", "play2 1 b switch", "closed 1", "closed 1",
            ],
            pair.ServerHandler.Calls);
        Assert.Equal(
            [
                "connected True NetConnection.Connect.Success", "result 2 True 1", "result 3 True 12.5",
                "StreamIsRecorded 1", "StreamBegin 1", "status 1 status NetStream.Play.Start f.mp4",
                "data 1 0 |RtmpSampleAccess true false",
                "data 1 0 onMetaData EcmaArray {duration: 12.5}",
                "data 1 40 onPlayStatus Object {level: \"status\", code: \"NetStream.Play.Complete\", duration: 12.5, bytes: 5}",
                "status 1 status NetStream.Play.Stop ", "BufferEmpty 1", "BufferReady 1", "StreamDry 1", "StreamEof 1",
            ],
            pair.ClientHandler.Calls);
    }

    [Theory]
    [InlineData("ffmpeg.bin", "connect vod/dir|length mp4:f.mp4|play 1 mp4:f.mp4 -2000 -1000 True|buffer 1 3000")]
    [InlineData("rtmpdump.bin", "connect vod|play 1 mp4:f.mp4 0 -1000 True|buffer 1 36000000|closed 1")]
    [InlineData("rtmpdump-live.bin", "connect vod|play 1 x -1000 8000 True|buffer 1 36000000|closed 1")]
    [InlineData("rtmp2src.bin", "connect vod|play 1 f.mp4 -2000 -1000 True|buffer 1 30000")]
    [InlineData("ffmpeg-publish.bin", "connect vod|publish 1 pub Live")]
    public void Understands_what_real_clients_sent_wherever_it_is_cut(string recording, string calls)
    {
        byte[] bytes = Wire.Recording(recording);
        byte[]? expected = null;
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            ServerRecorder handler = new();
            ArrayBufferWriter<byte> output = new();
            ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions(), handler, output);
            foreach (byte[] piece in pieces)
            {
                session.Receive(piece);
            }

            Assert.Equal(calls.Split('|'), handler.Calls);
            Assert.Equal(bytes.Length, session.BytesReceived);
            expected ??= output.WrittenSpan.ToArray();
            Assert.Equal(expected, output.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void A_refused_connect_hears_why_and_then_nothing()
    {
        Pair pair = new(new ServerRecorder { Refusal = "There is no such application." });
        pair.Run();
        Assert.Equal(["connected False NetConnection.Connect.Rejected"], pair.ClientHandler.Calls);
        Assert.True(pair.Server.IsClosing);
        pair.Client.CreateStream();
        pair.Run();
        Assert.Single(pair.ClientHandler.Calls);
    }

    [Fact]
    public void An_enhanced_connect_offers_every_codec_and_is_told_what_the_server_has()
    {
        ConnectCommand connect = ClientSessionOptions.EnhancedConnect("vod", "rtmp://h/vod", EnhancedCapabilities.ModEx);
        Assert.Equal(EnhancedCapabilities.ModEx, connect.Capabilities.Extended);
        Assert.Equal(FourCcAbilities.Decode, connect.Capabilities.VideoAbilities("hvc1"));
        Assert.Equal(FourCcAbilities.Decode, connect.Capabilities.AudioAbilities("Opus"));
        Assert.False(ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod").Capabilities.IsEnhanced);
    }

    [Fact]
    public void Publishing_is_refused_as_a_bad_name()
    {
        Pair pair = Connected();
        pair.Client.CreateStream();
        pair.Run();
        Write(pair, 1, "publish", 0, AmfValue.Null, AmfValue.String("x"), AmfValue.String("live"));
        Assert.Equal("status 1 error NetStream.Publish.BadName ", pair.ClientHandler.Calls[^1]);
    }

    [Theory]
    [InlineData("releaseStream")]
    [InlineData("FCPublish")]
    [InlineData("FCUnpublish")]
    [InlineData("FCSubscribe")]
    [InlineData("FCUnsubscribe")]
    [InlineData("_checkbw")]
    public void Courtesies_are_answered(string command)
    {
        Pair pair = Connected();
        pair.Client.Call(command, "x");
        pair.Run();
        Assert.Equal("result 2 True Null", pair.ClientHandler.Calls[^1]);
    }

    [Fact]
    public void Unknown_commands_fail_alone()
    {
        Pair pair = Connected();
        pair.Client.Call("setPeerInfo", "x");
        pair.Run();
        Assert.Equal("result 2 False NetConnection.Call.Failed", pair.ClientHandler.Calls[^1]);
        Write(pair, 0, "noAnswerWanted", 0, AmfValue.Null);
        Write(pair, 0, "_result", 9, AmfValue.Null);
        Assert.Equal(2, pair.ClientHandler.Calls.Count);
    }

    [Fact]
    public void Message_streams_are_bounded_and_their_ids_used_again()
    {
        Pair pair = new(new ServerRecorder(), options: new ServerSessionOptions { MaxMessageStreams = 2 });
        pair.Run();
        pair.Client.CreateStream();
        pair.Client.CreateStream();
        pair.Client.CreateStream();
        pair.Client.DeleteStream(1);
        pair.Client.DeleteStream(1);
        pair.Client.DeleteStream(77);
        pair.Client.CreateStream();
        pair.Run();
        Assert.Equal(
            ["result 2 True 1", "result 3 True 2", "result 4 False NetConnection.Call.Failed", "result 5 True 1"],
            pair.ClientHandler.Calls.Skip(1));
        Assert.Equal(["connect vod", "closed 1"], pair.ServerHandler.Calls);
    }

    [Fact]
    public void Pings_are_answered_on_both_sides()
    {
        Pair pair = Connected();
        Assert.Null(pair.Server.LastPong);
        pair.Server.SendPing(123456);
        pair.Run();
        Assert.Equal(123456u, pair.Server.LastPong);
        Receive(pair.Server, "02 000000 000006 04 00000000 0006 01020304");
        pair.Run();
        Assert.Equal("PingResponse 16909060", pair.ClientHandler.Calls[^1]);
    }

    [Fact]
    public void Both_sides_acknowledge_at_the_others_window()
    {
        Pair pair = new(new ServerRecorder(), options: new ServerSessionOptions { WindowAcknowledgementSize = 1000 });
        pair.Run();
        pair.Client.CreateStream();
        pair.Run();
        uint before = pair.Server.BytesAcknowledged;
        pair.Server.SendData(1, 0, new byte[2000]);
        // A data message must start with a string: the zeros are a number, and the client says so.
        Wire.Refused(pair.Run, RtmpError.AmfType);
        Assert.Equal(before, pair.Server.BytesAcknowledged);

        pair = new(new ServerRecorder(), options: new ServerSessionOptions { WindowAcknowledgementSize = 1000 });
        pair.Run();
        pair.Server.SendData(1, 0, "x", AmfValue.String(new string('y', 2000)));
        pair.Run();
        Assert.Equal(pair.Client.BytesReceived, pair.Server.BytesAcknowledged);

        // The server asked for Set Peer Bandwidth 2,500,000; the client answered with that window, and here makes it smaller.
        Receive(pair.Server, "02 000000 000004 05 00000000 00000010");
        pair.Run();
        ArrayBufferWriter<byte> seen = (ArrayBufferWriter<byte>)pair.ToClient;
        Receive(pair.Server, "02 000000 000004 03 00000000 00000001");
        Receive(pair.Server, "02 000000 000004 03 00000000 00000001");
        List<Received> messages = Wire.Read(new ChunkReader(), seen.WrittenSpan.ToArray());
        Assert.Equal(new Received(2, 3, 0, 0, $"{pair.Server.BytesReceived:X8}"), messages[^1]);
    }

    [Fact]
    public void The_server_acknowledges_once_a_window()
    {
        Pair pair = Connected();
        ArrayBufferWriter<byte> seen = (ArrayBufferWriter<byte>)pair.ToClient;
        Receive(pair.Server, "02 000000 000004 05 00000000 00000050");
        seen.ResetWrittenCount();
        List<uint> acknowledged = [];
        uint start = (uint)pair.Server.BytesReceived;
        for (int i = 0; i < 12; i++)
        {
            Receive(pair.Server, "02 000000 000004 03 00000000 00000001"); // 16 bytes
            acknowledged.AddRange(Wire.Read(new ChunkReader(), seen.WrittenSpan.ToArray()).Select(m => Convert.ToUInt32(m.Payload, 16)));
            seen.ResetWrittenCount();
        }

        Assert.Equal([start + 80, start + 160], acknowledged);
    }

    [Theory]
    [InlineData(0, 20, "")]
    [InlineData(3, 17, "00")]
    public void Commands_go_in_the_clients_encoding_and_data_in_amf0(int encoding, byte type, string format)
    {
        Pair pair = new(new ServerRecorder(), connect: ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod", encoding));
        pair.Run();
        pair.Server.SendStatus(1, "l", "c", "d");
        pair.Server.SendResult(7, AmfValue.True);
        pair.Server.SendError(8, "c", "d");
        pair.Server.SendSampleAccess(1, 9, true, true);
        List<Received> sent = Wire.Read(new ChunkReader(), ((ArrayBufferWriter<byte>)pair.ToClient).WrittenSpan.ToArray());
        Assert.Equal([(5, type, 1u), (3, type, 0u), (3, type, 0u), (5, (byte)18, 1u)], sent.Select(m => (m.ChunkStream, m.Type, m.Stream)));
        Assert.Equal(format + "0200075F726573756C74" + "00401C000000000000" + "05" + "0101", sent[1].Payload);
    }

    [Fact]
    public void A_player_unwraps_anew_after_play_and_near_the_target_after_seek()
    {
        Pair pair = Connected();
        pair.Client.CreateStream();
        pair.Run();
        pair.Server.SendVideo(1, 0xFFFFFFF0, []);
        pair.Run();
        pair.Client.Play(1, new PlayCommand(0, "x"));
        pair.Server.SendVideo(1, 0x10, []);
        pair.Run();
        pair.Client.Seek(1, 0x2_0000_0000);
        pair.Server.SendVideo(1, 0xFFFFFFF0, []);
        pair.Run();
        Assert.Equal(
            ["media 9 1 4294967280 0", "media 9 1 16 0", "media 9 1 8589934576 0"],
            pair.ClientHandler.Calls.Where(c => c.StartsWith("media", StringComparison.Ordinal)));
    }

    [Fact]
    public void Media_is_unwrapped_counted_and_checked_whole_or_in_pieces()
    {
        uint[] checksums = [0, 0];
        foreach (bool streamed in new[] { false, true })
        {
            Pair pair = new(new ServerRecorder(), new ClientSessionOptions { StreamMedia = streamed }, cut: streamed ? 13 : int.MaxValue);
            pair.Run();
            ChunkWriter media = new(pair.ToClient) { ChunkSize = pair.Server.OutgoingChunkSize };
            byte[] frame = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
            media.Write(ChunkStreamIds.Video, 0xFFFFFFF0, MessageType.Video, 1, frame);
            media.Write(ChunkStreamIds.Audio, 0xFFFFFFFA, MessageType.Audio, 1, frame.AsSpan(0, 100));
            media.Write(ChunkStreamIds.Video, 0x00000010, MessageType.Video, 1, frame);
            media.Write(ChunkStreamIds.Video, 0x00000008, MessageType.Video, 1, []);
            pair.Run();
            Assert.Equal(
                ["media 9 1 4294967280 1000", "media 8 1 4294967290 100", "media 9 1 4294967312 1000", "media 9 1 4294967304 0"],
                pair.ClientHandler.Calls.Skip(1));
            MediaTally tally = pair.ClientHandler.Media;
            Assert.Equal((4, 2100, 4294967304, 1), (tally.Messages, tally.Bytes, tally.LastTimestamp, tally.Backwards));
            checksums[streamed ? 1 : 0] = tally.Checksum;
        }

        Assert.NotEqual(0u, checksums[0]);
        Assert.Equal(checksums[0], checksums[1]);
    }

    [Fact]
    public void An_aggregate_is_its_parts()
    {
        Pair pair = Connected();
        new ChunkWriter(pair.ToClient) { ChunkSize = pair.Server.OutgoingChunkSize }.Write(
            6, 5000, MessageType.Aggregate, 1,
            Wire.Hex("09 000002 0003E8 00 000000 AABB 0000000D  08 000001 0003FC 00 000000 CC 0000000C"));
        pair.Run();
        Assert.Equal(["media 9 1 5000 2", "media 8 1 5020 1"], pair.ClientHandler.Calls.Skip(1));
    }

    [Fact]
    public void A_reconnect_request_names_the_new_place()
    {
        Pair pair = Connected();
        pair.Server.SendReconnectRequest("rtmp://other/vod", "Maintenance.");
        ReadOnlySpan<byte> sent = ((ArrayBufferWriter<byte>)pair.ToClient).WrittenSpan;
        Assert.True(sent.IndexOf("rtmp://other/vod"u8) > 0);
        pair.Run();
        Assert.Equal("status 0 status NetConnection.Connect.ReconnectRequest ", pair.ClientHandler.Calls[^1]);
    }

    [Theory]
    [InlineData(nameof(ServerSessionOptions.OutgoingChunkSize))]
    [InlineData(nameof(ServerSessionOptions.WindowAcknowledgementSize))]
    [InlineData(nameof(ServerSessionOptions.PeerBandwidth))]
    [InlineData(nameof(ServerSessionOptions.MaxMessageStreams))]
    public void Options_out_of_range_are_named(string option)
    {
        ServerSessionOptions options = option switch
        {
            nameof(ServerSessionOptions.OutgoingChunkSize) => new() { OutgoingChunkSize = 0x1000000 },
            nameof(ServerSessionOptions.WindowAcknowledgementSize) => new() { WindowAcknowledgementSize = 0 },
            nameof(ServerSessionOptions.PeerBandwidth) => new() { PeerBandwidth = 0 },
            _ => new() { MaxMessageStreams = 33 },
        };
        ArgumentException e =
            Assert.ThrowsAny<ArgumentException>(() => new ServerSession(options, new ServerRecorder(), new ArrayBufferWriter<byte>()));
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_steady_path_allocates_nothing()
    {
        SilentHandler handler = new();
        ArrayBufferWriter<byte> output = new(1 << 16);
        ServerSession session = new(new ServerSessionOptions(), handler, output);
        byte[] recording = Wire.Recording("rtmp2src.bin");
        session.Receive(recording);
        // seek, pause, Set Buffer Length, a ping and an acknowledgement, as a player goes on sending them
        byte[] steady =
        [
            .. Wire.Hex("08 000000 00001A 14 01000000 02 0004 7365656B 00 0000000000000000 05 00 40AF400000000000"),
            .. Wire.Hex("02 000000 00000A 04 00000000 0003 00000001 00000BB8"),
            .. Wire.Hex("02 000000 000006 04 00000000 0006 00000005"),
            .. Wire.Hex("02 000000 000004 03 00000000 00001000"),
        ];
        for (int i = 0; i < 10; i++)
        {
            session.Receive(steady);
            Answer(session);
            output.ResetWrittenCount();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            session.Receive(steady);
            Answer(session);
            output.ResetWrittenCount();
        }

        long perRound = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        Assert.Equal(110, handler.Seeks);
        Assert.Equal(0, perRound);

        static void Answer(ServerSession session)
        {
            session.SendStatus(1, StatusCodes.Status, StatusCodes.SeekNotify, "Seeking.");
            session.SendBufferEmpty(1);
        }
    }

    private static Pair Connected()
    {
        Pair pair = new(new ServerRecorder());
        pair.Run();
        return pair;
    }

    private static void Receive(ServerSession session, string hex) => session.Receive(Wire.Hex(hex));

    private static void Write(Pair pair, uint streamId, string name, double transaction, params AmfValue[] arguments)
    {
        using Amf0Writer writer = new(default);
        writer.WriteString(name);
        writer.WriteNumber(transaction);
        foreach (AmfValue argument in arguments)
        {
            writer.WriteValue(argument);
        }

        ArrayBufferWriter<byte> bytes = new();
        new ChunkWriter(bytes).Write(3, 0, MessageType.CommandAmf0, streamId, writer.Written);
        pair.Server.Receive(bytes.WrittenSpan);
        pair.Run();
    }
}
