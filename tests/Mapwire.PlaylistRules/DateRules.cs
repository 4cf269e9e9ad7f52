using System.Globalization;
using System.Text.RegularExpressions;

namespace Mapwire.PlaylistRules;

/// <summary>
/// The rules of dates: EXT-X-PROGRAM-DATE-TIME and EXT-X-DATERANGE (RFC 8216, sections 4.3.2.6 and 4.3.2.7;
/// draft-pantos-hls-rfc8216bis-22, section 6.2.1).
/// </summary>
internal static partial class DateRules
{
    /// <summary>
    /// Dates are said to the millisecond (draft, section 4.4.4.6), and one may be rounded up where another is rounded down.
    /// </summary>
    private const decimal DateRounding = 0.001m;

    /// <summary>Overlaps are shorter than this (draft, section 6.2.1: "sub-second").</summary>
    private const decimal LongestOverlap = 1;

    public static void Check(PlaylistLines lines)
    {
        CheckRanges(lines);
        CheckContinuity(lines);
    }

    /// <summary>
    /// The date of a segment is that of the last one that has any, and the EXTINFs between. By the draft it may be less by under a second,
    /// and more by anything. Ours is made of the same times as the EXTINFs, and players line renditions up by it: a larger difference than
    /// that of rounding is a mistake.
    /// </summary>
    private static void CheckContinuity(PlaylistLines lines)
    {
        DateTimeOffset? last = null;
        decimal since = 0;
        List<string> numbers = [];
        ListedSegment? before = null;
        foreach (ListedSegment segment in MediaListing.Read(lines).Segments)
        {
            if (segment.Breaks > 0)
            {
                last = null;
            }

            if (DateOf(segment.DateText) is { } date)
            {
                if (last is { } from)
                {
                    decimal late = ((decimal)(date - from).Ticks / TimeSpan.TicksPerSecond) - since;
                    if (Math.Abs(late) > DateRounding + (numbers.Count * LowLatencyRules.UnitOf(numbers)))
                    {
                        bool isOverlap = late <= -Math.Min(LongestOverlap, before!.Duration);
                        lines.Report(
                            isOverlap ? "bis 6.2.1 overlap" : "own 6.2.1 dates", segment.Line, $"{late} s later than the EXTINFs say");
                    }
                }

                (last, since) = (date, 0);
                numbers.Clear();
            }

            since += segment.Duration;
            numbers.Add(segment.Info.Split(',')[0]);
            before = segment;
        }
    }

    private static void CheckRanges(PlaylistLines lines)
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

    internal static DateTimeOffset? DateOf(string? text) =>
        text is not null && DatePattern().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date
            : null;

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")]
    private static partial Regex DatePattern();
}
