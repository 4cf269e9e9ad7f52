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

    private readonly LiveSegmentLengths _lengths;
    private readonly LivePages _pages;
    private readonly int _lane;
    private double _frameTime; // about, in milliseconds
    private bool _isFrameTimeOld; // of another configuration than the one in force
    private readonly List<LiveSegment> _listed = []; // the last may not be whole
    private readonly Queue<LiveSegment> _gone = new(); // from the playlist, and may still be asked for
    private readonly List<TimedSample> _pending = []; // of the part to come; the duration of each is known with the next
    private LiveBoundary _boundary;
    private LiveInit? _init;
    private long _nextNumber;
    private uint _fragments;
    private long _last; // the time of the last frame, in ticks
    private bool _hasLast;

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

    /// <summary>Bits a second of its heaviest whole segment, and of all of them; 0 where there is none.</summary>
    public (long Peak, long Average) Bandwidth
    {
        get
        {
            double peak = 0;
            double bytes = 0;
            double seconds = 0;
            foreach (LiveSegment segment in _listed)
            {
                if (segment is { IsWhole: true, Duration.Ticks: > 0 })
                {
                    peak = Math.Max(peak, segment.Length / segment.Duration.TotalSeconds);
                    bytes += segment.Length;
                    seconds += segment.Duration.TotalSeconds;
                }
            }

            return seconds > 0 ? ((long)Math.Ceiling(peak * 8), (long)Math.Ceiling(bytes * 8 / seconds)) : (0, 0);
        }
    }

    /// <summary>Takes the next frame of the track.</summary>
    /// <param name="frame">What came.</param>
    /// <param name="codec">Its configuration.</param>
    public void Take(StripEntry frame, CodecConfiguration codec)
    {
        bool isOther = codec != _init?.Codec;
        bool isBreak = isOther;
        bool begins = _listed is [] or [.., { IsWhole: true }];
        while (_boundary.Next is { } next && (next.Start <= frame.Time || !_boundary.Has(_lane, codec)))
        {
            isBreak |= next.Discontinuity != _boundary.Discontinuity;
            _boundary = next;
            begins = true;
        }

        long decode = isOther ? 0 : Place(frame.Time);
        if (_isFrameTimeOld && !isOther)
        {
            // A part would be too long or too short with the rate of before.
            double step = (double)(decode - _last) * MillisecondsPerSecond / Timescale;
            (_frameTime, _isFrameTimeOld) = (step <= _lengths.Part.TotalMilliseconds ? step : _frameTime, false);
        }

        if (begins || isOther)
        {
            EndSegment(isBreak ? null : decode);
        }
        else if (_pending.Count > 0 && decode + (_frameTime * Timescale / MillisecondsPerSecond) - _pending[0].DecodeTime > PartTicks)
        {
            EndPart(decode);
        }

        if (isOther)
        {
            Begin(codec);
            decode = Place(frame.Time);
        }

        if (begins || isOther)
        {
            int breaks = _listed is [.., { } before] ? (int)(_boundary.Discontinuity - before.Boundary.Discontinuity) : 0;
            _listed.Add(new LiveSegment(_nextNumber++, _boundary, _init!, ToTime(decode), breaks));
        }

        _last = decode;
        _hasLast = true;
        long presentation = ToTicks(frame.Time + frame.Composition);
        _pending.Add(new TimedSample(decode, 0, presentation - decode, frame.Offset, (uint)frame.Size, frame.IsSync, 0));
    }

    /// <summary>Nothing more comes.</summary>
    public void End() => EndSegment(null);

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
            // A part behind the last one of a segment is the first one of the next (draft-pantos-hls-rfc8216bis, section 6.2.5.2).
            return index < (Find(number)?.Parts.Count ?? int.MaxValue) || HasReached(number + 1, 0);
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

    /// <summary>Lets go of what is too old.</summary>
    /// <param name="window">How much of what left the playlist is kept, in milliseconds.</param>
    /// <param name="listed">How much is listed, in milliseconds.</param>
    /// <param name="now">The stream's time.</param>
    public void Forget(long window, long listed, TitleTime now)
    {
        TimeSpan kept = TimeSpan.FromMilliseconds(listed);
        while (_listed.Count > 1 && _listed[^1].End - _listed[0].End > kept)
        {
            _listed[0].LeftAt = now;
            _gone.Enqueue(_listed[0]);
            _listed.RemoveAt(0);
        }

        while (_gone.TryPeek(out LiveSegment? oldest) && now - oldest.LeftAt > window)
        {
            _gone.Dequeue().Release();
        }
    }

    /// <summary>Nobody is given anything of it any more.</summary>
    public void Release()
    {
        _listed.ForEach(static segment => segment.Release());
        _listed.Clear();
        while (_gone.TryDequeue(out LiveSegment? segment))
        {
            segment.Release();
        }
    }

    private uint Timescale => _init!.Fragments.Timescale;

    private double PartTicks => _lengths.Part.TotalSeconds * Timescale;

    private void Begin(CodecConfiguration codec)
    {
        _isFrameTimeOld = _init is not null;
        uint timescale = IsVideo || codec.SampleRate <= 0 ? VideoTimescale : (uint)codec.SampleRate;
        _init = new LiveInit(_boundary.Discontinuity, codec, new TrackFragments(codec, (uint)_lane + 1, timescale));
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
            EndPart(next ?? (_last + Math.Max(1, (long)(_frameTime * Timescale / MillisecondsPerSecond))));
        }

        if (_listed is [.., { IsWhole: false } last])
        {
            last.IsWhole = true;
        }
    }

    /// <summary>The frames that wait are a part.</summary>
    /// <param name="next">When the next frame is decoded.</param>
    private void EndPart(long next)
    {
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
            _pages);
        _pending.Clear();
    }
}
