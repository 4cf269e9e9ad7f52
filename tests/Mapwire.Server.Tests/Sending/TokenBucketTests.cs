using Mapwire.Server.Sending;
using Xunit;

namespace Mapwire.Server.Tests.Sending;

public sealed class TokenBucketTests
{
    [Fact]
    public void Without_a_limit_everything_is_available()
    {
        TokenBucket budget = new(null, 0);
        budget.Consume(long.MaxValue);
        Assert.Equal(long.MaxValue, budget.Available(0));
    }

    [Fact]
    public void It_fills_with_time_up_to_a_second_and_waits_a_debt_off()
    {
        TokenBucket budget = new(10_000, 0);
        Assert.Equal(10_000, budget.Available(0));
        budget.Consume(15_000);
        Assert.Equal(-5_000, budget.Available(0));
        Assert.Equal(0, budget.Available(500));
        Assert.Equal(2_500, budget.Available(750));
        Assert.Equal(10_000, budget.Available(60_000));
    }

    [Fact]
    public void Over_a_minute_no_more_than_the_rate_and_one_burst_is_sent()
    {
        TokenBucket budget = new(10_000, 0);
        long sent = 0;
        for (long now = 0; now < 60_000; now += 37)
        {
            if (budget.Available(now) > 0)
            {
                budget.Consume(1_300);
                sent += 1_300;
            }
        }

        Assert.InRange(sent, 595_000, 612_000);
    }
}
