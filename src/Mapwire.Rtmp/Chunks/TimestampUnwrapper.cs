namespace Mapwire.Rtmp.Chunks;

/// <summary>Extends 32-bit millisecond timestamps to 64 bits (they wrap after 49.7 days; RTMP 1.0, section 5.3.1).</summary>
/// <remarks>Two neighbours are taken to lie less than 2^31 ms apart, forwards or backwards: serial number arithmetic.</remarks>
public struct TimestampUnwrapper
{
    private bool _started;

    /// <summary>The last result, in milliseconds; 0 before the first.</summary>
    public long Current { get; private set; }

    /// <summary>The 64-bit time nearest to the one before whose low 32 bits are <paramref name="timestamp"/>.</summary>
    public long Unwrap(uint timestamp)
    {
        Current = _started ? Current + (int)(timestamp - (uint)Current) : timestamp;
        _started = true;
        return Current;
    }

    /// <summary>Takes the next time for one near to this, as after a seek.</summary>
    public void Reset(long near)
    {
        Current = near;
        _started = true;
    }

    /// <summary>Forgets the past: the next time is below 2^32.</summary>
    public void Reset()
    {
        Current = 0;
        _started = false;
    }
}
