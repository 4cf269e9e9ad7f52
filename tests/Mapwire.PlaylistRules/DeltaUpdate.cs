namespace Mapwire.PlaylistRules;

/// <summary>Playlist delta updates (draft-pantos-hls-rfc8216bis-22, section 6.2.5.1).</summary>
internal static class DeltaUpdate
{
    /// <summary>Puts the segments that an update skips back, out of the playlist before.</summary>
    /// <param name="before">The playlist before, whole or merged.</param>
    /// <param name="update">The update.</param>
    /// <returns>The whole playlist; null where the playlist before does not have all that is skipped.</returns>
    /// <remarks>Skipped segments come without parts: theirs are not at the live edge.</remarks>
    public static PlaylistLines? Merge(PlaylistLines before, PlaylistLines update)
    {
        if (update.Find("EXT-X-SKIP") is not { } skip)
        {
            return update;
        }

        MediaListing old = MediaListing.Read(before);
        MediaListing now = MediaListing.Read(update);
        long first = now.Sequence - old.Sequence;
        if (first < 0 || first + now.Skipped > old.Whole.Count || old.Skipped > 0)
        {
            return null;
        }

        List<PlaylistLine> merged = [];
        foreach (PlaylistLine line in update.Lines)
        {
            if (line != skip)
            {
                merged.Add(line);
                continue;
            }

            int start = merged.Count;
            ListedSegment[] skipped = [.. old.Whole.Skip((int)first).Take((int)now.Skipped)];
            if (skipped is [{ } front, ..])
            {
                // What is in force from removed segments on.
                merged.AddRange(front.Keys);
                merged.AddRange(front.Map is { } map && !front.Tags.Contains(map) ? [map] : []);
            }

            foreach (ListedSegment segment in skipped)
            {
                merged.AddRange(segment.Tags.Where(static tag => tag.Tag != "EXT-X-PART"));
                merged.Add(segment.Line);
            }

            merged.AddRange(DateRangesOf(before, update, skip));
            merged = [.. merged.Select((one, index) => index < start ? one : one with { Number = skip.Number })];
        }

        return update.With(merged);
    }

    /// <summary>Whether what was skipped is as far from the end as it has to be.</summary>
    /// <remarks>
    /// The draft does not say from which end of a segment its distance counts: it is reported where not even its beginning is far enough.
    /// </remarks>
    public static void CheckBoundary(PlaylistLines merged, PlaylistLines update)
    {
        MediaListing all = MediaListing.Read(merged);
        long skipped = MediaListing.Read(update).Skipped;
        decimal distance = all.SecondsWithParts - all.Whole.Take((int)skipped - 1).Sum(static segment => segment.Duration);
        if (skipped > 0 && distance <= all.CanSkipUntil)
        {
            update.Report("bis 6.2.5.1 nearer", update.Find("EXT-X-SKIP"), $"{distance} s from the end");
        }
    }

    /// <summary>Checks an update against the whole playlist of the same moment.</summary>
    /// <returns>Whether it was of the same moment.</returns>
    public static bool CheckEqual(PlaylistLines merged, PlaylistLines whole)
    {
        MediaListing one = MediaListing.Read(merged);
        MediaListing other = MediaListing.Read(whole);
        if (one.Next != other.Next || one.IsEnded != other.IsEnded)
        {
            return false;
        }

        bool isEqual = (one.Sequence, one.DiscontinuitySequence, one.Hint) == (other.Sequence, other.DiscontinuitySequence, other.Hint)
            && one.Segments.Count == other.Segments.Count
            && one.Segments.Zip(other.Segments).All(static pair => IsSame(pair.First, pair.Second));
        if (!isEqual)
        {
            ListedSegment? different = other.Segments.Zip(one.Segments)
                .FirstOrDefault(static pair => !IsSame(pair.First, pair.Second)).First;
            whole.Report("bis 6.2.5.1 equal", different?.Line, $"segment {different?.Number ?? other.Sequence} is another or missing");
        }

        return true;
    }

    /// <summary>Parts of segments that were skipped are not in the merged one.</summary>
    private static bool IsSame(ListedSegment one, ListedSegment other) =>
        one.Text == other.Text && (one.Parts.Count == 0
            || (one.Parts.Count == other.Parts.Count && one.Parts.Zip(other.Parts).All(static pair => pair.First.IsSame(pair.Second))));

    /// <summary>The date ranges of before that an update left out.</summary>
    private static IEnumerable<PlaylistLine> DateRangesOf(PlaylistLines before, PlaylistLines update, PlaylistLine skip)
    {
        string[] removed = MediaListing.Split(skip).GetValueOrDefault("RECENTLY-REMOVED-DATERANGES", "").Split('\t');
        string?[] there = [.. RangesOf(update).Select(IdOf)];
        return RangesOf(before).Where(line => !removed.Contains(IdOf(line)) && !there.Contains(IdOf(line)));

        static IEnumerable<PlaylistLine> RangesOf(PlaylistLines lines) => lines.Lines.Where(static line => line.Tag == "EXT-X-DATERANGE");

        static string? IdOf(PlaylistLine line) => MediaListing.Split(line).GetValueOrDefault("ID");
    }
}
