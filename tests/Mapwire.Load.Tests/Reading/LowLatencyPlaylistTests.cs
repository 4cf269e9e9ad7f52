using System.Text;
using Mapwire.Load.Reading;

namespace Mapwire.Load.Tests.Reading;

/// <summary>What a viewer of low latency takes from a playlist and from an update of it.</summary>
public sealed class LowLatencyPlaylistTests
{
    private const string Head = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n";

    [Fact]
    public void Parts_have_the_numbers_of_their_segments_and_end_by_the_clock_on_the_wall()
    {
        LowLatencyPlaylist playlist = Parse(Head + """
            #EXT-X-MAP:URI="init.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
            #EXTINF:2,
            v-7.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
            #EXT-X-PART:DURATION=0.5,INDEPENDENT=YES,URI="v-8-1.m4s"
            #EXT-X-PART:DURATION=0.4,URI="v-8-2.m4s"
            #EXTINF:0.9,
            v-8.m4s
            #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.900Z
            #EXT-X-PART:URI="v-9-1.m4s",DURATION=0.5
            #EXT-X-PRELOAD-HINT:TYPE=PART,URI="v-9-2.m4s"
            """);
        long zero = 1_767_225_600_000_000;
        Assert.Equal(
            [
                new LowLatencyPart("v-8-1.m4s", 8, 0, 500_000, zero + 2_500_000, "init.mp4"),
                new LowLatencyPart("v-8-2.m4s", 8, 1, 400_000, zero + 2_900_000, "init.mp4"),
                new LowLatencyPart("v-9-1.m4s", 9, 0, 500_000, zero + 3_400_000, "init.mp4"),
            ],
            playlist.Parts);
        Assert.False(playlist.IsEnded);
    }

    [Fact]
    public void An_update_counts_what_it_leaves_out()
    {
        LowLatencyPlaylist playlist = Parse(
            Head + "#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n#EXTINF:2,\na\n#EXT-X-PART:DURATION=0.5,URI=\"b\"\n#EXT-X-ENDLIST\n");
        LowLatencyPart part = Assert.Single(playlist.Parts);
        Assert.Equal((13, 0), (part.Sequence, part.Index));
        Assert.True(playlist.IsEnded);
    }

    [Theory]
    [InlineData("#EXTINF:2,\na\n")]
    [InlineData("#EXT-X-PART:DURATION=x,URI=\"b\"\n")]
    [InlineData("#EXT-X-PART:URI=\"b\"\n")]
    [InlineData("#EXT-X-PART:DURATION=1,URI=\"b\n")]
    [InlineData("#EXT-X-SKIP:SKIPPED-SEGMENTS=-1\n#EXT-X-PART:DURATION=1,URI=\"b\"\n")]
    [InlineData("#EXT-X-PROGRAM-DATE-TIME:today\n#EXT-X-PART:DURATION=1,URI=\"b\"\n")]
    public void What_no_viewer_can_follow_is_refused(string text) => Assert.Throws<ContentException>(() => Parse(Head + text));

    private static LowLatencyPlaylist Parse(string text) => LowLatencyPlaylist.Parse(Encoding.UTF8.GetBytes(text));
}
