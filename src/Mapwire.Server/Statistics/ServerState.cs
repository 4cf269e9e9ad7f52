namespace Mapwire.Server.Statistics;

/// <summary>How a server is.</summary>
public enum ServerState
{
    /// <summary>It gives signs of life.</summary>
    Running = 0,

    /// <summary>Its process is there and gives none, or one of its workers does not come back: stopped, hung or starved.</summary>
    Stuck = 1,

    /// <summary>Its process is gone, and did not end in order.</summary>
    Dead = 2,
}
