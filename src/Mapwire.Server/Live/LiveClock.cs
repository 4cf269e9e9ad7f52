namespace Mapwire.Server.Live;

/// <summary>
/// Makes one time line of a publisher's timestamps, which have 32 bits and come around, jump when an encoder is restarted, and stand still.
/// </summary>
/// <remarks>
/// A stretch of timestamps that go on from each other is a <em>run</em>, with what they mean. A message that no run is near begins another
/// one, where the latest message of all has got to. Two are known at once: when pictures jump, sound goes by the old run until it jumps,
/// too, and is as far from the pictures then as it was; and a single wrong timestamp is a run that nothing follows. Where the timestamps of
/// a run stand still, its time goes on as messages arrive: what is kept, and what segments are cut by, goes by the time.
/// </remarks>
internal sealed class LiveClock
{
    /// <summary>Where the time line begins, in milliseconds: the first message of another track may be a little earlier.</summary>
    public const long Start = 10_000;

    /// <summary>Steps back up to this, in milliseconds, are an encoder's unevenness.</summary>
    public const long LongestStepBack = 1_000;

    /// <summary>Steps forward up to this, in milliseconds, are pauses, whatever the wall clock says.</summary>
    public const long LongestStep = 10_000;

    /// <summary>How far a longer pause may be from what the wall clock says, in milliseconds.</summary>
    private const long PauseTolerance = 5_000;

    /// <summary>How long a run is known that nothing has followed, in milliseconds.</summary>
    private const long ForgottenAfter = 10_000;

    /// <summary>The step to a message behind a jump, in milliseconds, where its track made none before: a picture of 25 a second.</summary>
    private const long DefaultStep = 40;

    /// <summary>
    /// Timestamps that have got no further for so long, in milliseconds, while messages came, stand still: longer than any step back takes
    /// to be made up for. Some cameras send 0 with each message.
    /// </summary>
    private const long LongestStand = 2 * LongestStepBack;

    private Run? _run; // the one that was followed last
    private Run? _other;

    /// <summary>The latest time of all messages, in milliseconds.</summary>
    public long Latest { get; private set; } = Start;

    /// <summary>Another publisher goes on: its first timestamp, whatever it says, comes behind all that was sent.</summary>
    public void Restart() => (_run, _other) = (null, null);

    /// <summary>The time of a message.</summary>
    /// <param name="timestamp">As the publisher sent it.</param>
    /// <param name="arrival">When it came, in milliseconds of a clock that never goes back.</param>
    /// <param name="track">Its track's times, which never go back.</param>
    /// <returns>Milliseconds.</returns>
    public long TimeOf(uint timestamp, long arrival, ref LiveTrackTimes track)
    {
        bool isFirst = _run is null && Latest == Start && !track.HasBegun;
        if (_run is null || !_run.IsNear(timestamp, arrival))
        {
            (_run, _other) = (_other, _run);
            if (_run is null || _run.IsForgotten(arrival) || !_run.IsNear(timestamp, arrival))
            {
                _run = new Run(timestamp, isFirst ? Start : Latest + (track.Step ?? DefaultStep), arrival);
            }
        }

        _run.Follow(timestamp, arrival);
        long time = track.Give(_run.Time);
        Latest = Math.Max(Latest, time);
        return time;
    }

    /// <summary>A stretch of timestamps that go on from each other.</summary>
    private sealed class Run(uint timestamp, long time, long arrival)
    {
        private uint _timestamp = timestamp;
        private long _arrival = arrival;
        private long _said = time; // what its last timestamp means, but for the time that was added
        private long _furthest = time; // of those
        private long _furthestAt = arrival;
        private long _added; // while timestamps stood still

        /// <summary>What its last timestamp means, in milliseconds.</summary>
        public long Time => _said + _added;

        /// <summary>Whether a timestamp goes on from the last one.</summary>
        public bool IsNear(uint timestamp, long arrival)
        {
            long step = StepTo(timestamp);
            long waited = arrival - _arrival;
            return step >= -LongestStepBack
                && (step <= LongestStep ? step >= 0 || waited <= ForgottenAfter : Math.Abs(step - waited) <= PauseTolerance);
        }

        /// <summary>Whether others were followed for so long that its time would be far behind.</summary>
        public bool IsForgotten(long arrival) => arrival - _arrival > ForgottenAfter;

        public void Follow(uint timestamp, long arrival)
        {
            bool stoodStill = _arrival - _furthestAt > LongestStand;
            _said += StepTo(timestamp);
            if (_said > _furthest)
            {
                (_furthest, _furthestAt) = (_said, arrival);
            }
            else if (stoodStill)
            {
                _added += arrival - _arrival;
            }

            _timestamp = timestamp;
            _arrival = arrival;
        }

        private long StepTo(uint timestamp) => unchecked((int)(timestamp - _timestamp));
    }
}

/// <summary>The times of one track.</summary>
internal struct LiveTrackTimes
{
    /// <summary>Longer steps, in milliseconds, are pauses, and say nothing of how long a message lasts.</summary>
    private const long LongestStep = 1_000;

    private long _last;

    /// <summary>Whether the track has had a message.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The last step from one message to the next that was no pause, in milliseconds; null before the first.</summary>
    public long? Step { get; private set; }

    /// <summary>Takes the time of the next message, which is not earlier than the one before.</summary>
    /// <returns>That time, in milliseconds.</returns>
    public long Give(long time)
    {
        time = HasBegun ? Math.Max(time, _last) : Math.Max(time, 0);
        Step = HasBegun && time - _last is > 0 and <= LongestStep ? time - _last : Step;
        HasBegun = true;
        _last = time;
        return time;
    }
}
