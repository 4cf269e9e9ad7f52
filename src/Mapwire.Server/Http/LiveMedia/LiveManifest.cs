using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Http.Dash;
using Mapwire.Server.Live.Segments;
using DashRepresentation = Mapwire.Http.Dash.Representation;

namespace Mapwire.Server.Http.LiveMedia;

/// <summary>
/// The MPD of a live stream (ISO/IEC 23009-1): dynamic, one track a representation, a period from break to break. Described under
/// <see cref="LiveSegments.Read{T}"/>, and written later.
/// </summary>
internal static class LiveManifest
{
    /// <summary>How far behind the newest segment players stay, in target durations, as those of HLS do.</summary>
    private const int HeldTargets = 3;

    /// <summary>Says what the MPD says.</summary>
    /// <param name="segments">The stream.</param>
    /// <param name="tracks">The tracks that are wanted.</param>
    /// <param name="query">Behind the address of each segment.</param>
    /// <param name="now">The clock on the wall, which players set theirs by.</param>
    public static MediaPresentation Describe(LiveSegments segments, LiveTracksWish tracks, string query, DateTimeOffset now)
    {
        IReadOnlyList<LiveRendition> wanted = tracks.Choose(segments);
        DateTimeOffset zero = segments.Began;
        long[] breaks =
        [
            .. wanted.SelectMany(static one => one.Listed).Where(static one => one.IsWhole)
                .Select(static one => one.Boundary.Discontinuity).Distinct().Order(),
        ];
        if (breaks.Length == 0)
        {
            throw new Files.TitleException(Files.TitleError.Unavailable, "the live stream has no whole segment yet: try again later");
        }

        LiveSegment last = wanted[0].Listed.LastOrDefault(static one => one.IsWhole) ?? wanted[0].Listed[^1];
        return new MediaPresentation
        {
            AvailabilityStartTime = segments.IsEnded ? null : zero, // what is over is static
            PublishTime = segments.IsEnded ? null : last.WallStart + last.Duration,
            MinimumUpdatePeriod = segments.IsEnded ? null : segments.Lengths.Target,
            Duration = segments.IsEnded ? last.WallStart + last.Duration - zero : null,
            TimeShiftBufferDepth = segments.IsEnded ? null : TimeSpan.FromMilliseconds(segments.Stream.KeptTime),
            SuggestedPresentationDelay = segments.IsEnded ? null : HeldTargets * segments.Lengths.Target,
            MinBufferTime = segments.Lengths.Target,
            Time = segments.IsEnded ? null : now,
            Periods = [.. breaks.Select(number => Describe(wanted, number, zero, query))],
        };
    }

    private static Period Describe(IReadOnlyList<LiveRendition> tracks, long number, DateTimeOffset zero, string query)
    {
        ImmutableArray<DashRepresentation>.Builder described = ImmutableArray.CreateBuilder<DashRepresentation>();
        LiveBoundary? boundary = null;
        foreach (LiveRendition track in tracks)
        {
            LiveSegment[] listed = [.. track.Listed.Where(one => one.IsWhole && one.Boundary.Discontinuity == number)];
            if (listed.Length > 0)
            {
                boundary ??= listed[0].Boundary;
                described.Add(Describe(track, listed, query));
            }
        }

        return new Period(
            string.Create(CultureInfo.InvariantCulture, $"p{number}"),
            boundary!.WallZero + TimeSpan.FromMilliseconds(boundary.Origin.Milliseconds) - zero)
        {
            HasIndependentSegments = false,
            Representations = described.ToImmutable(),
        };
    }

    private static DashRepresentation Describe(LiveRendition track, LiveSegment[] listed, string query)
    {
        LiveInit init = listed[0].Init;
        uint timescale = init.Fragments.Timescale;
        long TicksOf(TimeSpan time) => (long)Math.Round((decimal)time.Ticks * timescale / TimeSpan.TicksPerSecond);
        return new DashRepresentation(
            track.Name, track.IsVideo ? MediaKind.Video : MediaKind.Audio, track.IsVideo ? "video/mp4" : "audio/mp4",
            Math.Max(1, track.Bandwidth.Peak))
        {
            Codecs = init.Fragments.CodecsParameter,
            Content = track.Name, // nobody says that pictures of several tracks are the same ones
            Size = init.Codec.Picture,
            AudioSamplingRate = !track.IsVideo && init.Codec.SampleRate > 0 ? init.Codec.SampleRate : null,
            Channels = !track.IsVideo && init.Codec.Channels > 0 ? init.Codec.Channels : null,
            Template = new SegmentTemplate(
                timescale, string.Create(CultureInfo.InvariantCulture, $"{track.Name}-init-{init.Number}.mp4"), SegmentIdentifier.Number,
                $"{track.Name}-", $".m4s{query}")
            {
                StartNumber = listed[0].Number,
                PresentationTimeOffset = TicksOf(TimeSpan.FromMilliseconds(listed[0].Boundary.Origin.Milliseconds)),
                Timeline =
                [
                    .. listed.Select(one => new TimelineSegment(
                        TicksOf(one.Start), Math.Max(1, TicksOf(one.End) - TicksOf(one.Start)))),
                ],
            },
        };
    }
}
