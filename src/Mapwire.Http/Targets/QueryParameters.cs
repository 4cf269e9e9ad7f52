using System.Collections;

namespace Mapwire.Http.Targets;

/// <summary>The name and value pairs of a query in their order, decoded once: <c>&amp;</c> between pairs, <c>+</c> for a space.</summary>
/// <remarks>
/// As browsers write forms (WHATWG URL, section 5.1). Pairs are split before they are decoded, so <c>%26</c> and <c>%3D</c> are part of a
/// value. Unlike
/// <c>QueryCollection</c>, what cannot be decoded is refused instead of kept as it is.
/// </remarks>
public sealed class QueryParameters : IReadOnlyList<KeyValuePair<string, string>>
{
    /// <summary>The most parameters: many times what any resource here knows.</summary>
    public const int MaxCount = 64;

    /// <summary>No parameters.</summary>
    public static readonly QueryParameters Empty = new([]);

    private readonly List<KeyValuePair<string, string>> _pairs;

    private QueryParameters(List<KeyValuePair<string, string>> pairs)
    {
        _pairs = pairs;
    }

    /// <inheritdoc/>
    public int Count => _pairs.Count;

    /// <inheritdoc/>
    public KeyValuePair<string, string> this[int index] => _pairs[index];

    /// <summary>The value of the first parameter of a name; null when there is none.</summary>
    /// <param name="name">The name; case counts.</param>
    public string? GetValue(string name)
    {
        foreach ((string found, string value) in _pairs)
        {
            if (found == name)
            {
                return value;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _pairs.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Splits and decodes a query.</summary>
    /// <param name="query">What stands behind the '?'.</param>
    /// <param name="parameters">Its parameters; empty when it is refused.</param>
    internal static TargetRefusal Parse(ReadOnlySpan<byte> query, out QueryParameters parameters)
    {
        parameters = Empty;
        List<KeyValuePair<string, string>> pairs = [];
        foreach (Range range in query.Split((byte)'&'))
        {
            ReadOnlySpan<byte> pair = query[range];
            if (pair.IsEmpty)
            {
                continue;
            }

            if (pairs.Count == MaxCount)
            {
                return TargetRefusal.TooManyParameters;
            }

            int equals = pair.IndexOf((byte)'=');
            TargetRefusal refusal = PercentEncoding.Decode(equals < 0 ? pair : pair[..equals], isForm: true, out string name);
            string value = "";
            if (refusal == TargetRefusal.None && equals >= 0)
            {
                refusal = PercentEncoding.Decode(pair[(equals + 1)..], isForm: true, out value);
            }

            if (refusal != TargetRefusal.None)
            {
                return refusal;
            }

            pairs.Add(new KeyValuePair<string, string>(name, value));
        }

        parameters = pairs.Count == 0 ? Empty : new QueryParameters(pairs);
        return TargetRefusal.None;
    }
}
