using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.Dash;

namespace Mapwire.Http.Tests.Dash;

public sealed class MediaPresentationTests
{
    private static readonly XNamespace Dash = "urn:mpeg:dash:schema:mpd:2011";

    private static readonly SegmentTemplate Template = new(90000, "init.mp4", SegmentIdentifier.Time, "t", ".m4s")
    {
        Timeline = [new(0, 540000), new(540000, 540000), new(1080000, 90000)],
    };

    private static readonly Representation Video = new("v", MediaKind.Video, "video/mp4", 2_000_000)
    {
        Codecs = "avc1.640028",
        Size = (1920, 1080),
        FrameRate = (30000, 1001),
        Template = Template,
    };

    [Fact]
    public void A_film_is_written_whole()
    {
        MediaPresentation presentation = new()
        {
            Duration = TimeSpan.FromSeconds(3613.25),
            Periods =
            [
                new("0", TimeSpan.Zero)
                {
                    Representations =
                    [
                        Video,
                        new("a", MediaKind.Audio, "audio/mp4", 128_000)
                        {
                            Codecs = "mp4a.40.2", Language = "de", Label = "Deutsch & \"mehr\"", AudioSamplingRate = 48000, Channels = 2,
                            Template = Template with
                            {
                                Identifier = SegmentIdentifier.Number, StartNumber = 5, PresentationTimeOffset = 7200, Prefix = "a$b-",
                            },
                        },
                        new("s", MediaKind.Text, "text/vtt", 1000) { Language = "de", BaseUrl = "film.de.vtt?a=1&b=2" },
                    ],
                },
            ],
        };
        Assert.Equal(
            """
            <?xml version="1.0" encoding="utf-8"?>
            <MPD profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT1H13.25S" ~
            minBufferTime="PT2S" xmlns="urn:mpeg:dash:schema:mpd:2011">
              <Period id="0" start="PT0S">
                <AdaptationSet id="0" contentType="video" segmentAlignment="true" startWithSAP="1">
                  <Representation id="v" mimeType="video/mp4" codecs="avc1.640028" bandwidth="2000000" ~
            width="1920" height="1080" frameRate="30000/1001">
                    <SegmentTemplate timescale="90000" startNumber="1" initialization="init.mp4" media="t$Time$.m4s">
                      <SegmentTimeline>
                        <S t="0" d="540000" r="1" />
                        <S d="90000" />
                      </SegmentTimeline>
                    </SegmentTemplate>
                  </Representation>
                </AdaptationSet>
                <AdaptationSet id="1" contentType="audio" lang="de" segmentAlignment="true" startWithSAP="1">
                  <Label>Deutsch &amp; "mehr"</Label>
                  <Representation id="a" mimeType="audio/mp4" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="48000">
                    <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2" />
                    <SegmentTemplate timescale="90000" presentationTimeOffset="7200" startNumber="5" initialization="init.mp4" ~
            media="a$$b-$Number$.m4s">
                      <SegmentTimeline>
                        <S t="0" d="540000" r="1" />
                        <S d="90000" />
                      </SegmentTimeline>
                    </SegmentTemplate>
                  </Representation>
                </AdaptationSet>
                <AdaptationSet id="2" contentType="text" lang="de">
                  <Representation id="s" mimeType="text/vtt" bandwidth="1000">
                    <BaseURL>film.de.vtt?a=1&amp;b=2</BaseURL>
                  </Representation>
                </AdaptationSet>
              </Period>
            </MPD>
            """.Replace("~\n", "", StringComparison.Ordinal),
            Write(presentation));
    }

    [Fact]
    public void A_dynamic_one_says_when_it_began_and_how_often_to_ask()
    {
        XElement mpd = Read(new MediaPresentation
        {
            AvailabilityStartTime = new DateTimeOffset(2026, 1, 1, 1, 0, 0, TimeSpan.FromHours(1)),
            PublishTime = new DateTimeOffset(2026, 1, 1, 0, 0, 5, 250, TimeSpan.Zero),
            MinimumUpdatePeriod = TimeSpan.FromSeconds(6),
            TimeShiftBufferDepth = TimeSpan.FromMinutes(1),
            SuggestedPresentationDelay = TimeSpan.FromSeconds(18),
            MinBufferTime = TimeSpan.FromSeconds(1.5),
            Periods = [new("live", TimeSpan.FromSeconds(5)) { Duration = TimeSpan.FromSeconds(7), Representations = [Video] }],
        });
        Assert.Equal(
            "type=dynamic availabilityStartTime=2026-01-01T00:00:00Z publishTime=2026-01-01T00:00:05.25Z minimumUpdatePeriod=PT6S "
            + "timeShiftBufferDepth=PT1M suggestedPresentationDelay=PT18S minBufferTime=PT1.5S",
            string.Join(' ', mpd.Attributes().Where(static a => !a.IsNamespaceDeclaration && a.Name != "profiles")
                .Select(static a => $"{a.Name}={a.Value}")));
        Assert.Equal(
            "id=live start=PT5S duration=PT7S",
            string.Join(' ', mpd.Element(Dash + "Period")!.Attributes().Select(static a => $"{a.Name}={a.Value}")));
    }

    [Fact]
    public void Tracks_of_one_kind_language_codec_and_content_are_one_set()
    {
        Representation audio = new("a", MediaKind.Audio, "audio/mp4", 1) { Codecs = "mp4a.40.2", Language = "de", Template = Template };
        XElement mpd = Read(Static(
            Video, audio, Video with { Id = "v2", Codecs = "avc1.42c01e" }, audio with { Id = "a2" },
            audio with { Id = "a3", Language = "en" }, audio with { Id = "a4", Language = null },
            audio with { Id = "a5", Codecs = "ec-3" }, Video with { Id = "v3", Codecs = "hvc1.1" },
            audio with { Id = "a6", Content = "commentary" }));
        Assert.Equal(
            ["v v2", "a a2", "a3", "a4", "a5", "v3", "a6"],
            mpd.Descendants(Dash + "AdaptationSet").Select(set => string.Join(' ', set.Elements(Dash + "Representation")
                .Select(static track => track.Attribute("id")!.Value))));
        Assert.Equal(
            ["0", "1", "2", "3", "4", "5", "6"], mpd.Descendants(Dash + "AdaptationSet").Select(static set => set.Attribute("id")!.Value));
    }

    [Fact]
    public void A_whole_number_of_pictures_is_no_fraction() =>
        Assert.Equal("25", Read(Static(Video with { FrameRate = (25, 1) })).Descendants().Attributes("frameRate").Single().Value);

    [Fact]
    public void A_timeline_says_every_segment_in_few_elements() =>
        Prop.ForAll(Gen.Choose(0, 11).NonEmptyListOf().ToArbitrary(), steps =>
        {
            List<TimelineSegment> timeline = [];
            long time = 100;
            foreach (int step in steps)
            {
                time += step > 9 ? 7 : 0; // a gap
                timeline.Add(new(time, 1 + step / 4));
                time += 1 + step / 4;
            }

            XElement mpd = Read(Static(Video with { Template = Template with { Timeline = [.. timeline] } }));
            List<TimelineSegment> read = [];
            long now = 0;
            XElement[] elements = [.. mpd.Descendants(Dash + "S")];
            foreach (XElement element in elements)
            {
                now = (long?)element.Attribute("t") ?? now;
                for (int i = 0; i <= ((int?)element.Attribute("r") ?? 0); i++)
                {
                    read.Add(new(now, (long)element.Attribute("d")!));
                    now += (long)element.Attribute("d")!;
                }
            }

            Assert.Equal(timeline, read);
            Assert.Equal(1 + timeline.Zip(timeline.Skip(1)).Count(static pair => // a time only where it does not follow from the one before
                pair.Second.Time != pair.First.Time + pair.First.Duration), elements.Attributes("t").Count());
            Assert.Equal(1 + timeline.Zip(timeline.Skip(1)).Count(static pair =>
                pair.Second != new TimelineSegment(pair.First.Time + pair.First.Duration, pair.First.Duration)), elements.Length);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_label_breaks_a_description() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), label =>
    {
        XElement mpd = Read(Static(Video with { Label = "<a>&" + label }));
        Assert.StartsWith("<a>&", mpd.Descendants(Dash + "Label").Single().Value, StringComparison.Ordinal);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void A_description_that_cannot_be_one_is_refused()
    {
        Refused(new() { Duration = TimeSpan.Zero, Periods = [] });
        Refused(new() { Periods = [new("0", TimeSpan.Zero) { Representations = [Video] }] });
        Refused(new()
        {
            AvailabilityStartTime = DateTimeOffset.UnixEpoch,
            Duration = TimeSpan.Zero,
            Periods = [new("0", TimeSpan.Zero) { Representations = [Video] }],
        });
        Refused(Static(Video with { Template = null }));
        Refused(Static(Video with { BaseUrl = "a" }));
        Refused(Static(Video with { Id = "a\u0001" }));
        Refused(Static(Video with { Template = Template with { Timescale = 0 } }));
        Refused(Static(Video with { Template = Template with { Timeline = [new(0, 0)] } }));
        Refused(Static(Video with { Template = Template with { Timeline = [new(-1, 1)] } }));
    }

    private static MediaPresentation Static(params ImmutableArray<Representation> tracks) => new()
    {
        Duration = TimeSpan.FromSeconds(1),
        Periods = [new("0", TimeSpan.Zero) { Representations = tracks }],
    };

    private static void Refused(MediaPresentation presentation) =>
        Assert.ThrowsAny<ArgumentException>(() => presentation.WriteTo(new ArrayBufferWriter<byte>()));

    private static XElement Read(MediaPresentation presentation) => XElement.Parse(Write(presentation));

    private static string Write(MediaPresentation presentation)
    {
        ArrayBufferWriter<byte> output = new();
        presentation.WriteTo(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
