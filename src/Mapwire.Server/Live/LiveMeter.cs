namespace Mapwire.Server.Live;

/// <summary>
/// Measures what a publisher sends, as it comes: rates, keyframes, and how evenly it arrives. For the publisher's loop; a message costs
/// some additions.
/// </summary>
internal sealed class LiveMeter
{
    /// <summary>
    /// Rates are those of the last one to two of these, in milliseconds: of two keyframe intervals that encoders usually have.
    /// </summary>
    private const long Stretch = 4_000;

    /// <summary>Rates of less than this, in milliseconds, would say more of chance than of the encoder.</summary>
    private const long LeastStretch = 500;

    /// <summary>Steps of timestamps up to this, in milliseconds, are pauses; others are jumps, which say nothing of how evenly it comes.
    /// </summary>
    private const long LongestStep = 10_000;

    /// <summary>The longest distance of two keyframes that is believed, in milliseconds: beyond it the timestamps have jumped.</summary>
    private const int LongestKeyframeInterval = 600_000;

    /// <summary>The distance of sound and pictures is a mean over some ten pictures, unless it changes by more than this many milliseconds.
    /// </summary>
    private const double DistanceStep = 1_000;

    private Counts _before; // of the stretch before
    private Counts _counts; // of the stretch at hand
    private long _countedSince;
    private long _stretchBegan;
    private long _lastArrival;
    private bool _hasBegun;
    private Track _video;
    private Track _audio;
    private uint _keyTimestamp;
    private bool _hasKey;

    /// <summary>Pictures a second, of all that came of the first picture track.</summary>
    public double FrameRate => RateOf(_before.Pictures + _counts.Pictures);

    /// <summary>Bytes of pictures a second.</summary>
    public double VideoRate => RateOf(_before.VideoBytes + _counts.VideoBytes);

    /// <summary>Bytes of sound a second.</summary>
    public double AudioRate => RateOf(_before.AudioBytes + _counts.AudioBytes);

    /// <summary>From the last keyframe but one to the last, by their timestamps, in milliseconds; null before two have come.</summary>
    public int? KeyframeInterval { get; private set; }

    /// <summary>How far the sound is ahead of the pictures that come with it, in milliseconds; null unless there are both.</summary>
    public double? SoundAhead { get; private set; }

    /// <summary>
    /// How unevenly pictures arrive, or sound where that is all, in milliseconds: the mean difference of the distances of two that follow
    /// each other, by arrival and by timestamp (RFC 3550, 6.4.1).
    /// </summary>
    public double Jitter => _video.HasBegun ? _video.Jitter : _audio.Jitter;

    /// <summary>The longest time in which nothing came, in milliseconds.</summary>
    public long LongestPause { get; private set; }

    /// <summary>Takes a frame.</summary>
    /// <param name="isVideo">Pictures, else sound.</param>
    /// <param name="isFirstTrack">Whether it is of the first track of its kind; of others only the bytes count.</param>
    /// <param name="isSync">Whether decoding can start there.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="timestamp">As the publisher sent it.</param>
    /// <param name="now">When it came, in milliseconds of a clock that never goes back.</param>
    public void Take(bool isVideo, bool isFirstTrack, bool isSync, int bytes, uint timestamp, long now)
    {
        Count(isVideo, isFirstTrack, bytes, now);
        if (!isFirstTrack)
        {
            return;
        }

        if (!isVideo)
        {
            _audio.Take(timestamp, now);
            return;
        }

        _video.Take(timestamp, now);
        if (_audio.HasBegun)
        {
            double ahead = unchecked((int)(_audio.Timestamp - timestamp));
            SoundAhead = SoundAhead is { } mean && Math.Abs(ahead - mean) <= DistanceStep ? mean + ((ahead - mean) / 8) : ahead;
        }

        if (isSync)
        {
            int interval = unchecked((int)(timestamp - _keyTimestamp));
            KeyframeInterval = _hasKey && interval is > 0 and <= LongestKeyframeInterval ? interval : KeyframeInterval;
            (_keyTimestamp, _hasKey) = (timestamp, true);
        }
    }

    /// <summary>Counts what lies behind the first arrival up to the last one: then as many frames as distances between them.</summary>
    private void Count(bool isVideo, bool isFirstTrack, int bytes, long now)
    {
        if (!_hasBegun)
        {
            (_hasBegun, _lastArrival, _countedSince, _stretchBegan) = (true, now, now, now);
            return;
        }

        LongestPause = Math.Max(LongestPause, now - _lastArrival);
        if (now - _lastArrival >= Stretch)
        {
            (_before, _counts) = (default, default); // what was before the pause is long ago
            (_lastArrival, _countedSince, _stretchBegan) = (now, now, now);
            return;
        }

        if (now - _stretchBegan >= Stretch)
        {
            (_before, _counts) = (_counts, default);
            (_countedSince, _stretchBegan) = (_stretchBegan, _lastArrival);
        }

        _lastArrival = now;
        _counts.Pictures += isVideo && isFirstTrack ? 1 : 0;
        _counts.VideoBytes += isVideo ? bytes : 0;
        _counts.AudioBytes += isVideo ? 0 : bytes;
    }

    private double RateOf(long count) => _lastArrival - _countedSince is >= LeastStretch and long time ? count * 1000.0 / time : 0;

    private struct Counts
    {
        public long Pictures;
        public long VideoBytes;
        public long AudioBytes;
    }

    /// <summary>How evenly a track comes.</summary>
    private struct Track
    {
        private long _arrival;

        public bool HasBegun { get; private set; }

        public uint Timestamp { get; private set; }

        public double Jitter { get; private set; }

        public void Take(uint timestamp, long now)
        {
            long step = unchecked((int)(timestamp - Timestamp));
            if (HasBegun && Math.Abs(step) <= LongestStep)
            {
                Jitter += (Math.Abs(now - _arrival - step) - Jitter) / 16;
            }

            (HasBegun, Timestamp, _arrival) = (true, timestamp, now);
        }
    }
}
