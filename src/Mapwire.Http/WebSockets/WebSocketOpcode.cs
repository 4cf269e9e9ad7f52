namespace Mapwire.Http.WebSockets;

/// <summary>What a frame is (RFC 6455, section 5.2).</summary>
public enum WebSocketOpcode
{
    /// <summary>The next piece of a message.</summary>
    Continuation = 0x0,

    /// <summary>UTF-8 text, or its first piece.</summary>
    Text = 0x1,

    /// <summary>Bytes, or their first piece.</summary>
    Binary = 0x2,

    /// <summary>The end, with a code and a reason.</summary>
    Close = 0x8,

    /// <summary>A question that is answered by a pong with the same payload.</summary>
    Ping = 0x9,

    /// <summary>The answer to a ping, or a sign of life.</summary>
    Pong = 0xA,
}
