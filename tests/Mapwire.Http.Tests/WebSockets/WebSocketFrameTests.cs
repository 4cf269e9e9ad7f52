using System.Net.WebSockets;
using System.Text;
using Mapwire.Http.WebSockets;

namespace Mapwire.Http.Tests.WebSockets;

/// <summary>A server's frames by RFC 6455, section 5.2, and as .NET's own client reads them.</summary>
public sealed class WebSocketFrameTests
{
    [Theory]
    [InlineData(0, "8200")]
    [InlineData(125, "827D")]
    [InlineData(126, "827E007E")]
    [InlineData(256, "827E0100")] // RFC 6455, section 5.7
    [InlineData(65535, "827EFFFF")]
    [InlineData(65536, "827F0000000000010000")] // RFC 6455, section 5.7
    [InlineData(long.MaxValue, "827F7FFFFFFFFFFFFFFF")]
    public void A_header_has_the_shortest_length(long length, string expected)
    {
        byte[] destination = new byte[WebSocketFrame.MaxHeaderLength];
        int count = WebSocketFrame.WriteHeader(destination, WebSocketOpcode.Binary, length);
        Assert.Equal(expected, Convert.ToHexString(destination.AsSpan(0, count)));
    }

    [Fact]
    public void A_frame_that_no_server_sends_is_refused()
    {
        byte[] destination = new byte[200];
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WriteHeader(destination, WebSocketOpcode.Continuation, 0));
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WriteHeader(destination, (WebSocketOpcode)3, 0));
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WriteHeader(destination, WebSocketOpcode.Binary, -1));
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WriteHeader(destination, WebSocketOpcode.Ping, 126));
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WriteHeader(destination, WebSocketOpcode.Close, 126));
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WritePong(destination, new byte[126]));
        Assert.ThrowsAny<ArgumentException>(() => WebSocketFrame.WriteClose(destination, (WebSocketCloseCode)1005));
    }

    [Fact]
    public void A_pong_has_the_payload_of_its_ping()
    {
        byte[] destination = new byte[WebSocketFrame.MaxControlFrameLength];
        int count = WebSocketFrame.WritePong(destination, "Hello"u8);
        Assert.Equal("8A0548656C6C6F", Convert.ToHexString(destination.AsSpan(0, count))); // RFC 6455, section 5.7
        Assert.Equal(destination.Length, WebSocketFrame.WritePong(destination, new byte[125]));
    }

    [Theory]
    [InlineData(WebSocketCloseCode.None, "", "8800")]
    [InlineData(WebSocketCloseCode.None, "lost", "8800")]
    [InlineData(WebSocketCloseCode.NormalClosure, "", "880203E8")]
    [InlineData(WebSocketCloseCode.MessageTooBig, "big", "880503F1626967")]
    public void A_close_frame_has_code_and_reason(WebSocketCloseCode code, string reason, string expected)
    {
        byte[] destination = new byte[WebSocketFrame.MaxControlFrameLength];
        int count = WebSocketFrame.WriteClose(destination, code, reason);
        Assert.Equal(expected, Convert.ToHexString(destination.AsSpan(0, count)));
    }

    [Fact]
    public void A_long_reason_is_cut_between_characters()
    {
        byte[] destination = new byte[WebSocketFrame.MaxControlFrameLength];
        int count = WebSocketFrame.WriteClose(destination, WebSocketCloseCode.GoingAway, new string('日', 100));
        Assert.Equal(new string('日', 41), Encoding.UTF8.GetString(destination.AsSpan(4, count - 4))); // 123 bytes
        count = WebSocketFrame.WriteClose(destination, WebSocketCloseCode.GoingAway, "a" + new string('日', 100));
        Assert.Equal("a" + new string('日', 40), Encoding.UTF8.GetString(destination.AsSpan(4, count - 4)));
    }

    [Fact]
    public async Task The_client_of_NET_reads_what_is_written()
    {
        List<byte> wire = [];
        byte[] header = new byte[WebSocketFrame.MaxControlFrameLength];
        foreach (int length in (int[])[0, 1, 125, 126, 65535, 65536])
        {
            wire.AddRange(header.AsSpan(0, WebSocketFrame.WriteHeader(header, WebSocketOpcode.Binary, length)));
            wire.AddRange(Enumerable.Repeat((byte)length, length));
            wire.AddRange(header.AsSpan(0, WebSocketFrame.WritePong(header, "x"u8)));
        }

        wire.AddRange(header.AsSpan(0, WebSocketFrame.WriteClose(header, WebSocketCloseCode.GoingAway, "until later")));
        using WebSocket client = WebSocket.CreateFromStream(new Duplex([.. wire]), new WebSocketCreationOptions());
        byte[] buffer = new byte[100_000];
        foreach (int length in (int[])[0, 1, 125, 126, 65535, 65536])
        {
            int count = 0;
            ValueWebSocketReceiveResult result;
            do
            {
                result = await client.ReceiveAsync(buffer.AsMemory(count), CancellationToken.None);
                count += result.Count;
            }
            while (!result.EndOfMessage);
            Assert.Equal((WebSocketMessageType.Binary, length), (result.MessageType, count));
            Assert.All(buffer.Take(length), value => Assert.Equal((byte)length, value));
        }

        await client.ReceiveAsync(buffer, CancellationToken.None);
        Assert.Equal((WebSocketCloseStatus.EndpointUnavailable, "until later"), (client.CloseStatus, client.CloseStatusDescription));
    }

    [Fact]
    public async Task What_the_client_of_NET_writes_is_read()
    {
        Duplex stream = new([]);
        using (WebSocket client = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions()))
        {
            await client.SendAsync("Hel"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false, CancellationToken.None);
            await client.SendAsync("lo"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            await client.SendAsync(new byte[700], WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "日本", CancellationToken.None);
        }

        Assert.Equal(
            $"Text 48656C6C6F\nBinary {new string('0', 1400)}\nClose 03E8E697A5E69CAC 1000 日本\nclosed",
            FrameLog.Read(stream.Written));
    }

    /// <summary>A stream that gives what it was made with, and keeps what is written.</summary>
    private sealed class Duplex(byte[] given) : Stream
    {
        private readonly MemoryStream _given = new(given);
        private readonly MemoryStream _written = new();

        public byte[] Written => _written.ToArray();

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => _given.Read(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => _written.Write(buffer, offset, count);
    }
}
