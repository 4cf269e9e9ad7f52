using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Http.Hls;
using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using HlsRendition = Mapwire.Http.Hls.Rendition;
using Rendition = Mapwire.Media.Mp4.Writing.Rendition;

namespace Mapwire.Server.Http;

/// <summary>The playlists of a segmented title (RFC 8216): what there is, by which names, and how long each segment is.</summary>
internal static class HlsPlaylists
{
    private const string AudioGroup = "sound";

    /// <summary>
    /// The least target duration of a playlist that grows, in seconds: it may not change, and the next segment may be longer than those
    /// before it.
    /// </summary>
    private const int GrowingTarget = 12;

    /// <summary>The target duration of a playlist.</summary>
    /// <param name="longest">The longest segment.</param>
    /// <param name="isEvent">Whether the file has grown, or may.</param>
    public static TimeSpan TargetOf(TimeSpan longest, bool isEvent) =>
        TimeSpan.FromSeconds(isEvent ? Math.Max(GrowingTarget, SecondsOf(longest)) : SecondsOf(longest));

    /// <summary>The master playlist: the picture with its default sound, the other sounds, and the key pictures.</summary>
    /// <param name="title">The title.</param>
    /// <param name="query">Behind the address of each child.</param>
    public static byte[] WriteMaster(SegmentedTitle title, string query)
    {
        RenditionAttributes main = RenditionAttributes.From(title.Get(title.MainName));
        WebTrack[] sounds = [.. title.Sounds];
        RenditionAttributes[] others = [.. sounds.Skip(1).Select(sound => RenditionAttributes.From(title.Get(sound.Name)))];
        string codecs = string.Join(',', others.Select(static one => one.Codecs).Prepend(main.Codecs)
            .SelectMany(static names => names.Split(',')).Where(static name => name.Length > 0).Distinct());
        VariantStream variant = new($"{title.MainName}.m3u8{query}", main.Bandwidth + Most(others, static one => one.Bandwidth))
        {
            AverageBandwidth = main.AverageBandwidth + Most(others, static one => one.AverageBandwidth),
            Codecs = codecs.Length == 0 ? null : codecs,
            Resolution = main.Resolution,
            FrameRate = main.FrameRate is > 0 and < 100_000 ? main.FrameRate : null,
            VideoRange = main.VideoRange switch { "PQ" => VideoRange.Pq, "HLG" => VideoRange.Hlg, null => null, _ => VideoRange.Sdr },
            AudioGroup = others.Length > 0 ? AudioGroup : null,
        };
        MasterPlaylist playlist = new()
        {
            Variants = [variant],
            Renditions = others.Length == 0 ? [] : [.. sounds.Select((sound, index) => DescribeSound(sound, index, query))],
            IFrameStreams = title.HasPictures ? [DescribePictures(title, main, query)] : [],
        };
        return Write(playlist.WriteTo);
    }

    /// <summary>The playlist of a rendition's segments.</summary>
    /// <param name="title">The title.</param>
    /// <param name="name">Of the rendition.</param>
    /// <param name="query">Behind the address of each child.</param>
    /// <param name="isEvent">Whether the file has grown, or may.</param>
    public static byte[] WriteMedia(SegmentedTitle title, string name, string query, bool isEvent)
    {
        Rendition rendition = title.Get(name);
        SegmentPlan plan = title.Plan;
        ImmutableArray<MediaSegment>.Builder segments = ImmutableArray.CreateBuilder<MediaSegment>(plan.Count);
        for (int i = 0; i < plan.Count; i++)
        {
            segments.Add(new MediaSegment(Name(name, i, ".m4s", query), plan.GetDuration(i))
            {
                Initialization = new InitializationSection(InitName(name, plan.GetPeriod(i), query)),
                IsDiscontinuity = plan.IsDiscontinuity(i),
            });
        }

        return Write(new MediaPlaylist
        {
            Type = isEvent ? PlaylistType.Event : PlaylistType.Vod,
            TargetDuration = isEvent ? Math.Max(GrowingTarget, SecondsOf(plan.MaxDuration)) : null,
            IsEnded = !title.IsGrowing,
            Segments = segments.ToImmutable(),
        }.WriteTo);
    }

    /// <summary>The playlist of the key pictures, each a segment of its own.</summary>
    public static byte[] WritePictures(SegmentedTitle title, string query, bool isEvent)
    {
        RenditionPictures pictures = title.GetPictures();
        string name = title.Tracks[0].Name;
        uint timescale = pictures.Rendition.Tracks[0].Timescale;
        ImmutableArray<MediaSegment>.Builder segments = ImmutableArray.CreateBuilder<MediaSegment>(pictures.Count);
        int longest = 0;
        for (int i = 0; i < pictures.Count; i++)
        {
            TimeSpan duration = TimeSpan.FromTicks((long)((Int128)pictures.GetDuration(i) * TimeSpan.TicksPerSecond / timescale));
            longest = Math.Max(longest, SecondsOf(duration));
            segments.Add(new MediaSegment(Name(name + "-picture", i, ".m4s", query), duration)
            {
                Initialization = new InitializationSection(InitName(name, pictures.GetPeriod(i), query)),
                IsDiscontinuity = i > 0 && pictures.GetPeriod(i) != pictures.GetPeriod(i - 1),
            });
        }

        return Write(new MediaPlaylist
        {
            Type = isEvent ? PlaylistType.Event : PlaylistType.Vod,
            TargetDuration = isEvent ? Math.Max(GrowingTarget, longest) : null,
            IsEnded = !title.IsGrowing,
            IsIFramesOnly = true,
            Segments = segments.ToImmutable(),
        }.WriteTo);
    }

    private static HlsRendition DescribeSound(WebTrack sound, int index, string query)
    {
        string? language = sound.Track.Language;
        string number = string.Create(CultureInfo.InvariantCulture, $"{index + 1}");
        return new HlsRendition(RenditionKind.Audio, AudioGroup, language is null ? $"Sound {number}" : $"{language} {number}")
        {
            Uri = index == 0 ? null : $"{sound.Name}.m3u8{query}", // the first lies in the variant stream itself
            Language = language,
            IsDefault = index == 0,
            Channels = sound.Track.Channels > 0 ? sound.Track.Channels : null,
        };
    }

    private static VariantStream DescribePictures(SegmentedTitle title, RenditionAttributes main, string query)
    {
        RenditionPictures pictures = title.GetPictures();
        RenditionAttributes alone = RenditionAttributes.From(pictures.Rendition);
        double peak = 0;
        double bytes = 0;
        double seconds = 0;
        uint timescale = pictures.Rendition.Tracks[0].Timescale;
        for (int i = 0; i < pictures.Count; i++)
        {
            long length = pictures.GetLength(i);
            double duration = pictures.GetDuration(i) / (double)timescale;
            peak = Math.Max(peak, length / duration);
            bytes += length;
            seconds += duration;
        }

        return new VariantStream($"{title.Tracks[0].Name}-pictures.m3u8{query}", (long)Math.Ceiling(peak * 8))
        {
            AverageBandwidth = seconds > 0 ? (long)Math.Ceiling(bytes * 8 / seconds) : null,
            Codecs = alone.Codecs.Length == 0 ? null : alone.Codecs,
            Resolution = main.Resolution,
            VideoRange = main.VideoRange switch { "PQ" => VideoRange.Pq, "HLG" => VideoRange.Hlg, null => null, _ => VideoRange.Sdr },
        };
    }

    private static string Name(string name, int index, string extension, string query) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}-{index + 1}{extension}{query}");

    private static string InitName(string name, int period, string query) => Name(name + "-init", period, ".mp4", query);

    private static long Most(RenditionAttributes[] all, Func<RenditionAttributes, long> value) =>
        all.Length == 0 ? 0 : all.Max(value);

    private static int SecondsOf(TimeSpan duration) => (int)Math.Round(duration.TotalSeconds, MidpointRounding.AwayFromZero);

    private static byte[] Write(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return output.WrittenSpan.ToArray();
    }
}
