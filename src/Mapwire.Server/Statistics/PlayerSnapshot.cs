using System.Net;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Statistics;

/// <summary>A player as it was at a moment.</summary>
/// <param name="Id">Never given twice by one server.</param>
/// <param name="Peer">Its address; null if it was gone before it was looked at.</param>
/// <param name="Protocol">By what it is sent it.</param>
/// <param name="Title">What it is sent or was sent last, of a playlist the item; null for nothing yet. As the file is called: clean it
/// before it is shown.</param>
/// <param name="State">What it is at.</param>
/// <param name="Position">Where in the title its clock is; before what is sent of it, at 0 or later, while it still shows the item
/// before.</param>
/// <param name="BufferLead">Media it was sent ahead of its clock; negative when it waits for some. What a slow network holds back counts
/// as sent.</param>
/// <param name="Bytes">All that was sent to it, headers included.</param>
/// <param name="BytesPerSecond">Of the last seconds.</param>
/// <param name="Stalls">How often it ran out of media by more than 100 ms in this title.</param>
/// <param name="Connected">Since when it is connected.</param>
/// <param name="Played">Since when it plays the title.</param>
/// <param name="Silence">Since when nothing was sent to it.</param>
/// <param name="IsBlocked">Whether its socket is full: it does not read, or its network does not take more.</param>
public sealed record PlayerSnapshot(
    long Id, IPEndPoint? Peer, PlayerProtocol Protocol, string? Title, PlayerState State, TimeSpan Position, TimeSpan BufferLead,
    long Bytes, double BytesPerSecond, int Stalls, TimeSpan Connected, TimeSpan Played, TimeSpan Silence, bool IsBlocked)
{
    /// <summary>
    /// How long the oldest message was there that was sent to it last, from its arrival to its last byte with the system; null unless it
    /// watches a live stream at its newest end, and something has come since it does.
    /// </summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>The longest one of the last 5 to 10 s; null as <see cref="Latency"/> is.</summary>
    public TimeSpan? WorstLatency { get; init; }

    /// <summary>How far what it was sent is behind the newest message of its live stream; null where it watches none.</summary>
    public TimeSpan? Lag { get; init; }
}

/// <summary>By what a player is sent its title, encrypted or not.</summary>
public enum PlayerProtocol
{
    /// <summary>RTMP.</summary>
    Rtmp = 0,

    /// <summary>FLV as the body of an HTTP answer.</summary>
    Flv = 1,

    /// <summary>FLV in WebSocket frames.</summary>
    WebSocketFlv = 2,

    /// <summary>Segments of HLS.</summary>
    Hls = 3,

    /// <summary>Segments of DASH.</summary>
    Dash = 4,

    /// <summary>MP4 that is made of the file: all of it, or a piece.</summary>
    Mp4 = 5,

    /// <summary>The file itself, or ranges of it.</summary>
    File = 6,
}

/// <summary>What a player is at.</summary>
public enum PlayerState
{
    /// <summary>Connected, and has not played anything yet.</summary>
    Connected = 0,

    /// <summary>Plays.</summary>
    Playing = 1,

    /// <summary>Paused.</summary>
    Paused = 2,

    /// <summary>Was sent all of it.</summary>
    Ended = 3,

    /// <summary>Publishes a live stream: its bytes are those that came.</summary>
    Publishing = 4,
}
