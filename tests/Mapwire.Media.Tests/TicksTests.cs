using Xunit;

namespace Mapwire.Media.Tests;

public sealed class TicksTests
{
    [Theory]
    [InlineData(0, 1000u, 0)]
    [InlineData(-1, 1000u, -1)]
    [InlineData(-1, 44100u, -1)]
    [InlineData(-1024, 44100u, -24)]
    [InlineData(1001, 30000u, 33)]
    [InlineData(2002, 30000u, 66)]
    [InlineData(3003, 30000u, 100)]
    [InlineData(long.MaxValue / 1000, 1u, 9223372036854775000)]
    [InlineData(long.MaxValue, uint.MaxValue, 2147483648499)]
    [InlineData(long.MinValue, uint.MaxValue, -2147483648501)]
    public void Milliseconds_round_down(long ticks, uint timescale, long expected) =>
        Assert.Equal(expected, Ticks.ToMilliseconds(ticks, timescale));

    [Fact]
    public void Nothing_drifts_in_a_hundred_hours()
    {
        const uint timescale = 90000;
        for (long sample = 0; sample < 100L * 3600 * 24; sample += 9973)
        {
            long ticks = sample * 3753;
            Assert.Equal((long)Math.Floor((decimal)ticks * 1000 / timescale), Ticks.ToMilliseconds(ticks, timescale));
        }
    }

    [Fact]
    public void A_span_that_is_too_long_is_the_longest()
    {
        Assert.Equal(TimeSpan.FromSeconds(2), Ticks.ToTimeSpan(88200, 44100));
        Assert.Equal(TimeSpan.MaxValue, Ticks.ToTimeSpan(long.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ticks.ToTimeSpan(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ticks.ToMilliseconds(1, 0));
    }
}
