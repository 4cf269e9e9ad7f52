using System.Collections.Concurrent;
using System.Diagnostics;

namespace Mapwire.Server.Loop;

/// <summary>
/// One thread with a poller, timers and a queue of turns. What lives on it is never locked: it is called by this thread alone, from the
/// day it is watched to the day it is not.
/// </summary>
/// <remarks>
/// A round is: wait; events; timers; turns; posts; and then, for a bounded time, those that are not urgent. So who plays comes before who
/// connects, however many connect; and timers come between turns that take long, so who is due does not wait for who takes all it gets.
/// No exception of one of them, and none of a poller, ends the thread. It frees what is its own as its
/// last act, so nothing is freed under it.
/// </remarks>
internal class EventLoop
{
    private const int EventsPerWait = 512;

    /// <summary>How long those that are not urgent are served a round, in milliseconds: more than what a round costs otherwise.</summary>
    private const double PatientShare = 10;

    /// <summary>The same while the loop is late with what is urgent.</summary>
    private const double PatientShareWhenLate = 1;

    /// <summary>
    /// Milliseconds that a timer may be late before the loop counts as late: the least lead of a player is some times that.
    /// </summary>
    private const long Late = 60;

    /// <summary>How long turns may take before timers are looked at again, in milliseconds: half of a slot of the timers.</summary>
    private const long CatchUpAfter = 5;

    /// <summary>
    /// How long those whose sockets are ready are served a round, in milliseconds, before what was posted and those that are not urgent
    /// have their turn: a hundred fast pulls of megabytes each would keep them waiting. The rest comes first in the next round.
    /// </summary>
    private const long LongestTurns = 50;

    /// <summary>A round that takes longer than this, in milliseconds, is stuck in a system call.</summary>
    private const long StuckAfter = 2000;

    /// <summary>Milliseconds to wait after a poller has failed, so that a failure that stays does not become a spin.</summary>
    private const int PollFaultPause = 10;

    private readonly Poller _poller;
    private readonly TimerWheel _timers;
    private readonly ConcurrentQueue<Action> _actions = new();
    private readonly ConcurrentQueue<Watched> _posted = new();
    private readonly Queue<Watched> _ready = new();
    private readonly Queue<Watched> _patient = new();
    private readonly List<Watched?> _watched = [];
    private readonly Stack<int> _freePlaces = new();
    private readonly Thread _thread;
    private readonly Lock _afterEnd = new(); // held by who runs what was posted when the thread no longer does
    private int _state; // a State
    private int _isWoken;
    private long _roundSince; // 0 while it waits
    private long _phase; // odd in a round, even in the wait before the next one
    private bool _isBehind; // whether the round left some of those that were ready
    private long _late; // by how much a timer was at most in the round

    /// <summary>Creates a loop that does not run yet.</summary>
    /// <param name="name">Of the thread.</param>
    /// <param name="poller">The loop's own from now on; null for the system's.</param>
    public EventLoop(string name, Poller? poller = null)
    {
        _poller = poller ?? Poller.Create();
        Now = LoopClock.Milliseconds;
        _timers = new TimerWheel(Now);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
    }

    private enum State
    {
        /// <summary>No thread runs; what is to live here may be watched by whoever made the loop.</summary>
        Unstarted,

        /// <summary>The thread runs rounds.</summary>
        Running,

        /// <summary>The round at hand is the last.</summary>
        Stopping,

        /// <summary>What lives here is ended. Nothing is watched any more.</summary>
        Ending,

        /// <summary>What is posted is ended, and runs where it is posted, one thread at a time.</summary>
        Ended,
    }

    /// <summary>Milliseconds of a clock that never goes back, read once a round, and again in one that takes long.</summary>
    public long Now { get; internal set; } // a loop that was not started has a test's clock

    /// <summary>Whether the thread has not ended yet.</summary>
    public bool IsRunning => _thread.IsAlive;

    /// <summary>Whether the thread has been in one round for so long that it hangs in a system call. Any thread may ask.</summary>
    public bool IsStuck => Volatile.Read(ref _roundSince) is not 0 and long since && LoopClock.Milliseconds - since > StuckAfter;

    /// <summary>Counts rounds and the waits between them (<see cref="IsInRound"/>). Any thread may ask.</summary>
    public long Phase => Volatile.Read(ref _phase);

    /// <summary>Whether a <see cref="Phase"/> is that of a round.</summary>
    public static bool IsInRound(long phase) => (phase & 1) != 0;

    /// <summary>The longest wait, in milliseconds; -1 for no bound.</summary>
    protected virtual int MaxWait => -1;

    /// <summary>Starts the thread. A loop that was stopped stays so.</summary>
    /// <exception cref="OutOfMemoryException">The system gives this process no further thread; the loop is as it was.</exception>
    public void Start()
    {
        if (TryGo(State.Unstarted, State.Running))
        {
            try
            {
                _thread.Start();
            }
            catch
            {
                TryGo(State.Running, State.Unstarted);
                throw;
            }
        }
    }

    /// <summary>Ends what lives here, and the thread.</summary>
    /// <param name="patience">How long to wait for that. A thread that hangs in the system ends when the system lets it.</param>
    /// <returns>Whether it has ended.</returns>
    public bool Stop(TimeSpan patience)
    {
        if (TryGo(State.Unstarted, State.Ending))
        {
            End();
        }
        else if (TryGo(State.Running, State.Stopping))
        {
            Wake();
        }

        return (_thread.ThreadState & System.Threading.ThreadState.Unstarted) != 0 || _thread.Join(patience);
    }

    /// <summary>Runs something on the loop's thread. Any thread may call it. When the loop has ended it runs at once.</summary>
    public void Post(Action action)
    {
        _actions.Enqueue(action);
        Wake();
        RunAfterEnd(); // the loop may have looked for the last time before this was there
    }

    /// <summary>Gives something a turn; where the loop has ended, it is ended first. Any thread may call it.</summary>
    public void Post(Watched watched)
    {
        _posted.Enqueue(watched);
        Wake();
        RunAfterEnd();
    }

    /// <summary>Watches a socket from now on.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The system does not watch it.</exception>
    /// <exception cref="ObjectDisposedException">The loop ends or has ended.</exception>
    public void Watch(Watched watched)
    {
        ObjectDisposedException.ThrowIf((State)Volatile.Read(ref _state) >= State.Ending, this);
        if (!_freePlaces.TryPop(out int place))
        {
            place = _watched.Count;
            _watched.Add(null);
        }

        if (watched.Handle is { } handle)
        {
            try
            {
                _poller.Add(handle, place);
            }
            catch
            {
                _freePlaces.Push(place);
                throw;
            }
        }

        _watched[place] = watched;
        watched.Place = place;
    }

    /// <summary>Forgets it, with its deadline. Before its socket is closed.</summary>
    public void Unwatch(Watched watched)
    {
        _timers.Cancel(watched);
        int place = watched.Place;
        if (place < 0)
        {
            return;
        }

        watched.Place = -1;
        _watched[place] = null;
        _freePlaces.Push(place);
        if (watched.Handle is { } handle)
        {
            try
            {
                _poller.Remove(handle, place);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // The system does not know it any more: closed already. Events with this key find another owner or none.
            }
        }
    }

    /// <summary>Has a socket go on whose peer has ended its half.</summary>
    /// <returns>Whether it is watched still; not where the poller would tell of that end without a pause.</returns>
    public bool StaysWatchedBehindEnd(Watched watched)
    {
        if (_poller.TellsOfEndOnce || watched is not { Place: >= 0, Handle: { } handle })
        {
            return true;
        }

        _poller.Remove(handle, watched.Place);
        return false;
    }

    /// <summary>Tells the poller whether a socket waits until it can be written.</summary>
    public void WantWrite(Watched watched, bool want)
    {
        if (watched is { Place: >= 0, Handle: { } handle })
        {
            _poller.WantWrite(handle, watched.Place, want);
        }
    }

    /// <summary>Reads the clock again, in a turn that takes long. Timers are looked at behind it. On the loop's thread.</summary>
    public void RefreshClock()
    {
        if ((State)Volatile.Read(ref _state) != State.Unstarted) // else it is a test's
        {
            Now = LoopClock.Milliseconds;
        }
    }

    /// <summary>Gives a turn at a time of the loop's clock; <see cref="TimerWheel.Never"/> for none.</summary>
    public void SetTimer(Watched watched, long deadline) => _timers.Set(watched, deadline);

    /// <summary>Gives another turn after all others that wait for one.</summary>
    public void RunAgain(Watched watched)
    {
        if (!watched.HasTurn)
        {
            watched.HasTurn = true;
            (watched.IsUrgent ? _ready : _patient).Enqueue(watched);
        }
    }

    /// <summary>A round begins, after the wait.</summary>
    protected virtual void OnRoundBegin()
    {
    }

    /// <summary>A round is over; the next wait follows.</summary>
    protected virtual void OnRoundEnd()
    {
    }

    /// <summary>The loop's own work, or a poller, failed; the loop goes on.</summary>
    protected virtual void OnLoopFault(Exception exception)
    {
    }

    /// <summary>The last act of the thread: frees what is its own.</summary>
    protected virtual void OnEnd()
    {
    }

    private void Run()
    {
        PollEvent[] events = new PollEvent[EventsPerWait];
        while ((State)Volatile.Read(ref _state) == State.Running)
        {
            try
            {
                RunRound(events);
            }
            catch (Exception exception)
            {
                TellFault(exception);
                lock (_ready)
                {
                    Monitor.Wait(_ready, PollFaultPause); // nobody pulses it: a pause
                }
            }
        }

        TryGo(State.Stopping, State.Ending);
        End();
        Volatile.Write(ref _phase, (_phase + 1) & ~1);
    }

    private void RunRound(PollEvent[] events)
    {
        Volatile.Write(ref _roundSince, 0);
        Volatile.Write(ref _phase, (_phase + 1) & ~1); // a round that threw has not ended its phase
        int count = _poller.Wait(events, Patience());
        Interlocked.Exchange(ref _phase, _phase + 1); // a full fence: what the round finds is what there is from here on
        Now = LoopClock.Milliseconds;
        Volatile.Write(ref _roundSince, Now);
        Interlocked.Exchange(ref _isWoken, 0); // a full fence before the queues are looked at: a later post wakes the next wait
        OnRoundBegin();
        long began = Now;
        _late = 0;
        bool isBehind = _isBehind; // then those that were left come before those that are ready now
        int ready = _ready.Count;
        foreach (PollEvent seen in events.AsSpan(0, count))
        {
            if (_watched[(int)seen.Key] is { } watched)
            {
                watched.IsReadable |= seen.Readable;
                watched.IsWritable |= seen.Writable;
                watched.HasEnded |= seen.Ended;
                if (isBehind || Now - began >= LongestTurns)
                {
                    RunAgain(watched);
                }
                else
                {
                    RunOrQueue(watched);
                    CatchUp();
                }
            }
        }

        ready = isBehind ? _ready.Count : ready;
        _late = Math.Max(_late, _timers.Advance(Now));
        while (ready-- > 0 && Now - began < LongestTurns && _ready.TryDequeue(out Watched? watched))
        {
            watched.HasTurn = false;
            watched.RunTurn();
            CatchUp();
        }

        _isBehind = Now - began >= LongestTurns && _ready.Count > 0;
        RunActions();
        RunPosted();
        RunPatient(_late > Late ? PatientShareWhenLate : PatientShare);
        OnRoundEnd();
    }

    /// <summary>Gives those a turn whose time has come while others had theirs.</summary>
    private void CatchUp()
    {
        long now = LoopClock.Milliseconds;
        if (now - Now >= CatchUpAfter)
        {
            Now = now;
            _late = Math.Max(_late, _timers.Advance(now));
        }
    }

    /// <summary>Milliseconds to wait for events: until the next timer, or not at all while something waits for a turn.</summary>
    private int Patience()
    {
        if (_ready.Count > 0 || _patient.Count > 0 || !_posted.IsEmpty || !_actions.IsEmpty)
        {
            return 0;
        }

        int next = _timers.UntilNext(LoopClock.Milliseconds);
        int most = MaxWait;
        return most >= 0 && (next < 0 || next > most) ? most : next;
    }

    private void RunOrQueue(Watched watched)
    {
        if (watched.IsUrgent)
        {
            watched.RunTurn();
        }
        else
        {
            RunAgain(watched);
        }
    }

    /// <summary>
    /// Runs what was posted so far, as <see cref="RunPosted"/>. What is posted meanwhile is for the next round: a connection whose stream
    /// takes at once all that it is given posts itself in each turn, and no event and no deadline of another would come for as long as it
    /// is sent something.
    /// </summary>
    private void RunActions()
    {
        for (int count = _actions.Count; count > 0 && _actions.TryDequeue(out Action? action); count--)
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                TellFault(exception);
            }
        }
    }

    private void RunPosted()
    {
        for (int count = _posted.Count; count > 0 && _posted.TryDequeue(out Watched? watched); count--)
        {
            RunOrQueue(watched);
        }
    }

    /// <summary>Runs what was posted too late for the thread: what lives here is ended, if it was still on its way, and lets go of the
    /// rest in a turn.</summary>
    private void RunAfterEnd()
    {
        if ((State)Volatile.Read(ref _state) != State.Ended)
        {
            return; // the thread looks once more when it has ended; Wake is the fence between the queue and this look
        }

        lock (_afterEnd)
        {
            RunActions();
            while (_posted.TryDequeue(out Watched? watched))
            {
                watched.RunLastTurn();
            }
        }
    }

    private void TellFault(Exception exception)
    {
        try
        {
            OnLoopFault(exception);
        }
        catch (Exception)
        {
            // Whoever is told cannot bear it, and everybody else lives here.
        }
    }

    private bool TryGo(State from, State to) => Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;

    /// <summary>Serves those that are not urgent, each once, until the time is over; one at least, so that all of them move on.</summary>
    private void RunPatient(double milliseconds)
    {
        int count = _patient.Count;
        long start = count > 1 ? Stopwatch.GetTimestamp() : 0;
        while (count-- > 0 && _patient.TryDequeue(out Watched? watched))
        {
            watched.HasTurn = false;
            watched.RunTurn();
            if (count > 0 && Stopwatch.GetElapsedTime(start).TotalMilliseconds > milliseconds)
            {
                return;
            }
        }
    }

    private void Wake()
    {
        if (_thread == Thread.CurrentThread)
        {
            return; // it looks at all queues before it waits
        }

        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
        {
            try
            {
                _poller.Wake();
            }
            catch (Exception exception) when (exception is ObjectDisposedException or System.ComponentModel.Win32Exception)
            {
                Volatile.Write(ref _isWoken, 0); // the loop has ended, or the next post tries again
            }
        }
    }

    private void End()
    {
        foreach (Watched? watched in _watched.ToArray())
        {
            watched?.EndWithLoop();
        }

        lock (_afterEnd)
        {
            Interlocked.Exchange(ref _state, (int)State.Ended); // whatever is posted from now on runs where it is posted
            RunAfterEnd();
            OnEnd();
            _poller.Dispose();
        }

        Volatile.Write(ref _roundSince, 0);
    }
}
