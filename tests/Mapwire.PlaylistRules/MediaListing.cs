using System.Globalization;
using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>
/// A media playlist as segments and parts, with what is in force for each of them. It reports nothing: what is written wrong is null or 0.
/// </summary>
internal sealed partial class MediaListing
{
    private MediaListing(PlaylistLines lines, IReadOnlyList<ListedSegment> segments)
    {
        Segments = segments;
        Whole = [.. segments.Where(static segment => segment.Uri is not null)];
        Open = segments.FirstOrDefault(static segment => segment.Uri is null);
        Target = IntegerOf(lines.Find("EXT-X-TARGETDURATION")?.Value);
        Sequence = IntegerOf(lines.Find("EXT-X-MEDIA-SEQUENCE")?.Value);
        DiscontinuitySequence = IntegerOf(lines.Find("EXT-X-DISCONTINUITY-SEQUENCE")?.Value);
        HasDiscontinuitySequence = lines.Find("EXT-X-DISCONTINUITY-SEQUENCE") is not null;
        Version = IntegerOf(lines.Find("EXT-X-VERSION")?.Value);
        Type = lines.Find("EXT-X-PLAYLIST-TYPE")?.Value;
        IsEnded = lines.Find("EXT-X-ENDLIST") is not null;
        Dictionary<string, string> control = Split(lines.Find("EXT-X-SERVER-CONTROL"));
        Dictionary<string, string> info = Split(lines.Find("EXT-X-PART-INF"));
        Skipped = IntegerOf(Split(lines.Find("EXT-X-SKIP")).GetValueOrDefault("SKIPPED-SEGMENTS"));
        CanSkipUntil = DecimalOf(control.GetValueOrDefault("CAN-SKIP-UNTIL"));
        CanBlock = control.GetValueOrDefault("CAN-BLOCK-RELOAD") == "YES";
        PartTarget = DecimalOf(info.GetValueOrDefault("PART-TARGET"));
        Control = Sort(control);
        PartInfo = Sort(info);
        Hint = lines.Lines.Where(static line => line.Tag == "EXT-X-PRELOAD-HINT").Select(Split)
            .FirstOrDefault(static hint => hint.GetValueOrDefault("TYPE") == "PART")?.GetValueOrDefault("URI");
        Reports = [.. lines.Lines.Where(static line => line.Tag == "EXT-X-RENDITION-REPORT").Select(Split)];
    }

    /// <summary>Number of the first segment, skipped or not.</summary>
    public long Sequence { get; }

    public long DiscontinuitySequence { get; }

    public bool HasDiscontinuitySequence { get; }

    public long Target { get; }

    public long Version { get; }

    public string? Type { get; }

    public bool IsEnded { get; }

    /// <summary>How many segments EXT-X-SKIP replaces; 0 where there is none.</summary>
    public long Skipped { get; }

    public decimal? CanSkipUntil { get; }

    public bool CanBlock { get; }

    public decimal? PartTarget { get; }

    /// <summary>The attributes of EXT-X-SERVER-CONTROL in the order of their names.</summary>
    public string Control { get; }

    /// <summary>The attributes of EXT-X-PART-INF in the order of their names.</summary>
    public string PartInfo { get; }

    /// <summary>The URI of the hinted part; null for none.</summary>
    public string? Hint { get; }

    /// <summary>The attributes of each EXT-X-RENDITION-REPORT.</summary>
    public IReadOnlyList<Dictionary<string, string>> Reports { get; }

    /// <summary>The whole segments, and behind them the open one, where there is one.</summary>
    public IReadOnlyList<ListedSegment> Segments { get; }

    /// <summary>The segments that have their URI.</summary>
    public IReadOnlyList<ListedSegment> Whole { get; }

    /// <summary>The segment of which only parts are there; null for none.</summary>
    public ListedSegment? Open { get; }

    /// <summary>What the whole segments last.</summary>
    public decimal Seconds => Whole.Sum(static segment => segment.Duration);

    /// <summary>What the whole segments and the parts behind them last.</summary>
    public decimal SecondsWithParts => Segments.Sum(static segment => segment.Duration);

    /// <summary>The place that comes next: a segment and a part of it.</summary>
    public (long Number, int Part) Next =>
        Open is { } open ? (open.Number, open.Parts.Count) : (Sequence + Skipped + Whole.Count, 0);

    public static MediaListing Read(PlaylistLines lines)
    {
        List<ListedSegment> segments = [];
        List<PlaylistLine> tags = [];
        SortedDictionary<string, PlaylistLine> keys = new(StringComparer.Ordinal); // by their format (RFC 8216, section 4.3.2.4)
        PlaylistLine? map = null;
        long number = IntegerOf(lines.Find("EXT-X-MEDIA-SEQUENCE")?.Value);
        foreach (PlaylistLine line in lines.Lines)
        {
            switch (line.Tag)
            {
                case null:
                    segments.Add(new ListedSegment(number++, line, [.. tags], map, [.. keys.Values]));
                    tags.Clear();
                    continue;
                case "EXT-X-SKIP":
                    number += IntegerOf(Split(line).GetValueOrDefault("SKIPPED-SEGMENTS"));
                    continue;
                case "EXT-X-MAP":
                    map = line;
                    break;
                case "EXT-X-KEY" when line.Value.Contains("METHOD=NONE", StringComparison.Ordinal):
                    keys.Clear();
                    break;
                case "EXT-X-KEY":
                    keys[KeyFormat().Match(line.Value).Value] = line;
                    break;
                case "EXT-X-DATERANGE":
                    continue; // it is of no segment
            }

            if (TagSets.Segment.Contains(line.Tag))
            {
                tags.Add(line);
            }
        }

        if (tags.FindLast(static tag => tag.Tag == "EXT-X-PART") is { } last)
        {
            segments.Add(new ListedSegment(number, last, [.. tags], map, [.. keys.Values]));
        }

        return new MediaListing(lines, segments);
    }

    /// <summary>The attributes of a tag, or none.</summary>
    public static Dictionary<string, string> Split(PlaylistLine? line) =>
        line is null ? [] : AttributeSyntax.Split(line.Value, static (_, _) => { });

    public static decimal? DecimalOf(string? text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) ? number : null;

    public static long IntegerOf(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;

    private static string Sort(Dictionary<string, string> attributes) =>
        string.Join(',', attributes.OrderBy(static pair => pair.Key, StringComparer.Ordinal)
            .Select(static pair => $"{pair.Key}={pair.Value}"));

    [GeneratedRegex("KEYFORMAT=\"[^\"]*\"")]
    private static partial Regex KeyFormat();
}

/// <summary>A segment of a playlist, whole or of parts alone.</summary>
internal sealed class ListedSegment
{
    /// <param name="number">Its media sequence number.</param>
    /// <param name="line">Its URI, or its last part where there is none.</param>
    /// <param name="tags">Its tags, with its parts.</param>
    /// <param name="map">The EXT-X-MAP that is in force.</param>
    /// <param name="keys">Each EXT-X-KEY that is in force.</param>
    public ListedSegment(
        long number, PlaylistLine line, IReadOnlyList<PlaylistLine> tags, PlaylistLine? map, IReadOnlyList<PlaylistLine> keys)
    {
        (Number, Line, Tags, Map, Keys) = (number, line, tags, map, keys);
        Uri = line.Tag is null ? line.Value : null;
        Parts = [.. tags.Where(static tag => tag.Tag == "EXT-X-PART").Select(static tag => new ListedPart(tag))];
        Breaks = tags.Count(static tag => tag.Tag == "EXT-X-DISCONTINUITY");
        Info = Find("EXTINF") ?? "";
        Duration = Uri is null
            ? Parts.Sum(static part => part.Duration ?? 0)
            : MediaListing.DecimalOf(Info.Split(',')[0]) ?? 0;
        DateText = Find("EXT-X-PROGRAM-DATE-TIME");
        Head = string.Join('\n', [.. keys.Select(static key => key.Value), map?.Value ?? "", $"{Breaks} breaks", DateText ?? ""]);
        Text = string.Join('\n', [Head, Info, Find("EXT-X-BYTERANGE") ?? "", Find("EXT-X-GAP") is null ? "" : "gap", Uri ?? ""]);
    }

    public long Number { get; }

    public PlaylistLine Line { get; }

    public IReadOnlyList<PlaylistLine> Tags { get; }

    public PlaylistLine? Map { get; }

    public IReadOnlyList<PlaylistLine> Keys { get; }

    /// <summary>Null for the open one at the end of a playlist.</summary>
    public string? Uri { get; }

    public IReadOnlyList<ListedPart> Parts { get; }

    /// <summary>How many EXT-X-DISCONTINUITY stand before it.</summary>
    public int Breaks { get; }

    /// <summary>What its EXTINF says.</summary>
    public string Info { get; }

    /// <summary>In seconds; of the open one that of its parts.</summary>
    public decimal Duration { get; }

    public string? DateText { get; }

    /// <summary>What stands before its first part and never changes.</summary>
    public string Head { get; }

    /// <summary>All that never changes once it is whole.</summary>
    public string Text { get; }

    private string? Find(string tag) => Tags.LastOrDefault(line => line.Tag == tag)?.Value;
}

/// <summary>A part of a segment: EXT-X-PART.</summary>
internal sealed class ListedPart
{
    public ListedPart(PlaylistLine line)
    {
        Dictionary<string, string> attributes = MediaListing.Split(line);
        Line = line;
        Uri = attributes.GetValueOrDefault("URI");
        DurationText = attributes.GetValueOrDefault("DURATION");
        Duration = MediaListing.DecimalOf(DurationText);
        IsIndependent = attributes.GetValueOrDefault("INDEPENDENT") == "YES";
        IsGap = attributes.GetValueOrDefault("GAP") == "YES";
        Range = attributes.GetValueOrDefault("BYTERANGE");
    }

    public PlaylistLine Line { get; }

    public string? Uri { get; }

    public string? DurationText { get; }

    public decimal? Duration { get; }

    public bool IsIndependent { get; }

    public bool IsGap { get; }

    public string? Range { get; }

    /// <summary>Whether two lists say the same of it.</summary>
    public bool IsSame(ListedPart other) =>
        (Uri, Duration, IsIndependent, IsGap, Range) == (other.Uri, other.Duration, other.IsIndependent, other.IsGap, other.Range);
}
