namespace Mapwire.Server.Playback;

/// <summary>
/// Bounds the log lines that one client causes: some at once, and then one a second. A client can ask for thousands of titles a second, and
/// each line is some hundred bytes of disk.
/// </summary>
internal struct LineBudget
{
    private const long Interval = 1000;

    /// <summary>How many lines at once: more than any viewer causes by choosing.</summary>
    private const int Burst = 20;

    private long _paidUntil; // each line moves it by an interval; a burst lies between it and now

    /// <summary>Lines that were left out since the last one.</summary>
    public int LeftOut { get; private set; }

    /// <summary>Whether a line may be written now.</summary>
    /// <param name="now">The worker's clock.</param>
    /// <param name="leftOut">How many were left out before it.</param>
    public bool TryTake(long now, out int leftOut)
    {
        leftOut = LeftOut;
        _paidUntil = Math.Max(_paidUntil, now);
        if (_paidUntil - now > (Burst - 1) * Interval)
        {
            LeftOut++;
            return false;
        }

        _paidUntil += Interval;
        LeftOut = 0;
        return true;
    }
}
