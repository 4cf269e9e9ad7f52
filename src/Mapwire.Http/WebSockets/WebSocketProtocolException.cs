namespace Mapwire.Http.WebSockets;

/// <summary>The client broke the protocol: the connection is closed with a code. It says what and where.</summary>
public sealed class WebSocketProtocolException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="closeCode">The code to close with.</param>
    /// <param name="message">One clause for the log and the close frame, without the client's own text.</param>
    /// <param name="offset">Bytes from the end of the handshake to the start of the frame.</param>
    public WebSocketProtocolException(WebSocketCloseCode closeCode, string message, long offset)
        : base($"{message} ({(int)closeCode}, frame at byte {offset})")
    {
        Reason = message;
        CloseCode = closeCode;
        Offset = offset;
    }

    /// <summary>The code to close with (RFC 6455, section 7.4.1).</summary>
    public WebSocketCloseCode CloseCode { get; }

    /// <summary>What the client did, for the close frame.</summary>
    public string Reason { get; }

    /// <summary>Bytes from the end of the handshake to the start of the frame.</summary>
    public long Offset { get; }
}
