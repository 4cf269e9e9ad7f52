using System.Buffers.Binary;
using System.Globalization;
using Mapwire.Media.Codecs;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>What playlists and manifests say of a rendition, with the names of RFC 8216, 4.3.4.2.</summary>
/// <param name="Codecs">RFC 6381 names, comma-separated, each once: <c>avc1.64001f,mp4a.40.2</c>.</param>
/// <param name="AverageBandwidth">Bits a second of all segments with their headers, rounded up; 0 without segments.</param>
/// <param name="Bandwidth">The highest rate of segments in a row that together last half to one and a half target durations, rounded
/// up.</param>
public sealed record RenditionAttributes(string Codecs, long AverageBandwidth, long Bandwidth)
{
    /// <summary>
    /// Segments shorter than this part of a target duration count together with those behind them: so a row of one and a half target
    /// durations has few, however short they are.
    /// </summary>
    private const double LeastPart = 0.01;

    /// <summary>The size of the pictures as they are shown, in pixels; null for sound alone.</summary>
    public (int Width, int Height)? Resolution { get; private init; }

    /// <summary>Pictures a second, the average; 0 for sound alone.</summary>
    public double FrameRate { get; private init; }

    /// <summary><c>SDR</c>, <c>PQ</c> or <c>HLG</c>, by what the file says of its colours, or else its pictures; null for sound alone.
    /// </summary>
    public string? VideoRange { get; private init; }

    /// <summary>Looks at a rendition.</summary>
    /// <param name="rendition">All of it.</param>
    public static RenditionAttributes From(Rendition rendition)
    {
        ArgumentNullException.ThrowIfNull(rendition);
        Track? video = rendition.Tracks[0].Source is { Kind: TrackKind.Video } first ? first : null;
        (long average, long peak) = Measure(rendition);
        return new RenditionAttributes(NameCodecs(rendition), average, peak)
        {
            Resolution = video is null ? null : GetShownSize(video),
            FrameRate = video?.Rates.FrameRate ?? 0,
            VideoRange = video is null ? null : VideoColor.GetRange(video.Color, video.Codec),
        };
    }

    /// <summary>Looks at renditions that are presented one behind the other: what is enough for all of them.</summary>
    /// <param name="renditions">At least one.</param>
    /// <remarks>
    /// The size is that of the largest pictures. The range is PQ, else HLG, where any of them has it: players are told what they need.
    /// </remarks>
    public static RenditionAttributes From(IReadOnlyList<Rendition> renditions)
    {
        ArgumentNullException.ThrowIfNull(renditions);
        RenditionAttributes[] all = [.. renditions.Select(From)];
        if (all is [{ } only])
        {
            return only;
        }

        double seconds = renditions.Sum(static one => one.Duration.TotalSeconds);
        double bits = renditions.Zip(all).Sum(static pair => pair.Second.AverageBandwidth * pair.First.Duration.TotalSeconds);
        string codecs = string.Join(
            ',', all.SelectMany(static one => one.Codecs.Split(',')).Where(static name => name.Length > 0).Distinct());
        return new RenditionAttributes(codecs, seconds > 0 ? (long)Math.Ceiling(bits / seconds) : 0, all.Max(static one => one.Bandwidth))
        {
            Resolution = all.Select(static one => one.Resolution).MaxBy(static size => size?.Width * (long?)size?.Height),
            FrameRate = all.Max(static one => one.FrameRate),
            VideoRange = Array.Find(["PQ", "HLG", "SDR"], range => Array.Exists(all, one => one.VideoRange == range)),
        };
    }

    /// <summary>The size that the file says for the screen, or that of the pictures, on its side where the file turns it by a quarter.
    /// </summary>
    private static (int Width, int Height) GetShownSize(Track video)
    {
        (int width, int height) = (video.Width, video.Height);
        if (video.Display is not { } display)
        {
            return (width, height);
        }

        if (Math.Min(display.Width, display.Height) >= 1 << 16)
        {
            (width, height) = ((int)Math.Round(display.Width / 65536.0), (int)Math.Round(display.Height / 65536.0));
        }

        // a(16.16) | b | u(2.30) | c | d | v | x | y | w: x' = ax + cy, y' = bx + dy (ISO/IEC 14496-12, 8.3.2)
        ReadOnlySpan<byte> matrix = display.Matrix.AsSpan();
        bool isTurned = BinaryPrimitives.ReadInt32BigEndian(matrix) == 0 && BinaryPrimitives.ReadInt32BigEndian(matrix[4..]) != 0
            && BinaryPrimitives.ReadInt32BigEndian(matrix[12..]) != 0 && BinaryPrimitives.ReadInt32BigEndian(matrix[16..]) == 0;
        return isTurned ? (height, width) : (width, height);
    }

    private static string NameCodecs(Rendition rendition)
    {
        List<string> names = [];
        foreach (TimelineTrack track in rendition.Tracks)
        {
            for (int i = 0; i < track.Source.Codecs.Length; i++)
            {
                CodecConfiguration codec = track.Source.Codecs[i];
                if (codec.Rfc6381 is not { } name)
                {
                    continue;
                }

                // The name begins with the entry that is written, where a codec has two.
                string entry = FourCc.Read(SampleEntryWriter.Create(track.Source, i).AsSpan(4)).ToString();
                name = string.Concat(entry, name.AsSpan(4));
                if (!names.Contains(name))
                {
                    names.Add(name);
                }
            }
        }

        return string.Join(',', names);
    }

    /// <summary>The average and the peak, as RFC 8216 defines them (4.1).</summary>
    private static (long Average, long Peak) Measure(Rendition rendition)
    {
        SegmentPlan plan = rendition.Plan;
        double target = Math.Max(1, Math.Round(plan.MaxDuration.TotalSeconds));
        double all = 0;
        double bytes = 0;
        double peak = 0;
        double single = 0;
        List<(double Seconds, double Bytes)> parts = [];
        for (int i = 0; i < plan.Count; i++)
        {
            double seconds = plan.GetDuration(i).TotalSeconds;
            long length = rendition.GetLength(i);
            all += seconds;
            bytes += length;
            single = Math.Max(single, seconds > 0 ? length / seconds : 0);
            if (parts.Count > 0 && parts[^1].Seconds < target * LeastPart)
            {
                parts[^1] = (parts[^1].Seconds + seconds, parts[^1].Bytes + length);
            }
            else
            {
                parts.Add((seconds, length));
            }
        }

        for (int first = 0; first < parts.Count; first++)
        {
            (double together, double sum) = (0, 0);
            for (int last = first; last < parts.Count && together <= target * 1.5; last++)
            {
                together += parts[last].Seconds;
                sum += parts[last].Bytes;
                if (together >= target * 0.5 && together <= target * 1.5)
                {
                    peak = Math.Max(peak, sum / together);
                }
            }
        }

        // A film that is shorter than half a target duration has no such row.
        peak = peak > 0 ? peak : single;
        return all > 0 ? ((long)Math.Ceiling(bytes * 8 / all), (long)Math.Ceiling(peak * 8)) : (0, 0);
    }

    /// <summary>The rate as a playlist writes it: three digits behind the point.</summary>
    public string FrameRateText => FrameRate.ToString("0.000", CultureInfo.InvariantCulture);
}
