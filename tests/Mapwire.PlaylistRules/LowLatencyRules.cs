using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>The rules of parts and of what goes with them (draft-pantos-hls-rfc8216bis-22, sections 3.2 and 4.4) in one playlist.</summary>
internal static partial class LowLatencyRules
{
    /// <summary>How much of PART-TARGET a part lasts at least.</summary>
    private const decimal LeastFill = 0.85m;

    public static void Check(PlaylistLines lines)
    {
        MediaListing listing = MediaListing.Read(lines);
        CheckControl(lines, listing);
        CheckParts(lines, listing);
        CheckOrder(lines);
        CheckSkip(lines, listing);
        CheckHints(lines, listing);
        CheckReports(lines, listing);
    }

    /// <summary>Whether all that an update may leave out is left out.</summary>
    /// <remarks>
    /// A segment is further from the end than the skip boundary at the latest where its own end is, so that nothing is reported that a
    /// server could read differently.
    /// </remarks>
    public static void CheckSkipsAll(PlaylistLines lines, MediaListing listing)
    {
        if (listing.Whole is [{ } first, ..] && listing.Seconds - first.Duration > listing.CanSkipUntil)
        {
            lines.Report("bis 6.2.5.1 all", first.Line, $"{listing.Seconds - first.Duration} s follow it");
        }
    }

    private static void CheckControl(PlaylistLines lines, MediaListing listing)
    {
        PlaylistLine? line = lines.Find("EXT-X-SERVER-CONTROL");
        Dictionary<string, string> control = line is null ? [] : lines.AttributesOf(line);
        AtLeast("CAN-SKIP-UNTIL", 6 * listing.Target, "bis 4.4.3.8 skip");
        AtLeast("HOLD-BACK", 3 * listing.Target, "bis 4.4.3.8 hold");
        AtLeast("PART-HOLD-BACK", 2 * listing.PartTarget, "bis 4.4.3.8 part");
        if (control.ContainsKey("CAN-SKIP-DATERANGES") && !control.ContainsKey("CAN-SKIP-UNTIL"))
        {
            lines.Report("bis 4.4.3.8 dates", line, line!.Value);
        }

        if (lines.Find("EXT-X-PART-INF") is { } info)
        {
            if (!lines.AttributesOf(info).ContainsKey("PART-TARGET"))
            {
                lines.Report("bis 4.4.3.7 target", info, info.Value);
            }

            if (!control.ContainsKey("PART-HOLD-BACK"))
            {
                lines.Report("bis 4.4.3.8 required", line ?? info, line?.Value ?? "no EXT-X-SERVER-CONTROL");
            }
        }
        else if (lines.Find("EXT-X-PART") is { } part)
        {
            lines.Report("bis 4.4.3.7 required", part, "no EXT-X-PART-INF");
        }

        void AtLeast(string name, decimal? least, string rule)
        {
            if (MediaListing.DecimalOf(control.GetValueOrDefault(name)) is { } said && said < least)
            {
                lines.Report(rule, line, $"{name}={said} of at least {least}");
            }
        }
    }

    private static void CheckParts(PlaylistLines lines, MediaListing listing)
    {
        foreach (ListedSegment segment in listing.Segments)
        {
            for (int i = 0; i < segment.Parts.Count; i++)
            {
                // The last of an open segment may be the last of all.
                ListedPart? next = i + 1 < segment.Parts.Count ? segment.Parts[i + 1] : null;
                CheckPart(lines, listing, segment.Parts[i], next, i > 0 ? segment.Parts[i - 1] : null);
            }

            if (segment is { Uri: not null, Parts.Count: > 0 })
            {
                CheckSum(lines, segment);
            }
        }

        if (listing is { IsEnded: true, Open: { } open })
        {
            lines.Report("bis 3.2 parent", open.Line, open.Line.Value);
        }

        if (listing.Open is { Map: null } && listing.Skipped == 0 && listing.Open.Parts.Any(
            static part => part.Uri is not null && MediaRules.IsFragment(part.Uri)))
        {
            lines.Report("3.3 map", listing.Open.Line, listing.Open.Line.Value);
        }
    }

    private static void CheckPart(PlaylistLines lines, MediaListing listing, ListedPart part, ListedPart? next, ListedPart? before)
    {
        lines.AttributesOf(part.Line);
        if (part.Uri is null || part.DurationText is null)
        {
            lines.Report("bis 4.4.4.9 required", part.Line, part.Line.Value);
        }

        if (part.Duration > listing.PartTarget)
        {
            lines.Report("bis 4.4.4.9 longest", part.Line, $"{part.Duration} s of {listing.PartTarget} s");
        }

        if (part.Duration < LeastFill * listing.PartTarget && !part.IsIndependent && !part.IsGap && next is { IsGap: false })
        {
            lines.Report("bis 4.4.4.9 shortest", part.Line, $"{part.Duration} s of {listing.PartTarget} s");
        }

        if (part.Range is { } range && (!MediaRules.IsRange(range)
            || (!range.Contains('@', StringComparison.Ordinal) && (before?.Range is null || before.Uri != part.Uri))))
        {
            lines.Report("bis 4.4.4.9 range", part.Line, range);
        }
    }

    /// <summary>Each number may be off by one of its last decimals, which are at least those of milliseconds.</summary>
    private static void CheckSum(PlaylistLines lines, ListedSegment segment)
    {
        string[] numbers = [segment.Info.Split(',')[0], .. segment.Parts.Select(static part => part.DurationText ?? "")];
        decimal sum = segment.Parts.Sum(static part => part.Duration ?? 0);
        if (segment.Parts.All(static part => part.Duration is not null)
            && Math.Abs(sum - segment.Duration) > numbers.Length * UnitOf(numbers))
        {
            lines.Report("bis 3.2 sum", segment.Line, $"{sum} s of {segment.Duration} s");
        }
    }

    /// <summary>What the last decimal of numbers counts, in seconds; zeros at the end may have been left out of some.</summary>
    internal static decimal UnitOf(IEnumerable<string> numbers)
    {
        int decimals = numbers.Max(static number => number.Split('.') is [_, { } behind] ? behind.Length : 0);
        decimal unit = 1;
        for (int i = 0; i < Math.Max(3, decimals); i++)
        {
            unit /= 10;
        }

        return unit;
    }

    /// <summary>What goes for a segment goes for its first part, so it stands before that.</summary>
    private static void CheckOrder(PlaylistLines lines)
    {
        bool hasPart = false;
        foreach (PlaylistLine line in lines.Lines)
        {
            hasPart = line.Tag is not null && (hasPart || line.Tag == "EXT-X-PART");
            if (hasPart && line.Tag is "EXT-X-DISCONTINUITY" or "EXT-X-KEY" or "EXT-X-MAP" or "EXT-X-PROGRAM-DATE-TIME")
            {
                lines.Report("bis 4.4.4.9 before", line, line.Value);
            }
        }
    }

    private static void CheckSkip(PlaylistLines lines, MediaListing listing)
    {
        PlaylistValidator.CheckOnce(lines, "EXT-X-SKIP", "bis 4.4.5 once");
        if (lines.Find("EXT-X-SKIP") is not { } skip)
        {
            return;
        }

        if (!lines.AttributesOf(skip).ContainsKey("SKIPPED-SEGMENTS"))
        {
            lines.Report("bis 4.4.5.2 required", skip, skip.Value);
        }

        List<PlaylistLine> all = [.. lines.Lines];
        int first = all.FindIndex(static line =>
            line.Tag is null || (TagSets.Segment.Contains(line.Tag) && line.Tag != "EXT-X-DATERANGE"));
        if (first >= 0 && first < all.IndexOf(skip))
        {
            lines.Report("bis 4.4.5.2 place", skip, skip.Value);
        }

        if (listing.CanSkipUntil is null)
        {
            lines.Report("bis 6.2.5.1 until", skip, skip.Value);
        }

        if (listing.IsEnded)
        {
            lines.Report("bis 6.2.5.1 ended", skip, skip.Value);
        }

        CheckSkipsAll(lines, listing);
    }

    private static void CheckHints(PlaylistLines lines, MediaListing listing)
    {
        foreach (PlaylistLine hint in lines.Lines.Where(static line => line.Tag == "EXT-X-PRELOAD-HINT"))
        {
            Dictionary<string, string> attributes = lines.AttributesOf(hint);
            if (attributes.GetValueOrDefault("TYPE") is not ("PART" or "MAP") || !attributes.ContainsKey("URI"))
            {
                lines.Report("bis 4.4.5.3 required", hint, hint.Value);
            }

            if (listing.IsEnded)
            {
                lines.Report("bis 4.4.5.3 ended", hint, hint.Value);
            }
        }
    }

    /// <summary>
    /// The draft lets a server leave LAST-MSN and LAST-PART out where they are the playlist's own; that they are said all the same, for
    /// players that do not know this, is a promise of ours.
    /// </summary>
    private static void CheckReports(PlaylistLines lines, MediaListing listing)
    {
        bool hasParts = listing.Segments.Any(static segment => segment.Parts.Count > 0);
        foreach (PlaylistLine report in lines.Lines.Where(static line => line.Tag == "EXT-X-RENDITION-REPORT"))
        {
            Dictionary<string, string> attributes = lines.AttributesOf(report);
            if (!attributes.TryGetValue("URI", out string? uri))
            {
                lines.Report("bis 4.4.5.4 required", report, report.Value);
            }
            else if (AbsolutePattern().IsMatch(uri))
            {
                lines.Report("bis 4.4.5.4 relative", report, report.Value);
            }

            if (!attributes.ContainsKey("LAST-MSN") || (hasParts && !attributes.ContainsKey("LAST-PART")))
            {
                lines.Report("own 4.4.5.4 said", report, report.Value);
            }
        }
    }

    [GeneratedRegex("^([A-Za-z][A-Za-z0-9+.-]*:|//)")]
    private static partial Regex AbsolutePattern();
}
