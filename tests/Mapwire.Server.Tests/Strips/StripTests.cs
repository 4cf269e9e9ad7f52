using Mapwire.Media;
using Mapwire.Server.Strips;
using Xunit;

namespace Mapwire.Server.Tests.Strips;

public sealed class StripTests
{
    [Fact]
    public void A_strip_is_in_order_and_starts_at_zero()
    {
        Title title = SampleClip.Open();
        TitleTime previous = TitleTime.Zero;
        foreach (StripEntry entry in title.Strip.ToArray())
        {
            Assert.True(entry.Time >= previous);
            previous = entry.Time;
        }

        Assert.Equal(TitleTime.Zero, title.Strip[0].Time);
        Assert.Equal(1635, title.Strip.Count);
        title.Release();
    }

    [Fact]
    public void A_seek_finds_the_sync_point_at_or_before_the_time()
    {
        Title title = SampleClip.Open();
        Strip strip = title.Strip;
        int[] points = strip.SyncPoints();
        for (TitleTime time = new(-10); time < new TitleTime(26_000); time += 37)
        {
            int expected = points[0];
            foreach (int point in points)
            {
                expected = strip[point].Time <= time ? point : expected;
            }

            Assert.Equal(expected, strip.SyncPointAt(time));
            Assert.True(strip[strip.SyncPointAt(time)] is { IsVideo: true, IsSync: true });
        }

        title.Release();
    }

    [Fact]
    public void The_first_entry_at_a_time_and_the_next_sync_point_are_found()
    {
        Title title = SampleClip.Open();
        Strip strip = title.Strip;
        for (TitleTime time = new(-10); time < new TitleTime(26_000); time += 37)
        {
            int index = strip.IndexAt(time);
            Assert.True(index == 0 || strip[index - 1].Time < time);
            Assert.True(index == strip.Count || strip[index].Time >= time);
            int next = strip.SyncPointFrom(index);
            Assert.True(next == strip.Count || (next >= index && strip[next] is { IsVideo: true, IsSync: true }));
        }

        title.Release();
    }
}
