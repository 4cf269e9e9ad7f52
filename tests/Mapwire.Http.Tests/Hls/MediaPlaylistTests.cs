using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Mapwire.Http.Hls;

namespace Mapwire.Http.Tests.Hls;

public sealed class MediaPlaylistTests
{
    private static readonly InitializationSection First = new("init.mp4");
    private static readonly InitializationSection Second = new("film.mp4", new ByteRange(0, 1200));

    [Fact]
    public void A_film_is_written_whole()
    {
        MediaPlaylist playlist = new()
        {
            MediaSequence = 1,
            Segments =
            [
                new("1.m4s", TimeSpan.FromSeconds(6.006)) { Initialization = First },
                new("2.m4s", TimeSpan.FromTicks(60_060_001)) { Initialization = First },
                new("film.mp4", TimeSpan.FromSeconds(2)) { Initialization = Second, IsDiscontinuity = true, Range = new(1200, 800) },
                new("film.mp4", TimeSpan.FromSeconds(1.5)) { Initialization = Second, Range = new(2000, 5_000_000_000) },
            ],
        };
        Assert.Equal(
            """
            #EXTM3U
            #EXT-X-VERSION:7
            #EXT-X-TARGETDURATION:6
            #EXT-X-MEDIA-SEQUENCE:1
            #EXT-X-PLAYLIST-TYPE:VOD
            #EXT-X-MAP:URI="init.mp4"
            #EXTINF:6.006,
            1.m4s
            #EXTINF:6.0060001,
            2.m4s
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="film.mp4",BYTERANGE="1200@0"
            #EXTINF:2.000,
            #EXT-X-BYTERANGE:800@1200
            film.mp4
            #EXTINF:1.500,
            #EXT-X-BYTERANGE:5000000000@2000
            film.mp4
            #EXT-X-ENDLIST

            """,
            PlaylistTexts.Write(playlist));
    }

    [Theory]
    [InlineData(PlaylistType.Event, true, "#EXT-X-PLAYLIST-TYPE:EVENT\n")]
    [InlineData(PlaylistType.Event, false, "#EXT-X-PLAYLIST-TYPE:EVENT\n")]
    [InlineData(PlaylistType.Live, false, "")]
    public void A_playlist_that_grows_says_how_it_may_change(PlaylistType type, bool isEnded, string line)
    {
        string text = PlaylistTexts.Write(new MediaPlaylist
        {
            Type = type,
            IsEnded = isEnded,
            TargetDuration = 10,
            DiscontinuitySequence = 3,
            Segments = [new("a.vtt", TimeSpan.FromSeconds(10.499))],
        });
        Assert.Equal(
            $"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n{line}"
            + $"#EXTINF:10.499,\na.vtt\n{(isEnded ? "#EXT-X-ENDLIST\n" : "")}",
            text);
    }

    [Fact]
    public void Key_pictures_are_said_to_be_alone() =>
        Assert.Contains("\n#EXT-X-I-FRAMES-ONLY\n", PlaylistTexts.Write(new MediaPlaylist
        {
            IsIFramesOnly = true,
            Segments = [new("f.mp4", TimeSpan.FromSeconds(2)) { Initialization = First, Range = new(5, 6) }],
        }), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.4, 1)]
    [InlineData(1.499, 1)]
    [InlineData(1.5, 2)] // rounded to the nearest integer (section 4.3.3.1)
    [InlineData(2.5, 3)]
    [InlineData(6.006, 6)]
    public void The_target_duration_is_the_longest_segment_rounded(double seconds, int expected)
    {
        MediaSegment segment = new("a.vtt", TimeSpan.FromSeconds(seconds));
        Assert.Equal(expected, new MediaPlaylist { Segments = [segment, new("b.vtt", TimeSpan.Zero)] }.GetTargetDuration());
        Assert.Equal(expected + 5, new MediaPlaylist { TargetDuration = expected + 5, Segments = [segment] }.GetTargetDuration());
    }

    [Fact]
    public void What_cannot_be_a_playlist_is_refused()
    {
        Refused(new() { TargetDuration = 5, Segments = [new("a", TimeSpan.FromSeconds(5.5))] });
        Refused(new() { Segments = [new("a", TimeSpan.FromTicks(-1))] });
        Refused(new() { Segments = [new("", TimeSpan.Zero)] });
        Refused(new() { Segments = [new("#a", TimeSpan.Zero)] });
        Refused(new() { Segments = [new("a\n#EXT-X-ENDLIST", TimeSpan.Zero)] });
        Refused(new() { Segments = [new("a", TimeSpan.Zero) { Initialization = new("a\"b") }] });
    }

    [Fact]
    public void An_empty_playlist_that_grows_is_valid() =>
        PlaylistTexts.Write(new MediaPlaylist { Type = PlaylistType.Event, IsEnded = false, Segments = [] });

    [Fact]
    public void Durations_add_up_and_every_playlist_is_valid() =>
        Prop.ForAll(Gen.Choose(0, 200_000_000).NonEmptyListOf().ToArbitrary(), ticks =>
        {
            ImmutableArray<MediaSegment> segments =
                [.. ticks.Select((count, i) => new MediaSegment($"{i}.m4s", TimeSpan.FromTicks(count)) { Initialization = First })];
            string text = PlaylistTexts.Write(new MediaPlaylist { Segments = segments });
            decimal sum = text.Split('\n').Where(static line => line.StartsWith("#EXTINF:", StringComparison.Ordinal))
                .Sum(static line => decimal.Parse(line[8..^1], CultureInfo.InvariantCulture));
            Assert.Equal(ticks.Sum(static count => (decimal)count) / TimeSpan.TicksPerSecond, sum);
        }).QuickCheckThrowOnFailure();

    private static void Refused(MediaPlaylist playlist) =>
        Assert.ThrowsAny<ArgumentException>(() => playlist.WriteTo(new ArrayBufferWriter<byte>()));
}
