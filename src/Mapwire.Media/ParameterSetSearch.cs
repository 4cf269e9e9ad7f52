namespace Mapwire.Media;

/// <summary>
/// Completes the configurations of a movie whose parameter sets are only in its samples (<c>avc3</c>, <c>hev1</c>): for each it wants the
/// beginning of the first sample that decoding can start with.
/// </summary>
internal sealed class ParameterSetSearch
{
    /// <summary>
    /// As much of a sample as is looked at: the sets come before the picture, and with whatever a writer puts around them.
    /// </summary>
    private const int GlanceLength = 64 << 10;

    private readonly List<Glance> _glances = [];
    private int _next;

    /// <param name="movie">Is not anyone else's yet: its tracks are changed.</param>
    /// <param name="cancellation">Looked at between tracks.</param>
    internal ParameterSetSearch(Movie movie, CancellationToken cancellation)
    {
        Movie = movie;
        foreach (Track track in movie.Tracks)
        {
            HashSet<int> incomplete =
                [.. Enumerable.Range(0, track.Codecs.Length).Where(description => track.Codecs[description].IsIncomplete)];
            if (incomplete.Count == 0)
            {
                continue;
            }

            cancellation.ThrowIfCancellationRequested();
            SampleTable.Enumerator samples = track.Samples.GetEnumerator();
            while (incomplete.Count > 0 && samples.MoveNext())
            {
                Sample sample = samples.Current;
                if (sample is { IsSync: true, Size: > 0 } && incomplete.Remove(sample.Description))
                {
                    _glances.Add(new Glance(track, sample, samples.FindLocation(SampleField.Offset, out _)));
                }
            }
        }
    }

    internal Movie Movie { get; }

    /// <summary>What says where the sample is that is wanted, or was read last; null when none is missed.</summary>
    internal FileLocation? Place => _glances.Count == 0 ? null : _glances[Math.Min(_next, _glances.Count - 1)].Place;

    internal bool TryGetNext(out long offset, out int length)
    {
        (offset, length) = _next < _glances.Count
            ? (_glances[_next].Sample.Offset, (int)Math.Min(_glances[_next].Sample.Size, GlanceLength))
            : (0, 0);
        return length > 0;
    }

    /// <param name="bytes">Exactly as many as <see cref="TryGetNext"/> said.</param>
    /// <exception cref="ArgumentException">They are more or fewer.</exception>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        if (!TryGetNext(out _, out int length) || bytes.Length != length)
        {
            throw new ArgumentException($"Expected exactly {length} bytes.", nameof(bytes));
        }

        (Track track, Sample sample, _) = _glances[_next++];
        if (track.Codecs[sample.Description].CompleteFrom(bytes) is { } complete)
        {
            track.SetCodec(sample.Description, complete);
        }
    }

    private sealed record Glance(Track Track, Sample Sample, FileLocation Place);
}
