namespace Mapwire.Media.Mp4.Writing;

/// <summary>Samples of a clip's track that lie one behind the other in the file, with one sample description.</summary>
/// <param name="Track">The track's place among the clip's.</param>
/// <param name="Offset">Of the first byte, in the file.</param>
/// <param name="Bytes">In bytes.</param>
/// <param name="Samples">How many there are, at least 1.</param>
/// <param name="Description">Their sample description.</param>
internal readonly record struct ClipChunk(int Track, long Offset, long Bytes, uint Samples, int Description)
{
    /// <summary>
    /// How long a chunk may last before it is cut, so that players of files need not jump: a second, as most writers have it.
    /// </summary>
    private const int MaxSeconds = 1;

    /// <summary>Bytes of tables that a chunk takes: its offset, and its entry of <c>stsc</c> in the worst case.</summary>
    private const int TableBytes = 16;

    /// <summary>The chunks of all tracks in the order of their times.</summary>
    /// <param name="tracks">The clip's.</param>
    /// <param name="most">Bytes of all tables; more chunks than could be in them are refused before they take memory.</param>
    internal static List<ClipChunk> Interleave(List<ClipTrack> tracks, int most)
    {
        List<ClipChunk> chunks = [];
        Source[] sources = [.. tracks.Select(static (track, index) => new Source(track, index))];
        while (true)
        {
            Source? next = null;
            foreach (Source source in sources)
            {
                next = source.HasNext && (next is null || source.IsBefore(next)) ? source : next;
            }

            if (next is null)
            {
                return chunks;
            }

            if (chunks.Count == most / TableBytes)
            {
                string limit = nameof(WritingLimits.MovieBytes);
                throw new Mp4WritingException(Mp4WritingError.LimitExceeded, FormattableString.Invariant(
                    $"there are more than {chunks.Count} chunks, too many for tables of {most} bytes ({limit})"));
            }

            chunks.Add(next.Take());
        }
    }

    /// <summary>The samples of a track that are in no chunk yet.</summary>
    private sealed class Source
    {
        private readonly TimelineTrack _track;
        private readonly int _index;
        private readonly int[] _same;
        private TimelineTrack.Enumerator _samples;

        internal Source(ClipTrack track, int index)
        {
            (_track, _index, _same) = (track.Track, index, SampleEntryWriter.FindSame(track.Track.Source));
            _samples = _track.From(0);
            HasNext = _samples.MoveNext();
        }

        internal bool HasNext { get; private set; }

        internal bool IsBefore(Source other) => (Int128)_samples.Current.DecodeTime * other._track.Timescale
            < (Int128)other._samples.Current.DecodeTime * _track.Timescale;

        internal ClipChunk Take()
        {
            TimedSample first = _samples.Current;
            int description = _same[first.Description];
            long end = first.Offset;
            uint count = 0;
            do
            {
                end += _samples.Current.Size;
                count++;
                HasNext = _samples.MoveNext();
            }
            while (HasNext && _samples.Current.Offset == end && _same[_samples.Current.Description] == description
                && _samples.Current.DecodeTime - first.DecodeTime < (long)_track.Timescale * MaxSeconds);

            return new ClipChunk(_index, first.Offset, end - first.Offset, count, description);
        }
    }
}
