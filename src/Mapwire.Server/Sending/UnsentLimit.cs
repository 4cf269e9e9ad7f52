namespace Mapwire.Server.Sending;

/// <summary>
/// How many bytes may wait unsent in a socket that is always full: what its path carries in a fraction of a second, measured by what it
/// takes. A seek then waits for that long behind old media, on a slow path as on a fast one; a fixed number of bytes would be seconds on
/// the one and a wake for each frame on the other.
/// </summary>
internal struct UnsentLimit
{
    /// <summary>The least that is asked for, in bytes: some segments, so that the path never waits for us.</summary>
    public const int Min = 16 * 1024;

    /// <summary>The most, in bytes: more than systems hold for a socket on their own.</summary>
    public const int Max = 8 * 1024 * 1024;

    /// <summary>Milliseconds between two measurements.</summary>
    private const long Interval = 250;

    private long _since;
    private long _bytes;
    private int _limit;

    /// <summary>The socket is full for the first time since it had taken everything: what it takes is measured from here.</summary>
    public void Restart(long bytes, long now)
    {
        _since = now;
        _bytes = bytes;
    }

    /// <summary>Takes note that the socket is full again.</summary>
    /// <param name="bytes">All bytes that the socket has taken.</param>
    /// <param name="now">Milliseconds of the loop's clock.</param>
    /// <param name="time">Milliseconds of the path's rate that may wait unsent.</param>
    /// <param name="limit">The new limit, in bytes.</param>
    /// <returns>Whether the limit is to be changed.</returns>
    public bool TryChange(long bytes, long now, long time, out int limit)
    {
        limit = _limit;
        long elapsed = now - _since;
        if (elapsed < Interval)
        {
            return false;
        }

        long rate = (bytes - _bytes) * 1000 / elapsed;
        Restart(bytes, now);
        limit = (int)Math.Clamp(rate * time / 1000, Min, Max);
        if (limit > _limit * 0.8 && limit < _limit * 1.25)
        {
            return false; // close enough; the first measurement of all has what the system's buffer took while it grew, and is far off
        }

        _limit = limit;
        return true;
    }
}
