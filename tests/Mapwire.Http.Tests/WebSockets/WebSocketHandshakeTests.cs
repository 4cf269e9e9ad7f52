using System.Text;
using Mapwire.Http.Heads;
using Mapwire.Http.WebSockets;

namespace Mapwire.Http.Tests.WebSockets;

/// <summary>The opening handshake by RFC 6455, section 4.2.</summary>
public sealed class WebSocketHandshakeTests
{
    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    private const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const string Version = "Sec-WebSocket-Version: 13\r\n";

    [Fact]
    public void The_example_of_the_RFC_is_accepted()
    {
        Assert.Equal(WebSocketRefusal.None, Check(Upgrade + Key + Version, out string key));
        byte[] accept = new byte[WebSocketHandshake.AcceptLength];
        Assert.Equal(accept.Length, WebSocketHandshake.WriteAccept(Encoding.ASCII.GetBytes(key), accept));
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", Encoding.ASCII.GetString(accept)); // RFC 6455, section 1.3
    }

    [Theory]
    [InlineData("" + Key + Version, WebSocketRefusal.NoUpgrade)]
    [InlineData(Upgrade + Key, WebSocketRefusal.Version)]
    [InlineData(Upgrade + Key + "Sec-WebSocket-Version: 8\r\n", WebSocketRefusal.Version)]
    [InlineData(Upgrade + Key + "Sec-WebSocket-Version: 13, 8\r\n", WebSocketRefusal.Version)]
    [InlineData(Upgrade + Key + "Sec-WebSocket-Version: 013\r\n", WebSocketRefusal.Version)]
    [InlineData(Upgrade + Version, WebSocketRefusal.Key)]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key:\r\n", WebSocketRefusal.Key)]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", WebSocketRefusal.Key)]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n", WebSocketRefusal.Key)]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy\r\n", WebSocketRefusal.Key)] // 18 bytes
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=\r\n", WebSocketRefusal.Key)] // 17
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n", WebSocketRefusal.Key)] // 15
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n", WebSocketRefusal.Key)]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZS  b25jZQ==\r\n", WebSocketRefusal.Key)]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: \"GhlIHNhbXBsZSBub25jZQ==\r\n", WebSocketRefusal.Key)]
    public void A_request_that_is_no_handshake_is_refused_with_its_reason(string fields, WebSocketRefusal refusal)
    {
        Assert.Equal(refusal, Check(fields, out string key));
        Assert.Empty(key);
    }

    private static WebSocketRefusal Check(string fields, out string key)
    {
        byte[] bytes = Encoding.ASCII.GetBytes($"GET /chat HTTP/1.1\r\nHost: server.example.com\r\n{fields}\r\n");
        RequestHeadReader reader = new();
        Assert.Equal(HeadStatus.Simple, reader.Read(bytes, out RequestHead head));
        WebSocketRefusal refusal = WebSocketHandshake.Check(head, out ReadOnlySpan<byte> sent);
        key = Encoding.ASCII.GetString(sent);
        return refusal;
    }
}
