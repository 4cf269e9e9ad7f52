using System.Globalization;

namespace Mapwire.PlaylistRules;

/// <summary>
/// Checks playlists by the MUST lines of RFC 8216, and of the draft that will replace it, that their text shows
/// (<see cref="PlaylistRule.All"/>). It knows nothing of the code that writes them.
/// </summary>
public static class PlaylistValidator
{
    private const NumberStyles Decimal = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign;

    /// <summary>Checks one playlist, master or media.</summary>
    /// <param name="playlist">Its bytes.</param>
    /// <returns>What it breaks; empty when nothing.</returns>
    public static IReadOnlyList<Violation> Validate(ReadOnlySpan<byte> playlist)
    {
        List<Violation> violations = [];
        PlaylistLines lines = PlaylistLines.Read(playlist, violations);
        CheckWhole(lines);
        if (lines.IsMaster)
        {
            MasterRules.Check(lines);
        }
        else
        {
            MediaRules.Check(lines);
            LowLatencyRules.Check(lines);
        }

        VersionRule.Check(lines);
        return violations;
    }

    /// <summary>Checks a media playlist against what it was before (RFC 8216, sections 6.2.1 and 6.2.2).</summary>
    /// <param name="before">As it was, whole.</param>
    /// <param name="after">As it is, whole or a delta update, which is merged first.</param>
    public static IReadOnlyList<Violation> ValidateUpdate(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        List<Violation> violations = [];
        UpdateRules.Check(PlaylistLines.Read(before, []), PlaylistLines.Read(after, violations));
        return violations;
    }

    /// <summary>Puts what a delta update skips back into it (draft-pantos-hls-rfc8216bis-22, section 6.2.5.1).</summary>
    /// <param name="before">The playlist before, whole or merged.</param>
    /// <param name="update">The update; a whole playlist stays as it is.</param>
    /// <returns>The whole playlist; null where the playlist before does not have all that is skipped.</returns>
    public static byte[]? MergeUpdate(ReadOnlySpan<byte> before, ReadOnlySpan<byte> update) =>
        DeltaUpdate.Merge(PlaylistLines.Read(before, []), PlaylistLines.Read(update, []))?.ToBytes();

    /// <summary>Checks a merged delta update against the whole playlist that was fetched behind it.</summary>
    /// <param name="merged">What <see cref="MergeUpdate"/> gave.</param>
    /// <param name="whole">The whole playlist: equal when it is of the same moment, else checked as the next one.</param>
    public static IReadOnlyList<Violation> ValidateMerged(ReadOnlySpan<byte> merged, ReadOnlySpan<byte> whole)
    {
        List<Violation> violations = [];
        PlaylistLines before = PlaylistLines.Read(merged, []);
        PlaylistLines after = PlaylistLines.Read(whole, violations);
        if (!DeltaUpdate.CheckEqual(before, after))
        {
            UpdateRules.Check(before, after);
        }

        return violations;
    }

    /// <summary>Checks the media playlists of one master playlist against each other (RFC 8216, section 6.2.4).</summary>
    /// <param name="playlists">Those of variant streams and sounds, without subtitles and I-frames.</param>
    public static IReadOnlyList<Violation> ValidateTogether(IReadOnlyList<byte[]> playlists)
    {
        List<Violation> violations = [];
        PlaylistLines[] all = [.. playlists.Select(playlist => PlaylistLines.Read(playlist, violations))];
        foreach ((string tag, string rule) in new[] { ("EXT-X-TARGETDURATION", "6.2.4 target"), ("EXT-X-PLAYLIST-TYPE", "6.2.4 type") })
        {
            string?[] values = [.. all.Select(lines => lines.Lines.FirstOrDefault(line => line.Tag == tag)?.Value).Distinct()];
            if (values.Length > 1)
            {
                all[0].Report(rule, null, string.Join(", ", values.Select(value => value ?? "none")));
            }
        }

        string[] controls = [.. all.Select(static lines => MediaListing.Read(lines).Control).Distinct()];
        if (controls.Length > 1)
        {
            all[0].Report("bis 6.2.4 control", null, string.Join(" and ", controls));
        }

        if (all.Select(static lines => lines.Find("EXT-X-PROGRAM-DATE-TIME") is null).Distinct().Count() > 1)
        {
            all[0].Report("bis 6.2.4 dates", null, "some have none");
        }

        return violations;
    }

    internal static double? NumberOf(string text) =>
        double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out double number) ? number : null;

    internal static bool IsInteger(string text) => text.Length is > 0 and <= 20 && text.All(char.IsAsciiDigit);

    private static void CheckWhole(PlaylistLines lines)
    {
        bool isMedia = lines.Lines.Any(line => line.Tag is { } tag && (TagSets.Media.Contains(tag) || TagSets.Segment.Contains(tag)));
        if (lines.IsMaster && isMedia && lines.Lines.Any(line => line.Tag == "EXTINF"))
        {
            lines.Report("4.1 kind", null, "tags of both kinds");
        }

        CheckOnce(lines, "EXT-X-VERSION", "4.3.1.2 once");
        foreach (string tag in TagSets.Either)
        {
            CheckOnce(lines, tag, "4.3.5 once");
        }

        foreach (PlaylistLine start in lines.Lines.Where(line => line.Tag == "EXT-X-START"))
        {
            if (!lines.AttributesOf(start).ContainsKey("TIME-OFFSET"))
            {
                lines.Report("4.3.5.2 offset", start, start.Value);
            }
        }
    }

    internal static void CheckOnce(PlaylistLines lines, string tag, string rule)
    {
        if (lines.Lines.Where(line => line.Tag == tag).Skip(1).FirstOrDefault() is { } second)
        {
            lines.Report(rule, second, tag);
        }
    }
}
