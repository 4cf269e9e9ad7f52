namespace Mapwire.Server.Live.Segments;

/// <summary>How long segments and parts of a live stream are: decided before the first playlist, and never changed.</summary>
/// <param name="Wanted">A segment ends at the first key picture behind this.</param>
/// <param name="Target">What the longest segment lasts, in whole seconds: EXT-X-TARGETDURATION.</param>
/// <param name="Part">A part is not longer than this: PART-TARGET.</param>
internal sealed record LiveSegmentLengths(TimeSpan Wanted, TimeSpan Target, TimeSpan Part)
{
    /// <summary>A playlist has at least so many target durations (RFC 8216, section 6.2.2).</summary>
    public const int LeastTargets = 3;

    /// <summary>The part of the target that each part must fill (draft-pantos-hls-rfc8216bis, section 4.4.4.9).</summary>
    private const double LeastFill = 0.85;

    /// <summary>The longest target, in seconds: pictures further apart than that are cut where no key picture is.</summary>
    private const int LongestTarget = 12;

    /// <summary>The target where nobody knows yet how far apart key pictures are, in seconds.</summary>
    private const int UnknownTarget = 4;

    /// <summary>What times of whole milliseconds may be off, in milliseconds.</summary>
    private const int Rounding = 1;

    /// <summary>
    /// What a segment may last longer than the target, whose rounding allows half a second: key pictures are not to the millisecond.
    /// </summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(400);

    /// <summary>A segment ends at the latest at this, with or without a key picture.</summary>
    public TimeSpan Longest => Target + Slack;

    /// <summary>Decides.</summary>
    /// <param name="segment">How long segments should be, in milliseconds.</param>
    /// <param name="part">How long parts should be, in milliseconds.</param>
    /// <param name="frameTimes">How long frames of each track last, in milliseconds; pictures first, where there are any.</param>
    /// <param name="keyInterval">
    /// How far apart key pictures are at most, in milliseconds; null where that is not known, 0 for sound alone.
    /// </param>
    public static LiveSegmentLengths Choose(long segment, long part, IReadOnlyList<double> frameTimes, long? keyInterval)
    {
        long target = keyInterval switch
        {
            null => Math.Max(segment, UnknownTarget * 1000),
            <= 0 => segment,
            { } interval => Math.Max(segment, (segment + interval - 1) / interval * interval),
        };
        int seconds = (int)Math.Clamp(Math.Ceiling((target - 50) / 1000.0), 1, LongestTarget);
        return new LiveSegmentLengths(
            TimeSpan.FromMilliseconds(segment), TimeSpan.FromSeconds(seconds),
            TimeSpan.FromMilliseconds(Math.Min(ChoosePart(part, frameTimes), seconds * 1000)));
    }

    /// <summary>The least time from what is wanted on that whole frames of all tracks fill.</summary>
    private static long ChoosePart(long wanted, IReadOnlyList<double> frameTimes)
    {
        double frame = frameTimes[0];
        long first = 0;
        for (int count = Math.Max(1, (int)Math.Ceiling((wanted / frame) - 0.05)), more = 0; more < 16; count++, more++)
        {
            long target = (long)Math.Ceiling(count * frame) + Rounding;
            first = first == 0 ? target : first;
            if (frameTimes.All(time => time <= 0 || Math.Floor(target / time) * time >= LeastFill * target))
            {
                return target;
            }
        }

        return first;
    }
}
