using System.Collections.Immutable;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// Finds out whether a film's segments can each be one range of its file, cut by position: a segment has the pictures of its sync
/// intervals, and all sound that lies between its first byte and the next one's. So no byte is in the file for nothing, and none is sent
/// twice. That holds for all segments of a film or is used for none.
/// </summary>
/// <remarks>
/// What players take was tried (docs/adr): holes of more than 128 KiB stop some, and sound that lies further from its pictures is missing
/// where playing starts in the middle.
/// </remarks>
internal static class InterleavedCut
{
    /// <summary>How far apart sound and picture may begin in a segment, in milliseconds.</summary>
    private const long MaxDistance = 300;

    /// <param name="plan">Where the segments are cut by time.</param>
    /// <param name="tracks">The rendition's, pictures first.</param>
    /// <param name="byTime">The first sample of each segment of each track.</param>
    /// <param name="numbers">Of the tracks in the timeline.</param>
    /// <param name="firsts">The same, cut by position; null when the answer is false.</param>
    /// <param name="reason">Why not, a clause; null when the answer is true.</param>
    internal static bool TryFind(
        SegmentPlan plan, ImmutableArray<TimelineTrack> tracks, long[][] byTime, int[] numbers, out long[][]? firsts, out string? reason)
    {
        firsts = null;
        reason = tracks.Length < 2 || tracks[0].Source.Kind != TrackKind.Video ? "a range of the file would hold other tracks, too"
            : !tracks.All(static track => track.IsWhole) ? "a part of the film is asked for"
            : plan.IsGathered ? "the film grows, or has grown"
            : null;
        if (reason is not null)
        {
            return false;
        }

        Extent[][] extents = new Extent[tracks.Length][];
        long[][] found = new long[tracks.Length][];
        for (int i = 0; i < tracks.Length; i++)
        {
            found[i] = i == 0 ? byTime[0] : CutByPosition(tracks[i], extents[0], byTime[i]);
            if (!TryMeasure(plan, tracks[i], numbers[i], found[i], out extents[i], out reason))
            {
                return false;
            }
        }

        for (int segment = 0; segment < plan.Count; segment++)
        {
            reason = Judge(tracks, byTime, extents, segment);
            if (reason is not null)
            {
                return false;
            }
        }

        firsts = found;
        return true;
    }

    /// <summary>The samples of a track in a segment.</summary>
    private readonly record struct Extent(long Count, long Start, long End, long Bytes, long FirstTime);

    /// <summary>Cuts a track where the pictures of each segment begin; by time behind the last picture.</summary>
    private static long[] CutByPosition(TimelineTrack track, Extent[] pictures, long[] byTime)
    {
        long[] firsts = new long[pictures.Length + 1];
        int segment = 1;
        TimelineTrack.Enumerator samples = track.From(0);
        while (samples.MoveNext() && segment < pictures.Length)
        {
            while (segment < pictures.Length && (pictures[segment].Count > 0
                ? samples.Current.Offset >= pictures[segment].Start
                : samples.Index >= byTime[segment]))
            {
                firsts[segment++] = samples.Index;
            }
        }

        Array.Fill(firsts, track.Count, segment, firsts.Length - segment);
        return firsts;
    }

    private static bool TryMeasure(
        SegmentPlan plan, TimelineTrack track, int number, long[] firsts, out Extent[] extents, out string? reason)
    {
        int[] same = SampleEntryWriter.FindSame(track.Source);
        extents = new Extent[plan.Count];
        reason = null;
        long end = 0;
        TimelineTrack.Enumerator samples = track.From(0);
        for (int segment = 0; segment < extents.Length; segment++)
        {
            int description = plan.DescriptionOf(number, plan.GetPeriod(segment));
            Extent extent = default;
            for (long left = firsts[segment + 1] - firsts[segment]; left > 0 && samples.MoveNext(); left--)
            {
                TimedSample sample = samples.Current;
                if (sample.Offset < end)
                {
                    reason = "its samples do not lie in decoding order";
                    return false;
                }

                if (same[sample.Description] != description)
                {
                    reason = "a sample description does not change at the same place for all tracks";
                    return false;
                }

                end = sample.Offset + sample.Size;
                extent = extent.Count == 0
                    ? new Extent(1, sample.Offset, end, sample.Size, sample.PresentationTime)
                    : extent with { Count = extent.Count + 1, End = end, Bytes = extent.Bytes + sample.Size };
            }

            extents[segment] = extent;
        }

        return true;
    }

    private static string? Judge(ImmutableArray<TimelineTrack> tracks, long[][] byTime, Extent[][] extents, int segment)
    {
        (long start, long end, long bytes) = (long.MaxValue, 0, 0);
        for (int i = 0; i < tracks.Length; i++)
        {
            Extent extent = extents[i][segment];
            Extent pictures = extents[0][segment];
            if (extent.Count > 0)
            {
                (start, end, bytes) = (Math.Min(start, extent.Start), Math.Max(end, extent.End), bytes + extent.Bytes);
            }

            if ((extent.Count > 0) != (byTime[i][segment + 1] > byTime[i][segment])
                || (extent.Count > 0 && pictures.Count > 0 && !IsNear(extent.FirstTime, tracks[i], pictures.FirstTime, tracks[0])))
            {
                return FormattableString.Invariant($"sound lies more than {MaxDistance} ms from its pictures in segment {segment + 1}");
            }
        }

        return bytes == end - start ? null : FormattableString.Invariant($"other bytes lie between the samples of segment {segment + 1}");
    }

    private static bool IsNear(long time, TimelineTrack track, long other, TimelineTrack otherTrack)
    {
        Int128 distance = ((Int128)time * otherTrack.Timescale) - ((Int128)other * track.Timescale);
        return Int128.Abs(distance) * 1000 <= (Int128)MaxDistance * track.Timescale * otherTrack.Timescale;
    }
}
