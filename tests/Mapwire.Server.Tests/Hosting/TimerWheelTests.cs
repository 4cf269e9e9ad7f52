using FsCheck;
using FsCheck.Fluent;
using Mapwire.Server.Hosting;
using Xunit;

namespace Mapwire.Server.Tests.Hosting;

public sealed class TimerWheelTests
{
    private const long Slot = 10;

    [Fact]
    public void Each_deadline_rings_once_in_time_whatever_is_moved_or_cancelled()
    {
        Gen<(int Kind, int Entry, int Delay)[]> steps = (
            from kind in Gen.Choose(0, 3)
            from entry in Gen.Choose(0, 7)
            from delay in Gen.Frequency((3, Gen.Choose(-50, 2_000)), (1, Gen.Choose(0, 60_000)))
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
                    wheel.Set(probes[entry], now + delay);
                    deadlines[entry] = now + delay;
                    setAt[entry] = now;
                    break;
                case 2:
                    wheel.Cancel(probes[entry]);
                    deadlines[entry] = null;
                    break;
                default:
                    now += Math.Abs(delay);
                    wheel.Advance(now);
                    break;
            }

            for (int i = 0; i < 8; i++)
            {
                bool rang = probes[i].Rings.Count > 0;
                if (rang && (deadlines[i] is not { } deadline || probes[i].Rings is not [var at] || at < deadline))
                {
                    return false; // rang early, twice, or after a cancel
                }

                if (!rang && deadlines[i] is { } due && kind == 3 && now >= Math.Max(due, setAt[i]) + (2 * Slot))
                {
                    return false; // late
                }

                if (rang)
                {
                    probes[i].Rings.Clear();
                    deadlines[i] = null;
                }
            }

            int wait = wheel.UntilNext(now);
            if (deadlines.Any(static d => d is not null) && (wait < 0 || now + wait > deadlines.Max()!.Value + (2 * Slot) && wait > 11_000))
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

        internal override void Ring(long now)
        {
            Rings.Add(now);
            OnRing?.Invoke(now);
        }
    }
}
