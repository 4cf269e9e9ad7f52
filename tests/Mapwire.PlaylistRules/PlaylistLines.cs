using System.Text;
using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>A line of a playlist.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Tag">The tag without '#'; null for a URI.</param>
/// <param name="Value">What stands behind the tag's colon, or the URI.</param>
internal sealed record PlaylistLine(int Number, string? Tag, string Value);

/// <summary>A playlist as lines (RFC 8216, section 4.1); comments and empty lines are left out.</summary>
internal sealed partial class PlaylistLines
{
    private readonly List<Violation> _violations;

    private PlaylistLines(List<Violation> violations, List<PlaylistLine> lines)
    {
        _violations = violations;
        Lines = lines;
    }

    public IReadOnlyList<PlaylistLine> Lines { get; }

    /// <summary>Whether it is to be a master playlist: it has tags of one, and not the tag that every media playlist has.</summary>
    public bool IsMaster =>
        Lines.Any(line => TagSets.Master.Contains(line.Tag ?? "")) && Lines.All(line => line.Tag != "EXT-X-TARGETDURATION");

    public static PlaylistLines Read(ReadOnlySpan<byte> playlist, List<Violation> violations)
    {
        void Report(string rule, int line, string detail) => violations.Add(new Violation(PlaylistRule.Get(rule), line, detail));

        if (!System.Text.Unicode.Utf8.IsValid(playlist))
        {
            Report("4.1 utf8", 0, "bytes that are no UTF-8");
        }

        string text = Encoding.UTF8.GetString(playlist);
        if (text.StartsWith('\uFEFF'))
        {
            Report("4.1 bom", 1, "U+FEFF");
            text = text[1..];
        }

        // RECENTLY-REMOVED-DATERANGES has tabs between its names (draft-pantos-hls-rfc8216bis-22, section 4.4.5.2).
        string withoutTabs = SkipPattern().Replace(text, static skip => skip.Value.Replace('\t', ' '));
        if (ControlPattern().Match(withoutTabs) is { Success: true } control)
        {
            Report("4.1 control", 0, $"U+{(int)control.Value[0]:X4}");
        }

        string[] all = text.Split('\n');
        if (all[0].TrimEnd('\r') != "#EXTM3U")
        {
            Report("4.3.1.1 first", 1, all[0]);
        }

        List<PlaylistLine> lines = [];
        for (int i = 0; i < all.Length; i++)
        {
            string line = all[i].EndsWith('\r') ? all[i][..^1] : all[i];
            if (line.Length == 0 || (line[0] == '#' && !line.StartsWith("#EXT", StringComparison.Ordinal)))
            {
                continue;
            }

            if (char.IsWhiteSpace(line[0]) || char.IsWhiteSpace(line[^1]) || (line[0] != '#' && line.Any(char.IsWhiteSpace)))
            {
                Report("4.1 space", i + 1, line);
                line = line.Trim();
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            lines.Add(line.Length > 0 && line[0] == '#'
                ? new PlaylistLine(i + 1, colon < 0 ? line[1..] : line[1..colon], colon < 0 ? "" : line[(colon + 1)..])
                : new PlaylistLine(i + 1, null, line));
            if (lines[^1].Tag is null && !UriPattern().IsMatch(lines[^1].Value))
            {
                Report("4.1 uri", i + 1, line);
            }
        }

        return new PlaylistLines(violations, lines);
    }

    /// <summary>A playlist of other lines that reports to the same place.</summary>
    public PlaylistLines With(List<PlaylistLine> lines) => new(_violations, lines);

    /// <summary>The first line with a tag; null for none.</summary>
    public PlaylistLine? Find(string tag) => Lines.FirstOrDefault(line => line.Tag == tag);

    /// <summary>The text of all lines.</summary>
    public byte[] ToBytes() => Encoding.UTF8.GetBytes(string.Concat(Lines.Select(static line =>
        (line.Tag is null ? line.Value : line.Value.Length == 0 ? $"#{line.Tag}" : $"#{line.Tag}:{line.Value}") + "\n")));

    public void Report(string rule, PlaylistLine? line, string detail) =>
        _violations.Add(new Violation(PlaylistRule.Get(rule), line?.Number ?? 0, detail));

    public Dictionary<string, string> AttributesOf(PlaylistLine line) =>
        AttributeSyntax.Split(line.Value, (rule, detail) => Report(rule, line, detail));

    [GeneratedRegex("[\u0000-\u0009\u000B\u000C\u000E-\u001F\u007F-\u009F]|\r(?!\n)")]
    private static partial Regex ControlPattern();

    [GeneratedRegex("^#EXT-X-SKIP:.*$", RegexOptions.Multiline)]
    private static partial Regex SkipPattern();

    [GeneratedRegex(@"^([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+\z")]
    private static partial Regex UriPattern();
}

/// <summary>Which tags belong where (RFC 8216, section 4.3; draft-pantos-hls-rfc8216bis-22, section 4.4).</summary>
internal static class TagSets
{
    public static readonly HashSet<string> Segment =
    [
        "EXTINF", "EXT-X-BYTERANGE", "EXT-X-DISCONTINUITY", "EXT-X-KEY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME", "EXT-X-DATERANGE",
        "EXT-X-GAP", "EXT-X-BITRATE", "EXT-X-PART",
    ];

    public static readonly HashSet<string> Media =
    [
        "EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-ENDLIST", "EXT-X-PLAYLIST-TYPE",
        "EXT-X-I-FRAMES-ONLY", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL",
    ];

    public static readonly HashSet<string> Master =
    [
        "EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA", "EXT-X-SESSION-KEY",
    ];

    public static readonly HashSet<string> Either = ["EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START"];
}
