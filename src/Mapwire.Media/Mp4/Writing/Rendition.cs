using System.Collections.Immutable;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// The answers for some tracks of a <see cref="SegmentPlan"/>: init segments, media segments with their exact sizes, and what playlists
/// say of them. Immutable; any number of threads may use it. A segment's headers are made when it is asked for, in time that grows with
/// its samples alone; the payload is never touched.
/// </summary>
public sealed partial class Rendition
{
    private readonly long[][] _firsts; // of each track: the first sample of each segment, and the end
    private readonly long[] _lengths; // of each segment, headers and payload
    private readonly long[] _payloads; // of each segment
    private readonly long[] _starts; // of each segment and the end: in ticks of the first track
    private readonly int[] _numbers; // of the tracks in the timeline
    private readonly int[][] _descriptions; // of each track: those that samples use

    internal Rendition(SegmentPlan plan, int[] numbers)
    {
        (Plan, _numbers) = (plan, numbers);
        Tracks = [.. numbers.Select(number => plan.Timeline.Tracks[number])];
        _descriptions = [.. Tracks.Select(static track => SampleEntryWriter.FindSame(track.Source).Distinct().ToArray())];
        _firsts = [.. numbers.Select(plan.FirstsOf)];
        if (InterleavedCut.TryFind(plan, Tracks, _firsts, numbers, out long[][]? interleaved, out string? reason))
        {
            _firsts = interleaved!;
            IsContiguous = true;
        }

        WhyGathered = reason;
        _lengths = new long[plan.Count];
        _payloads = new long[plan.Count];
        _starts = new long[plan.Count + 1];
        Measure();
    }

    /// <summary>The plan that this is a part of.</summary>
    public SegmentPlan Plan { get; }

    /// <summary>The tracks, pictures first.</summary>
    public ImmutableArray<TimelineTrack> Tracks { get; }

    /// <summary>
    /// Whether the payload of each segment is one range of the file, cut by position: a few bytes of header, and one call to send the
    /// rest. Else samples are gathered track by track.
    /// </summary>
    public bool IsContiguous { get; }

    /// <summary>Why segments are gathered, a clause without a full stop; null where they are contiguous.</summary>
    public string? WhyGathered { get; }

    /// <summary>How many segments there are; some may be empty where a track begins late or ends early.</summary>
    public int Count => _lengths.Length;

    /// <summary>The exact bytes of a segment with its headers.</summary>
    /// <param name="segment">Counted from 0.</param>
    public long GetLength(int segment) => _lengths[segment];

    /// <summary>
    /// Whether no track has a sample in a segment: its answer has headers alone, with a <c>traf</c> without samples for each track.
    /// </summary>
    /// <param name="segment">Counted from 0.</param>
    public bool IsEmpty(int segment) => Array.TrueForAll(_firsts, firsts => firsts[segment] == firsts[segment + 1]);

    /// <summary>When a segment begins to be presented, in ticks of the first of <see cref="Tracks"/>.</summary>
    /// <param name="segment">Counted from 0; <see cref="Count"/> for the end of the last.</param>
    public long GetStart(int segment) => _starts[segment];

    /// <summary>The init segment of a period: <c>ftyp</c> and <c>moov</c>.</summary>
    /// <param name="period">See <see cref="SegmentPlan.GetPeriod"/>.</param>
    public ReadOnlyMemory<byte> CreateInit(int period = 0)
    {
        (TimelineTrack, int[])[] tracks = new (TimelineTrack, int[])[Tracks.Length];
        for (int i = 0; i < tracks.Length; i++)
        {
            tracks[i] = (Tracks[i], [Plan.Periods == 0 ? 0 : Math.Max(0, Plan.DescriptionOf(_numbers[i], period))]);
        }

        return InitSegment.Create(tracks);
    }

    /// <summary>A media segment: <c>styp</c>, <c>moof</c>, and an <c>mdat</c> of ranges of the file.</summary>
    /// <param name="segment">Counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such segment.</exception>
    public PieceList CreateSegment(int segment) => Create(segment, (uint)segment + 1, null);

    /// <summary>How long all segments are presented.</summary>
    internal TimeSpan Duration => Ticks.ToTimeSpan(Plan.GetStart(Count) - Plan.GetStart(0), Plan.Timeline.Reference.Timescale);

    /// <summary>The init segment for all periods together.</summary>
    /// <param name="duration">How long all that follows it is.</param>
    internal ReadOnlyMemory<byte> CreateStreamInit(TimeSpan? duration) =>
        InitSegment.Create([.. Tracks.Select((track, index) => (track, _descriptions[index]))], duration);

    /// <summary>A media segment behind one init segment for all periods: it needs no <c>styp</c>, and names its descriptions.</summary>
    /// <param name="segment">Counted from 0.</param>
    /// <param name="sequence">The fragment's number in the stream, from 1.</param>
    /// <param name="shifts">What is added to the decode times of each track, in its ticks.</param>
    /// <param name="tails">How much longer the last sample of each track lasts, in its ticks.</param>
    internal PieceList CreateStreamSegment(int segment, uint sequence, long[] shifts, long[] tails) =>
        Create(segment, sequence, shifts, tails);

    /// <summary>Whether a track has the same sample descriptions as that of another film, in their order.</summary>
    internal bool HasSameDescriptions(Rendition other, int track)
    {
        (int[] own, int[] others) = (_descriptions[track], other._descriptions[track]);
        return own.Length == others.Length && own.Zip(others).All(pair => SampleEntryWriter.IsSame(
            Tracks[track].Source, pair.First, other.Tracks[track].Source, pair.Second));
    }

    /// <summary>
    /// When the first sample of a track is decoded, and when decoding of the last one in a segment ends; in ticks of the track.
    /// </summary>
    internal (long First, long End) GetDecodeTimes(int track)
    {
        TimelineTrack.Enumerator first = Tracks[track].From(0);
        first.MoveNext();
        if (_firsts[track][^1] == 0)
        {
            return (first.Current.DecodeTime, first.Current.DecodeTime); // nothing of it is whole yet
        }

        TimelineTrack.Enumerator last = Tracks[track].From(_firsts[track][^1] - 1);
        last.MoveNext();
        return (first.Current.DecodeTime, last.Current.DecodeTime + last.Current.Duration);
    }

    /// <summary>The bytes of a segment in one stream of all.</summary>
    /// <param name="segment">Counted from 0.</param>
    /// <param name="tails">How much longer the last sample of each track lasts, in its ticks.</param>
    internal long GetStreamLength(int segment, long[] tails)
    {
        long length = _lengths[segment] - FragmentWriter.TypeLength;
        for (int i = 0; i < Tracks.Length; i++)
        {
            length += IsWritten(i, segment) && DescriptionOf(i, segment, isOfStream: true) != 1 ? 4 : 0;
            if (tails[i] > 0 && HasLast(i, segment))
            {
                length += MeasureShape(i, segment, tails[i]).GetLength(hasDescription: false)
                    - MeasureShape(i, segment, 0).GetLength(hasDescription: false);
            }
        }

        return length;
    }

    private FragmentShape MeasureShape(int track, int segment, long tail)
    {
        FragmentShape shape = new(Tracks[track], IsContiguous);
        long count = _firsts[track][segment + 1] - _firsts[track][segment];
        TimelineTrack.Enumerator samples = Tracks[track].From(_firsts[track][segment]);
        while (shape.Count < count && samples.MoveNext())
        {
            shape.Add(WithTail(samples.Current, shape.Count == count - 1 ? tail : 0));
        }

        return shape;
    }

    private static TimedSample WithTail(in TimedSample sample, long tail) => sample with { Duration = sample.Duration + tail };

    /// <summary>Whether the last sample of a track is in a segment.</summary>
    private bool HasLast(int track, int segment) => _firsts[track][segment] < _firsts[track][segment + 1]
        && _firsts[track][segment + 1] == _firsts[track][^1];

    /// <param name="segment">Counted from 0.</param>
    /// <param name="sequence">The fragment's number.</param>
    /// <param name="shifts">What is added to the decode times of each track of a stream; null for a segment of its own.</param>
    /// <param name="tails">How much longer the last sample of each track lasts; null for a segment of its own.</param>
    private PieceList Create(int segment, uint sequence, long[]? shifts, long[]? tails = null)
    {
        bool isOfStream = shifts is not null;
        ArgumentOutOfRangeException.ThrowIfNegative(segment);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(segment, Count);
        List<FragmentTrack> tracks = [];
        PieceList.Builder body = new();
        PieceList.Builder ranges = new();
        long start = long.MaxValue;
        long end = 0;
        for (int i = 0; i < Tracks.Length; i++)
        {
            (long first, long last) = (_firsts[i][segment], _firsts[i][segment + 1]);
            if (!IsWritten(i, segment))
            {
                continue;
            }

            FragmentShape shape = new(Tracks[i], IsContiguous);
            long tail = tails is not null && HasLast(i, segment) ? tails[i] : 0;
            TimelineTrack.Enumerator samples = first < last ? Tracks[i].From(first) : default;
            while (shape.Count < last - first && samples.MoveNext())
            {
                TimedSample sample = samples.Current;
                shape.Add(WithTail(sample, shape.Count == last - first - 1 ? tail : 0));
                start = Math.Min(start, sample.Offset);
                end = Math.Max(end, sample.Offset + sample.Size);
                if (!IsContiguous)
                {
                    ranges.Add(sample.Offset, sample.Size);
                }
            }

            tracks.Add(new FragmentTrack(Tracks[i], first, shape, DescriptionOf(i, segment, isOfStream), shifts?[i] ?? 0)
            {
                Start = Timeline.Round((Int128)_starts[segment] * Tracks[i].Timescale, Tracks[0].Timescale),
                Tail = tail,
            });
        }

        bool isRange = IsContiguous && !IsEmpty(segment);
        if (isRange)
        {
            ranges.Add(start, end - start);
        }

        body.Add(FragmentWriter.Write(sequence, tracks.ToArray(), isRange ? start : null, ranges.Length, !isOfStream));
        foreach (Piece piece in ranges.Build())
        {
            body.Add(piece.Offset, piece.Length);
        }

        return body.Build();
    }

    /// <summary>Whether a segment has a <c>traf</c> of a track: of those with samples, or of all where there are none.</summary>
    private bool IsWritten(int track, int segment) => _firsts[track][segment] < _firsts[track][segment + 1] || IsEmpty(segment);

    /// <summary>The number of a segment's sample description in its init segment, counted from 1.</summary>
    private int DescriptionOf(int track, int segment, bool isOfStream) => isOfStream && !IsEmpty(segment)
        ? Array.IndexOf(_descriptions[track], Plan.DescriptionOf(_numbers[track], Plan.GetPeriod(segment))) + 1
        : 1;

    /// <summary>Walks through all samples once: takes the sizes and times of all segments.</summary>
    private void Measure()
    {
        int[] samplesOf = new int[Count];
        for (int i = 0; i < Tracks.Length; i++)
        {
            TimelineTrack.Enumerator samples = Tracks[i].From(0);
            long end = 0;
            for (int segment = 0; segment < Count; segment++)
            {
                FragmentShape shape = new(Tracks[i], IsContiguous);
                long count = _firsts[i][segment + 1] - _firsts[i][segment];
                long before = segment == 0 ? 0 : _starts[segment - 1]; // times of damaged files may go back
                if (i == 0)
                {
                    _starts[segment] = Math.Max(end, Timeline.Round(
                        (Int128)Plan.GetStart(segment) * Tracks[0].Timescale, Plan.Timeline.Reference.Timescale));
                }

                for (; count > 0 && samples.MoveNext(); count--)
                {
                    TimedSample sample = samples.Current;
                    if (i == 0)
                    {
                        _starts[segment] = shape.Count == 0 ? Math.Max(before, sample.PresentationTime) : _starts[segment];
                        end = Math.Max(end, sample.PresentationTime + sample.Duration);
                    }

                    shape.Add(sample);
                }

                _payloads[segment] += shape.Bytes;
                _lengths[segment] += IsWritten(i, segment) ? shape.GetLength(hasDescription: false) : 0;
                samplesOf[segment] += shape.Count;
                Check(segment, samplesOf[segment]);
            }

            _starts[Count] = i == 0 ? Math.Max(end, Count == 0 ? 0 : _starts[Count - 1]) : _starts[Count];
        }

        for (int segment = 0; segment < Count; segment++)
        {
            _lengths[segment] = FragmentWriter.TypeLength + FragmentWriter.GetMoofLength(_lengths[segment])
                + FragmentWriter.DataHeaderLength + _payloads[segment];
        }
    }

    private void Check(int segment, int samples)
    {
        const int headers = 1024; // more than what is added at the end
        WritingLimits limits = Plan.Limits;
        long bytes = _lengths[segment] + _payloads[segment] + headers;
        if (bytes > limits.SegmentBytes)
        {
            throw Refuse(segment, FormattableString.Invariant($"{bytes} bytes"), limits.SegmentBytes, nameof(WritingLimits.SegmentBytes));
        }

        if (samples > limits.SegmentSamples)
        {
            throw Refuse(
                segment, FormattableString.Invariant($"{samples} samples"), limits.SegmentSamples, nameof(WritingLimits.SegmentSamples));
        }
    }

    private Mp4WritingException Refuse(int segment, string what, int most, string limit) =>
        new(Mp4WritingError.LimitExceeded, FormattableString.Invariant(
            $"segment {segment + 1} has {what} in {Plan.GetDuration(segment).TotalSeconds:0.###} s, more than {most} ({limit})")
            + "; sync samples have to be closer together");
}
