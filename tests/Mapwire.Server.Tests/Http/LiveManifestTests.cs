using System.Buffers;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Mapwire.Media;
using Mapwire.Server.Files;
using Mapwire.Server.Http.LiveMedia;
using Mapwire.Server.Live;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;
using Mapwire.Server.Tests.EventLoops;
using Mapwire.Server.Tests.Live;
using Xunit;

namespace Mapwire.Server.Tests.Http;

/// <summary>The MPD of a live stream: its clock, its periods and their timelines, and its end.</summary>
public sealed class LiveManifestTests : IDisposable
{
    private static readonly XNamespace Dash = "urn:mpeg:dash:schema:mpd:2011";
    private static readonly DateTimeOffset Clock = new(2026, 5, 4, 3, 2, 1, 500, TimeSpan.Zero);

    private readonly EventLoop _loop = new("test", new ScriptedPoller());
    private readonly LiveStreams _streams;
    private readonly PublishedStream _cam;

    public LiveManifestTests()
    {
        _streams = new LiveStreams(
            PublishedStream.Options, () => new LoopPhases([_loop]), static fault => Assert.Fail(fault.ToString()), ticks: false);
        _cam = new PublishedStream(_streams);
        _cam.Begin();
    }

    public void Dispose()
    {
        _streams.Dispose();
        _loop.Stop(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void It_is_dynamic_and_says_when_it_began_what_time_it_is_and_when_to_ask_again()
    {
        LiveSegments segments = Segments(9_000);
        XElement mpd = Read(segments);
        Assert.Equal("dynamic", (string?)mpd.Attribute("type"));
        Assert.Equal(segments.Began, TimeOf(mpd, "availabilityStartTime"));
        Assert.InRange((DateTimeOffset.UtcNow - segments.Began).TotalSeconds, 0, 60);
        XElement timing = Assert.Single(mpd.Elements(Dash + "UTCTiming"));
        Assert.Equal("urn:mpeg:dash:utc:direct:2014", (string?)timing.Attribute("schemeIdUri"));
        Assert.Equal(Clock, TimeOf(timing, "value"));
        Assert.Equal(segments.Lengths.Target, DurationOf(mpd, "minimumUpdatePeriod"));
        Assert.Equal(TimeSpan.FromMilliseconds(PublishedStream.Options.Window), DurationOf(mpd, "timeShiftBufferDepth"));
        Assert.Equal(3 * segments.Lengths.Target, DurationOf(mpd, "suggestedPresentationDelay"));
        Assert.Equal(segments.Began + TimeSpan.FromSeconds(8), TimeOf(mpd, "publishTime")); // the end of the last whole segment
        Assert.Null(mpd.Attribute("mediaPresentationDuration"));
    }

    [Fact]
    public void The_beginning_of_its_clock_never_changes_and_publish_times_go_on()
    {
        LiveSegments segments = Segments(9_000);
        XElement first = Read(segments);
        DateTimeOffset published = TimeOf(first, "publishTime");
        for (uint time = 9_000; time < 60_000; time += 3_000)
        {
            _cam.Play(time, time + 3_000);
            if (time == 30_000)
            {
                _cam.Publisher.Take(TrackKind.Audio, PublishedStream.OtherAudioHeader, time, _cam.Now);
            }

            XElement next = Read(segments);
            Assert.Equal((string?)first.Attribute("availabilityStartTime"), (string?)next.Attribute("availabilityStartTime"));
            Assert.True(TimeOf(next, "publishTime") > published);
            published = TimeOf(next, "publishTime");
        }
    }

    [Fact]
    public void Its_timelines_are_the_whole_segments_without_a_gap()
    {
        LiveSegments segments = Segments(9_000);
        _cam.Play(9_000, 50_000); // more than what is kept
        XElement period = Assert.Single(Read(segments).Elements(Dash + "Period"));
        foreach (string name in (string[])["v1", "a1"])
        {
            LiveRendition track = segments.Renditions.Single(one => one.Name == name);
            LiveSegment[] whole = [.. track.Listed.Where(static one => one.IsWhole)];
            XElement template = TemplateOf(period, name);
            Assert.Equal(whole[0].Number, (long)template.Attribute("startNumber")!);
            Assert.Equal($"{name}-$Number$.m4s?x=1", (string?)template.Attribute("media"));
            Assert.Equal($"{name}-init-{track.Init!.Number}.mp4", (string?)template.Attribute("initialization"));
            (long Time, long Duration)[] timeline = [.. TimelineOf(template)];
            Assert.Equal(whole.Length, timeline.Length);
            Assert.All(
                timeline.Zip(timeline.Skip(1)), static pair => Assert.Equal(pair.First.Time + pair.First.Duration, pair.Second.Time));
            double scale = (long)template.Attribute("timescale")!;
            Assert.Equal(name == "v1" ? 90_000 : 44_100, scale);
            Assert.All(whole.Zip(timeline), pair =>
            {
                Assert.Equal(pair.First.Start.TotalSeconds, pair.Second.Time / scale, 0.0001);
                Assert.Equal(pair.First.Duration.TotalSeconds, pair.Second.Duration / scale, 0.0001);
            });
        }
    }

    [Fact]
    public void A_break_is_another_period_that_begins_where_it_is_on_the_clock()
    {
        LiveSegments segments = Segments(4_000);
        _cam.Publisher.Take(TrackKind.Audio, PublishedStream.OtherAudioHeader, 4_000, _cam.Now);
        _cam.Play(4_000, 6_520);
        _cam.Play(14_520, 20_000); // behind a pause
        XElement[] periods = [.. Read(segments).Elements(Dash + "Period")];
        Assert.Equal(3, periods.Length);
        Assert.Equal([0, 4, 14.52], periods.Select(static one => DurationOf(one, "start").TotalSeconds));
        Assert.Equal(3, periods.Select(static one => (string?)one.Attribute("id")).Distinct().Count());
        string[] ids = [.. periods.Select(static one => (string)one.Attribute("id")!)];
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        foreach (string name in (string[])["v1", "a1"])
        {
            double end = 0;
            foreach (XElement period in periods)
            {
                XElement template = TemplateOf(period, name);
                double scale = (long)template.Attribute("timescale")!;
                double origin = (long)template.Attribute("presentationTimeOffset")! / scale;
                double start = DurationOf(period, "start").TotalSeconds;
                Assert.Equal(LiveClock.Start / 1000.0 + start, origin, 0.001); // the stream's times began with the clock
                (long Time, long Duration)[] timeline = [.. TimelineOf(template)];
                double first = start + (timeline[0].Time / scale) - origin;
                Assert.InRange(first, end - 0.03, start + 1);
                end = start + ((timeline[^1].Time + timeline[^1].Duration) / scale) - origin;
            }
        }

        string[] inits = [.. periods.Select(static period => (string)TemplateOf(period, "a1").Attribute("initialization")!)];
        Assert.NotEqual(inits[0], inits[1]);
        Assert.Equal(inits[1], inits[2]);
        Assert.Equal(["44100", "48000", "48000"], periods.Select(
            static period => (string?)Representation(period, "a1").Attribute("audioSamplingRate")));
        Assert.Single(periods.Select(static period => (string)TemplateOf(period, "v1").Attribute("initialization")!).Distinct());
    }

    [Fact]
    public void The_end_of_the_stream_makes_it_static_with_its_length()
    {
        LiveSegments segments = Segments(9_000);
        _cam.Publisher.Leave(isFinished: true, _cam.Now);
        segments.Tick(_cam.Now + 1_000); // the end is told a little later than the last segment is there
        XElement mpd = Read(segments);
        Assert.Equal("static", (string?)mpd.Attribute("type"));
        Assert.Equal(9, DurationOf(mpd, "mediaPresentationDuration").TotalSeconds, 0.001);
        foreach (string gone in (string[])["availabilityStartTime", "publishTime", "minimumUpdatePeriod", "timeShiftBufferDepth",
            "suggestedPresentationDelay"])
        {
            Assert.Null(mpd.Attribute(gone));
        }

        Assert.Empty(mpd.Elements(Dash + "UTCTiming"));
        (long Time, long Duration)[] timeline = [.. TimelineOf(TemplateOf(mpd.Element(Dash + "Period")!, "v1"))];
        Assert.Equal(9 * 90_000, timeline.Sum(static one => one.Duration));
    }

    [Fact]
    public void A_track_that_is_not_wanted_is_not_in_it_and_none_at_all_is_refused()
    {
        LiveSegments segments = Segments(9_000);
        XElement period = Assert.Single(Read(segments, new LiveTracksWish(0, -1)).Elements(Dash + "Period"));
        Assert.Equal(["v1"], period.Descendants(Dash + "Representation").Select(static one => (string?)one.Attribute("id")));
        Assert.Throws<TitleException>(() => Read(segments, new LiveTracksWish(7, 7)));
    }

    private static XElement Read(LiveSegments segments, LiveTracksWish wish = default)
    {
        ArrayBufferWriter<byte> output = new();
        segments.Read(now => LiveManifest.Describe(now, wish, "?x=1", Clock)).WriteTo(output);
        using MemoryStream stream = new(output.WrittenSpan.ToArray());
        return XDocument.Load(stream).Root!;
    }

    private static XElement Representation(XElement period, string name) =>
        period.Descendants(Dash + "Representation").Single(one => (string?)one.Attribute("id") == name);

    private static XElement TemplateOf(XElement period, string name)
    {
        XElement representation = Representation(period, name);
        return representation.Element(Dash + "SegmentTemplate") ?? representation.Parent!.Element(Dash + "SegmentTemplate")!;
    }

    private static IEnumerable<(long Time, long Duration)> TimelineOf(XElement template)
    {
        long time = 0;
        foreach (XElement one in template.Element(Dash + "SegmentTimeline")!.Elements(Dash + "S"))
        {
            time = (long?)one.Attribute("t") ?? time;
            for (long i = 0; i <= ((long?)one.Attribute("r") ?? 0); i++)
            {
                yield return (time, (long)one.Attribute("d")!);
                time += (long)one.Attribute("d")!;
            }
        }
    }

    private static DateTimeOffset TimeOf(XElement element, string name) =>
        DateTimeOffset.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);

    private static TimeSpan DurationOf(XElement element, string name) => XmlConvert.ToTimeSpan((string)element.Attribute(name)!);

    private LiveSegments Segments(uint until)
    {
        _cam.Play(0, until);
        LiveSegments segments = _cam.Stream.GetSegments(default)!;
        Assert.NotNull(segments);
        return segments;
    }
}
