using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Http.Dash;
using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using Mapwire.Server.Files.Names;
using DashRepresentation = Mapwire.Http.Dash.Representation;
using Rendition = Mapwire.Media.Mp4.Writing.Rendition;

namespace Mapwire.Server.Http;

/// <summary>The MPD of a segmented title (ISO/IEC 23009-1): one track a representation, as all DASH players take it.</summary>
internal static class DashManifest
{
    /// <summary>How many segments players should be behind the last one of a film that grows: as those of HLS are.</summary>
    private const int GrowingDelay = 3;

    /// <summary>Writes the MPD: of a film that grows a dynamic one, which players ask for again until it is static.</summary>
    /// <param name="sequence">The titles, each of periods of its own.</param>
    /// <param name="written">When the title was written last to which more is added; null for a static one, as of a list.</param>
    public static byte[] Write(TitleSequence sequence, DateTimeOffset? written)
    {
        ImmutableArray<Period>.Builder periods = ImmutableArray.CreateBuilder<Period>();
        TimeSpan duration = TimeSpan.Zero;
        foreach (PlacedTitle placed in sequence.Titles)
        {
            duration += AddPeriods(periods, placed, [], duration, isGrowing: written is not null);
        }

        return Write(periods.ToImmutable(), duration, sequence.Titles[^1].Title, written);
    }

    /// <summary>Writes the MPD of several qualities.</summary>
    /// <param name="qualities">At least one, cut at the same times, each of one period; the sounds and subtitles of the first.</param>
    public static byte[] Write(IReadOnlyList<PlacedTitle> qualities)
    {
        ImmutableArray<Period>.Builder periods = ImmutableArray.CreateBuilder<Period>();
        TimeSpan duration = AddPeriods(periods, qualities[0], qualities.Skip(1), TimeSpan.Zero, isGrowing: false);
        return Write(periods.ToImmutable(), duration, qualities[0].Title, written: null);
    }

    private static byte[] Write(ImmutableArray<Period> periods, TimeSpan duration, SegmentedTitle last, DateTimeOffset? written)
    {
        MediaPresentation presentation = new() { Periods = periods };
        TimeSpan update = last.Plan.MaxDuration;
        presentation = written is not null
            ? presentation with
            {
                // Every segment that is listed is there, however fast the film is written: only what is long past says so by the clock.
                AvailabilityStartTime = DateTimeOffset.UnixEpoch,
                PublishTime = written,
                MinimumUpdatePeriod = update,
                SuggestedPresentationDelay = GrowingDelay * update,
            }
            : presentation with { Duration = duration };
        ArrayBufferWriter<byte> output = new();
        presentation.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Adds the periods of a title.</summary>
    /// <returns>How long they are together.</returns>
    private static TimeSpan AddPeriods(
        ImmutableArray<Period>.Builder periods, PlacedTitle placed, IEnumerable<PlacedTitle> others, TimeSpan start, bool isGrowing)
    {
        SegmentPlan plan = placed.Title.Plan;
        DescribedTrack[] tracks =
        [
            .. placed.Title.Tracks.Select(track => Describe(placed, track)),
            .. others.Select(static other => Describe(other, other.Title.Tracks[0])),
        ];
        for (int period = 0; period < plan.Periods; period++)
        {
            (int first, int end) = plan.GetSegments(period);
            long from = StartOf(plan, first);
            ImmutableArray<DashRepresentation>.Builder described = ImmutableArray.CreateBuilder<DashRepresentation>();
            described.AddRange(tracks.Select(track => Locate(track, period, first, end)).OfType<DashRepresentation>());
            double seconds = Math.Max(1, TimeOf(plan, plan.GetStart(end) - from).TotalSeconds);
            described.AddRange(placed.Subtitles.Select(subtitles => new DashRepresentation(
                $"subtitles-{subtitles.Tag}", MediaKind.Text, "text/vtt", Math.Max(1, (long)(subtitles.File.ByteSize * 8 / seconds)))
            {
                Language = subtitles.Language,
                BaseUrl = placed.SubtitlesAddress(subtitles.Tag, period, isOfPeriod: true),
            }));
            periods.Add(new Period(
                string.Create(CultureInfo.InvariantCulture, $"p{periods.Count + 1}"), start + TimeOf(plan, from - StartOf(plan, 0)))
            {
                Duration = isGrowing && end == plan.Count ? null : TimeOf(plan, plan.GetStart(end) - from),
                Representations = described.ToImmutable(),
            });
        }

        return TimeOf(plan, plan.GetStart(plan.Count) - StartOf(plan, 0));
    }

    /// <summary>Where a segment begins to be presented: what is before the origin is the delay of reordered pictures.</summary>
    private static long StartOf(SegmentPlan plan, int segment) =>
        segment == 0 ? Math.Max(0, plan.Timeline.Origin) : plan.GetStart(segment);

    /// <summary>What is the same of a track in all periods; what is said of its rates takes a walk through all segments.</summary>
    private static DescribedTrack Describe(PlacedTitle placed, WebTrack track)
    {
        Rendition rendition = placed.Title.Get(track.Name);
        Track source = track.Track;
        RenditionAttributes attributes = RenditionAttributes.From(rendition);
        bool isVideo = source.Kind == TrackKind.Video;
        string mimeType = isVideo ? "video/mp4" : "audio/mp4";
        string id = placed.IsQuality ? placed.Address + track.Name : track.Name;
        return new DescribedTrack(placed, track.Name, rendition, new DashRepresentation(
            id, isVideo ? MediaKind.Video : MediaKind.Audio, mimeType, Math.Max(1, attributes.Bandwidth))
        {
            Codecs = attributes.Codecs.Length == 0 ? null : attributes.Codecs,
            Language = LanguageTag.Shorten(source.Language),
            Content = isVideo ? null : track.Name, // files have their pictures alone in qualities; each sound is one of its own
            Size = isVideo ? (source.Width, source.Height) : null,
            FrameRate = isVideo && attributes.FrameRate > 0 ? FractionOf(attributes.FrameRate) : null,
            AudioSamplingRate = !isVideo && source.SampleRate > 0 ? source.SampleRate : null,
            Channels = !isVideo && source.Channels > 0 ? source.Channels : null,
        });
    }

    /// <summary>A track in a period; null where it has nothing there.</summary>
    private static DashRepresentation? Locate(DescribedTrack track, int period, int first, int end)
    {
        Rendition rendition = track.Rendition;
        while (end > first && rendition.IsEmpty(end - 1))
        {
            end--; // a track that ends before the others
        }

        if (end == first)
        {
            return null;
        }

        ImmutableArray<TimelineSegment>.Builder timeline = ImmutableArray.CreateBuilder<TimelineSegment>(end - first);
        for (int i = first; i < end; i++)
        {
            long start = rendition.GetStart(i);
            timeline.Add(new TimelineSegment(start, Math.Max(1, rendition.GetStart(i + 1) - start)));
        }

        SegmentPlan plan = rendition.Plan;
        uint timescale = rendition.Tracks[0].Timescale;
        PlacedTitle placed = track.Placed;
        return track.Representation with
        {
            Template = new SegmentTemplate(
                timescale, placed.InitAddress(track.Name, period), SegmentIdentifier.Number, $"{placed.Address}{track.Name}-",
                $".m4s{placed.Query}")
            {
                StartNumber = first + 1,
                PresentationTimeOffset = (long)((Int128)StartOf(plan, first) * timescale / plan.Timeline.Reference.Timescale),
                Timeline = timeline.ToImmutable(),
            },
        };
    }

    /// <summary>A rate as players know it: 25, 30000/1001, or thousandths.</summary>
    private static (int Numerator, int Denominator) FractionOf(double rate)
    {
        double whole = Math.Round(rate);
        return Math.Abs(rate - whole) < 0.005 ? ((int)whole, 1)
            : Math.Abs((rate * 1.001) - Math.Round(rate * 1.001)) < 0.005 ? ((int)Math.Round(rate * 1.001) * 1000, 1001)
            : ((int)Math.Clamp(Math.Round(rate * 1000), 1, int.MaxValue), 1000);
    }

    private static TimeSpan TimeOf(SegmentPlan plan, long ticks) =>
        TimeSpan.FromTicks((long)((Int128)Math.Max(0, ticks) * TimeSpan.TicksPerSecond / plan.Timeline.Reference.Timescale));

    /// <summary>A track as it is in all periods.</summary>
    /// <param name="Placed">The title that it is of.</param>
    /// <param name="Name">Its name in addresses.</param>
    /// <param name="Rendition">The track alone.</param>
    /// <param name="Representation">What is said of it, but for its segments.</param>
    private sealed record DescribedTrack(PlacedTitle Placed, string Name, Rendition Rendition, DashRepresentation Representation);
}
