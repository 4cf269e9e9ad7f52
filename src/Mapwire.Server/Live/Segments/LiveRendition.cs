using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live.Segments;

/// <summary>One track of a live stream as segments. Under the gate of its <see cref="LiveSegments"/>.</summary>
internal sealed class LiveRendition
{
    /// <summary>Ticks a second of pictures: whole ones a millisecond.</summary>
    private const uint VideoTimescale = 90_000;

    private const int MillisecondsPerSecond = 1_000;

    /// <summary>How long frames last, and the shortest of them, are those of about so many.</summary>
    private const int MeanFrames = 8;

    /// <summary>
    /// Frames whose headers are kept, of what is listed and of what was: twice what the window has of messages (some megabytes).
    /// </summary>
    private const int MaxFrames = 2 * LiveOptions.MaxEntries;

    /// <summary>
    /// Breaks of times or codecs that are listed: each is a line. A publisher can have thousands a second, and where another track has
    /// nothing meanwhile, they all come before its next segment.
    /// </summary>
    private const int MaxBreaks = 256;

    /// <summary>
    /// Boundaries that a track may be behind, since each keeps the configurations of all tracks: those of half a minute, at the least.
    /// </summary>
    private const int MaxBehind = 16;

    private readonly LiveSegmentLengths _lengths;
    private readonly LivePages _pages;
    private readonly int _lane;
    private double _frameTime; // about, in milliseconds: of this configuration, as it is told
    private double _meanFrame; // of the last ones, in milliseconds
    private double _shortestFrame; // of up to eight of them, in milliseconds, and of the eight before: parts have room for one more
    private double _shortestBefore;
    private int _measured; // frames
    private bool _isFrameTimeOld; // of another configuration than the one in force
    private readonly List<LiveSegment> _listed = []; // the last may not be whole
    private readonly Queue<LiveSegment> _gone = new(); // from the playlist, and may still be asked for
    private readonly List<TimedSample> _pending = []; // of the part to come; the duration of each is known with the next
    private readonly List<LiveRun> _pendingRuns = []; // where they lie, held once each: they may leave the window before the part is whole
    private LiveBoundary _boundary;
    private LiveInit? _init;
    private long _nextNumber;
    private uint _fragments;
    private long _last; // the time of the last frame, in ticks
    private TitleTime _lastTime;
    private bool _hasLast;
    private bool _isBroken; // times or codecs have changed since the last frame

    /// <param name="lane">Which track.</param>
    /// <param name="boundary">Where it begins.</param>
    /// <param name="firstNumber">Of its first segment.</param>
    /// <param name="frameTime">How long a frame lasts about, in milliseconds.</param>
    /// <param name="lengths">How long segments and parts are.</param>
    /// <param name="pages">Where frames lie.</param>
    public LiveRendition(
        int lane, LiveBoundary boundary, long firstNumber, double frameTime, LiveSegmentLengths lengths, LivePages pages)
    {
        (_lane, _boundary, _nextNumber, _frameTime, _lengths, _pages) = (lane, boundary, firstNumber, frameTime, lengths, pages);
        _lastTime = boundary.Start;
        _meanFrame = _shortestFrame = _shortestBefore = frameTime;
        IsVideo = StripEntry.IsVideoLane(lane);
        Number = StripEntry.NumberOf(lane) + 1;
        Name = string.Create(CultureInfo.InvariantCulture, $"{(IsVideo ? 'v' : 'a')}{Number}");
    }

    /// <summary>Its name in addresses.</summary>
    public string Name { get; }

    /// <summary>Which track it is.</summary>
    public int Lane => _lane;

    /// <summary>Whether it has pictures.</summary>
    public bool IsVideo { get; }

    /// <summary>Its number among the tracks of its kind, from 1.</summary>
    public int Number { get; }

    /// <summary>How long a frame lasts about, in milliseconds.</summary>
    public double FrameTime => _frameTime;

    /// <summary>The segments of the playlist, of which the last may not be whole.</summary>
    public IReadOnlyList<LiveSegment> Listed => _listed;

    /// <summary>What its newest segment needs; null before the first.</summary>
    public LiveInit? Init => _init;

    /// <summary>The number of the segment that follows all that are whole.</summary>
    public long NextWhole => _listed is [.., { IsWhole: false } last] ? last.Number : _nextNumber;

    /// <summary>Bits a second of its heaviest whole segment, and of all of them with what there is of the last; at least 1.</summary>
    public (long Peak, long Average) Bandwidth
    {
        get
        {
            double peak = 0;
            double bytes = 0;
            double seconds = 0;
            foreach (LiveSegment segment in _listed)
            {
                bytes += segment.Length;
                seconds += segment.Duration.TotalSeconds;
                peak = segment is { IsWhole: true, Duration.Ticks: > 0 }
                    ? Math.Max(peak, segment.Length / segment.Duration.TotalSeconds) : peak;
            }

            double average = seconds > 0 ? bytes / seconds : 0;
            return (Math.Max(1, (long)Math.Ceiling(Math.Max(peak, average) * 8)), Math.Max(1, (long)Math.Ceiling(average * 8)));
        }
    }

    /// <summary>Takes the next frame of the track.</summary>
    /// <param name="frame">What came.</param>
    /// <param name="codec">Its configuration.</param>
    public void Take(StripEntry frame, CodecConfiguration codec)
    {
        bool isOther = codec != _init?.Codec;
        bool begins = _listed is [] or [.., { IsWhole: true }];
        while (_boundary.Next is { } next && (next.Start <= frame.Time || !_boundary.Has(_lane, codec)))
        {
            _isBroken |= next.Discontinuity != _boundary.Discontinuity;
            _boundary = next;
            begins = true;
        }

        bool isBreak = _isBroken || isOther;
        if (isBreak && frame is { IsVideo: true, IsSync: false })
        {
            EndSegment(null); // decoders begin anew behind a break, with a picture that decoding can start with
            return;
        }

        _isBroken = false;
        long decode = isOther ? 0 : Place(frame.Time);
        bool isGap = !isOther && _hasLast && decode - _last > PartTicks; // a frame that lasts so long has no part
        if (_hasLast && !isOther)
        {
            Measure((double)(decode - _last) * MillisecondsPerSecond / Timescale);
            if (!isGap && _pending.Count > 1 && decode - _pending[0].DecodeTime > PartTicks)
            {
                EndPartBeforeLast(); // which lasts longer than those before it did
            }
        }

        if (begins || isOther)
        {
            EndSegment(isBreak || isGap ? null : decode);
        }
        else if (_pending.Count > 0 && (isGap || decode + ShortestTicks - _pending[0].DecodeTime > PartTicks))
        {
            EndPart(isGap ? NextTime : decode); // what does not come is a gap, and no frame that lasts so long
        }

        if (isOther)
        {
            Begin(codec);
            decode = Place(frame.Time);
        }

        if (begins || isOther)
        {
            int breaks = _listed is [.., { } before] ? (int)(_boundary.Discontinuity - before.Boundary.Discontinuity) : 0;
            LiveBoundary start = _boundary with { Next = null }; // what is listed does not keep all that follows
            _listed.Add(new LiveSegment(_nextNumber++, start, _init!, ToTime(decode), breaks));
        }

        LiveRun run = _pages.RunAt(frame.Offset);
        if (!_pendingRuns.Contains(run))
        {
            run.Hold();
            _pendingRuns.Add(run);
        }

        _last = decode;
        _lastTime = frame.Time;
        _hasLast = true;
        long presentation = ToTicks(frame.Time + frame.Composition);
        _pending.Add(new TimedSample(decode, 0, presentation - decode, frame.Offset, (uint)frame.Size, frame.IsSync, 0));
    }

    /// <summary>
    /// Other tracks have gone on: a track that has nothing for longer than a segment may last, or for many of them, ends what it has.
    /// </summary>
    /// <param name="boundary">The last one.</param>
    /// <returns>Whether it had nothing.</returns>
    public bool PassOver(LiveBoundary boundary)
    {
        if (boundary.Start - _lastTime <= 2 * (long)_lengths.Longest.TotalMilliseconds
            && boundary.Number - _boundary.Number <= MaxBehind)
        {
            return false;
        }

        EndSegment(null);
        _isBroken |= boundary.Discontinuity != _boundary.Discontinuity;
        _boundary = boundary;
        return true;
    }

    /// <summary>Nothing more comes.</summary>
    public void End() => EndSegment(null);

    /// <summary>
    /// The place that is meant: a part behind the last one of a segment is the first one of the next (draft-pantos-hls-rfc8216bis, section
    /// 6.2.5.2).
    /// </summary>
    /// <param name="number">The segment.</param>
    /// <param name="part">The part of it; null for all of it.</param>
    public (long Number, int? Part) PlaceOf(long number, int? part) =>
        part is { } index && Find(number) is { IsWhole: true } whole && index >= whole.Parts.Count ? (number + 1, 0) : (number, part);

    /// <summary>Whether something is there.</summary>
    /// <param name="number">The segment.</param>
    /// <param name="part">The part of it; null for all of it.</param>
    public bool HasReached(long number, int? part)
    {
        if (part is not { } index)
        {
            return number < NextWhole;
        }

        if (number < NextWhole)
        {
            return index < (Find(number)?.Parts.Count ?? int.MaxValue) || HasReached(number + 1, 0); // as PlaceOf has it
        }

        return _listed is [.., { IsWhole: false } last] && last.Number == number && index < last.Parts.Count;
    }

    /// <summary>A segment that is listed, or was until lately; null where there is none.</summary>
    public LiveSegment? Find(long number)
    {
        if (_listed.Count > 0 && number >= _listed[0].Number)
        {
            long index = number - _listed[0].Number;
            return index < _listed.Count ? _listed[(int)index] : null;
        }

        return _gone.FirstOrDefault(segment => segment.Number == number);
    }

    /// <summary>What a segment of the playlist or one that left it lately needs first; null where none needs it.</summary>
    public LiveInit? FindInit(long number) =>
        _listed.Concat(_gone).Select(static segment => segment.Init).FirstOrDefault(init => init.Number == number);

    /// <summary>Lets go of what is too old, or too much.</summary>
    /// <param name="gone">How long what left the playlist is kept, in milliseconds.</param>
    /// <param name="listed">How much is listed, in milliseconds.</param>
    /// <param name="most">How many segments are kept.</param>
    /// <param name="now">The stream's time.</param>
    /// <param name="arrival">When the last frame came, and how long ago what is listed may have come, in milliseconds: times may hardly go
    /// on.</param>
    /// <returns>Whether something has left the playlist.</returns>
    public bool Forget(long gone, long listed, int most, TitleTime now, (uint Last, long Longest) arrival)
    {
        TimeSpan rest = TimeSpan.Zero; // of what would be listed without the first
        int frames = 0;
        long breaks = _listed is [{ } begin, ..] ? -begin.Breaks : 0; // behind the first
        foreach (LiveSegment segment in _listed)
        {
            rest += segment.Duration;
            frames += segment.Frames;
            breaks += segment.Breaks;
        }

        int first = 0;
        int last = FindLastToStay(); // a playlist is never empty
        for (; first < last; first++)
        {
            LiveSegment segment = _listed[first];
            bool isTooMuch = _listed.Count - first > most || frames > MaxFrames || breaks > MaxBreaks
                || AgeOf(segment) > arrival.Longest;
            if (!isTooMuch && rest - segment.Duration < TimeSpan.FromMilliseconds(listed))
            {
                break;
            }

            rest -= segment.Duration;
            frames -= segment.Frames;
            breaks -= _listed[first + 1].Breaks;
            segment.LeftAt = now;
            _gone.Enqueue(segment);
        }

        _listed.RemoveRange(0, first);
        if (first > 0 && _listed[0].Breaks > MaxBreaks)
        {
            _listed[0].Breaks = 0; // counted by EXT-X-DISCONTINUITY-SEQUENCE, as if they had been listed before
        }

        while (_gone.TryPeek(out LiveSegment? oldest)
            && (now - oldest.LeftAt > gone || AgeOf(oldest) > arrival.Longest + gone || _gone.Count > most
                || _gone.Sum(static one => one.Frames) > MaxFrames))
        {
            _gone.Dequeue().Release();
        }

        return first > 0;

        long AgeOf(LiveSegment segment) => unchecked((int)(arrival.Last - segment.Boundary.Came));
    }

    /// <summary>
    /// The place of the last segment that stays listed, with those behind it: one that is whole, which playlists begin with and an MPD has
    /// alone, unless more breaks lie behind it than are listed.
    /// </summary>
    private int FindLastToStay()
    {
        int whole = _listed.FindLastIndex(static segment => segment is { IsWhole: true, Parts.Count: > 0 });
        return whole >= 0 && _listed.Skip(whole + 1).Sum(static segment => (long)segment.Breaks) <= MaxBreaks
            ? whole
            : _listed.FindLastIndex(static segment => segment.Parts.Count > 0);
    }

    /// <summary>Nobody is given anything of it any more.</summary>
    public void Release()
    {
        _pendingRuns.ForEach(static run => run.LetGo());
        _pendingRuns.Clear();
        _pending.Clear();
        _listed.ForEach(static segment => segment.Release());
        _listed.Clear();
        while (_gone.TryDequeue(out LiveSegment? segment))
        {
            segment.Release();
        }
    }

    private uint Timescale => _init!.Fragments.Timescale;

    private double PartTicks => _lengths.Part.TotalSeconds * Timescale;

    private double MeanTicks => _meanFrame * Timescale / MillisecondsPerSecond;

    private double ShortestTicks => Math.Min(_shortestFrame, _shortestBefore) * Timescale / MillisecondsPerSecond;

    /// <summary>When the frame behind the last one is decoded, where nothing better is known: within the part.</summary>
    private long NextTime =>
        Math.Max(_last + 1, Math.Min(_last + (long)MeanTicks, (_pending is [{ } first, ..] ? first.DecodeTime : _last) + (long)PartTicks));

    /// <summary>Takes how long a frame lasted. Publishers send fewer in the dark, or less evenly, and say nothing of it.</summary>
    private void Measure(double step)
    {
        double longest = _lengths.Part.TotalMilliseconds;
        if (_isFrameTimeOld && step <= longest)
        {
            (_frameTime, _isFrameTimeOld) = (step, false);
            _meanFrame = _shortestFrame = _shortestBefore = step;
            return;
        }

        step = Math.Min(step, longest); // what lasts longer has a gap behind it
        _meanFrame += (step - _meanFrame) / MeanFrames;
        if (++_measured % MeanFrames == 0)
        {
            (_shortestBefore, _shortestFrame) = (_shortestFrame, step);
        }

        _shortestFrame = Math.Min(step, _shortestFrame);
    }

    private void Begin(CodecConfiguration codec)
    {
        _isFrameTimeOld = _init is not null;
        uint timescale = IsVideo || codec.SampleRate <= 0 ? VideoTimescale : (uint)codec.SampleRate;
        _init = new LiveInit(_nextNumber, codec, new TrackFragments(codec, (uint)_lane + 1, timescale));
        _hasLast = false;
    }

    /// <summary>
    /// When a frame is decoded, in ticks. Sound follows what is before it by its samples as long as that is within a millisecond of what
    /// the publisher says, whose times are whole milliseconds.
    /// </summary>
    private long Place(TitleTime time)
    {
        long said = ToTicks(time);
        if (!_hasLast)
        {
            return said;
        }

        long exact = _last + _init!.Codec.FrameSamples;
        return exact > _last && Math.Abs(exact - said) <= Timescale / MillisecondsPerSecond ? exact : Math.Max(said, _last + 1);
    }

    private long ToTicks(TitleTime time) => (long)Math.Round(time.Milliseconds * (decimal)Timescale / MillisecondsPerSecond);

    private TimeSpan ToTime(long ticks) => TimeSpan.FromTicks((long)((Int128)ticks * TimeSpan.TicksPerSecond / Timescale));

    /// <summary>The last segment is whole.</summary>
    /// <param name="next">When the next frame is decoded; null where times break.</param>
    private void EndSegment(long? next)
    {
        if (_pending.Count > 0)
        {
            EndPart(next ?? NextTime);
        }

        if (_listed is [.., { IsWhole: false } last])
        {
            last.IsWhole = true;
        }
    }

    /// <summary>The frames that wait are a part, but for the last one, which is the first of the next part.</summary>
    private void EndPartBeforeLast()
    {
        TimedSample last = _pending[^1];
        _pending.RemoveAt(_pending.Count - 1);
        LiveRun run = _pages.RunAt(last.Offset);
        run.Hold(); // beside the hold that goes with the part
        EndPart(last.DecodeTime);
        _pending.Add(last);
        _pendingRuns.Add(run);
    }

    /// <summary>The frames that wait are a part.</summary>
    /// <param name="next">When the next frame is decoded.</param>
    private void EndPart(long next)
    {
        Debug.Assert(next - _pending[0].DecodeTime <= Math.Max(PartTicks, _pending.Count), "a part is longer than PART-TARGET");
        LiveSegment segment = _listed[^1];
        List<(long Offset, long Length)> frames = [];
        for (int i = 0; i < _pending.Count; i++)
        {
            TimedSample sample = _pending[i];
            _pending[i] = sample with { Duration = (i + 1 < _pending.Count ? _pending[i + 1].DecodeTime : next) - sample.DecodeTime };
            if (frames is [.., { } last] && last.Offset + last.Length == sample.Offset)
            {
                frames[^1] = (last.Offset, last.Length + sample.Size);
            }
            else
            {
                frames.Add((sample.Offset, sample.Size));
            }
        }

        TimedSample first = _pending[0];
        TimeSpan start = ToTime(first.DecodeTime);
        segment.Add(
            new LivePart(
                _init!.Fragments.CreateHeaders(
                    ++_fragments, CollectionsMarshal.AsSpan(_pending), hasType: segment.Parts.Count == 0),
                [.. frames], start, ToTime(next) - start, first.IsSync),
            _pending.Count, _pendingRuns);
        _pending.Clear();
        _pendingRuns.Clear();
    }
}
