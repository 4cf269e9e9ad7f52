namespace Mapwire.Media.Mp4.Writing;

/// <summary>Where the sync samples of the pictures are, for I-frame playlists and for seeking by byte.</summary>
public sealed partial class Rendition
{
    /// <summary>The sync samples of the pictures in a segment, in decoding order.</summary>
    /// <param name="segment">Counted from 0.</param>
    /// <returns>Nothing where the first track is sound.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such segment.</exception>
    public IReadOnlyList<SyncPicture> GetSyncPictures(int segment)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(segment);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(segment, Count);
        (long first, long last) = (_firsts[0][segment], _firsts[0][segment + 1]);
        if (first == last || Tracks[0].Source.Kind != TrackKind.Video)
        {
            return [];
        }

        long headers = _lengths[segment] - _payloads[segment];
        long start = IsContiguous ? FindStart(segment) : 0;
        long position = 0; // of the next sample in the payload
        List<SyncPicture> pictures = [];
        TimelineTrack.Enumerator samples = Tracks[0].From(first);
        for (; first < last && samples.MoveNext(); first++)
        {
            TimedSample sample = samples.Current;
            if (sample.IsSync)
            {
                pictures.Add(new SyncPicture(
                    samples.Index, headers + (IsContiguous ? sample.Offset - start : position), sample.Size, sample.PresentationTime));
            }

            position += sample.Size;
        }

        return pictures;
    }

    /// <summary>
    /// A segment of one picture alone, which stands in for those behind it up to the next: what an I-frame playlist lists. No byte range
    /// of a segment would do, since the picture can be decoded only with a <c>moof</c> that says where it is.
    /// </summary>
    /// <param name="picture">One of <see cref="GetSyncPictures"/>.</param>
    /// <param name="duration">Until the next one is presented, in ticks of the first track.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such picture, or the duration does not fit into 32 bits.</exception>
    public PieceList CreatePicture(SyncPicture picture, long duration)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(duration);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(duration, uint.MaxValue);
        TimelineTrack.Enumerator samples = Tracks[0].From(picture.Index);
        samples.MoveNext();
        TimedSample sample = samples.Current with
        {
            DecodeTime = picture.PresentationTime,
            CompositionOffset = 0,
            Duration = duration,
        };
        return new PieceList.Builder()
            .Add(FragmentWriter.WriteRun((uint)Math.Min(uint.MaxValue, picture.Index + 1), Tracks[0], [sample], hasType: true))
            .Add(sample.Offset, sample.Size).Build();
    }

    /// <summary>Where the payload of a contiguous segment begins in the file: with the first sample of one of its tracks.</summary>
    private long FindStart(int segment)
    {
        long start = long.MaxValue;
        for (int i = 0; i < Tracks.Length; i++)
        {
            if (_firsts[i][segment] < _firsts[i][segment + 1])
            {
                TimelineTrack.Enumerator samples = Tracks[i].From(_firsts[i][segment]);
                samples.MoveNext();
                start = Math.Min(start, samples.Current.Offset);
            }
        }

        return start;
    }
}

/// <summary>A picture that decoding can start with, in the answer of a segment.</summary>
/// <param name="Index">The number of the sample on the line, counted from 0.</param>
/// <param name="Offset">Of its first byte, in the segment.</param>
/// <param name="Length">In bytes.</param>
/// <param name="PresentationTime">In ticks of its track.</param>
public readonly record struct SyncPicture(long Index, long Offset, uint Length, long PresentationTime);
