namespace Mapwire.Server.Playback;

/// <summary>What a message stream of a player does.</summary>
internal enum PlayState : byte
{
    /// <summary>Nothing was asked for, or it was stopped.</summary>
    Idle,

    /// <summary>A play is being opened in place of what was played.</summary>
    Opening,

    /// <summary>Sends by its clock.</summary>
    Playing,

    /// <summary>Its clock stands: the player asked for a pause.</summary>
    Paused,

    /// <summary>All was sent and the next play is still being opened: the player hears nothing of an end meanwhile.</summary>
    Waiting,

    /// <summary>All was sent, or can no longer be, and the player was told so. It may still seek.</summary>
    Ended,
}
