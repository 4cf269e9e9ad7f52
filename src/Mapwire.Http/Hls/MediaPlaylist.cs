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

    /// <summary>What makes it one of low latency; null where it has no partial segments.</summary>
    public LowLatency? LowLatency { get; init; }

    /// <summary>
    /// How many of the oldest segments are left out, since the player has them from a playlist of before (EXT-X-SKIP); those that follow
    /// are in <see cref="Segments"/>.
    /// </summary>
    public int SkippedSegments { get; init; }

    /// <summary>The target duration that is written: the longest segment, rounded to a second, and at least 1.</summary>
    /// <exception cref="ArgumentException"><see cref="TargetDuration"/> is shorter than a segment.</exception>
    public int GetTargetDuration()
    {
        int needed = 1;
        foreach (MediaSegment segment in Segments)
        {
            if (segment.Uri is null)
            {
                continue; // it is not whole
            }

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
        PlaylistWriter writer = new(LowLatency is null ? PlaylistWriter.Version : PlaylistWriter.LowLatencyVersion);
        writer.Tag("EXT-X-TARGETDURATION", GetTargetDuration());
        LowLatency?.WriteHead(writer);
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

        if (SkippedSegments > 0)
        {
            writer.BeginAttributes("EXT-X-SKIP");
            writer.Number("SKIPPED-SEGMENTS", SkippedSegments);
            writer.EndAttributes();
        }

        InitializationSection? section = null;
        foreach (MediaSegment segment in Segments)
        {
            segment.WriteTo(writer, section);
            section = segment.Initialization ?? section;
        }

        if (!IsEnded)
        {
            LowLatency?.WriteTail(writer);
        }
        else
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

/// <summary>What a playlist of low latency says beside its segments (draft-pantos-hls-rfc8216bis, section 4.4).</summary>
/// <param name="PartTarget">The most that a partial segment lasts. It must never change.</param>
/// <param name="PartHoldBack">How far from the end players should stay at least; twice <paramref name="PartTarget"/> or more.</param>
/// <param name="CanSkipUntil">Segments that end so long before the playlist's end may be left out of an update.</param>
public sealed record LowLatency(TimeSpan PartTarget, TimeSpan PartHoldBack, TimeSpan CanSkipUntil)
{
    /// <summary>The part that comes next, percent-encoded, which may be asked for already; null where that is not known.</summary>
    public string? NextPart { get; init; }

    /// <summary>Where the other playlists of the master playlist have got to.</summary>
    public ImmutableArray<RenditionReport> Reports { get; init; } = [];

    internal void WriteHead(PlaylistWriter writer)
    {
        if (PartHoldBack < 2 * PartTarget)
        {
            throw new ArgumentException($"PART-HOLD-BACK must be at least twice the part target of {PartTarget} (was {PartHoldBack})");
        }

        writer.BeginAttributes("EXT-X-SERVER-CONTROL");
        writer.Attribute("CAN-BLOCK-RELOAD", "YES");
        writer.Seconds("PART-HOLD-BACK", PartHoldBack);
        writer.Seconds("CAN-SKIP-UNTIL", CanSkipUntil);
        writer.EndAttributes();
        writer.BeginAttributes("EXT-X-PART-INF");
        writer.Seconds("PART-TARGET", PartTarget);
        writer.EndAttributes();
    }

    internal void WriteTail(PlaylistWriter writer)
    {
        if (NextPart is not null)
        {
            writer.BeginAttributes("EXT-X-PRELOAD-HINT");
            writer.Attribute("TYPE", "PART");
            writer.QuotedUri("URI", NextPart);
            writer.EndAttributes();
        }

        foreach (RenditionReport report in Reports)
        {
            writer.BeginAttributes("EXT-X-RENDITION-REPORT");
            writer.QuotedUri("URI", report.Uri);
            writer.Number("LAST-MSN", report.LastSequence);
            writer.Number("LAST-PART", report.LastPart);
            writer.EndAttributes();
        }
    }
}

/// <summary>Where another playlist has got to: EXT-X-RENDITION-REPORT.</summary>
/// <param name="Uri">The playlist, percent-encoded and relative.</param>
/// <param name="LastSequence">The number of its last segment, whole or not.</param>
/// <param name="LastPart">The number of the last partial segment of that, from 0; null where it has none.</param>
public sealed record RenditionReport(string Uri, long LastSequence, int? LastPart);

/// <summary>A part of a segment: EXT-X-PART.</summary>
/// <param name="Uri">The resource, percent-encoded.</param>
/// <param name="Duration">How long it plays.</param>
/// <param name="IsIndependent">Whether decoding can start with it.</param>
public sealed record PartialSegment(string Uri, TimeSpan Duration, bool IsIndependent)
{
    internal void WriteTo(PlaylistWriter writer)
    {
        writer.BeginAttributes("EXT-X-PART");
        writer.Seconds("DURATION", Duration);
        if (IsIndependent)
        {
            writer.Attribute("INDEPENDENT", "YES");
        }

        writer.QuotedUri("URI", Uri);
        writer.EndAttributes();
    }
}

/// <summary>A segment (RFC 8216, section 4.3.2).</summary>
/// <param name="Uri">The resource, percent-encoded; null for the last one of a playlist of low latency, of which only parts are whole.
/// </param>
/// <param name="Duration">How long it plays.</param>
public sealed record MediaSegment(string? Uri, TimeSpan Duration)
{
    /// <summary>The part of the resource; null for all.</summary>
    public ByteRange? Range { get; init; }

    /// <summary>
    /// The initialization section it needs; written where it changes. Null for that of the segment before it, or for WebVTT.
    /// </summary>
    public InitializationSection? Initialization { get; init; }

    /// <summary>Whether times or codecs break between the segment before it and this one.</summary>
    public bool IsDiscontinuity { get => Discontinuities > 0; init => Discontinuities = value ? 1 : 0; }

    /// <summary>How often they break there; more than once where another playlist has segments between.</summary>
    public int Discontinuities { get; init; }

    /// <summary>When its first sample was, on the wall; null where nobody says.</summary>
    public DateTimeOffset? ProgramDateTime { get; init; }

    /// <summary>Its parts, where it is near the end of a playlist of low latency.</summary>
    public ImmutableArray<PartialSegment> Parts { get; init; } = [];

    internal void WriteTo(PlaylistWriter writer, InitializationSection? before)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Duration, TimeSpan.Zero);
        for (int i = 0; i < Discontinuities; i++)
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

        if (ProgramDateTime is { } time)
        {
            writer.Tag("EXT-X-PROGRAM-DATE-TIME", time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        }

        foreach (PartialSegment part in Parts)
        {
            part.WriteTo(writer);
        }

        if (Uri is null)
        {
            return;
        }

        writer.Tag("EXTINF", PlaylistWriter.SecondsOf(Duration) + ",");
        if (Range is { } range)
        {
            writer.Tag("EXT-X-BYTERANGE", Format(range));
        }

        writer.Uri(Uri);
    }

    /// <summary>n@o: the offset is always said, since "behind the last one" is easy to get wrong.</summary>
    private static string Format(ByteRange range) => string.Create(CultureInfo.InvariantCulture, $"{range.Length}@{range.Offset}");
}
