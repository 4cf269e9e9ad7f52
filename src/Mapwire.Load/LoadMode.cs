namespace Mapwire.Load;

/// <summary>What the players do.</summary>
public enum LoadMode
{
    /// <summary>Watch at the film's speed, and begin again when it is over.</summary>
    Watch,

    /// <summary>Pull as fast as the server sends, by asking for a buffer of ten hours.</summary>
    Fast,

    /// <summary>Connect, play, wait for the first frame, close; and again.</summary>
    Churn,
}
