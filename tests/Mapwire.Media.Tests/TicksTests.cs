using Xunit;

namespace Mapwire.Media.Tests;

public sealed class TicksTests
{
    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(1, 3, 333)]
    [InlineData(2, 3, 667)]
    [InlineData(-1, 2, -500)]
    [InlineData(-1, 3, -333)]
    [InlineData(-2, 3, -667)]
    [InlineData(1, 2000, 1)]
    [InlineData(-1024, 44100, -23)]
    [InlineData(1001, 30000, 33)]
    [InlineData(2002, 30000, 67)]
    [InlineData(3003, 30000, 100)]
    [InlineData(4611686016279904, 1, 4611686016279904000)] // the last that is divided in 64 bits
    [InlineData(4611686016279905, 1, 4611686016279905000)]
    [InlineData(long.MaxValue / 1000, 1, 9223372036854775000)]
    [InlineData(long.MaxValue, uint.MaxValue, 2147483648500)]
    [InlineData(long.MinValue, uint.MaxValue, -2147483648500)]
    public void Milliseconds_are_the_nearest(long ticks, uint timescale, long expected) =>
        Assert.Equal(expected, Ticks.ToMilliseconds(ticks, timescale));

    [Theory]
    [InlineData(0, 1, 0, 0)]
    [InlineData(1, 3, 333, 333_333)]
    [InlineData(-1, 3, -334, 666_666)]
    [InlineData(-1, 1000, -1, 0)]
    [InlineData(1001, 30000, 33, 366_666)]
    public void Ticks_split_into_milliseconds_and_what_they_leave(long ticks, uint timescale, long milliseconds, int nanoseconds) =>
        Assert.Equal((milliseconds, nanoseconds), Ticks.Split(ticks, timescale));

    [Theory]
    [InlineData(1001, 30000u)]
    [InlineData(3753, 90000u)]
    public void Nothing_drifts_in_a_hundred_hours(long frame, uint timescale)
    {
        for (long sample = 0; sample < 100L * 3600 * 24; sample += 9973)
        {
            decimal exact = (decimal)(sample * frame) * 1000 / timescale;
            Assert.Equal((long)Math.Floor(exact + 0.5m), Ticks.ToMilliseconds(sample * frame, timescale));
            Assert.Equal((long)Math.Floor(exact), Ticks.Split(sample * frame, timescale).Milliseconds);
        }
    }

    [Fact]
    public void What_is_out_of_range_is_said()
    {
        Assert.Equal(TimeSpan.FromSeconds(2), Ticks.ToTimeSpan(88200, 44100));
        Assert.Equal(TimeSpan.MaxValue, Ticks.ToTimeSpan(long.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ticks.ToTimeSpan(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ticks.ToMilliseconds(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ticks.Split(1, 0));
        Assert.Equal(long.MaxValue, Ticks.ToMilliseconds(long.MaxValue, 1));
        Assert.Equal(long.MinValue, Ticks.Split(long.MinValue, 1).Milliseconds);
    }
}
