namespace Mapwire.PlaylistRules;

/// <summary>
/// How the parts of a media playlist, its hint and its reports may change (draft-pantos-hls-rfc8216bis-22, sections 4.4.5, 6.2.1 and
/// 6.2.2).
/// </summary>
internal static class PartUpdateRules
{
    /// <summary>Parts are at the live edge up to so many target durations from the end.</summary>
    private const int EdgeTargets = 3;

    /// <param name="old">The playlist as it was.</param>
    /// <param name="now">The playlist as it is.</param>
    /// <param name="shift">How many places its segments have moved to the front.</param>
    /// <param name="after">Where to report.</param>
    public static void Check(MediaListing old, MediaListing now, long shift, PlaylistLines after)
    {
        bool isOneKept = false;
        decimal since = now.SecondsWithParts; // from the segment's end to the playlist's
        int seen = 0;
        for (int i = 0; i < old.Segments.Count; i++)
        {
            if (i < shift)
            {
                continue; // removed with its segment
            }

            ListedSegment before = old.Segments[i];
            if (i - shift >= now.Segments.Count)
            {
                after.Report("bis 6.2.1 parts", null, $"segment {before.Number} is gone from the end");
                return;
            }

            ListedSegment segment = now.Segments[(int)(i - shift)];
            for (; seen <= i - shift; seen++)
            {
                since -= now.Segments[seen].Duration;
            }

            if (before.Parts.Count > 0 && segment.Parts.Count == 0)
            {
                CheckRemoved(now, segment, since, isOneKept, after);
            }
            else
            {
                CheckSame(before, segment, after);
            }

            isOneKept |= segment.Parts.Count > 0;
        }

        CheckHint(old, now, shift, after);
        CheckReports(old, now, after);
    }

    private static void CheckRemoved(MediaListing now, ListedSegment segment, decimal since, bool isOneKept, PlaylistLines after)
    {
        if (since <= EdgeTargets * now.Target && !now.IsEnded)
        {
            after.Report("bis 6.2.2 edge", segment.Line, $"{since} s from the end");
        }
        else if (isOneKept)
        {
            after.Report("bis 6.2.2 order", segment.Line, "parts before it are still there");
        }
    }

    private static void CheckSame(ListedSegment before, ListedSegment segment, PlaylistLines after)
    {
        if (before.Head != segment.Head)
        {
            after.Report("6.2.1 change", segment.Line, $"{segment.Head} instead of {before.Head}".Replace('\n', ' '));
        }

        if (segment.Parts.Count < before.Parts.Count || (before.Uri is not null && segment.Parts.Count > before.Parts.Count)
            || !before.Parts.Zip(segment.Parts).All(static pair => pair.First.IsSame(pair.Second)))
        {
            after.Report("bis 6.2.1 parts", segment.Line, $"the parts of segment {before.Number} are others");
        }
    }

    /// <summary>
    /// A server may give up what it hinted when its plan changes (section 6.2.6); ours has no plan that changes, and a player that has
    /// asked for the part waits in vain, so this is reported too.
    /// </summary>
    private static void CheckHint(MediaListing old, MediaListing now, long shift, PlaylistLines after)
    {
        if (old.Hint is null || old.IsEnded)
        {
            return;
        }

        if (FindNext(old, now, shift) is { } next)
        {
            if (next.Uri != old.Hint)
            {
                after.Report("bis 4.4.5.3 kept", next.Line, $"{next.Uri} instead of {old.Hint}");
            }
        }
        else if (now.Next == old.Next && now.Hint != old.Hint && !now.IsEnded)
        {
            after.Report("bis 4.4.5.3 kept", null, $"{now.Hint ?? "none"} instead of {old.Hint}");
        }
    }

    /// <summary>The part that came behind the last one of before; null where none has, or where it is not listed any more.</summary>
    private static ListedPart? FindNext(MediaListing old, MediaListing now, long shift)
    {
        long index = old.Whole.Count - shift;
        if (index < 0 || index >= now.Segments.Count)
        {
            return null;
        }

        int known = old.Open?.Parts.Count ?? 0;
        ListedSegment segment = now.Segments[(int)index];
        return segment.Parts.Count > known ? segment.Parts[known]
            : segment.Uri is not null && segment.Parts.Count == known && index + 1 < now.Segments.Count
            && now.Segments[(int)index + 1].Parts is [{ } first, ..]
            ? first
            : null;
    }

    private static void CheckReports(MediaListing old, MediaListing now, PlaylistLines after)
    {
        foreach (Dictionary<string, string> report in now.Reports)
        {
            string? uri = report.GetValueOrDefault("URI");
            Dictionary<string, string>? before = old.Reports.FirstOrDefault(other => other.GetValueOrDefault("URI") == uri);
            if (before is not null && PlaceOf(report).CompareTo(PlaceOf(before)) < 0)
            {
                after.Report("bis 4.4.5.4 back", null, $"{uri}: {PlaceOf(report)} after {PlaceOf(before)}");
            }
        }
    }

    private static (long Number, long Part) PlaceOf(Dictionary<string, string> report) => (
        MediaListing.IntegerOf(report.GetValueOrDefault("LAST-MSN")), MediaListing.IntegerOf(report.GetValueOrDefault("LAST-PART")));
}
