namespace Mapwire.Rtmp;

/// <summary>The peer broke the protocol: the connection cannot go on. It says what, where, and in which message.</summary>
public sealed class RtmpProtocolException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">What the peer did wrong.</param>
    /// <param name="message">One sentence for the log, without the peer's own text.</param>
    /// <param name="offset">Where: see <see cref="Offset"/>.</param>
    /// <param name="messageType">The message type id, or null outside a message.</param>
    public RtmpProtocolException(RtmpError error, string message, long offset = -1, byte? messageType = null)
        : base(Describe(error, message, offset, messageType))
    {
        Error = error;
        Detail = message;
        Offset = offset;
        MessageType = messageType;
    }

    /// <summary>What the peer did wrong.</summary>
    public RtmpError Error { get; }

    /// <summary>
    /// Bytes from the start of what was being read: the connection for chunk errors (handshake included when a session
    /// reads it), the message's body for malformed messages and AMF; -1 when unknown.
    /// </summary>
    public long Offset { get; }

    /// <summary>The type id of the message that was being read (RTMP 1.0, section 6.1), or null outside a message.</summary>
    public byte? MessageType { get; }

    internal string Detail { get; }

    /// <summary>The same error, with the message type that the thrower could not know.</summary>
    internal RtmpProtocolException InMessage(byte messageType) =>
        MessageType is not null ? this : new RtmpProtocolException(Error, Detail, Offset, messageType);

    private static string Describe(RtmpError error, string message, long offset, byte? messageType)
    {
        string where = offset >= 0 ? $" at byte {offset}" : "";
        string what = messageType is { } type ? $" of message type {type}" : "";
        return $"{message} ({error}{where}{what})";
    }
}
