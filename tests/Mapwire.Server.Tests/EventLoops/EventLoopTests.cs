using System.ComponentModel;
using System.Runtime.InteropServices;
using Mapwire.Server.Loop;
using Xunit;

namespace Mapwire.Server.Tests.EventLoops;

public sealed class EventLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_poller_that_fails_does_not_end_the_loop()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        loop.Start();
        for (int i = 0; i < 3; i++)
        {
            poller.Fail(new Win32Exception(12)); // ENOMEM
        }

        using ManualResetEventSlim ran = new();
        loop.Post(ran.Set);
        Assert.True(ran.Wait(Patience));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref loop.Faults) == 3, Patience));
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void A_fault_in_one_turn_ends_that_one_alone()
    {
        Recorder loop = new(new ScriptedPoller());
        Probe faulty = new(loop) { Turn = static () => throw new InvalidOperationException("a fault of this one") };
        Probe hopeless =
            new(loop)
            {
                Turn = static () => throw new InvalidOperationException("first"),
                Fault =
                static _ => throw new InvalidOperationException("second")
            };
        Probe good = new(loop);
        loop.Start();
        loop.Post(faulty);
        loop.Post(hopeless);
        loop.Post(static () => throw new InvalidOperationException("nobody's"));
        loop.Post(good);
        Assert.True(good.HadTurn.Wait(Patience));
        Assert.Equal("a fault of this one", Assert.Single(faulty.Faults).Message);
        Assert.Equal(1, loop.Faults); // the action's
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void A_fault_in_a_deadline_lets_the_other_deadlines_come()
    {
        Recorder loop = new(new ScriptedPoller());
        Probe faulty = new(loop) { Turn = static () => throw new InvalidOperationException("late") };
        Probe good = new(loop);
        loop.Post(() =>
        {
            loop.SetTimer(good, loop.Now + 30);
            loop.SetTimer(faulty, loop.Now + 30); // called first: the newest of a slot
        });
        loop.Start();
        Assert.True(good.HadTurn.Wait(Patience));
        Assert.Single(faulty.Faults);
        Assert.True(loop.Stop(Patience));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_is_due_comes_before_the_next_of_those_that_take_long(bool byEvents)
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        List<string> order = [];
        Probe first = new(loop)
        {
            Turn = () =>
            {
                order.Add("first");
                long until = loop.Now + 400;
                Assert.True(SpinWait.SpinUntil(() => LoopClock.Milliseconds >= until, Patience));
            },
        };
        Probe second = new(loop) { Turn = () => order.Add("second") };
        Probe due = new(loop) { Turn = () => order.Add("due") };
        loop.Post(() =>
        {
            loop.Watch(first);
            loop.Watch(second);
            loop.SetTimer(due, loop.Now + 300);
            if (!byEvents)
            {
                loop.RunAgain(first);
                loop.RunAgain(second);
            }
            else
            {
                poller.Report(new PollEvent(first.Place, true, false, false), new PollEvent(second.Place, true, false, false));
            }
        });
        loop.Start();
        Assert.True(second.HadTurn.Wait(Patience));
        Assert.True(due.HadTurn.Wait(Patience));
        Assert.True(loop.Stop(Patience));
        Assert.Equal(["first", "due", "second"], order);
    }

    [Fact]
    public void What_was_posted_comes_before_the_rest_of_a_long_round_and_that_before_what_is_ready_later()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        List<string> order = [];
        Probe third = new(loop) { Turn = () => order.Add("third") };
        Probe first = new(loop)
        {
            Turn = () =>
            {
                order.Add("first");
                poller.Report(new PollEvent(third.Place, true, false, false));
                long until = loop.Now + 400;
                Assert.True(SpinWait.SpinUntil(() => LoopClock.Milliseconds >= until, Patience));
            },
        };
        Probe second = new(loop) { Turn = () => order.Add("second") };
        loop.Post(() =>
        {
            loop.Watch(first);
            loop.Watch(third);
            loop.RunAgain(first);
            loop.RunAgain(second);
            loop.Post(() => order.Add("posted"));
        });
        loop.Start();
        Assert.True(third.HadTurn.Wait(Patience));
        Assert.True(loop.Stop(Patience));
        Assert.Equal(["first", "posted", "second", "third"], order);
    }

    [Fact]
    public void A_loop_that_works_on_many_is_not_stuck()
    {
        Recorder loop = new(new ScriptedPoller());
        bool wasStuck = false;
        List<Probe> probes = [];
        for (int i = 0; i < 6; i++)
        {
            probes.Add(new Probe(loop)
            {
                Turn = () =>
                {
                    long until = LoopClock.Milliseconds + 500; // three seconds in all, of which each is nothing
                    Assert.True(SpinWait.SpinUntil(() => LoopClock.Milliseconds >= until, Patience));
                    wasStuck |= loop.IsStuck;
                },
            });
        }

        loop.Post(() => probes.ForEach(loop.RunAgain));
        loop.Start();
        Assert.True(SpinWait.SpinUntil(() => probes.TrueForAll(static probe => probe.HadTurn.IsSet), Patience));
        Assert.True(loop.Stop(Patience));
        Assert.False(wasStuck);
    }

    [Fact]
    public void A_loop_that_has_ended_is_not_stuck()
    {
        Recorder loop = new(new ScriptedPoller());
        loop.Start();
        Assert.True(loop.Stop(Patience));
        Assert.False(loop.IsStuck);
    }

    [Fact]
    public void A_place_that_was_left_is_given_to_the_next()
    {
        Recorder loop = new(new ScriptedPoller());
        Probe first = new(loop);
        loop.Watch(first);
        for (int i = 0; i < 3; i++)
        {
            Probe second = new(loop);
            loop.Watch(second);
            Assert.Equal((0, 1), (first.Place, second.Place));
            loop.Unwatch(second);
            Assert.True(second.Place < 0);
        }

        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void The_loop_frees_what_is_its_own_as_its_last_act_and_not_before()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        using ManualResetEventSlim hangs = new();
        using ManualResetEventSlim isIn = new();
        Probe stuck = new(loop)
        {
            Turn = () =>
            {
                isIn.Set();
                hangs.Wait();
            },
        };
        loop.Post(() => loop.Watch(stuck));
        loop.Start();
        loop.Post(stuck);
        Assert.True(isIn.Wait(Patience));
        Assert.False(loop.Stop(TimeSpan.FromMilliseconds(50)));
        Assert.False(poller.IsDisposed); // its thread is still inside, as in a page fault of a dead file system
        Assert.False(loop.HasEnded);
        hangs.Set();
        Assert.True(loop.Stop(Patience));
        Assert.True(poller.IsDisposed);
        Assert.True(loop.HasEnded);
        Assert.True(stuck.SawEnd);
    }

    [Fact]
    public void What_is_posted_to_a_loop_that_never_ran_runs_when_it_is_stopped()
    {
        Recorder loop = new(new ScriptedPoller());
        bool ran = false;
        Probe onItsWay = new(loop);
        loop.Post(() => ran = true);
        loop.Post(onItsWay);
        Assert.False(ran);
        Assert.True(loop.Stop(Patience));
        Assert.True(ran);
        Assert.True(onItsWay.SawEnd);
        Assert.True(loop.HasEnded);
        loop.Start(); // stays ended
        Assert.False(loop.IsRunning);
    }

    [Fact]
    public void What_comes_after_the_end_is_ended_before_its_turn_and_is_not_watched()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        loop.Start();
        Assert.True(loop.Stop(Patience));
        bool wasEnded = false;
        Probe late = null!;
        late = new Probe(loop) { Turn = () => wasEnded = late.SawEnd };
        loop.Post(late);
        Assert.True(late.HadTurn.IsSet);
        Assert.True(wasEnded);
        Assert.Throws<ObjectDisposedException>(() => loop.Watch(late));
    }

    [Fact]
    public void A_loop_whose_fault_cannot_be_told_goes_on()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller) { Telling = static () => throw new IOException("no space left on device") };
        using ManualResetEventSlim ran = new();
        loop.Start();
        poller.Fail(new Win32Exception(12));
        loop.Post(static () => throw new InvalidOperationException("a fault"));
        loop.Post(ran.Set);
        Assert.True(ran.Wait(Patience));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref loop.Faults) == 2, Patience));
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void What_cannot_even_end_is_forgotten()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        Probe hopeless = new(loop)
        {
            Turn = static () => throw new InvalidOperationException("first"),
            Fault = static _ => throw new InvalidOperationException("second"),
        };
        loop.Watch(hopeless);
        Assert.Equal(0, hopeless.Place);
        loop.Start();
        poller.Report(new PollEvent(0, true, false, false));
        Assert.True(SpinWait.SpinUntil(() => hopeless.Place < 0, Patience));
        Assert.True(loop.Stop(Patience));
        Assert.False(hopeless.SawEnd);
    }

    [Fact]
    public void What_is_posted_after_the_end_runs_at_once_so_that_it_lets_go()
    {
        Recorder loop = new(new ScriptedPoller());
        loop.Start();
        Assert.True(loop.Stop(Patience));
        bool ran = false;
        loop.Post(() => ran = true);
        Assert.True(ran);
        Probe late = new(loop);
        loop.Post(late);
        Assert.True(late.HadTurn.IsSet);
    }

    [Fact]
    public void A_loop_that_never_started_is_freed_too()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        Assert.True(loop.Stop(Patience));
        Assert.True(loop.Stop(Patience));
        Assert.True(poller.IsDisposed);
    }

    [Fact]
    public void Who_is_urgent_comes_before_any_number_of_those_who_are_not()
    {
        Recorder loop = new(new ScriptedPoller());
        int patientTurns = 0;
        int patientBefore = -1;
        Probe[] newcomers = [.. Enumerable.Range(0, 500).Select(_ => new Probe(loop)
        {
            Urgent = false,
            Turn = () =>
            {
                patientTurns++;
                long end = Environment.TickCount64 + 1;
                SpinWait.SpinUntil(() => Environment.TickCount64 > end);
            },
        })];
        Probe player = new(loop) { Turn = () => patientBefore = patientTurns };
        foreach (Probe newcomer in newcomers)
        {
            loop.Post(newcomer);
        }

        loop.Start();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref patientTurns) > 0, Patience));
        loop.Post(player); // behind five hundred, who need a second
        Assert.True(player.HadTurn.Wait(Patience));
        Assert.InRange(patientBefore, 1, 250);
        Assert.True(newcomers[^1].HadTurn.Wait(Patience)); // and they all have theirs
        Assert.True(loop.Stop(Patience));
        Assert.Equal(500, patientTurns);
    }

    [Fact]
    public void What_the_loop_posts_to_itself_comes_in_the_next_round_without_a_wake()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        Probe next = new(loop);
        int wakes = -1;
        int timeout = -1;
        using ManualResetEventSlim ran = new();
        Probe first = new(loop)
        {
            Urgent = false, // its turn comes after the queues were looked at
            Turn = () =>
            {
                int before = Volatile.Read(ref poller.Wakes);
                loop.Post(next);
                loop.Post(() =>
                {
                    timeout = poller.LastTimeout;
                    ran.Set();
                });
                wakes = Volatile.Read(ref poller.Wakes) - before;
            },
        };
        loop.Start();
        loop.Post(first);
        Assert.True(ran.Wait(Patience));
        Assert.True(next.HadTurn.Wait(Patience));
        Assert.Equal(0, wakes);
        Assert.Equal(0, timeout);
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void One_that_is_posted_in_each_of_its_turns_holds_up_nobody_else()
    {
        Recorder loop = new(new ScriptedPoller());
        bool isOver = false;
        Probe busy = null!;
        busy = new Probe(loop) // as one whose stream takes all that it is given at once
        {
            Turn = () =>
            {
                if (!Volatile.Read(ref isOver))
                {
                    loop.Post(busy);
                }
            },
        };
        Probe due = new(loop);
        Probe newcomer = new(loop) { Urgent = false };
        loop.Post(Busy);
        loop.Post(busy);
        loop.Post(() => loop.SetTimer(due, loop.Now + 30));
        loop.Post(newcomer);
        loop.Start();
        bool[] came = [due.HadTurn.Wait(Patience / 3), newcomer.HadTurn.Wait(Patience / 3)];
        Volatile.Write(ref isOver, true);
        Assert.True(loop.Stop(Patience));
        Assert.Equal([true, true], came);

        void Busy()
        {
            if (!Volatile.Read(ref isOver))
            {
                loop.Post(Busy);
            }
        }
    }

    [Fact]
    public void The_clock_of_the_loops_is_the_one_that_the_rest_of_the_server_reads()
    {
        long before = Environment.TickCount64;
        long now = LoopClock.Milliseconds;
        Assert.InRange(now, before, Environment.TickCount64 + 20); // the other one may be a tick of the system behind
    }

    [Fact]
    public void A_round_that_hangs_is_seen_from_outside()
    {
        Recorder loop = new(new ScriptedPoller());
        using ManualResetEventSlim hangs = new();
        Probe stuck = new(loop) { Turn = hangs.Wait };
        loop.Start();
        Assert.False(loop.IsStuck);
        loop.Post(stuck);
        Assert.True(SpinWait.SpinUntil(() => loop.IsStuck, Patience));
        hangs.Set();
        Assert.True(SpinWait.SpinUntil(() => !loop.IsStuck, Patience));
        Assert.True(loop.Stop(Patience));
    }

    [Fact]
    public void An_event_for_a_place_that_was_given_up_meets_nobody()
    {
        ScriptedPoller poller = new();
        Recorder loop = new(poller);
        Probe first = new(loop);
        Probe second = new(loop);
        using ManualResetEventSlim done = new();
        loop.Post(() =>
        {
            loop.Watch(first);
            loop.Watch(second);
            loop.Unwatch(first);
            done.Set();
        });
        loop.Start();
        Assert.True(done.Wait(Patience));
        poller.Report(new PollEvent(0, true, false, false), new PollEvent(1, true, false, false));
        Assert.True(second.HadTurn.Wait(Patience));
        Assert.False(first.HadTurn.IsSet);
        Assert.True(loop.Stop(Patience));
        Assert.True(second.SawEnd);
        Assert.False(first.SawEnd);
    }

    [Fact]
    public void Who_cannot_end_with_the_loop_is_told_of_it_and_the_others_end()
    {
        Recorder loop = new(new ScriptedPoller());
        Probe faulty = new(loop) { End = static () => throw new InvalidOperationException("here") };
        Probe other = new(loop);
        loop.Watch(faulty);
        loop.Watch(other);
        loop.Start();
        Assert.True(loop.Stop(Patience));
        Assert.Equal("here", Assert.Single(faulty.Faults).Message);
        Assert.True(other.SawEnd);
        Assert.True(loop.HasEnded);
    }

    private sealed class Recorder(Poller poller) : EventLoop("test loop", poller)
    {
        public int Faults;

        public bool HasEnded { get; private set; }

        public Action Telling { get; init; } = static () => { };

        protected override void OnLoopFault(Exception exception)
        {
            Interlocked.Increment(ref Faults);
            Telling();
        }

        protected override void OnEnd() => HasEnded = true;
    }

    private sealed class Probe(EventLoop loop) : Watched(loop)
    {
        public override SafeHandle? Handle => null;

        public override bool IsUrgent => Urgent;

        public bool Urgent { get; init; } = true;

        public Action Turn { get; init; } = static () => { };

        public Action<Exception> Fault { get; init; } = static _ => { };

        public ManualResetEventSlim HadTurn { get; } = new();

        public List<Exception> Faults { get; } = [];

        public bool SawEnd { get; private set; }

        public override void TakeTurn()
        {
            Turn();
            HadTurn.Set();
        }

        public override void OnFault(Exception exception)
        {
            Faults.Add(exception);
            Fault(exception);
        }

        public Action End { get; init; } = static () => { };

        public override void OnLoopEnd()
        {
            SawEnd = true;
            End();
        }
    }
}
