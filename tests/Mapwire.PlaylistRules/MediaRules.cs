using System.Globalization;
using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>The rules of media playlists and their segments (RFC 8216, sections 3.3, 4.3.2 and 4.3.3).</summary>
internal static partial class MediaRules
{
    public static void Check(PlaylistLines lines)
    {
        foreach (string tag in TagSets.Media)
        {
            PlaylistValidator.CheckOnce(lines, tag, "4.3.3 once");
        }

        int firstUri = IndexOf(lines, static line => line.Tag is null or "EXT-X-PART");
        CheckPlace("EXT-X-MEDIA-SEQUENCE", "4.3.3.2 place", firstUri);
        CheckPlace("EXT-X-DISCONTINUITY-SEQUENCE", "4.3.3.3 place",
            Math.Min(firstUri, IndexOf(lines, static line => line.Tag == "EXT-X-DISCONTINUITY")));
        if (lines.Find("EXT-X-PLAYLIST-TYPE") is { } type)
        {
            if (type.Value is not ("EVENT" or "VOD"))
            {
                lines.Report("4.3.3.5 value", type, type.Value);
            }
            else if (type.Value == "VOD" && lines.Find("EXT-X-ENDLIST") is null)
            {
                lines.Report("6.2.1 end", type, "no EXT-X-ENDLIST");
            }
        }

        CheckSegments(lines);
        DateRules.Check(lines);

        void CheckPlace(string tag, string rule, int before)
        {
            int index = IndexOf(lines, line => line.Tag == tag);
            if (index < lines.Lines.Count && (index > before || !PlaylistValidator.IsInteger(lines.Lines[index].Value)))
            {
                lines.Report(rule, lines.Lines[index], lines.Lines[index].Value);
            }
        }
    }

    private static int IndexOf(PlaylistLines lines, Predicate<PlaylistLine> which)
    {
        int index = lines.Lines.ToList().FindIndex(which);
        return index < 0 ? lines.Lines.Count : index;
    }

    private static void CheckSegments(PlaylistLines lines)
    {
        PlaylistLine? target = lines.Find("EXT-X-TARGETDURATION");
        if (target is null || !PlaylistValidator.IsInteger(target.Value))
        {
            lines.Report("4.3.3.1 required", target, target?.Value ?? "none");
            target = null;
        }

        PlaylistLine? info = null;
        PlaylistLine? range = null;
        bool isUpdate = lines.Find("EXT-X-SKIP") is not null; // then what is in force may be with what was left out
        bool hasMap = isUpdate;
        bool knowsBefore = !isUpdate;
        string? rangeOf = null;
        foreach (PlaylistLine line in lines.Lines)
        {
            switch (line.Tag)
            {
                case "EXTINF":
                    info = line;
                    CheckInfo(lines, line, target);
                    break;
                case "EXT-X-BYTERANGE":
                    range = line;
                    if (!IsRange(line.Value))
                    {
                        lines.Report("4.3.2.2 format", line, line.Value);
                    }

                    break;
                case "EXT-X-MAP":
                    hasMap = true;
                    CheckMap(lines, line);
                    break;
                case "EXT-X-KEY":
                    CheckKey(lines, line);
                    break;
                case { } tag when TagSets.Master.Contains(tag):
                    lines.Report("4.3.4 media", line, tag);
                    break;
                case null:
                    if (info is null)
                    {
                        lines.Report("4.3.2.1 required", line, line.Value);
                    }

                    if (!hasMap && IsFragment(line.Value))
                    {
                        lines.Report("3.3 map", line, line.Value);
                    }

                    if (knowsBefore && range is not null && !range.Value.Contains('@', StringComparison.Ordinal) && rangeOf != line.Value)
                    {
                        lines.Report("4.3.2.2 before", line, range.Value);
                    }

                    rangeOf = range is null ? null : line.Value;
                    (info, range, knowsBefore) = (null, null, true);
                    break;
            }
        }

        if (info is not null)
        {
            lines.Report("4.3.2.1 required", info, "no segment follows it");
        }
    }

    private static void CheckInfo(PlaylistLines lines, PlaylistLine line, PlaylistLine? target)
    {
        if (InfoPattern().Match(line.Value) is not { Success: true } match)
        {
            lines.Report("4.3.2.1 duration", line, line.Value);
        }
        else if (target is not null && decimal.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out decimal seconds)
            && Math.Round(seconds, MidpointRounding.AwayFromZero) > decimal.Parse(target.Value, CultureInfo.InvariantCulture))
        {
            lines.Report("4.3.3.1 longest", line, $"{line.Value} of {target.Value}");
        }
    }

    private static void CheckMap(PlaylistLines lines, PlaylistLine line)
    {
        Dictionary<string, string> attributes = lines.AttributesOf(line);
        if (!attributes.ContainsKey("URI"))
        {
            lines.Report("4.3.2.5 uri", line, line.Value);
        }

        if (attributes.TryGetValue("BYTERANGE", out string? range) && !IsRange(range))
        {
            lines.Report("4.3.2.5 range", line, range);
        }
    }

    private static void CheckKey(PlaylistLines lines, PlaylistLine line)
    {
        Dictionary<string, string> attributes = lines.AttributesOf(line);
        string? method = attributes.GetValueOrDefault("METHOD");
        if (method is not ("NONE" or "AES-128" or "SAMPLE-AES"))
        {
            lines.Report("4.3.2.4 method", line, line.Value);
        }

        if (method == "NONE" && attributes.Count > 1)
        {
            lines.Report("4.3.2.4 none", line, line.Value);
        }

        if (method != "NONE" && !attributes.ContainsKey("URI"))
        {
            lines.Report("4.3.2.4 uri", line, line.Value);
        }
    }

    /// <summary>Whether a byte range is written as it has to be.</summary>
    internal static bool IsRange(string text) => RangePattern().IsMatch(text);

    /// <summary>Whether an address is one of fragmented MP4, by its name.</summary>
    internal static bool IsFragment(string uri) => FragmentPattern().IsMatch(uri);

    [GeneratedRegex(@"^[0-9]+(@[0-9]+)?\z")]
    private static partial Regex RangePattern();

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?),")]
    private static partial Regex InfoPattern();

    [GeneratedRegex(@"\.(m4s|mp4|m4v|m4a|cmfv|cmfa)(\?|\z)", RegexOptions.IgnoreCase)]
    private static partial Regex FragmentPattern();
}
