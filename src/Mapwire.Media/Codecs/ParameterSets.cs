using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>Parameter sets of one kind on their way into a configuration: each once, and no more than it can hold.</summary>
/// <param name="most">As many as the record has numbers for, or the standard identifiers.</param>
internal sealed class ParameterSets(int most)
{
    private readonly List<ImmutableArray<byte>> _sets = [];

    internal int Count => _sets.Count;

    internal ImmutableArray<byte> this[int index] => _sets[index];

    /// <param name="unit">The set with its NAL header; one that is too long for a record, or here already, is left out.</param>
    internal void Add(ReadOnlySpan<byte> unit)
    {
        if (_sets.Count == most || unit.Length > ushort.MaxValue)
        {
            return;
        }

        foreach (ImmutableArray<byte> set in _sets)
        {
            if (unit.SequenceEqual(set.AsSpan()))
            {
                return;
            }
        }

        _sets.Add([.. unit]);
    }

    /// <summary>Appends the sets as records have them: <c>{ length(16) | NAL } * n</c>.</summary>
    internal void WriteTo(List<byte> record)
    {
        foreach (ImmutableArray<byte> set in _sets)
        {
            record.AddRange([(byte)(set.Length >> 8), (byte)set.Length]);
            record.AddRange(set.AsSpan());
        }
    }
}
