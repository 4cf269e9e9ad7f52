using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Http.Hls;

/// <summary>How a media playlist may change (RFC 8216, section 4.3.3.5).</summary>
public enum PlaylistType
{
    /// <summary>In any way that section 6.2.1 allows: a live stream whose old segments leave.</summary>
    Live,

    /// <summary>Segments are added at its end, as while a file grows.</summary>
    Event,

    /// <summary>Not at all.</summary>
    Vod,
}

/// <summary>The playlist that lists segments (RFC 8216, section 4.3.3).</summary>
public sealed record MediaPlaylist
{
    /// <summary>How it may change. Default VOD.</summary>
    public PlaylistType Type { get; init; } = PlaylistType.Vod;

    /// <summary>
    /// The most that a segment lasts, in whole seconds after rounding. It must never change while a playlist grows; null for what its
    /// segments
    /// need.
    /// </summary>
    public int? TargetDuration { get; init; }

    /// <summary>The number of the first segment.</summary>
    public long MediaSequence { get; init; }

    /// <summary>How many discontinuities have left with old segments.</summary>
    public long DiscontinuitySequence { get; init; }

    /// <summary>Whether each segment is one key picture (RFC 8216, section 4.3.3.6).</summary>
    public bool IsIFramesOnly { get; init; }

    /// <summary>Whether no segment will be added. Default true.</summary>
    public bool IsEnded { get; init; } = true;

    /// <summary>The segments.</summary>
    public required ImmutableArray<MediaSegment> Segments { get; init; }

    /// <summary>The target duration that is written: the longest segment, rounded to a second, and at least 1.</summary>
    /// <exception cref="ArgumentException"><see cref="TargetDuration"/> is shorter than a segment.</exception>
    public int GetTargetDuration()
    {
        int needed = 1;
        foreach (MediaSegment segment in Segments)
        {
            needed = Math.Max(needed, (int)Math.Round(segment.Duration.TotalSeconds, MidpointRounding.AwayFromZero));
        }

        return TargetDuration is not { } said ? needed
            : said >= needed ? said
            : throw new ArgumentException($"the target duration must be at least {needed} s (was {said} s)");
    }

    /// <summary>Writes the playlist.</summary>
    /// <param name="output">Where to, as UTF-8.</param>
    /// <exception cref="ArgumentException">A value cannot stand in a playlist, or a segment is longer than the target duration.</exception>
    public void WriteTo(IBufferWriter<byte> output)
    {
        PlaylistWriter writer = new();
        writer.Tag("EXT-X-TARGETDURATION", GetTargetDuration());
        writer.Tag("EXT-X-MEDIA-SEQUENCE", MediaSequence);
        if (DiscontinuitySequence > 0)
        {
            writer.Tag("EXT-X-DISCONTINUITY-SEQUENCE", DiscontinuitySequence);
        }

        if (Type != PlaylistType.Live)
        {
            writer.Tag("EXT-X-PLAYLIST-TYPE", Type == PlaylistType.Vod ? "VOD" : "EVENT");
        }

        if (IsIFramesOnly)
        {
            writer.Tag("EXT-X-I-FRAMES-ONLY");
        }

        InitializationSection? section = null;
        foreach (MediaSegment segment in Segments)
        {
            segment.WriteTo(writer, section);
            section = segment.Initialization ?? section;
        }

        if (IsEnded)
        {
            writer.Tag("EXT-X-ENDLIST");
        }

        writer.CopyTo(output);
    }
}

/// <summary>What a player needs before a segment: EXT-X-MAP (RFC 8216, section 4.3.2.5).</summary>
/// <param name="Uri">The resource, percent-encoded.</param>
/// <param name="Range">The part of it; null for all.</param>
public sealed record InitializationSection(string Uri, ByteRange? Range = null);

/// <summary>A segment (RFC 8216, section 4.3.2).</summary>
/// <param name="Uri">The resource, percent-encoded.</param>
/// <param name="Duration">How long it plays.</param>
public sealed record MediaSegment(string Uri, TimeSpan Duration)
{
    /// <summary>The part of the resource; null for all.</summary>
    public ByteRange? Range { get; init; }

    /// <summary>
    /// The initialization section it needs; written where it changes. Null for that of the segment before it, or for WebVTT.
    /// </summary>
    public InitializationSection? Initialization { get; init; }

    /// <summary>Whether times or codecs break between the segment before it and this one.</summary>
    public bool IsDiscontinuity { get; init; }

    internal void WriteTo(PlaylistWriter writer, InitializationSection? before)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Duration, TimeSpan.Zero);
        if (IsDiscontinuity)
        {
            writer.Tag("EXT-X-DISCONTINUITY");
        }

        if (Initialization is { } section && section != before)
        {
            writer.BeginAttributes("EXT-X-MAP");
            writer.QuotedUri("URI", section.Uri);
            writer.Quoted("BYTERANGE", section.Range is { } part ? Format(part) : null);
            writer.EndAttributes();
        }

        // ticks of 100 ns are seven decimals: written whole, so that times add up to those of the segments
        decimal seconds = (decimal)Duration.Ticks / TimeSpan.TicksPerSecond;
        writer.Tag("EXTINF", seconds.ToString("0.000####", CultureInfo.InvariantCulture) + ",");
        if (Range is { } range)
        {
            writer.Tag("EXT-X-BYTERANGE", Format(range));
        }

        writer.Uri(Uri);
    }

    /// <summary>n@o: the offset is always said, since "behind the last one" is easy to get wrong.</summary>
    private static string Format(ByteRange range) => string.Create(CultureInfo.InvariantCulture, $"{range.Length}@{range.Offset}");
}
