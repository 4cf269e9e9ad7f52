using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Mapwire.Http.Dash;
using Mapwire.Media;
using Mapwire.Media.Mp4.Writing;
using DashRepresentation = Mapwire.Http.Dash.Representation;
using Rendition = Mapwire.Media.Mp4.Writing.Rendition;

namespace Mapwire.Server.Http;

/// <summary>The MPD of a segmented title (ISO/IEC 23009-1): one track a representation, as all DASH players take it.</summary>
internal static class DashManifest
{
    /// <summary>How many segments players should be behind the last one of a film that grows: as those of HLS are.</summary>
    private const int GrowingDelay = 3;

    /// <summary>Writes the MPD: of a film that grows a dynamic one, which players ask for again until it is static.</summary>
    /// <param name="title">The title.</param>
    /// <param name="query">Behind the address of each child.</param>
    /// <param name="written">When the film was written last.</param>
    public static byte[] Write(SegmentedTitle title, string query, DateTimeOffset written)
    {
        SegmentPlan plan = title.Plan;
        ImmutableArray<Period>.Builder periods = ImmutableArray.CreateBuilder<Period>();
        long origin = Math.Max(0, plan.Timeline.Origin); // of the first period: what is before it is the delay of reordered pictures
        for (int first = 0; first < plan.Count;)
        {
            int end = first + 1;
            while (end < plan.Count && !plan.IsDiscontinuity(end))
            {
                end++;
            }

            long from = first == 0 ? origin : plan.GetStart(first);
            int index = plan.GetPeriod(first);
            ImmutableArray<DashRepresentation>.Builder tracks = ImmutableArray.CreateBuilder<DashRepresentation>();
            foreach (WebTrack track in title.Tracks)
            {
                if (Describe(title.Get(track.Name), track, index, (first, end), from, query) is { } described)
                {
                    tracks.Add(described);
                }
            }

            periods.Add(new Period(string.Create(CultureInfo.InvariantCulture, $"p{index + 1}"), TimeOf(plan, from - origin))
            {
                Duration = title.IsGrowing && end == plan.Count ? null : TimeOf(plan, plan.GetStart(end) - from),
                Representations = tracks.ToImmutable(),
            });
            first = end;
        }

        ArrayBufferWriter<byte> output = new();
        MediaPresentation presentation = new() { Periods = periods.ToImmutable() };
        presentation = title.IsGrowing
            ? presentation with
            {
                // Every segment that is listed is there, however fast the film is written: only what is long past says so by the clock.
                AvailabilityStartTime = DateTimeOffset.UnixEpoch,
                PublishTime = written,
                MinimumUpdatePeriod = plan.MaxDuration,
                SuggestedPresentationDelay = GrowingDelay * plan.MaxDuration,
            }
            : presentation with { Duration = TimeOf(plan, plan.GetStart(plan.Count) - origin) };
        presentation.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A track in a period; null where it has nothing there.</summary>
    private static DashRepresentation? Describe(
        Rendition rendition, WebTrack track, int period, (int First, int End) segments, long from, string query)
    {
        TimelineTrack placed = rendition.Tracks[0];
        int last = segments.End;
        while (last > segments.First && rendition.IsEmpty(last - 1))
        {
            last--; // a track that ends before the others
        }

        if (last == segments.First)
        {
            return null;
        }

        ImmutableArray<TimelineSegment>.Builder timeline = ImmutableArray.CreateBuilder<TimelineSegment>(last - segments.First);
        for (int i = segments.First; i < last; i++)
        {
            long start = rendition.GetStart(i);
            timeline.Add(new TimelineSegment(start, Math.Max(1, rendition.GetStart(i + 1) - start)));
        }

        Track source = track.Track;
        RenditionAttributes attributes = RenditionAttributes.From(rendition);
        bool isVideo = source.Kind == TrackKind.Video;
        string mimeType = isVideo ? "video/mp4" : "audio/mp4";
        string number = string.Create(CultureInfo.InvariantCulture, $"{period + 1}");
        return new DashRepresentation(track.Name, isVideo ? MediaKind.Video : MediaKind.Audio, mimeType, Math.Max(1, attributes.Bandwidth))
        {
            Codecs = attributes.Codecs.Length == 0 ? null : attributes.Codecs,
            Language = source.Language,
            Size = isVideo ? (source.Width, source.Height) : null,
            FrameRate = isVideo && attributes.FrameRate > 0 ? FractionOf(attributes.FrameRate) : null,
            AudioSamplingRate = !isVideo && source.SampleRate > 0 ? source.SampleRate : null,
            Channels = !isVideo && source.Channels > 0 ? source.Channels : null,
            Template = new SegmentTemplate(
                placed.Timescale, $"{track.Name}-init-{number}.mp4{query}", SegmentIdentifier.Number, $"{track.Name}-", $".m4s{query}")
            {
                StartNumber = segments.First + 1,
                PresentationTimeOffset = (long)((Int128)from * placed.Timescale / rendition.Plan.Timeline.Reference.Timescale),
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
}
