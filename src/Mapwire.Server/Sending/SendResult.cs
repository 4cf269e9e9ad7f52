namespace Mapwire.Server.Sending;

/// <summary>How a gather send ended.</summary>
internal enum SendResult
{
    /// <summary>The system took bytes (perhaps not all).</summary>
    Sent,

    /// <summary>The socket is full: wait until it is writable.</summary>
    Blocked,

    /// <summary>The mapped pages are gone: the file was truncated or cannot be read.</summary>
    SourceLost,

    /// <summary>The connection is gone.</summary>
    Disconnected,
}
