namespace Mapwire.Server.Sending;

/// <summary>A rate limit: bytes that may be sent, growing with time up to a burst of what comes in <see cref="Burst"/>.</summary>
/// <remarks>
/// A send may overdraw it by the message that it cuts last; the debt is waited off. Who finds it empty looks again at its next wake,
/// by when that much has come.
/// </remarks>
internal struct TokenBucket
{
    /// <summary>Seconds; no less than from one wake of a player to the next, or it would not get its rate.</summary>
    public const double Burst = 1.2;

    private readonly long _perSecond;
    private double _bytes;
    private long _since;

    /// <param name="perSecond">Bytes a second; null for no limit.</param>
    /// <param name="now">Milliseconds of the worker's clock.</param>
    public TokenBucket(long? perSecond, long now)
    {
        _perSecond = perSecond ?? 0;
        _bytes = _perSecond * Burst;
        _since = now;
    }

    /// <summary>How many bytes may be sent now; not positive: none.</summary>
    public long Available(long now)
    {
        if (_perSecond == 0)
        {
            return long.MaxValue;
        }

        _bytes = Math.Min(_perSecond * Burst, _bytes + ((now - _since) * (_perSecond / 1000.0)));
        _since = now;
        return (long)_bytes;
    }

    /// <summary>Takes note of sent bytes.</summary>
    public void Consume(long bytes) => _bytes -= _perSecond == 0 ? 0 : bytes;
}
