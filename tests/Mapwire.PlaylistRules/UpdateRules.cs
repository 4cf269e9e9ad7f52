namespace Mapwire.PlaylistRules;

/// <summary>
/// How a media playlist may change (RFC 8216, sections 6.2.1 and 6.2.2; draft-pantos-hls-rfc8216bis-22, section 6.2).
/// </summary>
internal static class UpdateRules
{
    public static void Check(PlaylistLines before, PlaylistLines after)
    {
        if (after.Find("EXT-X-SKIP") is { } skip)
        {
            if (DeltaUpdate.Merge(before, after) is not { } merged)
            {
                after.Report("bis 6.2.5.1 known", skip, $"{skip.Value} of what the playlist before does not have");
                return;
            }

            DeltaUpdate.CheckBoundary(merged, after);
            after = merged;
        }

        Check(MediaListing.Read(before), MediaListing.Read(after), after);
    }

    private static void Check(MediaListing old, MediaListing now, PlaylistLines after)
    {
        CheckConstants(old, now, after);

        // Where the new list goes on is where most of the old one's end is its front.
        int removed = Enumerable.Range(0, old.Whole.Count + 1).First(count => now.Whole.Take(old.Whole.Count - count)
            .Select(static segment => segment.Text).SequenceEqual(old.Whole.Skip(count).Select(static segment => segment.Text)));
        bool isBeyond = removed == old.Whole.Count && now.Sequence - old.Sequence >= removed; // all are gone, and maybe others between
        if (removed == old.Whole.Count && removed > 0 && !isBeyond)
        {
            after.Report("6.2.1 change", FindDifference(old, now)?.Line, "no end of the old segments is the front of the new ones");
            return;
        }

        int added = now.Whole.Count - (old.Whole.Count - removed);
        if (!isBeyond && now.Sequence - old.Sequence != removed)
        {
            after.Report("6.2.2 sequence", null, $"{removed} are gone, and the number goes from {old.Sequence} to {now.Sequence}");
        }

        if (removed > 0 && old.Type == "EVENT")
        {
            after.Report("6.2.1 event", null, $"{removed} segments are gone");
        }

        if (added > 0 && old.IsEnded)
        {
            after.Report("4.3.3.4 ended", null, $"{added} segments are new");
        }

        // So many places a segment has moved to the front.
        long shift = isBeyond ? now.Sequence - old.Sequence : removed;
        CheckDiscontinuities(old, now, shift, isBeyond && shift > removed, after);
        if (shift > 0 && !now.IsEnded && now.Seconds < 3 * now.Target)
        {
            after.Report("6.2.2 short", null, $"{now.Seconds} s are left");
        }

        PartUpdateRules.Check(old, now, shift, after);
    }

    /// <summary>What never changes of a playlist as a whole.</summary>
    private static void CheckConstants(MediaListing old, MediaListing now, PlaylistLines after)
    {
        if (old.Target != now.Target)
        {
            after.Report("6.2.1 target", null, $"{now.Target} instead of {old.Target}");
        }

        if (old.Version != now.Version || old.Type != now.Type)
        {
            after.Report("6.2.1 change", null,
                $"version {now.Version} and type {now.Type ?? "none"} instead of {old.Version} and {old.Type ?? "none"}");
        }

        if (old.Control != now.Control || old.PartInfo != now.PartInfo)
        {
            after.Report("bis 6.2.1 control", after.Find("EXT-X-SERVER-CONTROL"),
                $"{now.Control} and {now.PartInfo} instead of {old.Control} and {old.PartInfo}");
        }

        if (old.IsEnded && !now.IsEnded)
        {
            after.Report("6.2.1 stays", null, "it is gone");
        }
    }

    private static void CheckDiscontinuities(MediaListing old, MediaListing now, long shift, bool areSomeUnseen, PlaylistLines after)
    {
        int breaks = old.Segments.Take((int)Math.Min(shift, int.MaxValue)).Sum(static segment => segment.Breaks);
        long grown = now.DiscontinuitySequence - old.DiscontinuitySequence;
        if (areSomeUnseen ? grown < breaks : grown != breaks)
        {
            after.Report("6.2.2 discontinuity", null, $"{breaks} are gone");
        }
        else if (shift > 0 && !now.HasDiscontinuitySequence && old.Segments.Any(static segment => segment.Breaks > 0))
        {
            after.Report("6.2.2 said", null, "no EXT-X-DISCONTINUITY-SEQUENCE");
        }
    }

    /// <summary>The first whole segment that both have by its number and that is not the same; null for none.</summary>
    private static ListedSegment? FindDifference(MediaListing old, MediaListing now) =>
        now.Whole.FirstOrDefault(segment => old.Whole.Any(other => other.Number == segment.Number && other.Text != segment.Text));
}
