using System.Collections.Immutable;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>Finds the boundaries of a <see cref="SegmentPlan"/>.</summary>
internal sealed class SegmentPlanner
{
    /// <summary>
    /// Changes of the description of pictures, and of those of sounds, in one title: each begins a period, of which manifests say much.
    /// Spliced recordings have a few.
    /// </summary>
    private const int MaxChanges = 1024;

    /// <summary>
    /// How long a segment of a growing film waits for a track that has not come to its end: one that ended may never have more. As long
    /// as over RTMP.
    /// </summary>
    private const long MaxWaitSeconds = 10;

    private readonly Timeline _timeline;
    private readonly SegmentOptions _options;
    private readonly WritingLimits _limits;
    private readonly TimelineTrack _reference;
    private readonly long _target; // in ticks of the reference track
    private readonly int[][] _same; // of each track: for each description the first that is equal to it
    private readonly List<(long Index, long Time)> _boundaries = [];
    private readonly Dictionary<long, List<(int Track, long Index)>> _moved = []; // by boundary: where a sound is cut by its description

    internal SegmentPlanner(Timeline timeline, SegmentOptions options)
    {
        if (options.TargetDuration <= TimeSpan.Zero)
        {
            throw new ArgumentException($"The target duration must be positive (was {options.TargetDuration}).", nameof(options));
        }

        (_timeline, _options, _limits) = (timeline, options, options.Limits ?? WritingLimits.Default);
        _reference = timeline.Reference;
        _target = Math.Max(1, Timeline.ToTicks(options.TargetDuration, _reference.Timescale, 0)!.Value);
        _same = [.. timeline.Tracks.Select(static track => SampleEntryWriter.FindSame(track.Source))];
    }

    internal SegmentPlan Plan()
    {
        List<Change> changes = [];
        for (int track = 1; track < _timeline.Tracks.Length; track++)
        {
            FindChanges(track, changes);
        }

        MoveChanges(changes);

        long end = CutReference(out long latest);
        if (!_options.IsGrowing && _options.Cuts is null)
        {
            CutTail(latest);
        }

        long[][] firsts = new long[_timeline.Tracks.Length][];
        firsts[0] = [.. _boundaries.Select(static boundary => boundary.Index), _reference.Count];
        long referenceEnd = end;
        for (int track = 1; track < firsts.Length; track++)
        {
            (firsts[track], long trackEnd) = CutTrack(track);
            end = _options.IsGrowing ? end : Math.Max(end, trackEnd);
        }

        long[] starts = [.. _boundaries.Select(static boundary => boundary.Time), end];
        starts[0] = Math.Min(starts[0], FindStart());
        int count = _boundaries.Count;
        if (_options.IsGrowing)
        {
            // The last one may go on. Those before it are whole when every track has a sample behind them: until then the duration of
            // its last sample is a guess.
            long overdue = referenceEnd - (MaxWaitSeconds * (long)_reference.Timescale);
            count--;
            while (count > 0 && starts[count] > overdue && Array.Exists(firsts, first => first[count] == first[^1]))
            {
                count--;
            }

            Array.Resize(ref starts, count + 1);
            for (int track = 0; track < firsts.Length; track++)
            {
                Array.Resize(ref firsts[track], count + 1);
            }
        }

        return WithPeriods(starts, firsts, count);
    }

    /// <summary>The first presentation time of all tracks, in ticks of the reference track.</summary>
    private long FindStart()
    {
        long start = long.MaxValue;
        foreach (TimelineTrack track in _timeline.Tracks)
        {
            TimelineTrack.Enumerator samples = track.From(0);
            samples.MoveNext();
            start = Math.Min(start, Convert(samples.Current.PresentationTime, track));
        }

        return start;
    }

    private long Convert(long time, TimelineTrack track) => Timeline.Round((Int128)time * _reference.Timescale, track.Timescale);

    /// <summary>Where the description of a sound changes: its sample, and its time in ticks of the reference track.</summary>
    private readonly record struct Change(int Track, long Index, long Time);

    /// <summary>Adds where the description of a sound changes.</summary>
    private void FindChanges(int number, List<Change> changes)
    {
        if (Array.TrueForAll(_same[number], static same => same == 0))
        {
            return;
        }

        TimelineTrack track = _timeline.Tracks[number];
        int before = -1;
        TimelineTrack.Enumerator samples = track.From(0);
        while (samples.MoveNext())
        {
            int now = _same[number][samples.Current.Description];
            if (now != before && before >= 0)
            {
                RequireFew(track, changes.Count + 1);
                changes.Add(new Change(number, samples.Index, Convert(samples.Current.DecodeTime, track)));
            }

            before = now;
        }
    }

    private static void RequireFew(TimelineTrack track, int changes)
    {
        if (changes > MaxChanges)
        {
            throw track.Refuse(Mp4WritingError.LimitExceeded, $"sample descriptions change more than {MaxChanges} times");
        }
    }

    /// <summary>A sound whose description changes is cut there, together with the nearest sync sample of the pictures.</summary>
    private void MoveChanges(List<Change> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        changes.Sort(static (one, other) => one.Time.CompareTo(other.Time));
        int next = 0;
        (long Index, long Time)? before = null;
        TimelineTrack.Enumerator samples = _reference.From(0);
        while (next < changes.Count && samples.MoveNext())
        {
            if (!samples.Current.IsSync)
            {
                continue;
            }

            (long Index, long Time) sync = (samples.Index, samples.Current.PresentationTime);
            for (; next < changes.Count && changes[next].Time <= sync.Time; next++)
            {
                bool isBefore = before is { } earlier && changes[next].Time - earlier.Time <= sync.Time - changes[next].Time;
                Move(changes[next], isBefore ? before : sync);
            }

            before = sync;
        }

        for (; next < changes.Count; next++)
        {
            Move(changes[next], before);
        }
    }

    private void Move(in Change change, (long Index, long Time)? sync)
    {
        int number = change.Track;
        if (sync is not { Index: > 0 } to || Math.Abs(to.Time - change.Time) > _target
            || (_moved.TryGetValue(to.Index, out var taken) && taken.Exists(entry => entry.Track == number)))
        {
            double seconds = (double)change.Time / _reference.Timescale;
            throw _timeline.Tracks[number].Refuse(Mp4WritingError.DescriptionInsideSegment,
                $"its sample description changes at {seconds:0.###} s, where no segment can begin");
        }

        (_moved.TryGetValue(to.Index, out var moved) ? moved : _moved[to.Index] = []).Add((number, change.Index));
    }

    /// <summary>
    /// Cuts the reference track: at the sync sample that is nearest to the target duration from the one before, of two the later, and
    /// wherever a description changes.
    /// </summary>
    /// <param name="latest">When its last sample begins to be presented.</param>
    /// <returns>When that ends.</returns>
    private long CutReference(out long latest)
    {
        TimelineTrack.Enumerator samples = _reference.From(0);
        (long Index, long Time)? waiting = null;
        int description = -1;
        int changes = -1; // the first sample begins the first period
        long end = 0;
        int nextCut = 0;
        latest = 0;
        while (samples.MoveNext())
        {
            TimedSample sample = samples.Current;
            int now = _same[0][sample.Description];
            changes += now != description ? 1 : 0;
            RequireFew(_reference, changes);
            bool isForced = now != description || _moved.ContainsKey(samples.Index);
            description = now;
            if (_options.Cuts is { } cuts)
            {
                bool isCut = nextCut < cuts.Count && cuts[nextCut] == samples.Index;
                nextCut += isCut ? 1 : 0;
                if (isCut || samples.Index == 0)
                {
                    Add((samples.Index, sample.PresentationTime));
                }
                else if (isForced)
                {
                    throw _reference.Refuse(Mp4WritingError.DescriptionInsideSegment,
                        $"a sample description changes at sample {samples.Index + 1}, where no segment begins");
                }
            }
            else if (sample.IsSync || isForced)
            {
                Decide(ref waiting, (samples.Index, sample.PresentationTime), isForced);
            }

            latest = Math.Max(latest, sample.PresentationTime);
            end = Math.Max(end, sample.PresentationTime + sample.Duration);
        }

        if (!_options.IsGrowing && _options.Cuts is null)
        {
            DecideWaiting(ref waiting, end);
        }

        return end;
    }

    /// <summary>
    /// Goes on cutting behind the last picture, by the samples of the track that goes on longest: a cover picture may stand for an hour of
    /// sound.
    /// </summary>
    private void CutTail(long latest)
    {
        TimelineTrack? longest = null;
        long end = 0;
        foreach (TimelineTrack track in _timeline.Tracks.Skip(1))
        {
            TimelineTrack.Enumerator last = track.From(track.Count - 1);
            last.MoveNext();
            long own = Convert(last.Current.DecodeTime + last.Current.Duration, track);
            (longest, end) = own > end ? (track, own) : (longest, end);
        }

        long next = Math.Max(_boundaries[^1].Time + _target, latest + 1);
        if (longest is null || end - next < _target / 2)
        {
            return;
        }

        TimelineTrack.Enumerator samples = longest.From(0);
        while (samples.MoveNext())
        {
            long time = Convert(samples.Current.DecodeTime, longest);
            if (time >= next && end - time >= _target / 2)
            {
                Add((_reference.Count, time));
                next = time + _target;
            }
        }
    }

    private void Decide(ref (long Index, long Time)? waiting, (long Index, long Time) sync, bool isForced)
    {
        DecideWaiting(ref waiting, sync.Time);
        if (isForced || sync.Time - _boundaries[^1].Time >= _target)
        {
            Add(sync);
            waiting = null;
        }
        else
        {
            waiting = sync;
        }
    }

    /// <summary>
    /// Cuts at the sync sample before, if that is nearer to the target duration than what came next. Times of damaged files may go back:
    /// no segment ends where it began.
    /// </summary>
    private void DecideWaiting(ref (long Index, long Time)? waiting, long next)
    {
        if (waiting is { } before && before.Time > _boundaries[^1].Time && Distance(before.Time) < Distance(next))
        {
            Add(before);
            waiting = null;
        }
    }

    private long Distance(long time) => Math.Abs(time - _boundaries[^1].Time - _target);

    private void Add((long Index, long Time) boundary)
    {
        if (_boundaries.Count == _limits.Segments)
        {
            throw new Mp4WritingException(Mp4WritingError.LimitExceeded, FormattableString.Invariant(
                $"there are more than {_limits.Segments} segments ({nameof(WritingLimits.Segments)}); segments have to be longer"));
        }

        // Times of damaged files may go back; the boundaries may not.
        _boundaries.Add(_boundaries.Count == 0 ? boundary : (boundary.Index, Math.Max(boundary.Time, _boundaries[^1].Time)));
    }

    /// <summary>
    /// Cuts another track at the boundaries, by the times at which samples are decoded, or where its description changes.
    /// </summary>
    /// <returns>The first sample of each segment and the end, and when the last sample ends in ticks of the reference track.</returns>
    private (long[] Firsts, long End) CutTrack(int number)
    {
        TimelineTrack track = _timeline.Tracks[number];
        long[] firsts = new long[_boundaries.Count + 1];
        int segment = 1; // the next to begin; what comes before the first boundary is in the first segment
        long end = 0;
        TimelineTrack.Enumerator samples = track.From(0);
        while (samples.MoveNext())
        {
            while (segment < _boundaries.Count && Begins(number, segment, samples))
            {
                firsts[segment++] = samples.Index;
            }

            end = samples.Current.DecodeTime + samples.Current.Duration;
        }

        Array.Fill(firsts, track.Count, segment, firsts.Length - segment);
        return (firsts, Convert(end, track));
    }

    private bool Begins(int number, int segment, in TimelineTrack.Enumerator samples)
    {
        (long index, long time) = _boundaries[segment];
        if (_moved.TryGetValue(index, out var moved))
        {
            foreach ((int track, long first) in moved)
            {
                if (track == number)
                {
                    return samples.Index >= first;
                }
            }
        }

        return (Int128)samples.Current.DecodeTime * _reference.Timescale >= (Int128)time * _timeline.Tracks[number].Timescale;
    }

    private SegmentPlan WithPeriods(long[] starts, long[][] firsts, int count)
    {
        int tracks = firsts.Length;
        int[] periods = new int[count];
        List<int[]> descriptions = [];
        TimelineTrack.Enumerator[] samples = [.. _timeline.Tracks.Select(static track => track.From(0))];
        for (int segment = 0; segment < count; segment++)
        {
            int[] now = new int[tracks];
            for (int track = 0; track < tracks; track++)
            {
                now[track] = DescriptionOf(track, firsts[track][segment + 1] - firsts[track][segment], ref samples[track]);
            }

            bool isSame = descriptions.Count > 0;
            for (int track = 0; track < tracks && isSame; track++)
            {
                isSame = now[track] < 0 || descriptions[^1][track] < 0 || now[track] == descriptions[^1][track];
            }

            if (!isSame)
            {
                descriptions.Add(now);
            }

            for (int track = 0; track < tracks; track++)
            {
                descriptions[^1][track] = Math.Max(descriptions[^1][track], now[track]);
            }

            periods[segment] = descriptions.Count - 1;
        }

        return new SegmentPlan(_timeline, _limits, starts, firsts, periods,
            [.. descriptions.Select(static period => period.ToImmutableArray())])
        {
            IsGathered = _options.IsGathered || _options.IsGrowing,
        };
    }

    /// <summary>The one description of the next samples of a track; -1 where there is none of them.</summary>
    private int DescriptionOf(int number, long count, ref TimelineTrack.Enumerator samples)
    {
        int[] same = _same[number];
        int description = -1;
        if (count > 0 && Array.TrueForAll(same, static other => other == 0))
        {
            return 0;
        }

        for (; count > 0 && samples.MoveNext(); count--)
        {
            int now = same[samples.Current.Description];
            if (description >= 0 && now != description)
            {
                throw _timeline.Tracks[number].Refuse(Mp4WritingError.DescriptionInsideSegment,
                    $"its sample description changes inside a segment at sample {samples.Index + 1}");
            }

            description = now;
        }

        return description;
    }
}
