using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Loop;
using Xunit;

namespace Mapwire.Server.Tests.EventLoops;

public sealed class TimerWheelTests
{
    private const long Slot = 10;

    /// <summary>Stands for no deadline.</summary>
    private const int Never = int.MaxValue;

    /// <summary>Stands for the last moments before the end of all time.</summary>
    private const int Far = int.MaxValue - 1;

    [Fact]
    public void Each_deadline_rings_once_in_time_whatever_is_moved_or_cancelled()
    {
        Gen<(int Kind, int Entry, int Delay)[]> steps = (
            from kind in Gen.Choose(0, 3)
            from entry in Gen.Choose(0, 7)
            from delay in Gen.Frequency((6, Gen.Choose(-50, 2_000)), (2, Gen.Choose(0, 60_000)), (1, Gen.Constant(Never)),
            (1, Gen.Constant(Far)))
            select (kind, entry, delay)).ArrayOf();
        Prop.ForAll(steps.ToArbitrary(), RunAgainstModel).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void An_entry_may_set_itself_again_while_it_rings()
    {
        TimerWheel wheel = new(0);
        Probe probe = new();
        probe.OnRing = now =>
        {
            if (now < 1_000)
            {
                wheel.Set(probe, now + 100);
            }
        };
        wheel.Set(probe, 100);
        for (long now = 0; now < 2_000; now += 5)
        {
            wheel.Advance(now);
        }

        Assert.InRange(probe.Rings.Count, 8, 11);
        Assert.Equal(-1, wheel.UntilNext(2_000));
    }

    [Fact]
    public void A_long_sleep_rings_everything_once()
    {
        TimerWheel wheel = new(0);
        Probe[] probes = [.. Enumerable.Range(0, 100).Select(static _ => new Probe())];
        for (int i = 0; i < probes.Length; i++)
        {
            wheel.Set(probes[i], i * 700);
        }

        wheel.Advance(10_000_000);
        Assert.All(probes, static probe => Assert.Single(probe.Rings));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue - 1)]
    [InlineData(long.MaxValue - 9)]
    public void An_entry_whose_deadline_never_comes_does_not_time_out(long deadline)
    {
        TimerWheel wheel = new(0);
        Probe probe = new();
        wheel.Set(probe, deadline);
        for (long now = 0; now < 60_000; now += 10)
        {
            wheel.Advance(now);
        }

        Assert.Empty(probe.Rings);
    }

    [Fact]
    public void An_entry_without_a_deadline_wakes_nothing()
    {
        TimerWheel wheel = new(0);
        Probe probe = new();
        wheel.Set(probe, 100);
        wheel.Set(probe, TimerWheel.Never); // a pause
        Assert.Equal(-1, wheel.UntilNext(0));
        wheel.Advance(20_000);
        Assert.Empty(probe.Rings);
        Assert.Equal(-1, wheel.UntilNext(20_000));
    }

    [Fact]
    public void The_next_deadline_is_found_from_every_slot()
    {
        for (long start = 0; start < 2 * 1024 * Slot; start += 370)
        {
            foreach (long delay in (long[])[1, 10, 630, 640, 650, 5_000, 10_200])
            {
                TimerWheel wheel = new(start);
                wheel.Set(new Probe(), start + delay);
                Assert.InRange(wheel.UntilNext(start), delay, delay + Slot);
            }
        }
    }

    private static bool RunAgainstModel((int Kind, int Entry, int Delay)[] steps)
    {
        long now = 12_345;
        TimerWheel wheel = new(now);
        Probe[] probes = [.. Enumerable.Range(0, 8).Select(static _ => new Probe())];
        long?[] deadlines = new long?[8];
        long[] setAt = new long[8]; // a deadline that is over when it is set counts from there
        foreach ((int kind, int entry, int delay) in steps)
        {
            switch (kind)
            {
                case 0 or 1:
                    long deadline = delay switch { Never => TimerWheel.Never, Far => long.MaxValue - entry - 1, _ => now + delay };
                    wheel.Set(probes[entry], deadline);
                    deadlines[entry] = delay == Never ? null : deadline;
                    setAt[entry] = now;
                    break;
                case 2:
                    wheel.Cancel(probes[entry]);
                    deadlines[entry] = null;
                    break;
                default:
                    now += Math.Abs(delay % 60_001);
                    wheel.Advance(now);
                    break;
            }

            for (int i = 0; i < 8; i++)
            {
                bool rang = probes[i].Rings.Count > 0;
                if (rang && (deadlines[i] is not { } rung || probes[i].Rings is not [var at] || at < rung))
                {
                    return false; // rang early, twice, or after a cancel
                }

                if (!rang && deadlines[i] is { } due && kind == 3 && now - (2 * Slot) >= Math.Max(due, setAt[i]))
                {
                    return false; // late
                }

                if (rang)
                {
                    probes[i].Rings.Clear();
                    deadlines[i] = null;
                }
            }

            // No wait where nothing is set, and none that is longer than the next deadline or the ring.
            int wait = wheel.UntilNext(now);
            long? next = deadlines.Min();
            if ((next is null) != (wait < 0) || (next is { } soonest && wait > Math.Max(soonest - now, 0) + (2 * Slot)))
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Probe : TimerEntry
    {
        public List<long> Rings { get; } = [];

        public Action<long>? OnRing { get; set; }

        public override void OnTimeout(long now)
        {
            Rings.Add(now);
            OnRing?.Invoke(now);
        }
    }
}
