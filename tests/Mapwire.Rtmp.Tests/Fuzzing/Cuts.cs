namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>Where bytes are cut when they arrive in pieces: by chance, but the same for the same bytes.</summary>
internal struct Cuts
{
    private readonly int _longest;
    private ulong _state;

    /// <param name="bytes">What arrives.</param>
    public Cuts(ReadOnlySpan<byte> bytes)
    {
        _state = 0x9E3779B97F4A7C15;
        foreach (byte part in bytes)
        {
            _state = (_state ^ part) * 1099511628211;
        }

        _longest = (Next() % 4) switch { 0 => 1, 1 => 7, 2 => 80, _ => 2000 };
    }

    /// <summary>How many bytes come next.</summary>
    /// <param name="left">How many there are.</param>
    public int Take(int left) => (int)Math.Min((ulong)left, 1 + Next() % (ulong)_longest);

    /// <summary>A number that the bytes decide.</summary>
    public ulong Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 7;
        _state ^= _state << 17;
        return _state;
    }
}
