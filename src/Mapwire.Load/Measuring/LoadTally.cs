namespace Mapwire.Load.Measuring;

/// <summary>
/// What the players of one loop have seen. Written by the loop's thread alone; the counters may be read by others while it runs,
/// the rest once it has ended.
/// </summary>
internal sealed class LoadTally
{
    /// <summary>Bytes received, everything included.</summary>
    public long Bytes;

    /// <summary>Connections begun.</summary>
    public long Connections;

    /// <summary>Plays whose first frame came.</summary>
    public long Plays;

    /// <summary>Plays that the server ended: the film was over.</summary>
    public long Ended;

    /// <summary>Plays that broke off after their first frame.</summary>
    public long Lost;

    /// <summary>Coded frames, audio and video.</summary>
    public long Frames;

    /// <summary>Players that have media to show, as of the last look.</summary>
    public long Playing;

    /// <summary>Players that wait for media in the middle of a play, as of the last look.</summary>
    public long Stalling;

    /// <summary>Times that a player ran out of media.</summary>
    public long Stalls;

    /// <summary>Players that ran out at least once.</summary>
    public long StalledPlayers;

    /// <summary>Players that got a first frame at least once.</summary>
    public long ServedPlayers;

    /// <summary>How long players stood, in microseconds.</summary>
    public long Stalled;

    /// <summary>Media received, in milliseconds.</summary>
    public long MediaTime;

    /// <summary>Time from first frames to ends of plays, in microseconds.</summary>
    public long PlayTime;

    public long Backwards;
    public long Gaps;

    /// <summary>Seeks asked for.</summary>
    public long Seeks;

    /// <summary>Pauses asked for.</summary>
    public long Pauses;

    /// <summary>Seeks that brought no keyframe before the next one was due, or the end.</summary>
    public long SeeksUnanswered;

    /// <summary>Looks at playing players, and how many of them had received nothing for a while.</summary>
    public long Looks;

    public long IdleLooks;

    /// <summary>Players that hold less than this are not among the first percent, in microseconds.</summary>
    public LatencyHistogram LeastLead { get; } = new();

    /// <summary>From the intended start to the established connection.</summary>
    public LatencyHistogram Established { get; } = new();

    /// <summary>From the intended start to the accepted connect command.</summary>
    public LatencyHistogram Accepted { get; } = new();

    /// <summary>From the intended start to the first coded frame of video (of audio, where that is all).</summary>
    public LatencyHistogram FirstFrame { get; } = new();

    /// <summary>From the play command of RTMP to the first coded frame of video (of audio, where that is all).</summary>
    public LatencyHistogram FirstFrameOfPlay { get; } = new();

    /// <summary>What viewers of streams found that this process publishes.</summary>
    public MatchTally Match { get; } = new();

    /// <summary>From the intended seek to the first keyframe after it.</summary>
    public LatencyHistogram Seek { get; } = new();

    /// <summary>How late this side was with what it had planned.</summary>
    public LatencyHistogram Lateness { get; } = new();

    /// <summary>Why connections failed, and how often.</summary>
    public Dictionary<string, long> Failures { get; } = [];

    /// <summary>Counts a failure.</summary>
    public void Fail(string reason) => Failures[reason] = Failures.GetValueOrDefault(reason) + 1;

    /// <summary>Takes in a play, or the part of it up to a seek.</summary>
    public void Take(in PlaybackCheck play, long playTime)
    {
        Stalls += play.Stalls;
        Stalled += play.Stalled;
        Backwards += play.Backwards;
        Gaps += play.Gaps;
        MediaTime += play.MediaTime;
        PlayTime += playTime;
        if (play.LeastLead != long.MaxValue)
        {
            LeastLead.Add(play.LeastLead);
        }
    }

    /// <summary>Adds what another loop's players have seen, once both have ended.</summary>
    public void Add(LoadTally other)
    {
        Bytes += other.Bytes;
        Connections += other.Connections;
        Plays += other.Plays;
        Ended += other.Ended;
        Lost += other.Lost;
        Frames += other.Frames;
        Playing += other.Playing;
        Stalling += other.Stalling;
        Stalls += other.Stalls;
        StalledPlayers += other.StalledPlayers;
        ServedPlayers += other.ServedPlayers;
        Stalled += other.Stalled;
        MediaTime += other.MediaTime;
        PlayTime += other.PlayTime;
        Backwards += other.Backwards;
        Gaps += other.Gaps;
        Seeks += other.Seeks;
        SeeksUnanswered += other.SeeksUnanswered;
        Pauses += other.Pauses;
        Looks += other.Looks;
        IdleLooks += other.IdleLooks;
        LeastLead.Add(other.LeastLead);
        Established.Add(other.Established);
        Accepted.Add(other.Accepted);
        FirstFrame.Add(other.FirstFrame);
        FirstFrameOfPlay.Add(other.FirstFrameOfPlay);
        Match.Add(other.Match);
        Seek.Add(other.Seek);
        Lateness.Add(other.Lateness);
        foreach ((string reason, long count) in other.Failures)
        {
            Failures[reason] = Failures.GetValueOrDefault(reason) + count;
        }
    }
}
