using System.Collections.Immutable;
using Mapwire.Media;
using Mapwire.Media.Codecs;
using Mapwire.Media.Flv;
using Mapwire.Rtmp.Amf;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Live;

/// <summary>
/// A live stream: memory that grows at one end, where its publisher writes, and is forgotten at the other. Viewers are places in it.
/// </summary>
/// <remarks>
/// One publisher at a time writes, on its loop's thread, under the stream's lock, which nobody else wants but when publishers change.
/// Everything else is published for readers who take no lock.
/// </remarks>
internal sealed class LiveStream
{
    /// <summary>
    /// How long the first message waits for the tracks that have not come, in milliseconds: metadata promise tracks that never come.
    /// </summary>
    private const long LongestStart = 1_000;

    /// <summary>How far apart places to begin with are in a stream without key pictures, in milliseconds.</summary>
    private const long SoundSyncInterval = 500;

    /// <summary>After this time without a key picture, in milliseconds, viewers begin with the sound.</summary>
    private const long LongestWithoutKey = 30_000;

    /// <summary>How long what was published last is kept for slow viewers when it is over, in milliseconds.</summary>
    private const long LongestEnd = 10_000;

    /// <summary>From this fullness of the pages on, the windows of all streams are shorter, by the same part.</summary>
    public const double ComfortableFullness = 0.8;

    /// <summary>
    /// From this on, what is held beside the windows shortens them, too, and playlists are as short as the windows, not as long as they
    /// should be.
    /// </summary>
    public const double ShortFullness = 0.9;

    /// <summary>
    /// What came longer ago than the window and this, in milliseconds, has left it, whatever its timestamps say: a publisher may pause, and
    /// one whose timestamps hardly go on would have all the memory.
    /// </summary>
    private const long LongestPause = LiveClock.LongestStep;

    /// <summary>Bytes of a configuration: those of real encoders have some hundred.</summary>
    private const int MaxConfiguration = 64 * 1024;

    /// <summary>Formats in the window; each has what viewers are told of it.</summary>
    private const int MaxFormats = 64;

    /// <summary>
    /// How long a stream goes on, in milliseconds: 99 days, six hours less than what the time of an entry has room for. Its publisher
    /// begins another one then.
    /// </summary>
    private const long LongestTime = StripEntry.MaxTime - (6 * 60 * 60 * 1000);

    /// <summary>Segments that nobody has asked for in so long are given up, in milliseconds: players ask each second.</summary>
    private const long LongestUnasked = 5 * 60 * 1000;

    /// <summary>
    /// Segments that a fault of ours ended are given up behind this, in milliseconds, and others begin: by then it is in the log, and who
    /// watched has seen the end.
    /// </summary>
    private const long FaultPause = 5_000;

    /// <summary>A window of so many messages is looked through by everybody who waits for segments, others once an interval.</summary>
    private const int ShortStrip = 4096;

    /// <summary>That interval, in milliseconds.</summary>
    private const long LookInterval = 50;

    private readonly LiveOptions _options;
    private readonly LiveArrivals _arrivals;
    private readonly LiveTrack?[] _tracks = new LiveTrack?[StripEntry.MaxLanes]; // by lane
    private readonly LiveClock _clock = new();
    private readonly Lock _gate = new();
    private LiveAudience[] _audiences = [];
    private LivePublisher? _publisher;
    private LiveSegments? _segments; // for those who watch by HTTP requests, from the first of them on
    private long _lookedAt; // for segments
    private bool _isAwaited; // as segments: they are made as soon as enough has come
    private LiveNumbers _nextNumbers; // the least of those to come
    private LiveFormat? _format;
    private LiveFormat? _oldestFormat; // of the first entry in the window
    private LiveClaims _claims = LiveClaims.None;
    private bool _isFormatOld; // configurations have changed since
    private bool _hasNews; // for viewers, beside entries
    private int _formats; // in the window
    private int _state = (int)LiveState.Awaited;
    private long _changedAt; // when the state changed last
    private long _firstArrival = -1;
    private long _lastArrival;
    private long _number; // of the next entry
    private int _leading = StripEntry.VideoLane; // of the video track that viewers begin by: the first that there is
    private TitleTime _lastSync = TitleTime.MinValue;
    private TitleTime _lastKey = TitleTime.MinValue;
    private long _leftOut;
    private long _latest; // of all times given

    /// <param name="name">The name that viewers know it by.</param>
    /// <param name="pages">Where messages lie.</param>
    /// <param name="options">How long what is kept.</param>
    /// <param name="arrivals">Those who wait for it by HTTP, or for others.</param>
    /// <param name="now">Milliseconds of a clock that never goes back.</param>
    public LiveStream(string name, LivePages pages, LiveOptions options, LiveArrivals arrivals, long now)
    {
        Name = name;
        Pages = pages;
        _options = options;
        _arrivals = arrivals;
        _changedAt = now;
    }

    /// <summary>The name that viewers know it by.</summary>
    public string Name { get; }

    /// <summary>Where messages lie.</summary>
    public LivePages Pages { get; }

    /// <summary>The messages.</summary>
    public LiveStrip Strip { get; } = new();

    /// <summary>What the tracks are now; null while that is not known.</summary>
    public LiveFormat? Format => Volatile.Read(ref _format);

    /// <summary>What the tracks are at an entry of the window; null while that is not known.</summary>
    public LiveFormat? FormatAt(long number)
    {
        LiveFormat? format = Volatile.Read(ref _oldestFormat);
        while (format?.Next is { } next && next.First <= number)
        {
            format = next;
        }

        return format;
    }

    /// <summary>Where it is in its life. Any thread may ask.</summary>
    public LiveState State => (LiveState)Volatile.Read(ref _state);

    /// <summary>The time of the newest message, about.</summary>
    public TitleTime LatestTime => new(Volatile.Read(ref _latest));

    /// <summary>How many watch or wait.</summary>
    public int Viewers => Volatile.Read(ref _audiences).Sum(static audience => audience.Count);

    /// <summary>Messages that were left out, since there was no room or no configuration.</summary>
    public long LeftOut => Volatile.Read(ref _leftOut);

    /// <summary>How much of the stream is kept now, in milliseconds.</summary>
    public long KeptTime => Window();

    /// <summary>The stream as segments; null while nobody has asked for them, or too little has come.</summary>
    public LiveSegments? Segments => Volatile.Read(ref _segments);

    /// <summary>The stream as segments, from now on at the latest.</summary>
    /// <param name="least">The least numbers of the first of them.</param>
    /// <returns>Null while too little has come: once it has, they are made, and who waits for them (<see cref="LiveArrivals"/>) is told.
    /// </returns>
    public LiveSegments? GetSegments(LiveNumbers least)
    {
        if (Segments is { } made)
        {
            return made;
        }

        lock (_gate)
        {
            _nextNumbers = LiveNumbers.Max(least, _nextNumbers);
            _isAwaited = true;
            MakeAwaited(isAsked: true);
            return _segments;
        }
    }

    /// <summary>Numbers that nothing of the stream has had as segments; the default where it has not been cut.</summary>
    public LiveNumbers NextNumbers => Segments is { } segments
        ? LiveNumbers.Max(segments.Read(static one => one.NextNumbers), _nextNumbers)
        : _nextNumbers;

    /// <summary>Makes the segments that somebody waits for, where enough has come. Under the lock.</summary>
    /// <param name="isAsked">Whether somebody asks just now: a short window is looked through for everybody.</param>
    private void MakeAwaited(bool isAsked)
    {
        if (_segments is not null || !_isAwaited || State is not (LiveState.Published or LiveState.Interrupted))
        {
            return;
        }

        long now = LoopClock.Milliseconds;
        if ((!isAsked || Strip.Length > ShortStrip) && now - _lookedAt < LookInterval)
        {
            return;
        }

        _lookedAt = now;
        if (LiveSegments.TryCreate(this, _options.SegmentTime, _options.PartTime, _nextNumbers) is { } first)
        {
            first.Take();
            _isAwaited = false;
            Volatile.Write(ref _segments, first);
        }
    }

    /// <summary>Lets go of segments that nobody has asked for in a long time, or that go on no more. Under the lock.</summary>
    /// <returns>What is to be released.</returns>
    private LiveSegments? TakeUnasked(long now)
    {
        if (_segments is not { } segments)
        {
            return null;
        }

        bool isWanted = now - segments.AskedAt <= LongestUnasked || segments.IsAwaited;
        bool goesOn = State == LiveState.Over || !(now - segments.FaultedAt > FaultPause);
        if (isWanted && goesOn)
        {
            return null;
        }

        _nextNumbers = segments.Read(static one => one.NextNumbers);
        _segments = null;
        return segments;
    }

    /// <summary>Watches, or waits for a publisher. On the viewer's loop.</summary>
    /// <returns>False when the stream is over: there may be another one of its name.</returns>
    public bool TryJoin(LiveSeat seat)
    {
        lock (_gate)
        {
            if (State == LiveState.Over)
            {
                return false;
            }

            LiveAudience? audience = Array.Find(_audiences, audience => audience.Loop == seat.Loop);
            if (audience is null)
            {
                audience = new LiveAudience(seat.Loop, _options.Latency);
                Volatile.Write(ref _audiences, [.. _audiences, audience]);
            }

            audience.Add(seat.Viewer);
            return true;
        }
    }

    /// <summary>Watches no longer. On the viewer's loop.</summary>
    /// <returns>Whether the stream is over with that: nobody publishes it or waits for it.</returns>
    public bool Leave(LiveSeat seat)
    {
        lock (_gate)
        {
            Array.Find(_audiences, audience => audience.Loop == seat.Loop)?.Remove(seat.Viewer);
            if (State != LiveState.Awaited || Viewers > 0)
            {
                return false;
            }

            SetState(LiveState.Over, _changedAt);
            return true;
        }
    }

    /// <summary>Somebody wants to publish.</summary>
    /// <param name="publisher">Who.</param>
    /// <param name="now">The time.</param>
    /// <param name="dismissed">Who published until now and is to be told; null where nobody did.</param>
    /// <returns>Why not; null when it publishes from now on.</returns>
    public string? TryPublish(LivePublisher publisher, long now, out LivePublisher? dismissed)
    {
        lock (_gate)
        {
            dismissed = null;
            if (State == LiveState.Over)
            {
                return "the stream has just ended: publish again"; // the registry makes another one
            }

            if (_publisher is not null && !_options.TakesOver)
            {
                return "it is being published already";
            }

            dismissed = _publisher;
            if (_publisher is not null || State == LiveState.Interrupted)
            {
                _clock.Restart();
                for (int lane = 0; lane < _tracks.Length; lane++)
                {
                    if (StripEntry.IsVideoLane(lane) && _tracks[lane] is { } video)
                    {
                        video.IsBroken = true; // its first pictures may refer to some that nobody has
                    }
                }
            }

            _publisher = publisher;
            _lastArrival = now;
            SetState(LiveState.Published, now);
            return null;
        }
    }

    /// <summary>The publisher has gone.</summary>
    /// <param name="publisher">Who; nothing happens where another one has taken over.</param>
    /// <param name="isFinished">Whether it said that this is the end, else its connection was lost.</param>
    /// <param name="now">The time.</param>
    public void Unpublish(LivePublisher publisher, bool isFinished, long now)
    {
        lock (_gate)
        {
            if (_publisher == publisher)
            {
                _publisher = null;
                Strip.Publish(); // what came in the same turn as the end
                _segments?.Take();
                Array.ForEach(_tracks, static track => track?.Close());
                SetState(isFinished || _options.ResumeTime == 0 ? LiveState.Over : LiveState.Interrupted, now);
            }
        }

        WakeAll();
    }

    /// <summary>Takes what a publisher says of its stream.</summary>
    public void TakeClaims(LivePublisher publisher, LiveClaims claims, long now)
    {
        lock (_gate)
        {
            if (_publisher == publisher)
            {
                _lastArrival = now;
                _isFormatOld |= !claims.Told.SequenceEqual(_claims.Told);
                _claims = claims;
            }
        }
    }

    /// <summary>Takes what one message holds of one track; viewers find it once it is published (<see cref="Publish"/>).</summary>
    /// <param name="publisher">Who; nothing is taken where another one has taken over.</param>
    /// <param name="packet">What it holds.</param>
    /// <param name="timestamp">Of the message.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="CodecFormatException">It is a configuration that is malformed.</exception>
    public void Take(LivePublisher publisher, in FlvPacket packet, uint timestamp, long now)
    {
        lock (_gate)
        {
            if (_publisher != publisher)
            {
                return;
            }

            _lastArrival = now;
            int lane = StripEntry.LaneOf(packet.Kind == TrackKind.Video, packet.Track);
            if (lane < 0 || packet.Codec is null)
            {
                _leftOut += packet.Type == FlvPacketType.Frame ? 1 : 0;
            }
            else if (packet.Type == FlvPacketType.Configuration)
            {
                if (packet.Payload.Length > MaxConfiguration)
                {
                    _leftOut++;
                }
                else if (packet.Codec.ReadRecord(packet.Payload) is { } configuration)
                {
                    Configure(TrackOf(lane), configuration);
                }
            }
            else if (packet.Type == FlvPacketType.Metadata)
            {
                if (LiveMetadata.TryReadColor(packet.Payload, out VideoColor? color) && TrackOf(lane).Color != color)
                {
                    TrackOf(lane).Color = color;
                    _isFormatOld = true;
                }
            }
            else if (packet.Type == FlvPacketType.Frame)
            {
                TakeFrame(lane, packet, timestamp, now);
            }

            _hasNews |= GoLiveWhenComplete(now);
        }
    }

    /// <summary>Whether the stream has gone on for so long that it has to end.</summary>
    public bool IsTimeUp => LatestTime.Milliseconds > LongestTime;

    /// <summary>Lets viewers see what was taken.</summary>
    public void Publish()
    {
        bool hasMore;
        lock (_gate) // another publisher may be taking over
        {
            hasMore = Strip.Publish() | _hasNews;
            _hasNews = false;
            if (hasMore)
            {
                _segments?.Take();
                MakeAwaited(isAsked: false);
            }
        }

        if (hasMore)
        {
            WakeAll();
        }
    }

    /// <summary>Looks at what goes by the clock.</summary>
    /// <param name="now">The time.</param>
    /// <param name="silent">The publisher, where it has sent nothing for too long and was let go; else null.</param>
    /// <returns>Whether it is over, and nobody can join it any more.</returns>
    public bool Tick(long now, out LivePublisher? silent)
    {
        silent = null;
        bool wakes = false;
        LiveSegments? unasked;
        lock (_gate)
        {
            unasked = TakeUnasked(now);
            if (Strip.Length > 0)
            {
                Forget(now: null); // nothing may come, and others are short of memory
            }

            MakeAwaited(isAsked: false); // of a publisher that sends nothing more for now
            switch (State)
            {
                case LiveState.Published when now - _lastArrival > _options.PublishTimeout:
                    silent = _publisher;
                    _publisher = null;
                    SetState(_options.ResumeTime == 0 ? LiveState.Over : LiveState.Interrupted, now);
                    wakes = true;
                    break;
                case LiveState.Published:
                    wakes = GoLiveWhenComplete(now);
                    break;
                case LiveState.Interrupted when now - _changedAt > _options.ResumeTime:
                    SetState(LiveState.Over, now);
                    wakes = true;
                    break;
                case LiveState.Awaited when Viewers == 0:
                    SetState(LiveState.Over, now);
                    break;
            }
        }

        if (wakes)
        {
            WakeAll();
        }

        unasked?.Release();
        Segments?.Tick(now);
        AnnounceSegments();
        return State == LiveState.Over;
    }

    /// <summary>Gives all pages back, where it is over and its viewers have had time to read the end.</summary>
    /// <returns>Whether it did: nobody finds an entry of it any more.</returns>
    public bool TryRelease(long now)
    {
        if (Viewers > 0 && now - Volatile.Read(ref _changedAt) <= LongestEnd)
        {
            return false;
        }

        lock (_gate)
        {
            while (Strip.Length > 0)
            {
                Strip.DropOldest();
            }

            foreach (LiveTrack? track in _tracks)
            {
                track?.Close();
                track?.Release(long.MaxValue);
            }
        }

        WakeAll();
        return true;
    }

    private LiveTrack TrackOf(int lane) => _tracks[lane] ??= new LiveTrack(Pages);

    private void SetState(LiveState state, long now)
    {
        Volatile.Write(ref _state, (int)state);
        _changedAt = now;
        if (state == LiveState.Over)
        {
            _segments?.End(now);
        }

        _arrivals.Announce(Name);
    }

    /// <summary>Takes a configuration; the one that counts already changes nothing.</summary>
    private void Configure(LiveTrack track, CodecConfiguration configuration)
    {
        if (track.Configuration is { } known && known.Codec == configuration.Codec
            && known.Raw.AsSpan().SequenceEqual(configuration.Raw.AsSpan()))
        {
            return;
        }

        track.Configuration = configuration;
        _isFormatOld = true;
        int leading = Array.FindIndex(_tracks, static track => track is { Configuration.Codec.Kind: TrackKind.Video });
        _leading = Math.Max(StripEntry.VideoLane, leading);
    }

    private void TakeFrame(int lane, in FlvPacket packet, uint timestamp, long now)
    {
        LiveTrack track = TrackOf(lane);
        if (track.Configuration?.Codec != packet.Codec && packet.Codec!.ReadFrame(packet.Payload, packet.PlainHeader) is { } described)
        {
            Configure(track, described);
        }

        if (track.Configuration?.Codec != packet.Codec || packet.Payload.Length > StripEntry.MaxSize)
        {
            _leftOut++;
            return;
        }

        _firstArrival = _firstArrival < 0 ? now : _firstArrival;
        long time = _clock.TimeOf(timestamp, now, ref track.Times);
        Volatile.Write(ref _latest, _clock.Latest);
        bool isVideo = StripEntry.IsVideoLane(lane);
        bool isKey = lane == _leading && packet.IsSync;
        track.IsBroken &= !packet.IsSync;
        Forget(now);
        long offset = track.IsBroken ? -1 : Write(track, packet.Payload);
        if (offset < 0)
        {
            track.IsBroken = isVideo;
            _leftOut++;
            return;
        }

        int composition = Math.Clamp(packet.Composition, -StripEntry.MaxComposition, StripEntry.MaxComposition);
        ReplaceFormat();
        TitleTime at = new(time);
        Strip.Add(
            new StripEntry(at, composition, offset, packet.Payload.Length, lane, packet.IsSync),
            IsSyncPoint(at, isKey, !isVideo), now);
        _number++;
    }

    /// <summary>A key picture, or, where there has been none for long, sound some time behind the last such place.</summary>
    private bool IsSyncPoint(TitleTime time, bool isKey, bool isSound)
    {
        _lastKey = isKey ? time : _lastKey == TitleTime.MinValue && HasPictures ? time : _lastKey;
        bool isSync = isKey
            || (isSound && (!HasPictures || time - _lastKey > LongestWithoutKey)
                && (_lastSync == TitleTime.MinValue || time - _lastSync >= SoundSyncInterval));
        _lastSync = isSync ? time : _lastSync;
        return isSync;
    }

    private bool HasPictures => _tracks[_leading] is { Configuration: not null };

    /// <summary>How much of the stream is kept, in milliseconds: less of each the fuller the pages are.</summary>
    private long Window() => (long)(_options.Window * Room);

    /// <summary>The part of what should be kept that there is room for, from 0 to 1.</summary>
    public double Room => Math.Clamp(
        Math.Min((1 - Pages.Occupancy) / (1 - ComfortableFullness), (1 - Pages.Use) / (1 - ShortFullness)), 0, 1);

    /// <summary>Writes a message, in the place of the oldest ones where there is no room: others have no less for it.</summary>
    /// <returns>Where it lies; negative where there is no room, or none before all loops have gone on.</returns>
    private long Write(LiveTrack track, ReadOnlySpan<byte> message)
    {
        long offset = track.Write(message, _number);
        if (offset >= 0 || message.Length > Pages.Length)
        {
            return offset;
        }

        track.Close(); // the oldest messages may be in the run at hand
        long released = ReleasePages();
        while (released < message.Length && Strip.Length > 0)
        {
            Strip.DropOldest();
            released += ReleasePages();
        }

        LeaveFormats();
        return track.Write(message, _number);
    }

    /// <summary>Lets go of what has left the window.</summary>
    /// <param name="now">The time; null where nothing comes, so that it is no reason to let go of what came long ago.</param>
    private void Forget(long? now)
    {
        double room = Room;
        long before = _clock.Latest - (long)(_options.Window * room);
        long longest = (long)((_options.Window + LongestPause) * room);
        long first = _formats >= MaxFormats ? _oldestFormat!.Next!.First : 0; // the oldest format's entries leave with it
        while (Strip.Length > 0
            && (Strip.OldestEntry.Time.Milliseconds < before || Strip.Length >= LiveOptions.MaxEntries || Strip.Oldest < first
                || (now is { } time && unchecked((int)((uint)time - Strip.OldestArrival)) > longest)))
        {
            Strip.DropOldest();
        }

        LeaveFormats();
        ReleasePages();
    }

    /// <summary>Goes on to the format of the oldest entry.</summary>
    private void LeaveFormats()
    {
        while (_oldestFormat?.Next is { } next && next.First <= Strip.Oldest)
        {
            Volatile.Write(ref _oldestFormat, next);
            _formats--;
        }
    }

    /// <summary>Gives back the pages of what has left the window.</summary>
    /// <returns>How many bytes.</returns>
    private long ReleasePages()
    {
        long released = 0;
        foreach (LiveTrack? track in _tracks)
        {
            released += track?.Release(Strip.Oldest) ?? 0;
        }

        return released;
    }

    /// <summary>Begins another format where configurations have changed. Before the first entry that needs it is published.</summary>
    private void ReplaceFormat()
    {
        if (_format is not null && _isFormatOld)
        {
            LiveFormat next = CreateFormat(_number);
            _formats++;
            _format.Next = next; // before it is the current one: who finds that has not missed this
            Volatile.Write(ref _format, next);
        }
    }

    private LiveFormat CreateFormat(long first)
    {
        _isFormatOld = false;
        int lanes = Array.FindLastIndex(_tracks, static track => track is { Configuration: not null }) + 1;
        LiveTrack?[] tracks = _tracks[..Math.Max(lanes, 1)];
        return new LiveFormat(
            first, [.. tracks.Select(static track => track?.Configuration)], [.. tracks.Select(static track => track?.Color)],
            _claims.Told);
    }

    /// <summary>Lets viewers in once all tracks are known, or have been waited for long enough.</summary>
    private bool GoLiveWhenComplete(long now)
    {
        if (_format is not null || _firstArrival < 0)
        {
            return false;
        }

        bool isComplete = IsThere(_claims.HasVideo, _tracks[_leading])
            && IsThere(_claims.HasAudio, _tracks[StripEntry.AudioLane]);
        if (!isComplete && now - _firstArrival < LongestStart)
        {
            return false;
        }

        LiveFormat first = CreateFormat(0);
        Volatile.Write(ref _oldestFormat, first);
        Volatile.Write(ref _format, first);
        return true;
    }

    private static bool IsThere(bool? isPromised, LiveTrack? track) => isPromised is false || track is { Configuration: not null };

    private void WakeAll()
    {
        foreach (LiveAudience audience in Volatile.Read(ref _audiences))
        {
            audience.Wake();
        }

        AnnounceSegments();
    }

    /// <summary>Lets those go on who wait for what has come of segments. Under no lock.</summary>
    private void AnnounceSegments()
    {
        if (Segments?.Announce() is true)
        {
            _arrivals.Announce(Name);
        }
    }
}

/// <summary>Where a live stream is in its life.</summary>
internal enum LiveState
{
    /// <summary>Somebody waits for it; nobody has published it.</summary>
    Awaited,

    /// <summary>It has a publisher.</summary>
    Published,

    /// <summary>Its publisher was lost and may come back.</summary>
    Interrupted,

    /// <summary>It does not go on.</summary>
    Over,
}
