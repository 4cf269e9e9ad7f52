namespace Mapwire.Load.Measuring;

/// <summary>
/// Judges the media of one play as a player would: times in order, no holes, and never nothing left to show. Its clock starts with
/// the first frame and stands while it waits.
/// </summary>
internal struct PlaybackCheck
{
    /// <summary>How late media may be before the wait is a stall: two or three frames, which a display's own queue hides.</summary>
    private const long Tolerance = 100 * LoadClock.Millisecond;

    /// <summary>A step of one track's time that no film makes from frame to frame, in milliseconds.</summary>
    private const long LongestStep = 2000;

    /// <summary>How long a play must have run before its least lead counts: it begins at zero by definition.</summary>
    private const long SettlingTime = LoadClock.Second;

    private const long NotPaused = -1;

    private long _zero; // the clock's time at which the media's first moment was shown
    private long _newest; // media received up to here, ms
    private long _lastVideo;
    private long _lastAudio;
    private long _pausedAt = NotPaused;
    private bool _hasVideo;
    private bool _hasAudio;

    /// <summary>The time of the first message, in milliseconds.</summary>
    private long _first;

    /// <summary>Whether anything came.</summary>
    public readonly bool HasStarted => _hasVideo || _hasAudio;

    /// <summary>The times it ran out of media.</summary>
    public int Stalls { get; private set; }

    /// <summary>How long it stood, in microseconds.</summary>
    public long Stalled { get; private set; }

    /// <summary>Messages whose time lay before that of the one before on their track.</summary>
    public int Backwards { get; private set; }

    /// <summary>Steps of a track's time longer than 2 s.</summary>
    public int Gaps { get; private set; }

    /// <summary>The least media that was in hand after the first second, in microseconds; <see cref="long.MaxValue"/> before.</summary>
    public long LeastLead { get; private set; } = long.MaxValue;

    public PlaybackCheck()
    {
    }

    /// <summary>Media received, in milliseconds of the film.</summary>
    public readonly long MediaTime => HasStarted ? _newest - _first : 0;

    /// <summary>Whether nothing is left to show.</summary>
    public readonly bool IsStalledAt(long now) => HasStarted && LeadAt(now) < -Tolerance;

    /// <summary>Whether one picture is shown for now. What comes meanwhile is kept for later.</summary>
    public readonly bool IsPaused => _pausedAt != NotPaused;

    /// <summary>Media in hand, in microseconds; negative: missing.</summary>
    public readonly long LeadAt(long now) => ((_newest - _first) * LoadClock.Millisecond) - ShownAt(now);

    /// <summary>What is shown, in milliseconds of the stream.</summary>
    public readonly long TimeShownAt(long now) => Math.Min(_newest, _first + (ShownAt(now) / LoadClock.Millisecond));

    /// <summary>The clock stands.</summary>
    public void Pause(long now)
    {
        Settle(now);
        _pausedAt = now;
    }

    /// <summary>The clock goes on with what is in hand.</summary>
    public void Resume(long now)
    {
        _zero += now - _pausedAt;
        _pausedAt = NotPaused;
    }

    /// <summary>Media shown so far, in microseconds.</summary>
    private readonly long ShownAt(long now) => (IsPaused ? _pausedAt : now) - _zero;

    /// <summary>A coded frame has begun to arrive.</summary>
    /// <param name="isVideo">Its track.</param>
    /// <param name="time">Milliseconds of the stream.</param>
    /// <param name="now">The clock.</param>
    public void Add(bool isVideo, long time, long now)
    {
        if (!HasStarted)
        {
            _first = time;
            _newest = time;
            _zero = now;
        }
        else
        {
            Settle(now);
        }

        bool hasBefore = isVideo ? _hasVideo : _hasAudio;
        long before = isVideo ? _lastVideo : _lastAudio;
        if (hasBefore)
        {
            Backwards += time < before ? 1 : 0;
            Gaps += time > before + LongestStep ? 1 : 0;
        }

        if (isVideo)
        {
            _hasVideo = true;
            _lastVideo = time;
        }
        else
        {
            _hasAudio = true;
            _lastAudio = time;
        }

        _newest = Math.Max(_newest, time);
    }

    /// <summary>A piece of media has come whole: a segment.</summary>
    /// <param name="from">Its first moment, in milliseconds of the stream.</param>
    /// <param name="to">Its end.</param>
    /// <param name="now">The clock.</param>
    public void AddPiece(long from, long to, long now)
    {
        Add(isVideo: true, from, now);
        _lastVideo = to;
        _newest = Math.Max(_newest, to);
    }

    /// <summary>Takes note of where the clock is: called before media is added and when the play is over.</summary>
    public void Settle(long now)
    {
        if (!HasStarted)
        {
            return;
        }

        long lead = LeadAt(now);
        if (ShownAt(now) > SettlingTime)
        {
            LeastLead = Math.Min(LeastLead, lead);
        }

        if (lead < -Tolerance)
        {
            Stalls++;
            Stalled -= lead;
            _zero -= lead; // the picture stood for as long
        }
    }
}
