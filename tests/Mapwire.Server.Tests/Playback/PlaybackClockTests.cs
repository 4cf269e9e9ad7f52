using Mapwire.Server.Playback;
using Xunit;

namespace Mapwire.Server.Tests.Playback;

public sealed class PlaybackClockTests
{
    [Theory]
    [InlineData(0, 1000)]
    [InlineData(1, 1000)]
    [InlineData(999, 1000)]
    [InlineData(1000, 2000)] // in time
    [InlineData(1013, 2000)] // late, and not later the next time
    [InlineData(2900, 3000)]
    public void Beats_are_whole_intervals_after_the_clock_was_set(long after, long beat)
    {
        PlaybackClock clock = default;
        clock.Set(position: new(77), now: 5003, runs: true);
        Assert.Equal(5003 + beat, clock.NextBeat(5003 + after, 1000));
    }

    [Fact]
    public void Players_that_were_served_in_one_late_round_do_not_stay_together()
    {
        PlaybackClock first = default;
        PlaybackClock second = default;
        first.Set(new(0), now: 0, runs: true);
        second.Set(new(0), now: 400, runs: true);
        long late = 1450; // both are due by now
        Assert.Equal(400, second.NextBeat(late, 1000) - first.NextBeat(late, 1000));
    }
}
