namespace Mapwire.Mutation;

/// <summary>The survivors that are explained in <c>survivors.txt</c>, which says in which form.</summary>
internal sealed class KnownSurvivors
{
    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);

    private KnownSurvivors()
    {
    }

    /// <summary>Reads them.</summary>
    /// <param name="lines">Of the file.</param>
    /// <exception cref="InvalidDataException">A mutant is there without a reason, or a reason without a mutant.</exception>
    public static KnownSurvivors Parse(IEnumerable<string> lines)
    {
        KnownSurvivors known = new();
        string? mutant = null;
        foreach (string line in lines.Where(static line => line.Trim().Length > 0 && line[0] != '#').Append("end"))
        {
            if (char.IsWhiteSpace(line[0]))
            {
                mutant = mutant ?? throw new InvalidDataException($"a reason without a mutant: {line}");
                known._reasons[mutant] = $"{known._reasons.GetValueOrDefault(mutant)} {line.Trim()}".TrimStart();
                continue;
            }

            if (mutant is not null && !known._reasons.ContainsKey(mutant))
            {
                throw new InvalidDataException($"a mutant without a reason: {mutant}");
            }

            mutant = line.Trim();
        }

        return known;
    }

    /// <summary>Why a mutant may survive; null where that is not known.</summary>
    public string? Explain(Mutant mutant) => _reasons.GetValueOrDefault($"{mutant.File}: {mutant.Change}");
}
