using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live.Segments;

/// <summary>
/// A live stream as segments and parts: cut once for all who ask by HTTP, out of the pages that the publisher wrote. Made for the first who
/// asks; from then on it comes along with the publisher.
/// </summary>
/// <remarks>
/// The publisher's thread writes, under the stream's lock and the gate here; whoever asks takes the gate alone, for a moment. Numbers
/// are those of the clock at the beginning, so that they never go back for a name, whoever is started again.
/// </remarks>
internal sealed class LiveSegments
{
    /// <summary>Steps from frame to frame up to this tell how long a frame lasts, in milliseconds; longer ones are pauses.</summary>
    private const long LongestFrame = 1_000;

    /// <summary>What is looked at at least before lengths are decided, in milliseconds: some frames of all tracks.</summary>
    private const long LeastLook = 600;

    /// <summary>After this, in milliseconds, they are decided however few frames there were.</summary>
    private const long LongestLook = 3_000;

    /// <summary>How much earlier than wanted a segment may end, in milliseconds: key pictures are not to the millisecond.</summary>
    private const long Tolerance = 100;

    /// <summary>Segments of a track that are listed, and that were, at least; a publisher can have one begin with each message.</summary>
    private const int FewestKept = 64;

    /// <summary>The most for each second of the window.</summary>
    private const int SegmentsASecond = 2;

    /// <summary>
    /// Places that may be waited for at once: more than there are which may be asked for, some of each track (<see cref="CanReach"/>).
    /// </summary>
    private const int MaxAwaited = 2048;

    /// <summary>How far ahead of the last segment may be waited for (draft-pantos-hls-rfc8216bis, section 6.2.5.2).</summary>
    private const int MaxSegmentsAhead = 2;

    /// <summary>How far ahead of the last part, in seconds, and at least this many parts.</summary>
    private const int MaxPartsAhead = 3;

    /// <summary>How far the clock on the wall may be ahead of the stream's, in milliseconds, before that is a break.</summary>
    private const long MaxDrift = 2_000;

    /// <summary>How long a place is waited for, in target durations (draft-pantos-hls-rfc8216bis, section 6.2.5.2).</summary>
    private const int LongestWait = 3;

    /// <summary>
    /// How long the last parts are there before they are said to be the last, in parts, where that is less than <see cref="LongestEnd"/>:
    /// less than players are behind. hls.js 1.7 takes a segment whose last part it has not asked for as loaded, where that part comes in
    /// one playlist with the end, and stops before it.
    /// </summary>
    private const int EndParts = 2;

    /// <summary>The longest that is, in milliseconds.</summary>
    private const long LongestEnd = 1_000;

    /// <summary>
    /// What comes for longer than this, in milliseconds, is no one segment, whatever its timestamps say: they may hardly go on. No cut is
    /// lost by a publisher that pauses for as long.
    /// </summary>
    private const long LongestArrival = 30_000;

    /// <summary>Frames of a track in a segment: three times those of the longest with frames of 2.5 ms.</summary>
    private const int MaxSegmentFrames = 16_384;

    private readonly LiveStream _stream;
    private readonly Lock _gate = new();
    private readonly double[] _frameTimes; // by lane, in milliseconds
    private readonly LiveNumbers _first;
    private readonly List<LiveRendition> _renditions = []; // pictures first
    private readonly List<Awaited> _awaited = [];
    private LiveBlock? _block;
    private long _next; // the number of the next entry
    private LiveFormat _format;
    private LiveBoundary? _boundary; // the last one
    private readonly TitleTime _firstTime;
    private readonly DateTimeOffset _wallBegan = DateTimeOffset.UtcNow;
    private readonly long _clockBegan = LoopClock.Milliseconds;
    private ImmutableArray<CodecConfiguration?> _configurations; // of those that MP4 has, by lane
    private TitleTime _leadTime; // of the last frame that the others are cut by
    private TitleTime _lastTime; // of the last frame of all
    private bool _isForced; // the last boundary is where no key picture is
    private bool _isBroken; // entries were missed
    private uint _arrived; // when the last frame came
    private DateTimeOffset _leastZero = DateTimeOffset.MaxValue; // the least that frames behind the last boundary told
    private readonly int[] _frames = new int[StripEntry.MaxLanes]; // behind the last boundary, by lane
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isAwaited; // by who waits for any part
    private long _askedAt = LoopClock.Milliseconds;
    private Exception? _fault;
    private long? _endsAt; // nothing more comes, and that is said from this time on
    private long _version;
    private long _announced; // the version that who waits for more was told of

    private LiveSegments(
        LiveStream stream, LiveSyncPoint from, LiveFormat format, double[] frameTimes, LiveSegmentLengths lengths, LiveNumbers first)
    {
        (_stream, _block, _next, _format) = (stream, from.Block, from.Number, format);
        _firstTime = from.Time;
        _configurations = ThoseOfMp4(format);
        (_frameTimes, Lengths, _first) = (frameTimes, lengths, first);
    }

    /// <summary>How long segments and parts are.</summary>
    public LiveSegmentLengths Lengths { get; }

    /// <summary>When the first frame was, by the clock on the wall.</summary>
    public DateTimeOffset Began { get; private set; }

    /// <summary>
    /// Changes with each part and segment, and when the stream ends. Whoever has read one and then looks (<see cref="Read{T}"/>) sees at
    /// least what made it.
    /// </summary>
    public long Version { get => Volatile.Read(ref _version); private set => Volatile.Write(ref _version, value); }

    /// <summary>Whether nothing more comes, and players are told so.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>The tracks, pictures first. Under <see cref="Read{T}"/>.</summary>
    public IReadOnlyList<LiveRendition> Renditions => _renditions;

    /// <summary>
    /// Whether each track has a part, or those that have none have had time. Under <see cref="Read{T}"/>.
    /// </summary>
    public bool HasBegun => _renditions.Exists(static one => one.Listed is [{ Parts.Count: > 0 }, ..])
        && (_stream.LatestTime - _firstTime > LongestLook || IsEnded || _configurations.Select((codec, lane) => codec is null
            || _renditions.Exists(one => one.Lane == lane && one.Listed is [{ Parts.Count: > 0 }, ..])).All(static has => has));

    /// <summary>What the publisher says of the colours of a track now; null where it says nothing. Under <see cref="Read{T}"/>.</summary>
    public VideoColor? ColorOf(LiveRendition track) => _format.ColorOf(track.Lane);

    /// <summary>When somebody asked for something last, on the loops' clock.</summary>
    public long AskedAt { get => Volatile.Read(ref _askedAt); private set => Volatile.Write(ref _askedAt, value); }

    /// <summary>
    /// Whether somebody waits for what comes next, or did when something came last: a reader of one endless answer asks for nothing while
    /// nothing comes.
    /// </summary>
    public bool IsAwaited { get => Volatile.Read(ref _isAwaited); private set => Volatile.Write(ref _isAwaited, value); }

    /// <summary>When something went wrong here, so that nothing more comes, on the loops' clock; null where nothing did.</summary>
    public long? FaultedAt { get; private set; }

    /// <summary>What went wrong here, once, to be reported; null where nothing did.</summary>
    public Exception? TakeFault() => Interlocked.Exchange(ref _fault, null);

    /// <summary>The stream.</summary>
    public LiveStream Stream => _stream;

    /// <summary>Numbers that nothing of the stream has had. Under <see cref="Read{T}"/>.</summary>
    public LiveNumbers NextNumbers => new(
        _renditions.Select(static one => one.NextWhole + 1).Append(_first.Segment).Max(), (_boundary?.Discontinuity ?? _first.Break) + 1);

    /// <summary>Begins with what the window has. Under the stream's lock.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="segment">How long segments should be, in milliseconds.</param>
    /// <param name="part">How long parts should be, in milliseconds.</param>
    /// <param name="least">The least numbers of its first segment and break: above those that its name had before.</param>
    /// <returns>Null while too little has come to decide how long segments are.</returns>
    public static LiveSegments? TryCreate(LiveStream stream, long segment, long part, LiveNumbers least)
    {
        if (stream.Strip.SyncPointAt(TitleTime.MinValue) is not { } from || stream.FormatAt(from.Number) is not { } format)
        {
            return null;
        }

        double[] times = new double[StripEntry.MaxLanes];
        int[] steps = new int[StripEntry.MaxLanes];
        long[] last = new long[StripEntry.MaxLanes];
        long keyAt = -1;
        long keyInterval = 0;
        long count = stream.Strip.Count;
        LiveBlock block = from.Block;
        TitleTime latest = from.Time;
        int lead = -1; // the track that the others are cut by
        ImmutableArray<CodecConfiguration?> configurations = stream.Format!.Configurations;
        for (long number = from.Number; number < count; number++)
        {
            StripEntry entry = LiveStrip.EntryAt(number, ref block);
            if (entry.Lane >= configurations.Length || configurations[entry.Lane] is not { } codec || !TrackFragments.Takes(codec))
            {
                continue;
            }

            long time = entry.Time.Milliseconds;
            if (last[entry.Lane] > 0 && time - last[entry.Lane] is >= 0 and <= LongestFrame and long step)
            {
                times[entry.Lane] += step;
                steps[entry.Lane]++;
            }

            last[entry.Lane] = time;
            latest = TitleTime.Max(latest, entry.Time);
            lead = lead < 0 || (entry.IsVideo && (!StripEntry.IsVideoLane(lead) || entry.Lane < lead)) ? entry.Lane : lead;
            if (entry is { IsVideo: true, IsSync: true } && entry.Lane == lead)
            {
                keyInterval = keyAt < 0 ? 0 : Math.Max(keyInterval, time - keyAt);
                keyAt = time;
            }
        }

        bool isSure = lead >= 0 && steps[lead] >= 4 && (!StripEntry.IsVideoLane(lead) || keyInterval > 0);
        if (lead < 0 || steps[lead] == 0 || latest - from.Time < (isSure ? LeastLook : LongestLook))
        {
            return null;
        }

        for (int lane = 0; lane < times.Length; lane++)
        {
            times[lane] = steps[lane] > 0 ? Math.Max(1, times[lane] / steps[lane]) : 0;
        }

        LiveSegmentLengths lengths = LiveSegmentLengths.Choose(
            segment, part, [times[lead], .. times.Where((time, lane) => lane != lead && time > 0)],
            !StripEntry.IsVideoLane(lead) ? 0 : keyInterval > 0 ? keyInterval : null);
        LiveNumbers first = LiveNumbers.At(DateTimeOffset.UtcNow - TimeSpan.FromMilliseconds(latest - from.Time)); // when that came
        return new LiveSegments(stream, from, format, times, lengths, LiveNumbers.Max(first, least));
    }

    /// <summary>Takes what was published. Under the stream's lock. Never throws: the publisher and its other viewers go on.</summary>
    public void Take()
    {
        try
        {
            TakePublished();
        }
        catch (Exception exception)
        {
            _fault = exception;
            FaultedAt = LoopClock.Milliseconds;
            lock (_gate)
            {
                EndNow();
            }
        }
    }

    private void TakePublished()
    {
        lock (_gate)
        {
            if (IsEnded)
            {
                return;
            }

            long count = _stream.Strip.Count;
            if (_next < _stream.Strip.Oldest)
            {
                (_block, _next) = (_stream.Strip.FirstBlock, _stream.Strip.Oldest); // memory was so short that it went at once
                _isBroken = true;
            }

            LiveBlock block = _block ?? _stream.Strip.FirstBlock;
            for (; _next < count; _next++)
            {
                StripEntry entry = LiveStrip.EntryAt(_next, ref block);
                _arrived = block.Arrivals[(int)(_next - block.First)];
                Take(entry);
            }

            _block = block;
            Forget();
        }
    }

    /// <summary>Lets go of what is too old, or too much. Under the gate.</summary>
    /// <returns>Whether something has left a playlist.</returns>
    private bool Forget()
    {
        double fullness = _stream.Pages.Fullness;
        // What has left the playlist is kept only where there is room: its pages are in use, and in nobody's window.
        double room = Math.Clamp(
            (LiveStream.ShortFullness - fullness) / (LiveStream.ShortFullness - LiveStream.ComfortableFullness), 0, 1);
        long window = _stream.KeptTime;
        long least = fullness < LiveStream.ShortFullness
            ? LiveSegmentLengths.LeastTargets * (long)Lengths.Target.TotalMilliseconds
            : 0; // players stall, and others lose no picture
        bool goesOn = _stream.State == LiveState.Published; // else what is listed makes room for those that do
        long listed = Math.Max(goesOn ? window : (long)(window * room), least);
        long oldest = (2 * listed) + (long)(LongestArrival * _stream.Room);
        TitleTime now = _stream.LatestTime;
        int most = FewestKept + (int)(window / 1000 * SegmentsASecond);
        bool hasLeft = false;
        foreach (LiveRendition rendition in _renditions)
        {
            hasLeft |= rendition.Forget((long)(window * room), listed, most, now, (_arrived, oldest));
        }

        return hasLeft;
    }

    /// <summary>Nothing more comes: the last segments are whole, and players are told soon that they are the last. Under the stream's lock.
    /// </summary>
    /// <param name="now">The time.</param>
    public void End(long now)
    {
        lock (_gate)
        {
            if (!IsEnded && _endsAt is null)
            {
                _endsAt = now + EndTime;
                Version++;
                _renditions.ForEach(static rendition => rendition.End());
            }
        }
    }

    /// <summary>How long it is kept at least once it is over, in milliseconds: players ask once more within a target duration.</summary>
    public long LeastKept => (LongestWait * (long)Lengths.Target.TotalMilliseconds) + EndTime;

    private long EndTime => Math.Min(EndParts * (long)Lengths.Part.TotalMilliseconds, LongestEnd);

    private void EndNow()
    {
        Version += IsEnded ? 0 : 1;
        IsEnded = true;
    }

    /// <summary>Nobody is given anything of it any more.</summary>
    public void Release()
    {
        lock (_gate)
        {
            IsEnded = true;
            Version++;
            _renditions.ForEach(static rendition => rendition.Release());
        }

        Announce();
    }

    /// <summary>Lets those go on who wait for what has come. Under no lock.</summary>
    /// <returns>Whether anything has, since this was called last.</returns>
    public bool Announce()
    {
        List<Awaited> reached = [];
        TaskCompletionSource? more = null;
        lock (_gate)
        {
            if (_announced == Version)
            {
                return false;
            }

            _announced = Version;
            IsAwaited = false;
            (more, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            for (int i = _awaited.Count - 1; i >= 0; i--)
            {
                if (IsEnded || _awaited[i].Rendition.HasReached(_awaited[i].Number, _awaited[i].Part))
                {
                    reached.Add(_awaited[i]);
                    _awaited.RemoveAt(i);
                }
            }
        }

        more.SetResult();
        reached.ForEach(static one => one.Source.SetResult());
        return true;
    }

    /// <summary>
    /// Gives up what has been waited for for too long, says that the end has come, and makes room where memory is short: nothing may come
    /// any more. Under no lock.
    /// </summary>
    /// <param name="now">The time.</param>
    public void Tick(long now)
    {
        List<Awaited> late;
        lock (_gate)
        {
            if (_endsAt <= now)
            {
                EndNow();
            }

            if (_stream.Pages.Fullness > LiveStream.ComfortableFullness && Forget())
            {
                Version++;
            }

            long longest = LongestWait * (long)Lengths.Target.TotalMilliseconds;
            late = _awaited.FindAll(one => now - one.Since > longest);
            _awaited.RemoveAll(late.Contains);
        }

        Announce(); // the end, where it came
        foreach (Awaited one in late)
        {
            one.Source.SetException(new TitleException(
                TitleError.Unavailable, $"nothing more of the stream has come for {LongestWait} target durations"));
            _ = one.Source.Task.Exception; // seen, where nobody waits any more
        }
    }

    /// <summary>Looks at the state of a moment.</summary>
    public T Read<T>(Func<LiveSegments, T> look)
    {
        AskedAt = LoopClock.Milliseconds;
        lock (_gate)
        {
            return look(this);
        }
    }

    /// <summary>Ends with the first part behind a version.</summary>
    public Task WhenBehind(long version)
    {
        lock (_gate)
        {
            if (_announced > version || IsEnded)
            {
                return Task.CompletedTask;
            }

            IsAwaited = true;
            return _more.Task;
        }
    }

    /// <summary>Whether a place is there, or near enough to be waited for. Under <see cref="Read{T}"/>.</summary>
    public bool CanReach(LiveRendition rendition, long number, int? part)
    {
        if (rendition.Listed is not [.., { } last] || number > last.Number + MaxSegmentsAhead)
        {
            return false;
        }

        int ahead = Math.Max(MaxPartsAhead, (int)Math.Ceiling(MaxPartsAhead / Lengths.Part.TotalSeconds));
        return number < last.Number || part is null || part < ahead + (number == last.Number ? last.Parts.Count : 0);
    }

    /// <summary>
    /// Ends when something is there, or never will be; faulted where that took too long. One task for all who wait for the same. What goes
    /// on behind it does so at once, on the publisher's thread or the clock's, for thousands: it may post something, and no more.
    /// </summary>
    /// <param name="rendition">Of which track.</param>
    /// <param name="number">The segment.</param>
    /// <param name="part">The part of it; null for all of it.</param>
    /// <param name="now">The time.</param>
    public Task WhenReached(LiveRendition rendition, long number, int? part, long now)
    {
        lock (_gate)
        {
            (number, part) = rendition.PlaceOf(number, part); // one place is waited for once, whatever it is called
            if (IsEnded || rendition.HasReached(number, part))
            {
                return Task.CompletedTask;
            }

            foreach (Awaited one in _awaited)
            {
                if (one.Rendition == rendition && one.Number == number && one.Part == part)
                {
                    return one.Source.Task;
                }
            }

            if (_awaited.Count >= MaxAwaited)
            {
                return Task.CompletedTask; // who asked is told what there is
            }

            Awaited added = new(rendition, number, part, now, new TaskCompletionSource());
            _awaited.Add(added);
            return added.Source.Task;
        }
    }

    /// <summary>The track that the others are cut by: the first of pictures, or else of sound.</summary>
    private int Lead
    {
        get
        {
            int first = -1;
            for (int lane = 0; lane < _configurations.Length; lane++)
            {
                bool isBetter = first < 0 || (StripEntry.IsVideoLane(lane) && !StripEntry.IsVideoLane(first));
                if (_configurations[lane] is not null && isBetter)
                {
                    first = lane;
                }
            }

            return first;
        }
    }

    private void Take(StripEntry frame)
    {
        while (_format.Next is { } next && next.First <= _next)
        {
            _format = next;
            _configurations = ThoseOfMp4(next);
        }

        if (frame.Lane >= _configurations.Length || _configurations[frame.Lane] is not { } codec)
        {
            return;
        }

        _leastZero = Zero < _leastZero ? Zero : _leastZero;
        bool isLead = frame.Lane == Lead;
        bool mayBegin = isLead ? frame.IsSync || !frame.IsVideo : !frame.IsVideo && frame.Time - _firstTime > LongestLook;
        if (_boundary is null || _isBroken)
        {
            if (!mayBegin)
            {
                return;
            }

            AddBoundary(frame.Time, isBreak: _boundary is not null);
        }
        else if (_frames[frame.Lane] >= MaxSegmentFrames || unchecked((int)(_arrived - _boundary.Came)) > LongestArrival)
        {
            AddBoundary(TitleTime.Max(frame.Time, _boundary.Start), isBreak: false, mayDrift: isLead && mayBegin);
            _isForced = !isLead || !mayBegin;
        }
        else
        {
            Cut(frame, isLead, isLead && mayBegin);
            if (!_boundary.Has(frame.Lane, codec))
            {
                return; // what a track has become waits for the break
            }
        }

        _frames[frame.Lane]++;
        _leadTime = isLead ? frame.Time : _leadTime;
        _lastTime = frame.Time;
        LiveRendition rendition = RenditionOf(frame.Lane);
        int parts = rendition.Listed is [.., { } last] ? last.Parts.Count : 0;
        long whole = rendition.NextWhole;
        rendition.Take(frame, codec);
        if (rendition.NextWhole != whole || (rendition.Listed is [.., { } now] && now.Parts.Count != parts))
        {
            Version++;
        }
    }

    /// <summary>Ends the segments of all tracks where it is time.</summary>
    /// <remarks>
    /// Other configurations are a break, and that is where a key picture is, so that no picture is lost by it: decoders begin anew behind
    /// a break. At the latest it is where a segment must end.
    /// </remarks>
    private void Cut(StripEntry frame, bool isLead, bool isKey)
    {
        double length = frame.Time - _boundary!.Start;
        double longest = Lengths.Longest.TotalMilliseconds;
        bool isPause = frame.Time - _lastTime > longest; // no frame lasts so long
        if (!isLead)
        {
            if (length + _frameTimes[frame.Lane] > longest && frame.Time - _leadTime > LongestFrame)
            {
                AddBoundary(frame.Time, isPause); // what the others are cut by does not come
                _isForced = true;
            }

            return;
        }

        if (length > longest)
        {
            AddBoundary(frame.Time, isBreak: true); // a pause: the frame before it does not last so long
            _isForced = !isKey; // the next key picture begins a segment, however soon it comes
        }
        else if (isKey && (_isForced || HasChanged || length >= Lengths.Wanted.TotalMilliseconds - (frame.IsVideo ? Tolerance : 0)))
        {
            AddBoundary(frame.Time, isBreak: false);
        }
        else if (length + _frameTimes[frame.Lane] > longest)
        {
            AddBoundary(frame.Time, isBreak: false, mayDrift: isKey);
            _isForced = !isKey;
        }
    }

    /// <summary>Whether the tracks are others than those of the last boundary.</summary>
    private bool HasChanged => !_boundary!.Configurations.SequenceEqual(_configurations);

    /// <param name="start">Where.</param>
    /// <param name="isBreak">Whether times break. Other configurations are a break in any case.</param>
    /// <param name="mayDrift">Whether the clock on the wall may be followed, where it is ahead, by a break.</param>
    private void AddBoundary(TitleTime start, bool isBreak, bool mayDrift = true)
    {
        isBreak |= _boundary is not null && HasChanged;
        DateTimeOffset zero = isBreak ? Zero : _leastZero; // that of the frame that was late least: what was stalled may come at once
        if (_boundary is { } before)
        {
            // A publisher was away, and its times go on.
            bool hasDrifted = mayDrift && (zero - before.WallZero).TotalMilliseconds > MaxDrift;
            zero = hasDrifted ? zero : before.WallZero;
            isBreak |= hasDrifted;
        }

        LiveBoundary next = new(
            start, _configurations, _boundary is null ? _first.Break : _boundary.Discontinuity + (isBreak ? 1 : 0),
            _boundary is null || isBreak ? start : _boundary.Origin, zero)
        {
            Number = _boundary is null ? 0 : _boundary.Number + 1,
            Came = _arrived,
        };
        if (_boundary is null)
        {
            Began = zero + TimeSpan.FromMilliseconds(start.Milliseconds);
        }
        else
        {
            _boundary.Next = next;
        }

        _boundary = next;
        _isBroken = false;
        _isForced = false;
        Array.Clear(_frames);
        _leastZero = DateTimeOffset.MaxValue;
        foreach (LiveRendition rendition in _renditions)
        {
            Version += rendition.PassOver(next) ? 1 : 0;
        }
    }

    /// <summary>When time zero was, by the clock on the wall, if what comes just now is not late.</summary>
    private DateTimeOffset Zero => Wall - TimeSpan.FromMilliseconds(_stream.LatestTime.Milliseconds);

    /// <summary>The clock on the wall, which no correction sets back while the stream goes on.</summary>
    private DateTimeOffset Wall => _wallBegan + TimeSpan.FromMilliseconds(LoopClock.Milliseconds - _clockBegan);

    private static ImmutableArray<CodecConfiguration?> ThoseOfMp4(LiveFormat format) =>
        [.. format.Configurations.Select(static codec => codec is not null && TrackFragments.Takes(codec) ? codec : null)];

    private LiveRendition RenditionOf(int lane)
    {
        int place = 0;
        foreach (LiveRendition one in _renditions)
        {
            if (one.Lane == lane)
            {
                return one;
            }

            bool isVideo = StripEntry.IsVideoLane(lane);
            place += one.IsVideo == isVideo ? (one.Lane < lane ? 1 : 0) : one.IsVideo ? 1 : 0;
        }

        double frameTime = _frameTimes[lane] > 0 ? _frameTimes[lane] : 1000.0 / 40;
        LiveRendition made = new(lane, _boundary!, _first.Segment, frameTime, Lengths, _stream.Pages);
        _renditions.Insert(place, made);
        return made;
    }

    /// <summary>A place that is waited for.</summary>
    private sealed record Awaited(LiveRendition Rendition, long Number, int? Part, long Since, TaskCompletionSource Source);
}
