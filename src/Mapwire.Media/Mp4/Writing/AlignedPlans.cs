using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>Cuts several qualities of one film at the same times, so that players can change between segments.</summary>
public static class AlignedPlans
{
    /// <summary>How far apart sync samples may be presented that count as one: writers round times to milliseconds.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(5);

    /// <summary>How much longer one quality may be than another: an encoder's last pictures, or sound.</summary>
    private static readonly TimeSpan MaxDifference = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Cuts at the sync samples that all qualities have in common, nearest to the target duration.
    /// </summary>
    /// <param name="lines">One a quality, each with pictures. Their presentations begin at the same time of the film.</param>
    /// <param name="options">Null for <see cref="SegmentOptions.Default"/>.</param>
    /// <returns>A plan for each line, with as many segments.</returns>
    /// <exception cref="Mp4WritingException">
    /// They are not as long as each other, or a segment would be more than twice as long as it had to be: too few sync samples are common
    /// to all.
    /// </exception>
    public static ImmutableArray<SegmentPlan> Create(IReadOnlyList<Timeline> lines, SegmentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(lines);
        options ??= SegmentOptions.Default;
        (long Index, long Time)[][] syncs = [.. lines.Select(SyncsOf)];
        long[] ends = [.. lines.Select(EndOf)];
        for (int i = 1; i < lines.Count; i++)
        {
            if (Math.Abs(ends[i] - ends[0]) > MaxDifference.Ticks)
            {
                throw Refuse($"quality {i + 1} is {Seconds(ends[i])} s long, the first {Seconds(ends[0])} s");
            }
        }

        List<int[]> common = FindCommon(syncs);
        List<int[]> cuts = Choose(syncs[0], common, options.TargetDuration.Ticks, ends[0]);
        RequireShort(syncs, cuts, options.TargetDuration.Ticks, ends);
        return
        [
            .. lines.Select((line, quality) => SegmentPlan.Create(
                line, options with { Cuts = [.. cuts.Select(cut => syncs[quality][cut[quality]].Index)] })),
        ];
    }

    /// <summary>
    /// The sync samples of the pictures: their numbers on the line, and when they are presented from its origin on, in 100 ns.
    /// </summary>
    private static (long Index, long Time)[] SyncsOf(Timeline line)
    {
        List<(long Index, long Time)> syncs = [];
        TimelineTrack.Enumerator samples = line.Reference.GetEnumerator();
        while (samples.MoveNext())
        {
            if (samples.Current.IsSync && samples.Index > 0)
            {
                syncs.Add((samples.Index, Ticks.ToTimeSpan(
                    samples.Current.PresentationTime - Math.Max(0, line.Origin), line.Reference.Timescale).Ticks));
            }
        }

        return [.. syncs];
    }

    private static long EndOf(Timeline line)
    {
        long end = 0;
        foreach (TimedSample sample in line.Reference)
        {
            end = Math.Max(end, sample.PresentationTime + sample.Duration);
        }

        return Ticks.ToTimeSpan(end - Math.Max(0, line.Origin), line.Reference.Timescale).Ticks;
    }

    /// <summary>The sync samples that all have, each by its place in the list of every quality.</summary>
    private static List<int[]> FindCommon((long Index, long Time)[][] syncs)
    {
        List<int[]> common = [];
        int[] at = new int[syncs.Length];
        for (; at[0] < syncs[0].Length; at[0]++)
        {
            long time = syncs[0][at[0]].Time;
            bool isCommon = true;
            for (int i = 1; i < syncs.Length; i++)
            {
                while (at[i] < syncs[i].Length && syncs[i][at[i]].Time < time - Tolerance.Ticks)
                {
                    at[i]++;
                }

                isCommon &= at[i] < syncs[i].Length && syncs[i][at[i]].Time <= time + Tolerance.Ticks;
            }

            if (isCommon)
            {
                common.Add([.. at]);
            }
        }

        return common;
    }

    /// <summary>Of those the ones nearest to the target duration from the one before, of two the later.</summary>
    private static List<int[]> Choose((long Index, long Time)[] first, List<int[]> common, long target, long end)
    {
        List<int[]> cuts = [];
        long last = 0;
        for (int i = 0; i < common.Count; i++)
        {
            long time = first[common[i][0]].Time;
            long next = i + 1 < common.Count ? first[common[i + 1][0]].Time : end;
            if (time > last && (time - last >= target || Math.Abs(time - last - target) < Math.Abs(next - last - target)))
            {
                cuts.Add(common[i]);
                last = time;
            }
        }

        return cuts;
    }

    /// <summary>Refuses where a segment is more than twice as long as a single quality would need it to be.</summary>
    private static void RequireShort((long Index, long Time)[][] syncs, List<int[]> cuts, long target, long[] ends)
    {
        long natural = target;
        for (int i = 0; i < syncs.Length; i++)
        {
            long before = 0;
            foreach (long time in syncs[i].Select(static sync => sync.Time).Append(ends[i]))
            {
                natural = Math.Max(natural, time - before);
                before = time;
            }
        }

        long start = 0;
        foreach (long time in cuts.Select(cut => syncs[0][cut[0]].Time).Append(ends[0]))
        {
            if (time - start > 2 * natural)
            {
                throw Refuse($"between {Seconds(start)} and {Seconds(time)} s the qualities have no sync sample in common: "
                    + "encode them with key frames at the same times (ffmpeg: -force_key_frames \"expr:gte(t,n_forced*2)\")");
            }

            start = time;
        }
    }

    private static string Seconds(long ticks) => TimeSpan.FromTicks(ticks).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    private static Mp4WritingException Refuse(string reason) => new(Mp4WritingError.NotAligned, reason);
}
