using Mapwire.Media;

namespace Mapwire.Server.Catalog;

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

    /// <summary>The average time between sync samples; null for tracks that are not video, or have fewer than one.</summary>
    public TimeSpan? KeyframeInterval { get; private init; }

    /// <summary>The longest time between sync samples, the last of them to the end included.</summary>
    public TimeSpan? LongestKeyframeInterval { get; private init; }

    internal static TrackReport Of(Track track, bool isPlayed)
    {
        (TimeSpan? average, TimeSpan? longest) = KeyframeIntervals(track);
        return new TrackReport
        {
            Id = track.Id,
            Kind = track.Kind.ToString(),
            SampleEntry = track.SampleEntry.ToString(),
            Codec = track.Codec?.Name,
            CodecString = track.Codec?.Rfc6381,
            Language = track.Language,
            LeftOut = track.NotPlayable ?? (isPlayed ? null : $"another {track.Kind.ToString().ToLowerInvariant()} track is played"),
            Duration = track.Duration,
            KilobitsPerSecond = TitleMetadata.KilobitsPerSecond(track),
            Samples = track.SampleCount,
            Width = track.Width,
            Height = track.Height,
            FrameRate = track.Kind == TrackKind.Video ? TitleMetadata.FrameRate(track) : 0,
            SampleRate = track.SampleRate,
            Channels = track.Channels,
            KeyframeInterval = average,
            LongestKeyframeInterval = longest,
        };
    }

    private static (TimeSpan? Average, TimeSpan? Longest) KeyframeIntervals(Track track)
    {
        if (track.Kind != TrackKind.Video || track.Timescale == 0)
        {
            return (null, null);
        }

        long first = 0;
        long previous = 0;
        long longest = 0;
        long last = 0;
        int count = 0;
        foreach (Sample sample in track.Samples)
        {
            last = sample.DecodeTime;
            if (!sample.IsSync)
            {
                continue;
            }

            first = count == 0 ? sample.DecodeTime : first;
            longest = count == 0 ? 0 : Math.Max(longest, sample.DecodeTime - previous);
            previous = sample.DecodeTime;
            count++;
        }

        if (count == 0)
        {
            return (null, null);
        }

        longest = Math.Max(longest, last - previous);
        double average = (double)(last - first) / count;
        return (TimeSpan.FromSeconds(average / track.Timescale), TimeSpan.FromSeconds((double)longest / track.Timescale));
    }
}
