namespace Mapwire.Load.Players;

/// <summary>How far a player's connection is.</summary>
internal enum PlayerStage
{
    /// <summary>Not connected; perhaps meant to start later.</summary>
    Waiting,

    /// <summary>connect() is under way.</summary>
    Connecting,

    /// <summary>From the handshake to the answer of createStream.</summary>
    Opening,

    /// <summary>play was sent and no frame came yet.</summary>
    Starting,

    /// <summary>Frames come.</summary>
    Playing,
}
