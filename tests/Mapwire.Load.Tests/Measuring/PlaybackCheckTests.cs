using Mapwire.Load.Measuring;

namespace Mapwire.Load.Tests.Measuring;

public sealed class PlaybackCheckTests
{
    private const long Second = LoadClock.Second;

    [Fact]
    public void Media_ahead_of_the_clock_never_stalls()
    {
        PlaybackCheck check = new();
        for (int i = 0; i <= 250; i++)
        {
            check.Add(isVideo: true, 5000 + (i * 40), (i * 40_000) - Math.Min(i * 40_000, 500_000)); // half a second ahead, from 5 s on
        }

        check.Settle(10 * Second - 500_000);
        Assert.Equal(0, check.Stalls);
        Assert.Equal(10_000, check.MediaTime);
        Assert.InRange(check.LeastLead, 450_000, 500_000);
    }

    [Fact]
    public void A_pause_longer_than_the_media_in_hand_is_one_stall_of_the_difference()
    {
        PlaybackCheck check = new();
        check.Add(true, 0, 0);
        check.Add(true, 1000, 0); // a second in hand
        Assert.False(check.IsStalledAt(1_050_000));
        Assert.True(check.IsStalledAt(1_150_000));
        check.Add(true, 1040, 3 * Second); // two seconds late
        Assert.Equal(1, check.Stalls);
        Assert.Equal(2 * Second, check.Stalled);
        Assert.False(check.IsStalledAt(3 * Second)); // its clock stood meanwhile
        check.Add(true, 1080, (3 * Second) + 40_000);
        Assert.Equal(1, check.Stalls);
    }

    [Fact]
    public void A_stall_at_the_end_counts_when_the_play_is_settled()
    {
        PlaybackCheck check = new();
        check.Add(true, 0, 0);
        check.Settle(5 * Second);
        Assert.Equal(1, check.Stalls);
        Assert.Equal(5 * Second, check.Stalled);
    }

    [Fact]
    public void Times_out_of_order_and_holes_are_counted_by_track()
    {
        PlaybackCheck check = new();
        check.Add(true, 1000, 0);
        check.Add(false, 990, 1); // another track: its own order
        check.Add(true, 1040, 2);
        check.Add(false, 1010, 3);
        Assert.Equal((0, 0), (check.Backwards, check.Gaps));
        check.Add(true, 1039, 4);
        Assert.Equal((1, 0), (check.Backwards, check.Gaps));
        check.Add(false, 3011, 5);
        Assert.Equal((1, 1), (check.Backwards, check.Gaps));
    }

    [Fact]
    public void Nothing_received_is_nothing_judged()
    {
        PlaybackCheck check = new();
        check.Settle(100 * Second);
        Assert.False(check.IsStalledAt(100 * Second));
        Assert.Equal(0, check.Stalls);
        Assert.Equal(long.MaxValue, check.LeastLead);
    }
}
