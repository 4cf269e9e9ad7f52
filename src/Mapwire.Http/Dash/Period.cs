using System.Collections.Immutable;
using System.Xml;

namespace Mapwire.Http.Dash;

/// <summary>A stretch of time with the same tracks (ISO/IEC 23009-1, section 5.3.2).</summary>
/// <param name="Id">Its id; one of its own, which stays while a description is updated.</param>
/// <param name="Start">When it begins.</param>
public sealed record Period(string Id, TimeSpan Start)
{
    /// <summary>How long it is; null up to the next period or the end.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>
    /// The tracks. Those of one kind, language, codec and content become one AdaptationSet, within which players switch; those that differ
    /// in any of these do not, since a switch of codecs in mid-set is not taken by all players.
    /// </summary>
    public required ImmutableArray<Representation> Representations { get; init; }

    /// <summary>Whether all segments begin at sync samples. Default yes.</summary>
    public bool HasIndependentSegments { get; init; } = true;

    internal void WriteTo(XmlWriter xml)
    {
        xml.WriteStartElement("Period");
        xml.WriteAttributeString("id", Id);
        MediaPresentation.Write(xml, "start", Start);
        MediaPresentation.Write(xml, "duration", Duration);
        int id = 0;
        foreach (IGrouping<(MediaKind, string?, string, string?), Representation> set
            in Representations.GroupBy(static track => track.SetKey))
        {
            WriteSet(xml, id++, [.. set]);
        }

        xml.WriteEndElement();
    }

    private void WriteSet(XmlWriter xml, int id, ImmutableArray<Representation> tracks)
    {
        Representation first = tracks[0];
        xml.WriteStartElement("AdaptationSet");
        MediaPresentation.Write(xml, "id", id);
        xml.WriteAttributeString("contentType", first.Kind switch
        {
            MediaKind.Video => "video",
            MediaKind.Audio => "audio",
            _ => "text",
        });
        MediaPresentation.Write(xml, "lang", first.Language);
        if (first.Template is not null)
        {
            xml.WriteAttributeString("segmentAlignment", "true");
            if (HasIndependentSegments)
            {
                xml.WriteAttributeString("startWithSAP", "1");
            }
        }

        if (first.Label is { } label)
        {
            // a name out of a file: what XML has no place for is left out
            xml.WriteElementString("Label", string.Concat(label.EnumerateRunes().Where(static rune => rune.Value >= ' ')
                .Where(static rune => !rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value)).Select(static rune => rune.ToString())));
        }

        foreach (Representation track in tracks)
        {
            track.WriteTo(xml);
        }

        xml.WriteEndElement();
    }
}
