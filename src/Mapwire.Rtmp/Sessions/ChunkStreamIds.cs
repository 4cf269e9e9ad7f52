namespace Mapwire.Rtmp.Sessions;

/// <summary>Which chunk stream carries what, from a server; and the media of a client that publishes.</summary>
/// <remarks>
/// Every message starts with a type 0 header and is written whole, so message streams can share these: an id says only which
/// header a type 3 chunk continues.
/// </remarks>
public static class ChunkStreamIds
{
    /// <summary>Protocol and user control (2, by RTMP 1.0, section 5.4).</summary>
    public const int Control = 2;

    /// <summary>Commands of the connection: _result, _error.</summary>
    public const int Command = 3;

    /// <summary>Commands and data of a message stream: onStatus, onMetaData, onPlayStatus.</summary>
    public const int Stream = 5;

    /// <summary>Audio.</summary>
    public const int Audio = 6;

    /// <summary>Video.</summary>
    public const int Video = 7;
}
