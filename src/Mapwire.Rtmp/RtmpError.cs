namespace Mapwire.Rtmp;

/// <summary>What a peer did wrong, for logs, metrics and tests.</summary>
public enum RtmpError
{
    /// <summary>The version byte of the handshake is not 3.</summary>
    UnsupportedVersion,

    /// <summary>The peer asks for RTMPE (version 6, 8 or 9), which is obsolete and not spoken here.</summary>
    EncryptedHandshake,

    /// <summary>The peer's half of a complex handshake does not carry the digest that it must.</summary>
    HandshakeDigest,

    /// <summary>A chunk of type 2 or 3 on a chunk stream that never had a header to inherit from.</summary>
    ChunkWithoutContext,

    /// <summary>A chunk header of type 0, 1 or 2 while a message of that chunk stream is still incomplete.</summary>
    InterruptedMessage,

    /// <summary>Set Chunk Size with 0, or with a value past 31 bits.</summary>
    ChunkSize,

    /// <summary>More chunk streams than the limit.</summary>
    TooManyChunkStreams,

    /// <summary>A message announces more bytes than the limit.</summary>
    MessageTooLong,

    /// <summary>Incomplete messages together hold more bytes than the limit.</summary>
    TooMuchBuffered,

    /// <summary>A message's body is shorter or longer than its type allows, or a field in it is out of range.</summary>
    MalformedMessage,

    /// <summary>AMF data ends inside a value.</summary>
    AmfTruncated,

    /// <summary>An AMF marker that does not exist, or one that no peer may send.</summary>
    AmfMarker,

    /// <summary>AMF values nested deeper than the limit.</summary>
    AmfTooDeep,

    /// <summary>More AMF values than the limit, counted through references.</summary>
    AmfTooMany,

    /// <summary>An AMF reference to something that was not sent, or to an object that contains it.</summary>
    AmfReference,

    /// <summary>An AMF value of another type than the command needs at that place.</summary>
    AmfType,

    /// <summary>A command that is not allowed now, such as play before connect.</summary>
    OutOfOrder,

    /// <summary>A command on a message stream that does not exist.</summary>
    UnknownMessageStream,
}
