using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Http.Hls;
using Mapwire.Media;
using Mapwire.Server.Live.Segments;
using HlsRendition = Mapwire.Http.Hls.Rendition;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>
/// The playlists of a live stream (RFC 8216; parts, delta updates and reports by draft-pantos-hls-rfc8216bis). Described under
/// <see cref="LiveSegments.Read{T}"/>, and written later.
/// </summary>
internal static class LivePlaylists
{
    private const string AudioGroup = "sound";

    /// <summary>How far behind the end players stay, in parts (PART-HOLD-BACK should be at least three).</summary>
    private const int HeldParts = 3;

    /// <summary>Segments that begin so many target durations before the end may be left out of an update: the least that is allowed.
    /// </summary>
    private const int SkippedTargets = 6;

    /// <summary>Segments have their parts listed so many target durations from the end.</summary>
    private const int PartTargets = 3;

    /// <summary>The longest frame rates that playlists have.</summary>
    private const double LeastFrameTime = 0.1;

    /// <summary>The master playlist: the picture, and each sound as a rendition of its own.</summary>
    /// <param name="segments">The stream.</param>
    /// <param name="tracks">The tracks that are wanted; at least one.</param>
    /// <param name="query">Behind the address of each playlist.</param>
    public static MasterPlaylist DescribeMaster(LiveSegments segments, LiveTracksWish tracks, string query)
    {
        IReadOnlyList<LiveRendition> wanted = tracks.Choose(segments);
        LiveRendition[] pictures = [.. wanted.Where(static one => one.IsVideo)];
        LiveRendition[] sounds = [.. wanted.Where(static one => !one.IsVideo)];
        LiveRendition[] beside = pictures.Length > 0 || sounds.Length > 1 ? sounds : []; // one sound alone is the variant itself
        return new MasterPlaylist
        {
            HasIndependentSegments = false, // one that ends where no key picture is has no one at its beginning
            Variants = [.. (pictures.Length > 0 ? pictures : sounds[..1]).Select(one => DescribeVariant(segments, one, beside, query))],
            Renditions = [.. beside.Select((sound, index) => DescribeSound(sound, index, query))],
        };
    }

    private static VariantStream DescribeVariant(LiveSegments segments, LiveRendition main, LiveRendition[] sounds, string query)
    {
        string[] codecs =
        [
            .. sounds.Prepend(main).Select(static one => one.Init!.Fragments.CodecsParameter).OfType<string>().Distinct(),
        ];
        (long peak, long average) = main.Bandwidth;
        LiveRendition[] others = main.IsVideo ? sounds : [];
        return new VariantStream($"{main.Name}.m3u8{query}", peak + others.Select(static one => one.Bandwidth.Peak).DefaultIfEmpty().Max())
        {
            AverageBandwidth = average + others.Select(static one => one.Bandwidth.Average).DefaultIfEmpty().Max(),
            Codecs = codecs.Length == 0 ? null : string.Join(',', codecs),
            Resolution = main.Init!.Codec.Picture,
            FrameRate = main.IsVideo && main.FrameTime > LeastFrameTime ? 1000 / main.FrameTime : null,
            VideoRange = main.IsVideo ? HlsPlaylists.RangeOf(VideoColor.GetRange(segments.ColorOf(main), main.Init.Codec)) : null,
            AudioGroup = sounds.Length > 0 ? AudioGroup : null,
        };
    }

    /// <summary>The playlist of one track.</summary>
    /// <param name="segments">The stream.</param>
    /// <param name="rendition">The track, of which something is there.</param>
    /// <param name="isUpdate">Whether what the player must have already is left out.</param>
    public static MediaPlaylist DescribeMedia(LiveSegments segments, LiveRendition rendition, bool isUpdate)
    {
        LiveSegmentLengths lengths = segments.Lengths;
        IReadOnlyList<LiveSegment> listed = rendition.Listed;
        TimeSpan end = listed[^1].End;
        int skipped = 0;
        while (isUpdate && !segments.IsEnded && skipped < listed.Count && end - listed[skipped].Start > SkippedTargets * lengths.Target)
        {
            skipped++;
        }

        ImmutableArray<MediaSegment>.Builder written = ImmutableArray.CreateBuilder<MediaSegment>(listed.Count - skipped);
        for (int i = skipped; i < listed.Count; i++)
        {
            LiveSegment segment = listed[i];
            if (segment is { IsWhole: false, Parts.Count: 0 })
            {
                continue;
            }

            // Not one too early, whatever is rounded; and none of what is over, where hls.js 1.7 wants the last ones of all tracks beside
            // each other before it ends, and one may be longer than another.
            bool hasParts = !segments.IsEnded && end - segment.End <= (PartTargets * lengths.Target) + lengths.Part;
            written.Add(new MediaSegment(
                segment.IsWhole ? AddressOf(rendition, segment) : null, Min(segment.Duration, lengths.Longest))
            {
                Initialization = new InitializationSection(AddressOfInit(rendition, segment.Init)),
                Discontinuities = segment.Breaks,
                ProgramDateTime = segment.WallStart,
                Parts = !hasParts ? [] :
                [
                    .. segment.Parts.Select((part, index) => new PartialSegment(
                        AddressOfPart(rendition, segment.Number, index), part.Duration, part.IsIndependent)),
                ],
            });
        }

        return new MediaPlaylist
        {
            Type = PlaylistType.Live,
            TargetDuration = (int)lengths.Target.TotalSeconds,
            MediaSequence = listed[0].Number,
            DiscontinuitySequence = listed[0].Boundary.Discontinuity - listed[0].Breaks, // those that stand in the list come on top
            IsEnded = segments.IsEnded,
            SkippedSegments = skipped,
            Segments = written.ToImmutable(),
            LowLatency = new LowLatency(lengths.Part, HeldParts * lengths.Part, SkippedTargets * lengths.Target)
            {
                NextPart = listed[^1] is { IsWhole: false } open
                    ? AddressOfPart(rendition, open.Number, open.Parts.Count)
                    : AddressOfPart(rendition, rendition.NextWhole, 0),
                Reports = [.. segments.Renditions.Where(other => other != rendition && HasParts(other)).Select(Report)],
            },
        };
    }

    /// <summary>Whether anything of a track is there.</summary>
    public static bool HasParts(LiveRendition rendition) => rendition.Listed is [{ Parts.Count: > 0 }, ..];

    private static RenditionReport Report(LiveRendition other)
    {
        LiveSegment last = other.Listed[^1];
        last = last.Parts.Count == 0 ? other.Listed[^2] : last; // HasParts: the first one has some
        return new RenditionReport($"{other.Name}.m3u8", last.Number, last.Parts.Count - 1);
    }

    private static HlsRendition DescribeSound(LiveRendition sound, int index, string query) =>
        new(RenditionKind.Audio, AudioGroup, string.Create(CultureInfo.InvariantCulture, $"Sound {index + 1}"))
        {
            Uri = $"{sound.Name}.m3u8{query}",
            IsDefault = index == 0,
            Channels = sound.Init!.Codec.Channels > 0 ? sound.Init.Codec.Channels : null,
        };

    private static string AddressOf(LiveRendition rendition, LiveSegment segment) =>
        string.Create(CultureInfo.InvariantCulture, $"{rendition.Name}-{segment.Number}.m4s");

    private static string AddressOfInit(LiveRendition rendition, LiveInit init) =>
        string.Create(CultureInfo.InvariantCulture, $"{rendition.Name}-init-{init.Number}.mp4");

    private static string AddressOfPart(LiveRendition rendition, long segment, int part) =>
        string.Create(CultureInfo.InvariantCulture, $"{rendition.Name}-{segment}-part-{part + 1}.m4s");

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
