using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class UnsentLimitTests
{
    [Theory]
    [InlineData(375_000, 18_750)] // 3 Mbit/s: 50 ms of it
    [InlineData(10_000, UnsentLimit.Min)]
    [InlineData(12_500_000, 625_000)]
    [InlineData(2_000_000_000, UnsentLimit.Max)]
    public void The_limit_is_what_the_path_carries_in_the_time(long bytesPerSecond, int expected)
    {
        UnsentLimit limit = default;
        limit.Restart(1_000_000, 5_000);
        Assert.False(limit.TryChange(1_000_000 + (bytesPerSecond / 10), 5_100, 50, out _)); // too early to tell
        Assert.True(limit.TryChange(1_000_000 + (bytesPerSecond / 2), 5_500, 50, out int bytes));
        Assert.Equal(expected, bytes);
        Assert.False(limit.TryChange(1_000_000 + bytesPerSecond, 6_000, 50, out bytes)); // the same again
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void A_first_rate_that_was_measured_twice_too_high_is_corrected()
    {
        UnsentLimit limit = default;
        limit.Restart(0, 0);
        Assert.True(limit.TryChange(300_000, 400, 50, out int first));
        Assert.Equal(37_500, first);
        Assert.True(limit.TryChange(300_000 + 160_000, 800, 50, out int second));
        Assert.Equal(20_000, second);
    }

    [Fact]
    public void A_path_that_becomes_faster_gets_more()
    {
        UnsentLimit limit = default;
        limit.Restart(0, 0);
        Assert.True(limit.TryChange(200_000, 500, 50, out int first));
        Assert.True(limit.TryChange(200_000 + 2_000_000, 1000, 50, out int second));
        Assert.Equal(10 * first, second);
    }
}
