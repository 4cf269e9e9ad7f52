using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>How a title is cut into segments.</summary>
public sealed record SegmentOptions
{
    /// <summary>The options used when none are given.</summary>
    public static SegmentOptions Default { get; } = new();

    /// <summary>
    /// How long a segment should be. Default 6 s, as the authors of HLS ask for. Segments hold whole sync intervals, so they are as long as
    /// those where they are longer.
    /// </summary>
    public TimeSpan TargetDuration { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>Whether more is expected at the file's end: then only what is whole is cut, and stays as it is. Default false.</summary>
    public bool IsGrowing { get; init; }

    /// <summary>
    /// Whether samples are gathered even where segments could be contiguous. For what grew or may grow: cut by position, a segment would
    /// hold other samples than it did while the film grew, and a stream of it would not go on where it was. Default false.
    /// </summary>
    public bool IsGathered { get; init; }

    /// <summary>
    /// The samples of the reference track, by their numbers on the line, that segments begin with, besides the first; null to choose them
    /// by the target duration.
    /// </summary>
    public IReadOnlyList<long>? Cuts { get; init; }

    /// <summary>What is refused; null for <see cref="WritingLimits.Default"/>.</summary>
    public WritingLimits? Limits { get; init; }
}

/// <summary>
/// Where the segments of a title begin: at the same times for all its tracks, each of whole sync intervals of the pictures (of sound
/// alone: of samples). Where the sample description of a track changes, a segment begins, and with it a period. Immutable; any number of
/// threads may use it.
/// </summary>
public sealed class SegmentPlan
{
    private readonly long[] _starts; // presentation times in ticks of the reference track, one more than there are segments
    private readonly long[][] _firsts; // of each track: the first sample of each segment, and the end
    private readonly int[] _periods; // of each segment
    private readonly ImmutableArray<ImmutableArray<int>> _descriptions; // of each period, of each track

    internal SegmentPlan(Timeline timeline, WritingLimits limits, long[] starts, long[][] firsts, int[] periods,
        ImmutableArray<ImmutableArray<int>> descriptions)
    {
        (Timeline, Limits, _starts, _firsts, _periods, _descriptions) = (timeline, limits, starts, firsts, periods, descriptions);
        for (int i = 0; i < Count; i++)
        {
            MaxDuration = TimeSpan.FromTicks(Math.Max(MaxDuration.Ticks, GetDuration(i).Ticks));
        }
    }

    /// <summary>The tracks and their times.</summary>
    public Timeline Timeline { get; }

    /// <summary>How many segments there are.</summary>
    public int Count => _periods.Length;

    /// <summary>How long the longest segment is; an HLS target duration is this, rounded to the nearest second.</summary>
    public TimeSpan MaxDuration { get; }

    /// <summary>
    /// How many periods there are: runs of segments with the same sample descriptions, each with an init segment of its own.
    /// </summary>
    public int Periods => _descriptions.Length;

    internal WritingLimits Limits { get; }

    /// <summary>Whether no rendition of it is contiguous.</summary>
    internal bool IsGathered { get; init; }

    /// <summary>When a segment begins to be presented, in ticks of the timeline's reference track.</summary>
    /// <param name="segment">Counted from 0; <see cref="Count"/> for the end of the last.</param>
    public long GetStart(int segment) => _starts[segment];

    /// <summary>How long a segment is presented, rounded down to 100 ns.</summary>
    /// <param name="segment">Counted from 0.</param>
    public TimeSpan GetDuration(int segment) =>
        Ticks.ToTimeSpan(_starts[segment + 1] - _starts[segment], Timeline.Reference.Timescale);

    /// <summary>The period that a segment is in, counted from 0.</summary>
    /// <param name="segment">Counted from 0.</param>
    public int GetPeriod(int segment) => _periods[segment];

    /// <summary>The segments of a period: the first, and the one behind the last.</summary>
    /// <param name="period">Counted from 0.</param>
    public (int First, int End) GetSegments(int period) => (FindFirst(period), FindFirst(period + 1));

    /// <summary>Whether a segment begins a new period: its decoders need another init segment (<c>EXT-X-DISCONTINUITY</c>).</summary>
    /// <param name="segment">Counted from 0.</param>
    public bool IsDiscontinuity(int segment) => segment > 0 && _periods[segment] != _periods[segment - 1];

    /// <summary>The segment that is presented at a time; the nearest one where there is none.</summary>
    /// <param name="time">In ticks of the timeline's reference track.</param>
    public int IndexAt(long time)
    {
        int found = Array.BinarySearch(_starts, time);
        return Math.Clamp(found < 0 ? ~found - 1 : found, 0, Math.Max(0, Count - 1));
    }

    /// <summary>Cuts a title into segments: one walk through its samples.</summary>
    /// <param name="timeline">The tracks.</param>
    /// <param name="options">Null for <see cref="SegmentOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">The target duration is not positive.</exception>
    /// <exception cref="Mp4WritingException">There are too many segments, or a sample description changes where none can begin.</exception>
    public static SegmentPlan Create(Timeline timeline, SegmentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        return new SegmentPlanner(timeline, options ?? SegmentOptions.Default).Plan();
    }

    /// <summary>The answers for some of the tracks: one for a rendition alone, pictures and a sound for both in one.</summary>
    /// <param name="tracks">Numbers in <see cref="Timeline.Tracks"/>, ascending, each once.</param>
    /// <exception cref="ArgumentException">There is no such track.</exception>
    /// <exception cref="Mp4WritingException">A segment is too large, or a codec has no place in MP4.</exception>
    public Rendition CreateRendition(params ReadOnlySpan<int> tracks)
    {
        for (int i = 0; i < tracks.Length; i++)
        {
            if ((uint)tracks[i] >= (uint)Timeline.Tracks.Length || (i > 0 && tracks[i] <= tracks[i - 1]))
            {
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                    $"Tracks must be ascending numbers below {Timeline.Tracks.Length} (was {tracks[i]})."), nameof(tracks));
            }
        }

        return tracks.IsEmpty ? throw new ArgumentException("There must be a track.", nameof(tracks)) : new Rendition(this, [.. tracks]);
    }

    /// <summary>The first segment of a period or of one behind it, by halving: periods are in the order of their segments.</summary>
    private int FindFirst(int period)
    {
        (int low, int high) = (0, Count);
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = _periods[middle] < period ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    /// <summary>The first sample of a track in each segment, and behind the last.</summary>
    internal long[] FirstsOf(int track) => _firsts[track];

    /// <summary>The sample description that a track has in a period; -1 where it has no sample.</summary>
    internal int DescriptionOf(int track, int period) => _descriptions[period][track];
}
