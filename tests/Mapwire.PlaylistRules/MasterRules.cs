using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>The rules of master playlists (RFC 8216, section 4.3.4).</summary>
internal static partial class MasterRules
{
    private static readonly string[] GroupTypes = ["AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS"];

    private static readonly string[] VariantOnly = ["FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"];

    public static void Check(PlaylistLines lines)
    {
        foreach (PlaylistLine line in lines.Lines)
        {
            if (line.Tag is { } tag && TagSets.Segment.Contains(tag))
            {
                lines.Report("4.3.2 master", line, tag);
            }
            else if (line.Tag is { } other && TagSets.Media.Contains(other))
            {
                lines.Report("4.3.3 master", line, other);
            }
        }

        List<Rendition> renditions = [.. Find("EXT-X-MEDIA").Select(line => new Rendition(line, lines.AttributesOf(line)))];
        foreach (Rendition rendition in renditions)
        {
            CheckRendition(lines, rendition);
        }

        CheckGroups(lines, renditions);
        CheckVariants(lines, [.. Find("EXT-X-STREAM-INF")], renditions);
        foreach (PlaylistLine line in Find("EXT-X-I-FRAME-STREAM-INF"))
        {
            Dictionary<string, string> attributes = lines.AttributesOf(line);
            if (!attributes.ContainsKey("BANDWIDTH") || !attributes.ContainsKey("URI"))
            {
                lines.Report("4.3.4.3 required", line, line.Value);
            }

            if (VariantOnly.Any(attributes.ContainsKey))
            {
                lines.Report("4.3.4.3 others", line, line.Value);
            }

            CheckGroupsOf(lines, line, attributes, renditions);
        }

        CheckSession(lines, Find("EXT-X-SESSION-DATA"), Find("EXT-X-SESSION-KEY"));

        IEnumerable<PlaylistLine> Find(string tag) => lines.Lines.Where(line => line.Tag == tag);
    }

    private static void CheckRendition(PlaylistLines lines, Rendition rendition)
    {
        (PlaylistLine line, Dictionary<string, string> attributes) = rendition;
        string? type = attributes.GetValueOrDefault("TYPE");
        Require("4.3.4.1 type", GroupTypes.Contains(type));
        Require("4.3.4.1 group", attributes.ContainsKey("GROUP-ID"));
        Require("4.3.4.1 name", attributes.ContainsKey("NAME"));
        Require("4.3.4.1 uri", type != "CLOSED-CAPTIONS" || !attributes.ContainsKey("URI"));
        Require("4.3.4.1 yes", ((string[])["DEFAULT", "AUTOSELECT", "FORCED"]).All(
            name => attributes.GetValueOrDefault(name) is null or "YES" or "NO"));
        Require("4.3.4.1 auto", attributes.GetValueOrDefault("DEFAULT") != "YES"
            || attributes.GetValueOrDefault("AUTOSELECT") is null or "YES");
        Require("4.3.4.1 forced", type == "SUBTITLES" || !attributes.ContainsKey("FORCED"));
        Require("4.3.4.1 instream", type == "CLOSED-CAPTIONS"
            ? InStreamPattern().IsMatch(attributes.GetValueOrDefault("INSTREAM-ID", ""))
            : !attributes.ContainsKey("INSTREAM-ID"));
        Require("4.3.4.2.1 subtitles", type != "SUBTITLES" || attributes.ContainsKey("URI"));

        void Require(string rule, bool isMet)
        {
            if (!isMet)
            {
                lines.Report(rule, line, line.Value);
            }
        }
    }

    private static void CheckGroups(PlaylistLines lines, List<Rendition> renditions)
    {
        IGrouping<(string?, string?), Rendition>[] groups = [.. renditions.GroupBy(static rendition => rendition.Group)];
        foreach (IGrouping<(string?, string?), Rendition> group in groups)
        {
            if (group.Select(static member => member.Name).Distinct().Count() < group.Count())
            {
                lines.Report("4.3.4.1.1 names", group.Last().Line, $"group {group.Key}");
            }

            if (group.Count(static member => member.Attributes.GetValueOrDefault("DEFAULT") == "YES") > 1)
            {
                lines.Report("4.3.4.1.1 default", group.Last().Line, $"group {group.Key}");
            }
        }

        foreach (IGrouping<string?, IGrouping<(string?, string?), Rendition>> type in groups.GroupBy(static group => group.Key.Item1))
        {
            IEnumerable<string> members =
                type.Select(static group => string.Join('\n', group.Select(static member => member.Identity).Order()));
            if (members.Distinct().Count() > 1)
            {
                lines.Report("4.3.4.1.1 same", type.Last().Last().Line, $"groups of {type.Key}");
            }
        }
    }

    private static void CheckVariants(PlaylistLines lines, List<PlaylistLine> variants, List<Rendition> renditions)
    {
        List<Dictionary<string, string>> all = [];
        foreach (PlaylistLine line in variants)
        {
            Dictionary<string, string> attributes = lines.AttributesOf(line);
            all.Add(attributes);
            if (!attributes.ContainsKey("BANDWIDTH"))
            {
                lines.Report("4.3.4.2 bandwidth", line, line.Value);
            }

            int next = lines.Lines.ToList().IndexOf(line) + 1;
            if (next == lines.Lines.Count || lines.Lines[next].Tag is not null)
            {
                lines.Report("4.3.4.2 uri", line, line.Value);
            }

            CheckGroupsOf(lines, line, attributes, renditions);
        }

        // NONE without quotes; a group may be named so
        int none = variants.Count(static line => NonePattern().IsMatch(line.Value));
        if (none > 0 && none < variants.Count)
        {
            lines.Report("4.3.4.2 none", variants[0], $"{none} of {variants.Count}");
        }
    }

    private static void CheckGroupsOf(
        PlaylistLines lines, PlaylistLine line, Dictionary<string, string> attributes, List<Rendition> renditions)
    {
        foreach (string type in GroupTypes)
        {
            if (attributes.TryGetValue(type, out string? group) && !(type == "CLOSED-CAPTIONS" && NonePattern().IsMatch(line.Value))
                && !renditions.Exists(rendition => rendition.Group == (type, group)))
            {
                lines.Report("4.3.4.2 group", line, $"{type}={group}");
            }
        }
    }

    private static void CheckSession(PlaylistLines lines, IEnumerable<PlaylistLine> data, IEnumerable<PlaylistLine> keys)
    {
        HashSet<(string?, string?)> seen = [];
        foreach (PlaylistLine line in data)
        {
            Dictionary<string, string> attributes = lines.AttributesOf(line);
            if (!attributes.ContainsKey("DATA-ID") || attributes.ContainsKey("VALUE") == attributes.ContainsKey("URI"))
            {
                lines.Report("4.3.4.4 required", line, line.Value);
            }

            if (!seen.Add((attributes.GetValueOrDefault("DATA-ID"), attributes.GetValueOrDefault("LANGUAGE"))))
            {
                lines.Report("4.3.4.4 once", line, line.Value);
            }
        }

        foreach (PlaylistLine line in keys)
        {
            if (lines.AttributesOf(line).GetValueOrDefault("METHOD") is null or "NONE")
            {
                lines.Report("4.3.4.5 none", line, line.Value);
            }
        }
    }

    [GeneratedRegex(@"^(CC[1-4]|SERVICE([1-9]|[1-5][0-9]|6[0-3]))\z")]
    private static partial Regex InStreamPattern();

    [GeneratedRegex(@"(?:^|,)CLOSED-CAPTIONS=NONE(?:,|\z)")]
    private static partial Regex NonePattern();

    private sealed record Rendition(PlaylistLine Line, Dictionary<string, string> Attributes)
    {
        public (string?, string?) Group => (Attributes.GetValueOrDefault("TYPE"), Attributes.GetValueOrDefault("GROUP-ID"));

        public string? Name => Attributes.GetValueOrDefault("NAME");

        /// <summary>What members of different groups have in common.</summary>
        public string Identity => string.Join(',', Attributes
            .Where(static pair => pair.Key is not ("URI" or "CHANNELS" or "GROUP-ID")).OrderBy(static pair => pair.Key)
            .Select(static pair => $"{pair.Key}={pair.Value}"));
    }
}
