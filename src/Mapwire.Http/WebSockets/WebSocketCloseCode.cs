namespace Mapwire.Http.WebSockets;

/// <summary>Why a WebSocket connection is closed (RFC 6455, section 7.4.1), in the first two bytes of a close frame.</summary>
public enum WebSocketCloseCode
{
    /// <summary>No code: a close frame may be empty. Never written as a number.</summary>
    None = 0,

    /// <summary>It has served its purpose.</summary>
    NormalClosure = 1000,

    /// <summary>The endpoint goes away: a server stops, a page is left.</summary>
    GoingAway = 1001,

    /// <summary>The peer broke the protocol.</summary>
    ProtocolError = 1002,

    /// <summary>The peer sent a kind of message that is not taken here.</summary>
    UnsupportedData = 1003,

    /// <summary>Text that is not UTF-8.</summary>
    InvalidPayload = 1007,

    /// <summary>The peer may not do what it did.</summary>
    PolicyViolation = 1008,

    /// <summary>A message longer than the limit.</summary>
    MessageTooBig = 1009,

    /// <summary>Something unexpected happened in the server.</summary>
    InternalError = 1011,

    /// <summary>The server is busy (IANA registry, as 1012 to 1014 are).</summary>
    TryAgainLater = 1013,
}
