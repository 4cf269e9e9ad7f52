namespace Mapwire.Server.Sources;

/// <summary>
/// What of a file is here at one moment, for whoever asks about many small ranges beside each other: the windows that were looked at last
/// answer for all that lies in them.
/// </summary>
/// <param name="presence">Of the file; null when all of it counts as here.</param>
/// <param name="now">The moment, in milliseconds of the system's clock that never goes back.</param>
internal ref struct PresenceView(Presence? presence, long now)
{
    private long _from;
    private long _to = presence is null ? long.MaxValue : 0;

    /// <summary>Whether a range can be sent now.</summary>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1, inside the file.</param>
    public bool IsHere(long offset, int length) => (offset >= _from && offset + length <= _to) || Look(offset, length);

    private bool Look(long offset, int length)
    {
        if (!presence!.IsHere(offset, length, now))
        {
            return false;
        }

        (_from, _to) = Presence.WindowsOf(offset, length);
        return true;
    }
}
