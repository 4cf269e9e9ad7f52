using System.Globalization;
using System.Xml;

namespace Mapwire.Http.Dash;

/// <summary>What a track holds.</summary>
public enum MediaKind
{
    /// <summary>Pictures.</summary>
    Video,

    /// <summary>Sound.</summary>
    Audio,

    /// <summary>Subtitles.</summary>
    Text,
}

/// <summary>One track in one quality (ISO/IEC 23009-1, section 5.3.5).</summary>
/// <param name="Id">Its id; one of its own in the period, without white space.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="MimeType">The media type of its segments.</param>
/// <param name="Bandwidth">Bits a second that are enough to play without a pause after <see
/// cref="MediaPresentation.MinBufferTime"/>.</param>
public sealed record Representation(string Id, MediaKind Kind, string MimeType, long Bandwidth)
{
    /// <summary>The codec (RFC 6381); null for WebVTT.</summary>
    public string? Codecs { get; init; }

    /// <summary>The language as a tag of RFC 5646; null when it is not known.</summary>
    public string? Language { get; init; }

    /// <summary>The track's name for people; null for none.</summary>
    public string? Label { get; init; }

    /// <summary>
    /// What tells it from others of its kind, language and codec that are no qualities of the same content, as a commentary is none of the
    /// main sound; null where all such tracks are qualities of one.
    /// </summary>
    public string? Content { get; init; }

    /// <summary>Width and height of the picture in pixels.</summary>
    public (int Width, int Height)? Size { get; init; }

    /// <summary>Pictures a second as a fraction, such as 30000 and 1001.</summary>
    public (int Numerator, int Denominator)? FrameRate { get; init; }

    /// <summary>Samples of sound a second.</summary>
    public int? AudioSamplingRate { get; init; }

    /// <summary>The number of channels of sound.</summary>
    public int? Channels { get; init; }

    /// <summary>How its segments are named; null where <see cref="BaseUrl"/> is all of it.</summary>
    public SegmentTemplate? Template { get; init; }

    /// <summary>The one resource that is all of the track, as a file of subtitles is; null where it has segments.</summary>
    public string? BaseUrl { get; init; }

    internal (MediaKind Kind, string? Language, string Codec, string? Content) SetKey =>
        (Kind, Language, Codecs?.Split('.')[0] ?? MimeType, Content);

    internal void WriteTo(XmlWriter xml)
    {
        if (Template is null == BaseUrl is null)
        {
            throw new ArgumentException($"representation {Id} must have a template or a base URL, and not both");
        }

        xml.WriteStartElement("Representation");
        xml.WriteAttributeString("id", Id);
        xml.WriteAttributeString("mimeType", MimeType);
        MediaPresentation.Write(xml, "codecs", Codecs);
        MediaPresentation.Write(xml, "bandwidth", Bandwidth);
        MediaPresentation.Write(xml, "width", Size?.Width);
        MediaPresentation.Write(xml, "height", Size?.Height);
        MediaPresentation.Write(xml, "frameRate", FrameRate is not { } rate ? null
            : rate.Denominator == 1 ? string.Create(CultureInfo.InvariantCulture, $"{rate.Numerator}")
            : string.Create(CultureInfo.InvariantCulture, $"{rate.Numerator}/{rate.Denominator}"));
        MediaPresentation.Write(xml, "audioSamplingRate", AudioSamplingRate);
        if (Channels is { } channels)
        {
            xml.WriteStartElement("AudioChannelConfiguration");
            xml.WriteAttributeString("schemeIdUri", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011");
            MediaPresentation.Write(xml, "value", channels);
            xml.WriteEndElement();
        }

        if (BaseUrl is not null)
        {
            xml.WriteElementString("BaseURL", BaseUrl);
        }

        Template?.WriteTo(xml);
        xml.WriteEndElement();
    }
}
