namespace Mapwire.Server.Sources;

/// <summary>A window of a file that is wanted in memory.</summary>
/// <param name="source">Whose window it is.</param>
/// <param name="window">Its number.</param>
/// <param name="length">Its bytes, as many as the file had of it when it was asked for.</param>
/// <param name="neededAt">When it will be sent, in milliseconds of the system's clock that never goes back.</param>
/// <param name="wasHere">Whether it has been in memory before, and probably still is.</param>
internal sealed class PresenceRequest(Presence source, int window, int length, long neededAt, bool wasHere)
{
    /// <summary>Whose window it is.</summary>
    public Presence Source { get; } = source;

    /// <summary>Its number.</summary>
    public int Window { get; } = window;

    /// <summary>
    /// Its bytes, as many as the file had of it when it was asked for: it may be closed, and so have no length, before its turn comes.
    /// </summary>
    public int Length { get; } = length;

    /// <summary>When it will be sent, in milliseconds of the system's clock that never goes back.</summary>
    public long NeededAt { get; } = neededAt;

    /// <summary>Whether it has been in memory before, and probably still is.</summary>
    public bool WasHere { get; } = wasHere;

    /// <summary>Who cannot go on without it. Under the source's lock.</summary>
    public List<Action> Waiting { get; } = [];

    /// <summary>Where it begins in the file, in bytes.</summary>
    public long Offset => (long)Window * Presence.WindowLength;
}
