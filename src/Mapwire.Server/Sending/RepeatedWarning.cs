namespace Mapwire.Server.Sending;

/// <summary>
/// Bounds how often one warning is logged: what a flood of clients causes thousands of times a second is one line every ten seconds, with
/// how often it happened. Used by one thread.
/// </summary>
internal struct RepeatedWarning
{
    private const long Interval = 10_000;

    private long _next;
    private long _times;

    /// <summary>Counts an event.</summary>
    /// <param name="now">Milliseconds of a clock that never goes back.</param>
    /// <param name="times">How often it happened since the last line, this time included.</param>
    /// <returns>Whether a line is to be logged now.</returns>
    public bool TryLog(long now, out long times)
    {
        times = ++_times;
        if (now < _next)
        {
            return false;
        }

        _next = now + Interval;
        _times = 0;
        return true;
    }
}
