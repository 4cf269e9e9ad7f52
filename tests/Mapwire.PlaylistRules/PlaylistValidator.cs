using System.Globalization;

namespace Mapwire.PlaylistRules;

/// <summary>
/// Checks playlists by the MUST lines of RFC 8216 that their text shows (<see cref="PlaylistRule.All"/>). It knows nothing of the code that
/// writes them.
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
        }

        VersionRule.Check(lines);
        return violations;
    }

    /// <summary>Checks a media playlist against what it was before (RFC 8216, sections 6.2.1 and 6.2.2).</summary>
    /// <param name="before">As it was.</param>
    /// <param name="after">As it is.</param>
    public static IReadOnlyList<Violation> ValidateUpdate(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        List<Violation> violations = [];
        UpdateRules.Check(PlaylistLines.Read(before, []), PlaylistLines.Read(after, violations));
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
