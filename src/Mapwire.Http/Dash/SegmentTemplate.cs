using System.Collections.Immutable;
using System.Xml;

namespace Mapwire.Http.Dash;

/// <summary>What stands for a segment in its URL (ISO/IEC 23009-1, section 5.3.9.4.4).</summary>
public enum SegmentIdentifier
{
    /// <summary>Its number, <c>$Number$</c>.</summary>
    Number,

    /// <summary>The time at which it begins, <c>$Time$</c>.</summary>
    Time,
}

/// <summary>A segment of a timeline, in units of the template's timescale.</summary>
/// <param name="Time">When it begins.</param>
/// <param name="Duration">How long it is; more than 0.</param>
public readonly record struct TimelineSegment(long Time, long Duration);

/// <summary>How the segments of a track are named, and when each of them plays (ISO/IEC 23009-1, sections 5.3.9.4 and 5.3.9.6).</summary>
/// <param name="Timescale">Units a second; more than 0.</param>
/// <param name="Initialization">The URL of the initialization segment, percent-encoded.</param>
/// <param name="Identifier">What stands for the segment in its URL.</param>
/// <param name="Prefix">The segments' URL before the identifier, percent-encoded.</param>
/// <param name="Suffix">The segments' URL behind the identifier, percent-encoded.</param>
public sealed record SegmentTemplate(long Timescale, string Initialization, SegmentIdentifier Identifier, string Prefix, string Suffix)
{
    /// <summary>The number of the first segment of the timeline. Default 1.</summary>
    public long StartNumber { get; init; } = 1;

    /// <summary>The time on the track's line that is the period's beginning, in units of the timescale. Default 0.</summary>
    public long PresentationTimeOffset { get; init; }

    /// <summary>The segments in their order.</summary>
    public required ImmutableArray<TimelineSegment> Timeline { get; init; }

    internal void WriteTo(XmlWriter xml)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Timescale);
        xml.WriteStartElement("SegmentTemplate");
        MediaPresentation.Write(xml, "timescale", Timescale);
        if (PresentationTimeOffset != 0)
        {
            MediaPresentation.Write(xml, "presentationTimeOffset", PresentationTimeOffset);
        }

        MediaPresentation.Write(xml, "startNumber", StartNumber);
        xml.WriteAttributeString("initialization", Escape(Initialization));
        string identifier = Identifier == SegmentIdentifier.Time ? "$Time$" : "$Number$";
        xml.WriteAttributeString("media", Escape(Prefix) + identifier + Escape(Suffix));
        xml.WriteStartElement("SegmentTimeline");
        WriteTimeline(xml);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <summary>A dollar sign that stands for itself is two.</summary>
    private static string Escape(string url) => url.Replace("$", "$$", StringComparison.Ordinal);

    /// <summary>One S for each run of segments that are as long as each other and follow each other.</summary>
    private void WriteTimeline(XmlWriter xml)
    {
        for (int i = 0; i < Timeline.Length;)
        {
            TimelineSegment first = Timeline[i];
            if (first.Duration <= 0 || first.Time < 0)
            {
                throw new ArgumentException($"segment {i} must begin at 0 or later and last longer than 0 (was {first})");
            }

            int repeats = 0;
            while (i + repeats + 1 < Timeline.Length
                && Timeline[i + repeats + 1] == new TimelineSegment(first.Time + (repeats + 1) * first.Duration, first.Duration))
            {
                repeats++;
            }

            bool follows = i > 0 && first.Time == Timeline[i - 1].Time + Timeline[i - 1].Duration;
            xml.WriteStartElement("S");
            if (!follows)
            {
                MediaPresentation.Write(xml, "t", first.Time);
            }

            MediaPresentation.Write(xml, "d", first.Duration);
            if (repeats > 0)
            {
                MediaPresentation.Write(xml, "r", repeats);
            }

            xml.WriteEndElement();
            i += repeats + 1;
        }
    }
}
