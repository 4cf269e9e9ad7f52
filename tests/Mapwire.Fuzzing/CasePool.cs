namespace Mapwire.Fuzzing;

/// <summary>
/// The cases to vary: those to begin with for ever, and the ones that reached something new, until newer ones take their place.
/// </summary>
internal sealed class CasePool
{
    private const int MostKept = 2000;

    private readonly List<FuzzCase> _first = [];
    private readonly List<FuzzCase> _accepted = [];
    private readonly List<FuzzCase> _refused = [];

    /// <summary>Adds a case to begin with.</summary>
    public void Add(FuzzCase seed, bool isAccepted)
    {
        _first.Add(seed);
        if (isAccepted)
        {
            _accepted.Add(seed);
        }
    }

    /// <summary>Keeps a case that reached something new.</summary>
    public void Keep(FuzzCase found, bool isAccepted, Random random)
    {
        List<FuzzCase> kept = isAccepted ? _accepted : _refused;
        if (kept.Count < MostKept)
        {
            kept.Add(found);
        }
        else
        {
            kept[random.Next(MostKept)] = found;
        }
    }

    /// <summary>One of them. Damage on top of damage goes deeper only as long as what is damaged was let through.</summary>
    public FuzzCase Pick(Random random)
    {
        List<FuzzCase> from = random.Next(8) switch { 0 or 1 => _first, 2 => _refused, _ => _accepted };
        if (from.Count == 0)
        {
            from = _first;
        }

        return from[random.Next(from.Count)];
    }
}
