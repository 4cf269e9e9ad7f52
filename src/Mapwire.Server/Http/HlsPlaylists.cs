using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Http.Hls;
using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files.Names;
using HlsRendition = Mapwire.Http.Hls.Rendition;
using Rendition = Mapwire.Media.Mp4.Writing.Rendition;

namespace Mapwire.Server.Http;

/// <summary>The playlists of a segmented title (RFC 8216): what there is, by which names, and how long each segment is.</summary>
internal static class HlsPlaylists
{
    private const string AudioGroup = "sound";
    private const string SubtitlesGroup = "subtitles";

    /// <summary>
    /// The least target duration of a playlist that grows, in seconds: it must not change (RFC 8216, section 6.2.1), and the next segment
    /// may be longer than those before it. It does change where a later one is longer than this and all before: segments hold whole
    /// intervals of key pictures, and nobody knows how far apart those will be.
    /// </summary>
    private const int GrowingTarget = 12;

    /// <summary>The target duration of a playlist.</summary>
    /// <param name="longest">The longest segment.</param>
    /// <param name="isEvent">Whether the file has grown, or may.</param>
    public static TimeSpan TargetOf(TimeSpan longest, bool isEvent) =>
        TimeSpan.FromSeconds(isEvent ? Math.Max(GrowingTarget, SecondsOf(longest)) : SecondsOf(longest));

    /// <summary>The master playlist: the picture with its default sound, the other sounds, and the key pictures.</summary>
    /// <param name="qualities">The titles in each quality; the sounds and subtitles of the first.</param>
    /// <param name="query">Behind the address of each playlist.</param>
    public static byte[] WriteMaster(IReadOnlyList<TitleSequence> qualities, string query)
    {
        TitleSequence first = qualities[0];
        Sound[] sounds = [.. first.Sounds];
        RenditionAttributes[] others = [.. sounds.Skip(1).Select(sound => AttributesOf(first, sound.Names))];
        MasterPlaylist playlist = new()
        {
            Variants = [.. qualities.Select(quality => DescribeVariant(quality, others, first.Subtitles.Any(), query))],
            Renditions =
            [
                .. others.Length == 0 ? [] : sounds.Select((sound, index) => DescribeSound(sound, index, first.Prefix, query)),
                .. first.Subtitles.Select(subtitles => DescribeSubtitles(subtitles, query)),
            ],
            IFrameStreams = [.. qualities.Where(static one => one.HasPictures).Select(one => DescribePictures(one, query))],
        };
        return Write(playlist.WriteTo);
    }

    private static VariantStream DescribeVariant(
        TitleSequence sequence, RenditionAttributes[] others, bool hasSubtitles, string query)
    {
        RenditionAttributes main = AttributesOf(sequence, sequence.NamesOf(sequence.MainName));
        string codecs = string.Join(',', others.Select(static one => one.Codecs).Prepend(main.Codecs)
            .SelectMany(static names => names.Split(',')).Where(static name => name.Length > 0).Distinct());
        return new VariantStream(
            $"{sequence.Prefix}{sequence.MainName}.m3u8{query}", main.Bandwidth + Most(others, static one => one.Bandwidth))
        {
            AverageBandwidth = main.AverageBandwidth + Most(others, static one => one.AverageBandwidth),
            Codecs = codecs.Length == 0 ? null : codecs,
            Resolution = main.Resolution,
            FrameRate = main.FrameRate is > 0 and < 100_000 ? main.FrameRate : null,
            VideoRange = RangeOf(main.VideoRange),
            AudioGroup = others.Length > 0 ? AudioGroup : null,
            SubtitlesGroup = hasSubtitles ? SubtitlesGroup : null,
        };
    }

    /// <summary>The playlist of a rendition's segments, title behind title.</summary>
    /// <param name="sequence">The titles.</param>
    /// <param name="name">Of the rendition.</param>
    /// <param name="target">The least target duration: what other playlists of the master need.</param>
    /// <param name="isEvent">Whether the file has grown, or may.</param>
    public static byte[] WriteMedia(TitleSequence sequence, string name, TimeSpan target, bool isEvent)
    {
        IReadOnlyList<string> names = sequence.NamesOf(name);
        ImmutableArray<MediaSegment>.Builder segments = ImmutableArray.CreateBuilder<MediaSegment>();
        for (int i = 0; i < names.Count; i++)
        {
            PlacedTitle placed = sequence.Titles[i];
            placed.Title.Get(names[i]); // whether there is such a rendition
            SegmentPlan plan = placed.Title.Plan;
            for (int segment = 0; segment < plan.Count; segment++)
            {
                TimeSpan duration = plan.GetDuration(segment)
                    + (segment == plan.Count - 1 && i + 1 < names.Count ? JointOf(plan, sequence.Titles[i + 1].Title.Plan) : default);
                segments.Add(new MediaSegment(placed.SegmentAddress(names[i], segment), TimeSpan.FromTicks(Math.Max(1, duration.Ticks)))
                {
                    Initialization = new InitializationSection(placed.InitAddress(names[i], plan.GetPeriod(segment))),
                    IsDiscontinuity = segment == 0 ? segments.Count > 0 : plan.IsDiscontinuity(segment),
                });
            }
        }

        return Write(sequence, segments.ToImmutable(), target, isEvent, isIFramesOnly: false);
    }

    /// <summary>
    /// What the last segment of a title lasts longer, or less, so that the next one's presentation begins where this one's ends. Players
    /// put decoding of the next at the end of what playlists say, and its pictures are presented some frames later.
    /// </summary>
    private static TimeSpan JointOf(SegmentPlan plan, SegmentPlan next) => TimeSpan.FromTicks((long)(
        (Int128)plan.GetStart(0) * TimeSpan.TicksPerSecond / plan.Timeline.Reference.Timescale)) - next.Timeline.OriginTime;

    /// <summary>The playlist of the key pictures, each a segment of its own.</summary>
    /// <param name="sequence">Titles that all have pictures.</param>
    /// <param name="target">The target duration of the other playlists, which that of an EVENT has, too.</param>
    /// <param name="isEvent">Whether the file has grown, or may.</param>
    public static byte[] WritePictures(TitleSequence sequence, TimeSpan target, bool isEvent)
    {
        ImmutableArray<MediaSegment>.Builder segments = ImmutableArray.CreateBuilder<MediaSegment>();
        foreach (PlacedTitle placed in sequence.Titles)
        {
            RenditionPictures pictures = placed.Title.GetPictures();
            string name = placed.Title.Tracks[0].Name;
            uint timescale = pictures.Rendition.Tracks[0].Timescale;
            for (int i = 0; i < pictures.Count; i++)
            {
                TimeSpan duration = TimeSpan.FromTicks((long)((Int128)pictures.GetDuration(i) * TimeSpan.TicksPerSecond / timescale));
                segments.Add(new MediaSegment(placed.SegmentAddress(name + "-picture", i), duration)
                {
                    Initialization = new InitializationSection(placed.InitAddress(name, pictures.GetPeriod(i))),
                    IsDiscontinuity = i == 0 ? segments.Count > 0 : pictures.GetPeriod(i) != pictures.GetPeriod(i - 1),
                });
            }
        }

        return Write(sequence, segments.ToImmutable(), isEvent ? target : TimeSpan.Zero, isEvent, isIFramesOnly: true);
    }

    /// <summary>The playlist of the subtitles of one language: a segment a period, so that discontinuities are those of the pictures.
    /// </summary>
    /// <param name="sequence">Titles that all have them.</param>
    /// <param name="tag">Their language.</param>
    public static byte[] WriteSubtitles(TitleSequence sequence, string tag)
    {
        ImmutableArray<MediaSegment>.Builder segments = ImmutableArray.CreateBuilder<MediaSegment>();
        foreach (PlacedTitle placed in sequence.Titles)
        {
            for (int period = 0; period < placed.Title.Plan.Periods; period++)
            {
                segments.Add(new MediaSegment(
                    placed.SubtitlesAddress(tag, period, isOfPeriod: false), placed.Title.GetPeriodTimes(period).Length)
                {
                    IsDiscontinuity = segments.Count > 0,
                });
            }
        }

        return Write(sequence, segments.ToImmutable(), TimeSpan.Zero, isEvent: false, isIFramesOnly: false);
    }

    private static byte[] Write(
        TitleSequence sequence, ImmutableArray<MediaSegment> segments, TimeSpan target, bool isEvent, bool isIFramesOnly)
    {
        TimeSpan longest = segments.IsEmpty ? target : segments.Max(static one => one.Duration);
        return Write(new MediaPlaylist
        {
            Type = isEvent ? PlaylistType.Event : PlaylistType.Vod,
            TargetDuration = Math.Max(1, SecondsOf(TargetOf(longest > target ? longest : target, isEvent))),
            IsEnded = !isEvent || !sequence.Titles[^1].Title.IsGrowing,
            IsIFramesOnly = isIFramesOnly,
            Segments = segments,
        }.WriteTo);
    }

    private static RenditionAttributes AttributesOf(TitleSequence sequence, IReadOnlyList<string> names) =>
        RenditionAttributes.From([.. sequence.Titles.Zip(names).Select(static pair => pair.First.Title.Get(pair.Second))]);

    /// <summary>The range of pictures by its name; null for sound alone.</summary>
    public static VideoRange? RangeOf(string? name) =>
        name switch { "PQ" => VideoRange.Pq, "HLG" => VideoRange.Hlg, null => null, _ => VideoRange.Sdr };

    private static HlsRendition DescribeSound(Sound sound, int index, string prefix, string query)
    {
        string? language = LanguageTag.Shorten(sound.Track.Language);
        string number = string.Create(CultureInfo.InvariantCulture, $"{index + 1}");
        return new HlsRendition(RenditionKind.Audio, AudioGroup, language is null ? $"Sound {number}" : $"{language} {number}")
        {
            Uri = index == 0 ? null : $"{prefix}{sound.Name}.m3u8{query}", // the first lies in the variant stream itself
            Language = language,
            IsDefault = index == 0,
            Channels = sound.Track.Channels > 0 ? sound.Track.Channels : null,
        };
    }

    private static HlsRendition DescribeSubtitles(Subtitles subtitles, string query) =>
        new(RenditionKind.Subtitles, SubtitlesGroup, subtitles.Language ?? "Subtitles")
        {
            Uri = $"subtitles-{subtitles.Tag}.m3u8{query}",
            Language = subtitles.Language,
        };

    private static VariantStream DescribePictures(TitleSequence sequence, string query)
    {
        double peak = 0;
        double bytes = 0;
        double seconds = 0;
        foreach (PlacedTitle placed in sequence.Titles)
        {
            RenditionPictures pictures = placed.Title.GetPictures();
            uint timescale = pictures.Rendition.Tracks[0].Timescale;
            for (int i = 0; i < pictures.Count; i++)
            {
                long length = pictures.GetLength(i);
                double duration = pictures.GetDuration(i) / (double)timescale;
                peak = Math.Max(peak, length / duration);
                bytes += length;
                seconds += duration;
            }
        }

        RenditionAttributes alone =
            RenditionAttributes.From([.. sequence.Titles.Select(static placed => placed.Title.GetPictures().Rendition)]);
        return new VariantStream($"{sequence.Prefix}{sequence.PicturesName}-pictures.m3u8{query}", (long)Math.Ceiling(peak * 8))
        {
            AverageBandwidth = seconds > 0 ? (long)Math.Ceiling(bytes * 8 / seconds) : null,
            Codecs = alone.Codecs.Length == 0 ? null : alone.Codecs,
            Resolution = alone.Resolution,
            VideoRange = RangeOf(alone.VideoRange),
        };
    }

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
