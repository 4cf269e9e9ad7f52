using System.Globalization;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>A track of a <see cref="Timeline"/>: its samples with times that need no edit list. Immutable once the line is made.</summary>
public sealed class TimelineTrack
{
    /// <summary>
    /// Decode times are moved back by at most this many seconds where pictures would be presented before they are decoded. More is damage:
    /// such pictures are presented when they are decoded.
    /// </summary>
    private const int MaxLeadSeconds = 1;

    private readonly WritingLimits _limits;
    private readonly bool _hasEditList;
    private readonly long _lead; // taken off decode times, so that nothing is presented before it is decoded
    private long _shift; // added to all times
    private (long Decode, long Presentation)[] _hidden = []; // of the first samples, where some of them are not to be shown

    /// <param name="source">A track that can be played.</param>
    /// <param name="id">Its number in what is written.</param>
    /// <param name="limits">What is refused.</param>
    /// <param name="hasEditList">Whether an edit list will hide what is not to be shown; else it is put right before what is.</param>
    internal TimelineTrack(Track source, uint id, WritingLimits limits, bool hasEditList = false)
    {
        (Source, Id, _limits, _hasEditList) = (source, id, limits, hasEditList);
        Count = source.Samples.Count;
        _lead = source.Kind == TrackKind.Video ? FindLead() : 0;
        Hide(source.PresentationStart);
    }

    /// <summary>The track as it was read.</summary>
    public Track Source { get; }

    /// <summary>The number of the track in what is written (<c>track_ID</c>), from 1.</summary>
    public uint Id { get; }

    /// <summary>Ticks a second, as in the file.</summary>
    public uint Timescale => Source.Timescale;

    /// <summary>The index in the file's track of the first sample on the line.</summary>
    public long First { get; private set; }

    /// <summary>How many samples there are on the line.</summary>
    public long Count { get; private set; }

    /// <summary>The first samples that only a decoder needs: each is presented for one tick, right before what is shown.</summary>
    public int HiddenCount { get; private set; }

    /// <summary>Whether all samples of the track are on the line.</summary>
    internal bool IsWhole => First == 0 && Count == Source.Samples.Count;

    /// <summary>The decode time of the first sample on the line, before <see cref="Place"/>.</summary>
    internal long Earliest => _hidden.Length > 0 ? _hidden[0].Decode : Source.Samples[First].DecodeTime - _lead;

    /// <summary>Goes through the samples from one on.</summary>
    /// <param name="index">Counted from 0, the first sample on the line.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    public Enumerator From(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return new Enumerator(this, index);
    }

    /// <summary>Goes through all samples.</summary>
    public Enumerator GetEnumerator() => From(0);

    /// <summary>Leaves the samples of a piece, with those that its first picture needs.</summary>
    /// <param name="start">In ticks of the presentation; null for its start.</param>
    /// <param name="end">In ticks of the presentation; null for its end.</param>
    internal void Cut(long? start, long? end)
    {
        SampleTable samples = Source.Samples;
        bool isVideo = Source.Kind == TrackKind.Video;
        long first = start is { } from ? isVideo ? SyncAt(from) : SoundAt(from) : 0;
        long last = end is { } to && !isVideo ? samples.IndexAt(to) : samples.Count;
        if (isVideo && end is { } until)
        {
            // Later samples are needed by none that is kept, since references go backward in decoding order.
            last = first;
            SampleTable.Enumerator at = samples.From(first);
            for (long index = first; at.MoveNext() && at.Current.DecodeTime - _lead < until; index++)
            {
                last = Presentation(at.Current) < until ? index + 1 : last;
            }
        }

        (First, Count) = (first, Math.Max(0, last - first));
        if (isVideo && Count > 0)
        {
            Hide(Math.Max(start ?? long.MinValue, Source.PresentationStart));
        }
    }

    /// <summary>Moves all times by one constant.</summary>
    /// <param name="shift">In ticks.</param>
    internal void Place(Int128 shift)
    {
        Int128 first = Earliest + shift;
        Int128 last = Source.Samples[First + Count - 1].DecodeTime + shift;
        if (first < 0 || last > Timeline.MaxTime || shift < -Timeline.MaxTime || shift > Timeline.MaxTime)
        {
            throw Refuse(Mp4WritingError.TimeOutOfRange, $"its last decode time is {last}, more than 2^61");
        }

        _shift = (long)shift;
    }

    internal Mp4WritingException Refuse(Mp4WritingError error, FormattableString reason) =>
        Mp4WritingException.OfTrack(error, Source, reason.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// How much the decode times must be earlier for no picture to be presented before it is decoded. FLV files say so of theirs, since
    /// their players want the times of the tags.
    /// </summary>
    private long FindLead()
    {
        long lowest = 0;
        (long before, long last) = (0, 0); // of the last two samples; some writers leave nonsense there
        foreach (Sample sample in Source.Samples)
        {
            lowest = Math.Min(lowest, before);
            (before, last) = (last, sample.PresentationTime < Source.PresentationStart ? 0 : sample.CompositionOffset);
        }

        if (lowest < 0 && !Source.Samples.IsOneEdit)
        {
            throw Refuse(Mp4WritingError.HiddenPictures,
                $"an edit begins behind pictures that it needs, {-lowest} ticks before the edit: only an edit list could hide them");
        }

        return Math.Min(-lowest, (long)Timescale * MaxLeadSeconds);
    }

    private long Presentation(in Sample sample) => Math.Max(sample.PresentationTime, sample.DecodeTime - _lead);

    /// <summary>The last sync sample that is decoded and presented at or before a time; the first sample when there is none.</summary>
    private long SyncAt(long time)
    {
        const int MaxTries = 64; // files where all are presented that much later are damaged
        SampleTable samples = Source.Samples;
        long index = samples.IndexAt(time == long.MaxValue ? time : time + 1) - 1;
        for (int i = 0; index > 0; i++)
        {
            index = samples.SyncAtOrBefore(index);
            if (index <= 0 || i == MaxTries || samples[index].PresentationTime <= time)
            {
                break;
            }

            index--;
        }

        return Math.Max(0, index);
    }

    /// <summary>
    /// The first sound at or after a time. Where an edit list can hide it, the packet that the time falls into comes first, and the one
    /// before that, which decoders overlap with it.
    /// </summary>
    private long SoundAt(long time)
    {
        long index = Source.Samples.IndexAt(time);
        bool isExact = index < Source.Samples.Count && Source.Samples[index].DecodeTime == time;
        return _hasEditList ? Math.Max(0, index - (isExact ? 1 : 2)) : index;
    }

    /// <summary>
    /// Puts the pictures that are not to be shown right before the first that is, a tick each in their order. No player of fragments can be
    /// told to hide them without an edit list, and most ignore those.
    /// </summary>
    private void Hide(long start)
    {
        _hidden = [];
        HiddenCount = 0;
        if (Source.Kind != TrackKind.Video || _hasEditList || Count == 0)
        {
            return;
        }

        List<(long Decode, long Presentation)> times = [];
        int length = 0;
        SampleTable.Enumerator samples = Source.Samples.From(First);
        while (times.Count < Count && samples.MoveNext() && samples.Current.DecodeTime - _lead < start)
        {
            if (times.Count == _limits.HiddenPictures)
            {
                string name = nameof(WritingLimits.HiddenPictures);
                throw Refuse(Mp4WritingError.LimitExceeded,
                    $"more than {_limits.HiddenPictures} pictures come before the first that is shown ({name})");
            }

            times.Add((samples.Current.DecodeTime - _lead, Presentation(samples.Current)));
            length = times[^1].Presentation < start ? times.Count : length;
        }

        int[] order = [.. Enumerable.Range(0, length).Where(index => times[index].Presentation < start)
            .OrderBy(index => times[index].Presentation)];
        if (order.Length == 0)
        {
            return;
        }

        _hidden = [.. times.Take(length)];
        for (int rank = 0; rank < order.Length; rank++)
        {
            _hidden[order[rank]].Presentation = start - order.Length + rank;
        }

        // Decoding follows in the same steps: before the next sample, and not after a picture is presented.
        long limit = length < Count ? Source.Samples[First + length].DecodeTime - _lead : start;
        for (int i = length - 1; i >= 0; i--)
        {
            limit = Math.Min(limit - 1, _hidden[i].Presentation);
            _hidden[i].Decode = limit;
        }

        HiddenCount = order.Length;
    }

    /// <summary>Goes through the samples of a track.</summary>
    public struct Enumerator
    {
        private readonly TimelineTrack _track;
        private SampleTable.Enumerator _samples;
        private Sample _next;
        private long _index; // of the next sample
        private bool _hasNext;

        internal Enumerator(TimelineTrack track, long index)
        {
            _track = track;
            _index = index;
            _samples = track.Source.Samples.From(track.First + index);
            _hasNext = _samples.MoveNext();
            _next = _hasNext ? _samples.Current : default;
        }

        /// <summary>The sample that <see cref="MoveNext"/> went to.</summary>
        public TimedSample Current { get; private set; }

        /// <summary>The number of <see cref="Current"/> on the line, counted from 0.</summary>
        public readonly long Index => _index - 1;

        /// <summary>Goes to the next sample.</summary>
        /// <returns>False after the last one.</returns>
        public bool MoveNext()
        {
            if (_index >= _track.Count)
            {
                return false;
            }

            Sample sample = _next;
            (long decode, long presentation) = TimesOf(sample, _index);
            _index++;
            _hasNext = _hasNext && _samples.MoveNext();
            long duration;
            if (_hasNext)
            {
                _next = _samples.Current;
                duration = TimesOf(_next, _index).Decode - decode;
            }
            else
            {
                duration = _track.Source.Samples.LastDuration;
            }

            Current = new TimedSample(
                decode, Math.Max(0, duration), presentation - decode, sample.Offset, sample.Size, sample.IsSync, sample.Description);
            return true;
        }

        private readonly (long Decode, long Presentation) TimesOf(in Sample sample, long index)
        {
            TimelineTrack track = _track;
            if (index < track._hidden.Length)
            {
                return (track._hidden[index].Decode + track._shift, track._hidden[index].Presentation + track._shift);
            }

            return (sample.DecodeTime - track._lead + track._shift, track.Presentation(sample) + track._shift);
        }
    }
}
