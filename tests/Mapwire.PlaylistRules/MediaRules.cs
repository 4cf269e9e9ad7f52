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

        int firstUri = IndexOf(lines, static line => line.Tag is null);
        CheckPlace("EXT-X-MEDIA-SEQUENCE", "4.3.3.2 place", firstUri);
        CheckPlace("EXT-X-DISCONTINUITY-SEQUENCE", "4.3.3.3 place",
            Math.Min(firstUri, IndexOf(lines, static line => line.Tag == "EXT-X-DISCONTINUITY")));
        if (Find(lines, "EXT-X-PLAYLIST-TYPE") is { } type)
        {
            if (type.Value is not ("EVENT" or "VOD"))
            {
                lines.Report("4.3.3.5 value", type, type.Value);
            }
            else if (type.Value == "VOD" && Find(lines, "EXT-X-ENDLIST") is null)
            {
                lines.Report("6.2.1 end", type, "no EXT-X-ENDLIST");
            }
        }

        CheckSegments(lines);
        CheckDates(lines);

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

    private static PlaylistLine? Find(PlaylistLines lines, string tag) => lines.Lines.FirstOrDefault(line => line.Tag == tag);

    private static void CheckSegments(PlaylistLines lines)
    {
        PlaylistLine? target = Find(lines, "EXT-X-TARGETDURATION");
        if (target is null || !PlaylistValidator.IsInteger(target.Value))
        {
            lines.Report("4.3.3.1 required", target, target?.Value ?? "none");
            target = null;
        }

        PlaylistLine? info = null;
        PlaylistLine? range = null;
        bool hasMap = false;
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
                    if (!RangePattern().IsMatch(line.Value))
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

                    if (!hasMap && FragmentPattern().IsMatch(line.Value))
                    {
                        lines.Report("3.3 map", line, line.Value);
                    }

                    if (range is not null && !range.Value.Contains('@', StringComparison.Ordinal) && rangeOf != line.Value)
                    {
                        lines.Report("4.3.2.2 before", line, range.Value);
                    }

                    rangeOf = range is null ? null : line.Value;
                    (info, range) = (null, null);
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

        if (attributes.TryGetValue("BYTERANGE", out string? range) && !RangePattern().IsMatch(range))
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

    private static void CheckDates(PlaylistLines lines)
    {
        bool hasDate = false;
        foreach (PlaylistLine line in lines.Lines.Where(static line => line.Tag == "EXT-X-PROGRAM-DATE-TIME"))
        {
            hasDate = true;
            if (DateOf(line.Value) is null)
            {
                lines.Report("4.3.2.6 date", line, line.Value);
            }
        }

        foreach (PlaylistLine line in lines.Lines.Where(static line => line.Tag == "EXT-X-DATERANGE"))
        {
            Dictionary<string, string> attributes = lines.AttributesOf(line);
            DateTimeOffset? start = DateOf(attributes.GetValueOrDefault("START-DATE"));
            Require("4.3.2.7 required", attributes.ContainsKey("ID") && start is not null);
            Require("4.3.2.7 negative", ((string[])["DURATION", "PLANNED-DURATION"]).All(
                name => !attributes.TryGetValue(name, out string? value) || PlaylistValidator.NumberOf(value) is >= 0));
            Require("4.3.2.7 next", !attributes.TryGetValue("END-ON-NEXT", out string? next)
                || (next == "YES" && attributes.ContainsKey("CLASS") && !attributes.ContainsKey("DURATION")
                    && !attributes.ContainsKey("END-DATE")));
            Require("4.3.2.7 end", !attributes.TryGetValue("END-DATE", out string? end) || DateOf(end) >= start);
            Require("4.3.2.7 date", hasDate);

            void Require(string rule, bool isMet)
            {
                if (!isMet)
                {
                    lines.Report(rule, line, line.Value);
                }
            }
        }
    }

    private static DateTimeOffset? DateOf(string? text) =>
        text is not null && DatePattern().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date
            : null;

    [GeneratedRegex(@"^[0-9]+(@[0-9]+)?\z")]
    private static partial Regex RangePattern();

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?),")]
    private static partial Regex InfoPattern();

    [GeneratedRegex(@"\.(m4s|mp4|m4v|m4a|cmfv|cmfa)(\?|\z)", RegexOptions.IgnoreCase)]
    private static partial Regex FragmentPattern();

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")]
    private static partial Regex DatePattern();
}
