using Mapwire.Media;

namespace Mapwire.Server.Reports;

/// <summary>One track of a <see cref="TitleReport"/>.</summary>
public sealed class TrackReport
{
    /// <summary>The track's number in its file.</summary>
    public uint Id { get; private init; }

    /// <summary>Video, Audio or Other.</summary>
    public string Kind { get; private init; } = "";

    /// <summary>The type of the sample entry, such as <c>avc1</c>.</summary>
    public string SampleEntry { get; private init; } = "";

    /// <summary>The codec in words; null when it is none that is known.</summary>
    public string? Codec { get; private init; }

    /// <summary>The codec as RFC 6381 writes it, such as <c>avc1.64001f</c>.</summary>
    public string? CodecString { get; private init; }

    /// <summary>The language tag, where the file has one.</summary>
    public string? Language { get; private init; }

    /// <summary>Why it is not played; null when it is.</summary>
    public string? LeftOut { get; private init; }

    /// <summary>The code that players have to offer to be sent it (Enhanced RTMP); null when all are sent it, or none.</summary>
    public string? Offer { get; private init; }

    /// <summary>How long it is presented.</summary>
    public TimeSpan Duration { get; private init; }

    /// <summary>The average bit rate, in 1000 bits a second.</summary>
    public double KilobitsPerSecond { get; private init; }

    /// <summary>How many samples it has.</summary>
    public long Samples { get; private init; }

    /// <summary>Picture width in pixels.</summary>
    public int Width { get; private init; }

    /// <summary>Picture height in pixels.</summary>
    public int Height { get; private init; }

    /// <summary>Frames a second.</summary>
    public double FrameRate { get; private init; }

    /// <summary>Sound samples a second.</summary>
    public int SampleRate { get; private init; }

    /// <summary>Sound channels.</summary>
    public int Channels { get; private init; }

    /// <summary>How many samples decoding can start with.</summary>
    public long Keyframes { get; private init; }

    /// <summary>The average time between sync samples, the end counted as one; null for tracks that are not video, or have none.</summary>
    public TimeSpan? KeyframeInterval { get; private init; }

    /// <summary>The longest time between sync samples, the last of them to the end included.</summary>
    public TimeSpan? LongestKeyframeInterval { get; private init; }

    internal static TrackReport Of(Track track, bool isPlain, bool isEnhanced)
    {
        bool hasKeyframes = track.Kind == TrackKind.Video && track.Rates.SyncSamples > 0;
        return new TrackReport
        {
            Id = track.Id,
            Kind = track.Kind.ToString(),
            SampleEntry = track.SampleEntry.ToString(),
            Codec = track.Codec?.Name,
            CodecString = track.Codec?.Rfc6381,
            Language = track.Language,
            LeftOut = isPlain || isEnhanced ? null
                : track.Codec is null ? track.UnplayableReason
                : $"another {track.Kind.ToString().ToLowerInvariant()} track is played",
            Offer = isEnhanced && !isPlain ? track.Codec?.FourCc.ToString() : null,
            Duration = track.Duration,
            KilobitsPerSecond = track.Rates.BitRate / 1000.0,
            Samples = track.SampleCount,
            Width = track.Width,
            Height = track.Height,
            FrameRate = track.Kind == TrackKind.Video ? track.Rates.FrameRate : 0,
            SampleRate = track.SampleRate,
            Channels = track.Channels,
            Keyframes = track.Rates.SyncSamples,
            KeyframeInterval = hasKeyframes ? track.Rates.SyncInterval : null,
            LongestKeyframeInterval = hasKeyframes ? track.Rates.LongestSyncInterval : null,
        };
    }
}
