namespace Mapwire.Media.Tables;

/// <summary>Of samples that come in runs, each described in one place: a <c>trun</c> of many samples, the tag around each.</summary>
/// <param name="structure">What describes a run.</param>
/// <param name="isDistance">Whether runs are known by how far before each of their samples the place is, or else by its offset.</param>
/// <param name="first">Describes the samples before the first run; null when there is none.</param>
internal sealed class RunPlaces(string structure, bool isDistance, SamplePlaces? first = null) : SamplePlaces
{
    private readonly List<(int First, long Value)> _runs = [];

    /// <summary>Begins a run, unless it is described as the one before.</summary>
    /// <param name="sample">Its first sample.</param>
    /// <param name="value">The offset, or the distance.</param>
    internal void Add(int sample, long value)
    {
        if (_runs.Count == 0 || _runs[^1].Value != value)
        {
            _runs.Add((sample, value));
        }
    }

    /// <inheritdoc/>
    internal override FileLocation Of(in TableCursor sample, SampleField fact)
    {
        int index = sample.Index;
        int run = _runs.FindLastIndex(run => run.First <= index);
        if (run < 0 && first is not null)
        {
            return first.Of(sample, fact);
        }

        long value = run < 0 ? 0 : _runs[run].Value;
        return new FileLocation(structure, isDistance ? sample.Offset - value : value);
    }
}
