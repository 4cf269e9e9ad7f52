namespace Mapwire.Http.Tests.Fuzzing;

/// <summary>Where bytes are cut when they arrive in pieces: by chance, but the same for the same bytes.</summary>
internal sealed class Cuts
{
    private readonly Random _random;
    private readonly int _longest;

    /// <param name="bytes">What arrives.</param>
    public Cuts(ReadOnlySpan<byte> bytes)
    {
        int seed = 17;
        foreach (byte value in bytes)
        {
            seed = unchecked(seed * 31 + value);
        }

        _random = new Random(seed);
        _longest = _random.Next(4) switch { 0 => 1, 1 => 4, 2 => 40, _ => 2000 };
    }

    /// <summary>How many bytes come next.</summary>
    public int Next() => 1 + _random.Next(_longest);
}
