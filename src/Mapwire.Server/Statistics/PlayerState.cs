namespace Mapwire.Server.Statistics;

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
}
