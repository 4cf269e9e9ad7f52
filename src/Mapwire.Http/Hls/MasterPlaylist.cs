using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Http.Hls;

/// <summary>The playlist that lists a title's qualities, sounds and subtitles (RFC 8216, section 4.3.4).</summary>
public sealed record MasterPlaylist
{
    /// <summary>Sounds and subtitles that variant streams refer to by their group.</summary>
    public ImmutableArray<Rendition> Renditions { get; init; } = [];

    /// <summary>The qualities; at least one. Players begin with the first.</summary>
    public required ImmutableArray<VariantStream> Variants { get; init; }

    /// <summary>Playlists of key pictures alone, for fast forward and previews.</summary>
    public ImmutableArray<VariantStream> IFrameStreams { get; init; } = [];

    /// <summary>Whether all segments begin at sync samples (RFC 8216, section 4.3.5.1). Default yes.</summary>
    public bool HasIndependentSegments { get; init; } = true;

    /// <summary>Writes the playlist.</summary>
    /// <param name="output">Where to, as UTF-8.</param>
    /// <exception cref="ArgumentException">A value cannot stand in a playlist, or there is no variant stream.</exception>
    public void WriteTo(IBufferWriter<byte> output)
    {
        if (Variants.IsEmpty)
        {
            throw new ArgumentException("a master playlist must have a variant stream");
        }

        PlaylistWriter writer = new();
        if (HasIndependentSegments)
        {
            writer.Tag("EXT-X-INDEPENDENT-SEGMENTS");
        }

        foreach (Rendition rendition in Renditions)
        {
            rendition.WriteTo(writer);
        }

        foreach (VariantStream variant in Variants)
        {
            writer.BeginAttributes("EXT-X-STREAM-INF");
            variant.WriteAttributes(writer, isIFrames: false);
            writer.EndAttributes();
            writer.Uri(variant.Uri);
        }

        foreach (VariantStream stream in IFrameStreams)
        {
            writer.BeginAttributes("EXT-X-I-FRAME-STREAM-INF");
            stream.WriteAttributes(writer, isIFrames: true);
            writer.QuotedUri("URI", stream.Uri);
            writer.EndAttributes();
        }

        writer.CopyTo(output);
    }
}

/// <summary>What a rendition holds (RFC 8216, section 4.3.4.1, TYPE).</summary>
public enum RenditionKind
{
    /// <summary>Sound.</summary>
    Audio,

    /// <summary>WebVTT.</summary>
    Subtitles,
}

/// <summary>A sound or subtitles beside the picture: EXT-X-MEDIA (RFC 8216, section 4.3.4.1).</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="GroupId">The group that variant streams name; without quotes and line breaks.</param>
/// <param name="Name">Its name for people; one of its own in the group.</param>
public sealed record Rendition(RenditionKind Kind, string GroupId, string Name)
{
    /// <summary>Its media playlist; null for sound that lies in the variant stream itself. Subtitles have one.</summary>
    public string? Uri { get; init; }

    /// <summary>The language as a tag of RFC 5646; null when it is not known.</summary>
    public string? Language { get; init; }

    /// <summary>Whether it plays where the viewer chose nothing; at most one of a group.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Whether a player may choose it by the viewer's languages; a default one always may.</summary>
    public bool IsAutoSelect { get; init; } = true;

    /// <summary>Whether these subtitles are shown without being asked for.</summary>
    public bool IsForced { get; init; }

    /// <summary>The number of channels of sound; null when it is not known.</summary>
    public int? Channels { get; init; }

    internal void WriteTo(PlaylistWriter writer)
    {
        if (Kind == RenditionKind.Subtitles && Uri is null)
        {
            throw new ArgumentException("subtitles must have a URI (RFC 8216, section 4.3.4.2.1)");
        }

        writer.BeginAttributes("EXT-X-MEDIA");
        writer.Attribute("TYPE", Kind == RenditionKind.Audio ? "AUDIO" : "SUBTITLES");
        writer.Quoted("GROUP-ID", GroupId);
        writer.Quoted("LANGUAGE", Language);
        writer.QuotedText("NAME", Name);
        writer.Attribute("DEFAULT", IsDefault ? "YES" : "NO");
        writer.Attribute("AUTOSELECT", IsAutoSelect || IsDefault ? "YES" : "NO");
        if (Kind == RenditionKind.Subtitles)
        {
            writer.Attribute("FORCED", IsForced ? "YES" : "NO");
        }

        writer.Quoted("CHANNELS", Kind == RenditionKind.Audio ? Channels?.ToString(CultureInfo.InvariantCulture) : null);
        writer.QuotedUri("URI", Uri);
        writer.EndAttributes();
    }
}

/// <summary>The brightness range of a picture (draft-pantos-hls-rfc8216bis, VIDEO-RANGE).</summary>
public enum VideoRange
{
    /// <summary>Standard dynamic range.</summary>
    Sdr,

    /// <summary>Hybrid log-gamma (ARIB STD-B67).</summary>
    Hlg,

    /// <summary>Perceptual quantizer (SMPTE ST 2084).</summary>
    Pq,
}

/// <summary>One quality: EXT-X-STREAM-INF, or EXT-X-I-FRAME-STREAM-INF (RFC 8216, sections 4.3.4.2 and 4.3.4.3).</summary>
/// <param name="Uri">Its media playlist, percent-encoded.</param>
/// <param name="Bandwidth">Bits a second of its heaviest segment, with the heaviest renditions that play beside it.</param>
public sealed record VariantStream(string Uri, long Bandwidth)
{
    /// <summary>Bits a second on average, counted in the same way; null when that is not known.</summary>
    public long? AverageBandwidth { get; init; }

    /// <summary>All codecs with those of renditions (RFC 6381), with commas between them; null when one is not known.</summary>
    public string? Codecs { get; init; }

    /// <summary>Width and height of the picture in pixels; null without a picture.</summary>
    public (int Width, int Height)? Resolution { get; init; }

    /// <summary>The most pictures a second; written with three decimals. Null when that is not known.</summary>
    public double? FrameRate { get; init; }

    /// <summary>The brightness range; null without a picture.</summary>
    public VideoRange? VideoRange { get; init; }

    /// <summary>The group of its sounds; null when there is none.</summary>
    public string? AudioGroup { get; init; }

    /// <summary>The group of its subtitles; null when there is none.</summary>
    public string? SubtitlesGroup { get; init; }

    internal void WriteAttributes(PlaylistWriter writer, bool isIFrames)
    {
        writer.Number("BANDWIDTH", Bandwidth);
        writer.Number("AVERAGE-BANDWIDTH", AverageBandwidth);
        writer.Quoted("CODECS", Codecs);
        writer.Resolution("RESOLUTION", Resolution);
        if (FrameRate is { } rate && !isIFrames) // EXT-X-I-FRAME-STREAM-INF has no FRAME-RATE, AUDIO and SUBTITLES (section 4.3.4.3)
        {
            if (!(rate > 0 && rate < 100_000))
            {
                throw new ArgumentException($"FRAME-RATE must be more than 0 and less than 100000 (was {rate})");
            }

            writer.Attribute("FRAME-RATE", rate.ToString("0.000", CultureInfo.InvariantCulture));
        }

        if (VideoRange is { } range)
        {
            writer.Attribute("VIDEO-RANGE", range switch { Hls.VideoRange.Sdr => "SDR", Hls.VideoRange.Hlg => "HLG", _ => "PQ" });
        }

        if (!isIFrames)
        {
            writer.Quoted("AUDIO", AudioGroup);
            writer.Quoted("SUBTITLES", SubtitlesGroup);
        }
    }
}
