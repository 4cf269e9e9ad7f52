using System.Globalization;
using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>How a media playlist may change (RFC 8216, sections 6.2.1 and 6.2.2).</summary>
internal static partial class UpdateRules
{
    public static void Check(PlaylistLines before, PlaylistLines after)
    {
        Playlist old = Read(before);
        Playlist now = Read(after);
        if (old.Target != now.Target)
        {
            after.Report("6.2.1 target", null, $"{now.Target} instead of {old.Target}");
        }

        if (old.Version != now.Version || old.Type != now.Type)
        {
            after.Report("6.2.1 change", null,
                $"version {now.Version} and type {now.Type ?? "none"} instead of {old.Version} and {old.Type ?? "none"}");
        }

        // Where the new list goes on is where most of the old one's end is its front.
        int removed = Enumerable.Range(0, old.Segments.Count + 1)
            .First(count => now.Segments.Take(old.Segments.Count - count).SequenceEqual(old.Segments.Skip(count)));
        bool isBeyond = removed == old.Segments.Count && now.Sequence - old.Sequence >= removed; // all are gone, and maybe others between
        if (removed == old.Segments.Count && removed > 0 && !isBeyond)
        {
            after.Report("6.2.1 change", null, "no end of the old segments is the front of the new ones");
            return;
        }

        int added = now.Segments.Count - (old.Segments.Count - removed);
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

        int breaks = old.Segments.Take(removed).Count(static segment => segment.Contains("#EXT-X-DISCONTINUITY", StringComparison.Ordinal));
        long grown = now.DiscontinuitySequence - old.DiscontinuitySequence;
        if (isBeyond && now.Sequence - old.Sequence > removed ? grown < breaks : grown != breaks)
        {
            after.Report("6.2.2 discontinuity", null, $"{breaks} are gone");
        }

        if (removed > 0 && !now.IsEnded && now.Seconds < 3 * now.Target)
        {
            after.Report("6.2.2 short", null, $"{now.Seconds} s are left");
        }
    }

    /// <summary>Segments as texts: their tags, what is in force for them, and their URI.</summary>
    private static Playlist Read(PlaylistLines lines)
    {
        List<string> segments = [];
        List<string> tags = [];
        SortedDictionary<string, string> keys = new(StringComparer.Ordinal); // by their format (RFC 8216, section 4.3.2.4)
        string map = "";
        double seconds = 0;
        foreach (PlaylistLine line in lines.Lines)
        {
            if (line.Tag is null)
            {
                segments.Add(string.Join('\n', [.. keys.Values, map, .. tags, line.Value]));
                tags.Clear();
            }
            else if (line.Tag == "EXT-X-MAP")
            {
                map = line.Value;
            }
            else if (line.Tag == "EXT-X-KEY" && line.Value.Contains("METHOD=NONE", StringComparison.Ordinal))
            {
                keys.Clear();
            }
            else if (line.Tag == "EXT-X-KEY")
            {
                keys[KeyFormat().Match(line.Value).Value] = line.Value;
            }
            else if (line.Tag is "EXTINF" or "EXT-X-BYTERANGE" or "EXT-X-DISCONTINUITY")
            {
                tags.Add($"#{line.Tag}:{line.Value}");
                seconds += line.Tag == "EXTINF" ? PlaylistValidator.NumberOf(line.Value.Split(',')[0]) ?? 0 : 0;
            }
        }

        return new Playlist(segments, seconds, NumberOf("EXT-X-TARGETDURATION"), NumberOf("EXT-X-MEDIA-SEQUENCE"),
            NumberOf("EXT-X-DISCONTINUITY-SEQUENCE"), NumberOf("EXT-X-VERSION"),
            lines.Lines.FirstOrDefault(static line => line.Tag == "EXT-X-PLAYLIST-TYPE")?.Value,
            lines.Lines.Any(static line => line.Tag == "EXT-X-ENDLIST"));

        long NumberOf(string tag) =>
            long.TryParse(lines.Lines.FirstOrDefault(line => line.Tag == tag)?.Value, CultureInfo.InvariantCulture, out long number)
                ? number
                : 0;
    }

    [GeneratedRegex("KEYFORMAT=\"[^\"]*\"")]
    private static partial Regex KeyFormat();

    private sealed record Playlist(
        List<string> Segments, double Seconds, long Target, long Sequence, long DiscontinuitySequence, long Version, string? Type,
        bool IsEnded);
}
