using System.Buffers;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>What a player makes of a server that errs, damages or lies.</summary>
public sealed class HostileServerTests
{
    /// <summary>All that a server of ours says to one player, handshake and media included.</summary>
    private static byte[] Served()
    {
        ServerRecorder handler = new();
        ArrayBufferWriter<byte> output = new();
        ServerSession session = handler.Session = new ServerSession(new ServerSessionOptions { OutgoingChunkSize = 128 }, handler, output);
        session.Receive(Wire.Recording("rtmpdump.bin"));
        session.SendStreamBegin(1);
        session.SendStatus(1, StatusCodes.Status, StatusCodes.PlayStart, "Started.");
        session.SendMetadata(1, 0, AmfValue.EcmaArray([new("duration", AmfValue.Number(1))]));
        session.SendAudio(1, 5, new byte[30]);
        session.SendVideo(1, 0x1000000, new byte[500]);
        session.SendPlayComplete(1, 40, 1, 530);
        session.SendStreamEof(1);
        return output.WrittenSpan.ToArray();
    }

    private static ClientRecorder Play(byte[] bytes, bool streamed, int cut = int.MaxValue)
    {
        // The filling that rtmpdump sent, so that S2 echoes this client's C1 too.
        byte[] filling = [.. Wire.Recording("rtmpdump.bin").AsSpan(9, 1528), .. new byte[1528]];
        ClientRecorder handler = new();
        ClientSessionOptions options = new() { StreamMedia = streamed, HandshakeRandom = filling };
        ClientSession session = new(options, ClientSessionOptions.DefaultConnect("vod", "x"), handler, new ArrayBufferWriter<byte>());
        foreach (byte[] piece in bytes.Chunk(cut))
        {
            session.Receive(piece);
        }

        return handler;
    }

    [Theory]
    [InlineData(false, int.MaxValue)]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 11)]
    public void Media_of_a_session_comes_through_in_small_chunks(bool streamed, int cut)
    {
        ClientRecorder handler = Play(Served(), streamed, cut);
        Assert.Contains("media 8 1 5 30", handler.Calls);
        Assert.Contains("media 9 1 16777216 500", handler.Calls);
        Assert.Equal((2, 530), (handler.Media.Messages, handler.Media.Bytes));
        Assert.Equal("StreamEof 1", handler.Calls[^1]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damage_is_understood_or_refused(bool streamed)
    {
        byte[] served = Served();
        int refused = 0;
        for (int bit = 0; bit < served.Length * 8; bit += bit < 3073 * 8 ? 61 : 1)
        {
            byte[] flipped = [.. served];
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                Play(flipped, streamed);
            }
            catch (RtmpProtocolException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, served.Length * 8);
    }

    [Fact]
    public void Every_truncation_waits_for_more()
    {
        byte[] served = Served();
        for (int length = 0; length < served.Length; length++)
        {
            Play(served[..length], streamed: length % 2 == 0);
        }
    }

    [Fact]
    public void Data_may_come_in_the_amf3_form()
    {
        Pair pair = new(new ServerRecorder());
        pair.Run();
        ChunkWriter writer = new(pair.ToClient) { ChunkSize = pair.Server.OutgoingChunkSize };
        writer.Write(5, 7, MessageType.DataAmf3, 1, Wire.Hex("00 02 0001 78 11 04 05 05"));
        pair.Run();
        Assert.Equal("data 1 7 x 5 Null", pair.ClientHandler.Calls[^1]);
        writer.Write(5, 7, MessageType.DataAmf3, 1, Wire.Hex("03"));
        Wire.Refused(pair.Run, RtmpError.MalformedMessage);
    }
}
