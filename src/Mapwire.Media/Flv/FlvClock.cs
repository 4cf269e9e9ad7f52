namespace Mapwire.Media.Flv;

/// <summary>
/// Makes one time line of the timestamps of a file. They are signed, have 32 bits and come around (FLV 10.1, E.4.1); a recorder that was
/// started again begins at 0 again, in the middle of the file; and a single one may be wrong. A tag that is far from what was before it
/// therefore waits until the tags behind it have shown which of this it is.
/// </summary>
internal sealed class FlvClock
{
    /// <summary>Steps up to this, in milliseconds, are believed at once, forward and back.</summary>
    private const long TrustedStep = 1000;

    /// <summary>The longest pause, in milliseconds, before the last tag of a file: nothing behind it can say whether it is right.</summary>
    private const long MaxLastStep = 3_600_000;

    /// <summary>Tags that may wait for a decision.</summary>
    private const int MaxWaiting = 256;

    private readonly List<FlvSample> _waiting = [];
    private bool _hasBegun;
    private long _timestamp; // the last one believed, unfolded to 64 bits
    private long _offset; // from timestamps to times: what earlier recordings in the file took
    private long _last; // the last time given
    private long _latest = long.MinValue; // the latest one

    private enum Verdict
    {
        Unknown,
        Jump,
        Wrong,
    }

    /// <summary>Takes the next sample of the file, which goes to its track with its time, now or later.</summary>
    internal void Add(in FlvSample sample)
    {
        if (_waiting.Count == 0 && IsPlausible(sample))
        {
            Accept(sample);
            return;
        }

        _waiting.Add(sample);
        Decide(isAtEnd: false);
    }

    /// <summary>Whether samples wait for what is behind them.</summary>
    internal bool IsWaiting => _waiting.Count > 0;

    /// <summary>Gives all samples that still wait to their tracks.</summary>
    internal void Finish() => Decide(isAtEnd: true);

    private void Decide(bool isAtEnd)
    {
        int done = 0;
        for (; done < _waiting.Count; done++)
        {
            FlvSample sample = _waiting[done];
            if (IsPlausible(sample))
            {
                Accept(sample);
                continue;
            }

            Verdict verdict = Judge(sample, _waiting.GetRange(done + 1, _waiting.Count - done - 1), isAtEnd);
            if (verdict == Verdict.Unknown)
            {
                break;
            }

            if (verdict == Verdict.Wrong)
            {
                // It is played where its track has got to.
                sample.Track.Add(sample, sample.Track.LastTime is { } own ? own + sample.Track.LastStep : _last);
                continue;
            }

            long time = TimeOf(sample);
            if (time < _last)
            {
                _offset += Math.Max(_latest, _last) + sample.Track.LastStep - time; // another recording: it follows the one before
            }

            Accept(sample);
        }

        _waiting.RemoveRange(0, done);
    }

    private Verdict Judge(FlvSample sample, List<FlvSample> following, bool isAtEnd)
    {
        long time = TimeOf(sample);
        foreach (FlvSample next in following)
        {
            if (IsPlausible(next))
            {
                return Verdict.Wrong; // the others go on as before
            }

            if (Math.Abs(TimeOf(next) - time) <= TrustedStep)
            {
                return Verdict.Jump; // the others have come along
            }
        }

        return isAtEnd ? (time - _last is > 0 and <= MaxLastStep ? Verdict.Jump : Verdict.Wrong)
            : following.Count >= MaxWaiting ? Verdict.Jump
            : Verdict.Unknown;
    }

    private bool IsPlausible(in FlvSample sample)
    {
        long time = TimeOf(sample);
        return !_hasBegun || Math.Abs(time - _last) <= TrustedStep
            || (sample.Track.LastTime is { } own && Math.Abs(time - own) <= TrustedStep);
    }

    private long Unfold(uint timestamp) => _hasBegun ? _timestamp + (int)(timestamp - (uint)_timestamp) : (int)timestamp;

    private long TimeOf(in FlvSample sample) => Unfold(sample.Timestamp) + _offset;

    private void Accept(in FlvSample sample)
    {
        _timestamp = Unfold(sample.Timestamp);
        _hasBegun = true;
        _last = _timestamp + _offset;
        _latest = Math.Max(_latest, _last);
        sample.Track.Add(sample, _last);
    }
}

/// <summary>A sample of an FLV file whose time is not settled yet.</summary>
/// <param name="Track">Its track.</param>
/// <param name="Timestamp">Its tag's, of 32 bits.</param>
/// <param name="Composition">In milliseconds.</param>
/// <param name="Tag">The offset of the tag around it.</param>
/// <param name="Headers">From there to its first byte.</param>
/// <param name="Size">In bytes.</param>
/// <param name="IsSync">Whether decoding can start here.</param>
/// <param name="Description">The track's configuration that is in force.</param>
internal readonly record struct FlvSample(
    FlvTrack Track, uint Timestamp, int Composition, long Tag, int Headers, uint Size, bool IsSync, int Description);
