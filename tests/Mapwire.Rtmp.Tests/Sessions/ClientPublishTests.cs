using System.Buffers;
using System.Security.Cryptography;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Sessions;

/// <summary>A client that publishes, against the server's session.</summary>
public sealed class ClientPublishTests
{
    /// <summary>onMetaData and an ECMA array of one number, AMF0.</summary>
    private const string Metadata = "02 000A 6F6E4D65746144617461 08 00000001 0005 7769647468 00 4084000000000000 000009";

    [Theory]
    [InlineData(0, int.MaxValue)]
    [InlineData(0, 1)]
    [InlineData(3, 7)]
    public void A_client_publishes_from_connect_to_end_wherever_its_bytes_are_cut(int encoding, int cut)
    {
        ServerRecorder recorder = new() { Publishing = static (session, streamId) => Assert.True(session.BeginPublish(streamId)) };
        Pair pair = new(recorder, connect: ClientSessionOptions.DefaultConnect("live", "rtmp://h/live", encoding), cut: cut);
        pair.Run();
        pair.Client.SetChunkSize(4096);
        Assert.Equal(2, pair.Client.Call(CommandNames.ReleaseStream, "name?key=x"));
        Assert.Equal(3, pair.Client.Call(CommandNames.FCPublish, "name?key=x"));
        Assert.Equal(4, pair.Client.CreateStream());
        pair.Run();
        pair.Client.Publish(1, new PublishCommand(5, "name?key=x"));
        pair.Run();
        Assert.True(pair.Server.IsPublishing(1));

        byte[] picture = [0x17, 1, 0, 0, 0, .. RandomNumberGenerator.GetBytes(70_000)]; // of many chunks
        pair.Client.SendDataFrame(1, 0, Wire.Hex(Metadata));
        pair.Client.SendVideo(1, 0, [0x17, 0, 0, 0, 0, 1]);
        pair.Client.SendAudio(1, 0, [0xAF, 0, 0x12, 0x10]);
        pair.Client.SendVideo(1, 40, picture);
        pair.Client.SendAudio(1, 0xFFFF_FFFF, [0xAF, 1, 9]);
        pair.Run();
        pair.Client.Call(CommandNames.FCUnpublish, "name?key=x");
        pair.Client.DeleteStream(1);
        pair.Run();

        Assert.False(pair.Server.IsPublishing(1));
        Assert.Equal(
            [
                "connect live", "publish 1 name?key=x Live", $"data 1 0 {Metadata.Replace(" ", "", StringComparison.Ordinal)}",
                "media 9 1 0 170000000001", "media 8 1 0 AF001210",
                $"media 9 1 40 {picture.Length} bytes {Convert.ToHexString(SHA256.HashData(picture))}", "media 8 1 4294967295 AF0109",
                "unpublish name?key=x", "closed 1",
            ],
            recorder.Calls);
        Assert.Equal(
            [
                "connected True NetConnection.Connect.Success", "result 2 True Null", "result 3 True Null", "result 4 True 1",
                "StreamBegin 1", "status 1 status NetStream.Publish.Start ", "result 5 True Null",
                "status 1 status NetStream.Unpublish.Success ",
            ],
            pair.ClientHandler.Calls);
    }

    [Fact]
    public void A_client_whose_publish_is_refused_is_told_why()
    {
        Pair pair = new(new ServerRecorder());
        pair.Run();
        pair.Client.CreateStream();
        pair.Run();
        pair.Client.Publish(1, new PublishCommand(0, "name", PublishType.Record));
        pair.Client.SendVideo(1, 0, [0x17, 1]);
        pair.Run();
        Assert.Equal(["connect vod", "publish 1 name Record"], pair.ServerHandler.Calls);
        Assert.Equal("status 1 error NetStream.Publish.BadName ", pair.ClientHandler.Calls[^1]);
    }

    [Fact]
    public void A_server_that_answers_everything_with_0_is_understood()
    {
        ClientRecorder heard = new();
        ArrayBufferWriter<byte> said = new();
        ReadOnlyMemory<byte> random = new ClientSessionOptions().HandshakeRandom;
        ClientSession client = new(new ClientSessionOptions(), ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod"), heard, said);
        client.Receive([3, .. new byte[1536 + 8], .. random[..1528].Span]);
        client.Receive(Publisher.Command(
            0, "_result", 0, AmfValue.Null, AmfValue.Object(("code", AmfValue.String(StatusCodes.ConnectSuccess)))));
        double created = client.CreateStream();
        client.Receive(Publisher.Command(0, "_result", 0, AmfValue.Null, AmfValue.Null)); // to releaseStream or FCPublish
        client.Receive(Publisher.Command(0, "_result", 0, AmfValue.Null, AmfValue.Number(1)));
        Assert.Equal(
            ["connected True NetConnection.Connect.Success", "result 0 True Null", $"result {created} True 1"], heard.Calls);
    }

    [Fact]
    public void The_name_of_metadata_stands_behind_the_one_that_has_them_kept()
    {
        ServerRecorder recorder = new() { Publishing = static (session, streamId) => session.BeginPublish(streamId) };
        Pair pair = new(recorder);
        pair.Run();
        pair.Client.CreateStream();
        pair.Client.Publish(1, new PublishCommand(0, "name"));
        Amf0Writer writer = new(stackalloc byte[512]);
        writer.WriteString(CommandNames.OnMetaData);
        writer.WriteValue(AmfValue.EcmaArray([new("text", AmfValue.String(new string('x', 600)))])); // more than the scratch holds
        byte[] values = writer.Written.ToArray();
        writer.Dispose();
        pair.Client.SendDataFrame(1, 7, values);
        pair.Run();
        Assert.Equal($"data 1 7 {values.Length} bytes {Convert.ToHexString(SHA256.HashData(values))}", recorder.Calls[^1]);
    }
}
