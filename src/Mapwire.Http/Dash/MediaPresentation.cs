using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Xml;

namespace Mapwire.Http.Dash;

/// <summary>A Media Presentation Description (ISO/IEC 23009-1, section 5.3.1.2), static or dynamic, of the profile isoff-live.</summary>
public sealed record MediaPresentation
{
    /// <summary>The total length; null for a dynamic one whose end is not known.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>When time 0 was, which makes it dynamic; null makes it static.</summary>
    public DateTimeOffset? AvailabilityStartTime { get; init; }

    /// <summary>When this description was made; dynamic ones have it.</summary>
    public DateTimeOffset? PublishTime { get; init; }

    /// <summary>How often players ask again; null when nothing will change.</summary>
    public TimeSpan? MinimumUpdatePeriod { get; init; }

    /// <summary>How far back segments are kept; null for all.</summary>
    public TimeSpan? TimeShiftBufferDepth { get; init; }

    /// <summary>How far behind the newest segment players should be; null leaves it to them.</summary>
    public TimeSpan? SuggestedPresentationDelay { get; init; }

    /// <summary>What a player should have before it begins. Default 2 s.</summary>
    public TimeSpan MinBufferTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The clock of this moment, which players set theirs by (UTCTiming); null where they have to know it.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The periods in their order; at least one.</summary>
    public required ImmutableArray<Period> Periods { get; init; }

    /// <summary>Writes the description.</summary>
    /// <param name="output">Where to, as UTF-8.</param>
    /// <exception cref="ArgumentException">
    /// There is no period, a static one has no duration or a dynamic one no publish time, or an id or URI has a character that XML has not.
    /// </exception>
    public void WriteTo(IBufferWriter<byte> output)
    {
        bool isDynamic = AvailabilityStartTime is not null;
        if (Periods.IsEmpty || (isDynamic ? PublishTime is null : Duration is null))
        {
            throw new ArgumentException("an MPD must have a period, a static one a duration, and a dynamic one a publish time");
        }

        using MemoryStream stream = new();
        XmlWriterSettings settings = new() { Encoding = new System.Text.UTF8Encoding(false), Indent = true, NewLineChars = "\n" };
        using (XmlWriter xml = XmlWriter.Create(stream, settings))
        {
            xml.WriteStartElement("MPD", "urn:mpeg:dash:schema:mpd:2011");
            xml.WriteAttributeString("profiles", "urn:mpeg:dash:profile:isoff-live:2011");
            xml.WriteAttributeString("type", isDynamic ? "dynamic" : "static");
            Write(xml, "mediaPresentationDuration", Duration);
            Write(xml, "availabilityStartTime", AvailabilityStartTime);
            Write(xml, "publishTime", PublishTime);
            Write(xml, "minimumUpdatePeriod", MinimumUpdatePeriod);
            Write(xml, "timeShiftBufferDepth", TimeShiftBufferDepth);
            Write(xml, "suggestedPresentationDelay", SuggestedPresentationDelay);
            Write(xml, "minBufferTime", MinBufferTime);
            foreach (Period period in Periods)
            {
                period.WriteTo(xml);
            }

            if (Time is not null)
            {
                xml.WriteStartElement("UTCTiming");
                xml.WriteAttributeString("schemeIdUri", "urn:mpeg:dash:utc:direct:2014");
                Write(xml, "value", Time);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        output.Write(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>An attribute of type xs:duration; left out when null.</summary>
    internal static void Write(XmlWriter xml, string name, TimeSpan? value)
    {
        if (value is { } time)
        {
            xml.WriteAttributeString(name, XmlConvert.ToString(time));
        }
    }

    /// <summary>An attribute of a number; left out when null.</summary>
    internal static void Write(XmlWriter xml, string name, long? value)
    {
        if (value is { } number)
        {
            xml.WriteAttributeString(name, number.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>An attribute of text; left out when null.</summary>
    internal static void Write(XmlWriter xml, string name, string? value)
    {
        if (value is not null)
        {
            xml.WriteAttributeString(name, value);
        }
    }

    private static void Write(XmlWriter xml, string name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            xml.WriteAttributeString(name, time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
        }
    }
}
