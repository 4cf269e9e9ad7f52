namespace Mapwire.Server.Sending;

/// <summary>Why a connection ended. The first reason wins.</summary>
internal enum CloseReason
{
    /// <summary>The player closed it.</summary>
    PlayerLeft,

    /// <summary>The network broke it.</summary>
    ConnectionLost,

    /// <summary>The player broke the protocol.</summary>
    ProtocolError,

    /// <summary>The player named an application that is not served.</summary>
    Rejected,

    /// <summary>No handshake and connect command in time.</summary>
    HandshakeTimeout,

    /// <summary>Connected and nothing played for too long.</summary>
    Idle,

    /// <summary>Paused for too long.</summary>
    PausedTooLong,

    /// <summary>The player stopped reading, or reads less than the least rate.</summary>
    NotReading,

    /// <summary>What it published is published by somebody else, or it sent nothing for too long.</summary>
    Dismissed,

    /// <summary>The file under a message that had begun is gone.</summary>
    SourceLost,

    /// <summary>The player makes the server hold more than a connection may: what it asks for and does not read.</summary>
    TooManyRequests,

    /// <summary>The server holds as many connections as it may.</summary>
    ServerFull,

    /// <summary>The server stops.</summary>
    ServerStopped,

    /// <summary>All was answered, and the connection was not to stay.</summary>
    Answered,

    /// <summary>A fault of ours.</summary>
    InternalError,
}
