using Mapwire.Server.Playback;
using Xunit;

namespace Mapwire.Server.Tests.Playback;

public sealed class LineBudgetTests
{
    [Fact]
    public void Twenty_lines_come_at_once_and_then_one_a_second_that_tells_how_many_did_not()
    {
        LineBudget lines = default;
        int taken = 0;
        for (int i = 0; i < 1000; i++)
        {
            taken += lines.TryTake(5000, out int before) ? 1 : 0;
            Assert.True(taken > 20 || before == Math.Max(0, i - 20), "the count is of those left out");
        }

        Assert.Equal(20, taken);
        Assert.Equal(980, lines.LeftOut);
        Assert.False(lines.TryTake(5999, out _));
        Assert.True(lines.TryTake(6000, out int leftOut));
        Assert.Equal(981, leftOut);
        Assert.Equal(0, lines.LeftOut);
        Assert.False(lines.TryTake(6001, out _));
    }

    [Fact]
    public void Who_asks_for_something_now_and_then_misses_no_line()
    {
        LineBudget lines = default;
        for (long now = 0; now < 1_000_000; now += 1000)
        {
            Assert.True(lines.TryTake(now, out int leftOut));
            Assert.Equal(0, leftOut);
        }
    }
}
