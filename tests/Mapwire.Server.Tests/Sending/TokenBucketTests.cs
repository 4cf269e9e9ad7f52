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
    public void It_fills_with_time_up_to_a_burst_and_waits_a_debt_off()
    {
        TokenBucket budget = new(10_000, 0);
        Assert.Equal(12_000, budget.Available(0)); // what comes from one wake of a player to the next
        budget.Consume(17_000);
        Assert.Equal(-5_000, budget.Available(0));
        Assert.Equal(0, budget.Available(500));
        Assert.Equal(2_500, budget.Available(750));
        Assert.Equal(12_000, budget.Available(60_000));
    }

    [Fact]
    public void Who_looks_each_time_a_player_is_woken_gets_the_whole_rate()
    {
        TokenBucket budget = new(10_000, 0);
        budget.Consume(budget.Available(0));
        long sent = 0;
        for (long now = 1200; now <= 60_000; now += 1200)
        {
            long available = budget.Available(now);
            budget.Consume(available);
            sent += available;
        }

        Assert.InRange(sent, 599_000, 600_000);
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

        Assert.InRange(sent, 595_000, 614_000);
    }
}
