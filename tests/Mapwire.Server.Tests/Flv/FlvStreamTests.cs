using Mapwire.Server.Flv;
using Mapwire.Server.Playback;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Flv;

/// <summary>What is kept of FLV streams.</summary>
public sealed class FlvStreamTests
{
    [Fact]
    public void What_is_kept_of_a_title_for_its_FLV_viewers_counts_among_its_bytes_once()
    {
        Title title = SampleClip.Open();
        Reel reel = new([new ReelPart(title, TitleTime.Zero, title.Strip.EndTime, ReelTime.Zero)], loops: false);
        Assert.True(reel.IsWhole);
        long before = title.ByteSize;
        FlvStream stream = FlvStream.Create(reel);
        Assert.InRange(title.ByteSize - before, stream.Head.Length + stream.Layout!.ByteSize, 2 * stream.Head.Length);
        long kept = title.ByteSize;
        Assert.Same(stream, FlvStream.Create(reel));
        Assert.Same(stream, FlvStream.Find(reel));
        Assert.Equal(kept, title.ByteSize);
        reel.Release();
    }

    [Fact]
    public void A_stream_that_is_followed_has_no_length_and_is_not_kept()
    {
        Title title = SampleClip.Open();
        Reel reel = new([new ReelPart(title, TitleTime.Zero, title.Strip.EndTime, ReelTime.Zero)], loops: false);
        Assert.Null(FlvStream.Create(reel, isFollowed: true).Length);
        Assert.Null(FlvStream.Find(reel));
        reel.Release();
    }
}
