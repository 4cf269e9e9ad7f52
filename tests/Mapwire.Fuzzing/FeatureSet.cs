namespace Mapwire.Fuzzing;

/// <summary>
/// What all cases so far have reached, as numbers: a case that reaches something new is worth varying again. Stands in for the branch
/// coverage that other platforms' fuzzers have.
/// </summary>
public sealed class FeatureSet
{
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    private readonly HashSet<ulong> _seen = [];

    /// <summary>How many different features there were.</summary>
    public int Count => _seen.Count;

    /// <summary>Features that were new since the last call of <see cref="Begin"/>.</summary>
    public int News { get; private set; }

    /// <summary>Starts to count for the next case.</summary>
    public void Begin() => News = 0;

    /// <summary>A feature made of a word and numbers.</summary>
    public void Add(string word, long a = 0, long b = 0, long c = 0) =>
        Add(Mix(Mix(Mix(HashOf(word, false), (ulong)a), (ulong)b), (ulong)c));

    /// <summary>A message without its numbers, and without what it quotes: nearly always one place in the code.</summary>
    public void AddMessage(string message) => Add(HashOf(message, true));

    /// <summary>A number in classes that grow by powers of two.</summary>
    public static int Size(long number) => number < 0 ? -1 : 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)number);

    private void Add(ulong feature)
    {
        if (_seen.Add(feature))
        {
            News++;
        }
    }

    private static ulong HashOf(string text, bool withoutValues)
    {
        // From the first quote to the last one: names that a file made up can have quotes in them.
        int start = withoutValues ? text.IndexOf('\'', StringComparison.Ordinal) : -1;
        int end = text.LastIndexOf('\'');
        ulong hash = Basis;
        for (int i = 0; i < text.Length; i++)
        {
            bool isValue = withoutValues && (char.IsAsciiDigit(text[i]) || (start >= 0 && i >= start && i <= end));
            if (!isValue)
            {
                hash = (hash ^ text[i]) * Prime;
            }
        }

        return hash;
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9E3779B97F4A7C15;
        return hash ^ (hash >> 29);
    }
}
