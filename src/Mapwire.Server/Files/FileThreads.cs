namespace Mapwire.Server.Files;

/// <summary>
/// Threads for calls that the system may never answer: a network file system whose server is gone holds whoever looks at it. Whoever waits
/// here waits no longer than the limit, what hangs holds up no other file, and is tried by nobody else until it comes back. The reasons:
/// docs/adr/0009-files-that-hang.md.
/// </summary>
internal sealed class FileThreads : IDisposable
{
    /// <summary>The most threads that may hang before nothing more is begun: each takes a stack, some hundred kilobytes.</summary>
    public const int MostStuck = 256;

    /// <summary>
    /// A call that has lasted longer is stuck, and lets another file go first. Disks that spin up take seconds, and lose nothing by it.
    /// </summary>
    private const long StuckAfter = 1000;

    private const int LookInterval = 250;

    private const string Ends = "the server ends";

    /// <summary>Work that looks at the time itself does so sooner, with a better reason.</summary>
    private const long Grace = 250;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly object _gate = new();
    private readonly string _name;
    private readonly int _most;
    private readonly TimeLimit _limit;
    private readonly Action<Thread>? _start;
    private readonly Dictionary<string, FileWork> _byKey = new(StringComparer.Ordinal);
    private readonly Queue<FileWork> _ready = [];
    private readonly HashSet<FileWork> _running = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Timer _timer;
    private int _idle;
    private int _called; // threads that were woken or begun, and have not come yet
    private bool _isLooking;
    private bool _isDisposed;

    /// <param name="name">Of the threads.</param>
    /// <param name="most">How many work at once, those that are stuck not counted.</param>
    /// <param name="limits">Say how long anybody waits.</param>
    /// <param name="start">Starts a thread, in tests; null for the system.</param>
    public FileThreads(string name, int most, TitleLimits limits, Action<Thread>? start = null)
    {
        _name = name;
        _most = most;
        _limit = limits.Opening;
        _start = start;

        // It looks once, since the first timer of a process begins a thread: better now than when there may be no room for one.
        _timer = new Timer(_ => Look(), null, LookInterval, Timeout.Infinite);
    }

    /// <summary>Threads that are there now, for tests.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _running.Count + _idle + _called;
            }
        }
    }

    /// <summary>Does something that may hang.</summary>
    /// <param name="key">What it is about, a path mostly: of one key, one is done at a time, and none while one hangs.</param>
    /// <param name="work">Does it, and says when it waits for the system; until it says otherwise, it does.</param>
    /// <param name="tooLate">Given what came of it when nobody waits any longer.</param>
    /// <param name="limit">How long anybody waits for it; null for as long as for an opening.</param>
    /// <exception cref="TitleException">It was not done in time, or could not be begun.</exception>
    public Task<T> RunAsync<T>(string key, Func<FileWork, T> work, Action<T>? tooLate = null, TimeLimit? limit = null)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        FileWork added = new(key, limit ?? _limit, Run, reason => done.TrySetException(reason));
        lock (_gate)
        {
            if (_isDisposed)
            {
                added.Refuse(Ends);
            }
            else if (_byKey.TryGetValue(key, out FileWork? before))
            {
                if (before.Refusal is { } refusal)
                {
                    added.Refuse(refusal);
                }
                else
                {
                    before.Followers.Enqueue(added);
                }
            }
            else if (Stuck(Environment.TickCount64) >= MostStuck)
            {
                added.Refuse(TooMany);
            }
            else
            {
                _byKey.Add(key, added);
                _ready.Enqueue(added);
                CallThread();
            }
        }

        return done.Task;

        void Run(FileWork self)
        {
            try
            {
                T result = work(self);
                if (!done.TrySetResult(result))
                {
                    tooLate?.Invoke(result);
                }
            }
            catch (Exception fault)
            {
                done.TrySetException(fault);
            }
        }
    }

    /// <summary>
    /// Computes something, which may take long and waits for no system: it does not count as stuck, however long the processors are busy.
    /// </summary>
    /// <param name="key">What it is about: of one key, one is done at a time.</param>
    /// <param name="make">Computes it.</param>
    /// <exception cref="TitleException">It was not done in time, or could not be begun.</exception>
    public Task<T> ComputeAsync<T>(string key, Func<T> make) => RunAsync(key, work =>
    {
        work.EndWait();
        using FileWork.ProcessorUse use = FileWork.Compute(CancellationToken.None);
        return make();
    });

    /// <summary>
    /// Does something that may hang and has to be done, such as closing a file: however many hang, it is never done by the caller, who may
    /// be a worker, and waits until a thread comes back. Only when the threads have ended is it done at once.
    /// </summary>
    /// <param name="work">Does it.</param>
    public void RunWithoutRefusal(Action work)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _ready.Enqueue(new FileWork("", _limit, Run, static _ => { }) { IsOwed = true });
                CallThread();
                return;
            }
        }

        Run(null);

        void Run(FileWork? self)
        {
            try
            {
                work();
            }
            catch (Exception)
            {
                // what leaves a thread of ours ends the process, and nobody waits for what this one says
            }
        }
    }

    /// <summary>Begins nothing more but what is owed. What hangs is left to the end of the process: no call can be taken back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (FileWork work in _byKey.Values.Where(static work => work.Refusal is null))
            {
                RefuseAll(work, Ends);
            }

            RefuseReady(Ends);
            for (; _idle > 0; _idle--, _called++)
            {
                _wake.Release();
            }

            CallThread(); // closes what nobody has closed yet
        }

        _timer.Dispose();
    }

    private static string TooMany => $"{MostStuck} files do not answer; no other is opened until one does";

    private static string NoThread => "the system starts no more threads (a limit of threads or memory); try again later";

    private static void RefuseAll(FileWork work, string reason)
    {
        work.Refuse(reason);
        foreach (FileWork follower in work.Followers)
        {
            follower.Refuse(reason);
        }

        work.Followers.Clear();
    }

    /// <summary>Refuses what waits for a thread, but for what is owed. Under the gate.</summary>
    private void RefuseReady(string reason)
    {
        for (int i = _ready.Count; i > 0; i--)
        {
            FileWork waiting = _ready.Dequeue();
            if (waiting.IsOwed)
            {
                _ready.Enqueue(waiting);
            }
            else
            {
                _byKey.Remove(waiting.Key);
                RefuseAll(waiting, reason);
            }
        }
    }

    private int Stuck(long now) => _running.Count(work => work.WaitsFor(now) > StuckAfter);

    private bool HasRoom(long now) => _running.Count + _called < MostStuck && _running.Count + _called - Stuck(now) < _most;

    /// <summary>
    /// Wakes a thread for the next work, or begins one. Under the gate. Who comes calls the next one, so that a crowd of short work, such
    /// as looking up a playlist's items, does not make a crowd of threads.
    /// </summary>
    /// <returns>Whether one was called.</returns>
    private bool CallThread()
    {
        long now = Environment.TickCount64;
        if (_ready.Count <= _called || _called >= Environment.ProcessorCount || !HasRoom(now))
        {
            return false;
        }

        _called++;
        if (_idle > 0)
        {
            _idle--;
            _wake.Release();
        }
        else if (!BackgroundThread.TryStart(_name, Serve, _start))
        {
            _called--;
            if (_called == 0 && _running.Count == Stuck(now))
            {
                RefuseReady(NoThread); // no thread that is there comes to it
            }

            StartLooking(); // tries again for what is owed, or when those that run hang
            return false;
        }

        return true;
    }

    private void Serve()
    {
        Monitor.Enter(_gate);
        _called--;
        while (true)
        {
            while (_ready.Count > 0 && HasRoom(Environment.TickCount64))
            {
                FileWork work = _ready.Dequeue();
                _running.Add(work);
                work.Begin();
                StartLooking();
                CallThread();
                Monitor.Exit(_gate);
                work.Run();
                Monitor.Enter(_gate);
                End(work);
            }

            if (_isDisposed || !WaitForCall())
            {
                Monitor.Exit(_gate);
                return;
            }
        }
    }

    /// <summary>Waits without the gate, and comes back with it.</summary>
    /// <returns>False when nobody called for so long that the thread is not needed.</returns>
    private bool WaitForCall()
    {
        _idle++;
        Monitor.Exit(_gate);
        bool isCalled = _wake.Wait(IdleTime);
        Monitor.Enter(_gate);
        isCalled = isCalled || _wake.Wait(0); // called in between
        if (isCalled)
        {
            _called--;
        }
        else
        {
            _idle--;
        }

        return isCalled;
    }

    private void End(FileWork work)
    {
        _running.Remove(work);
        if (work.IsOwed)
        {
            return;
        }

        _byKey.Remove(work.Key);
        if (work.Followers.TryDequeue(out FileWork? next))
        {
            next.Followers = work.Followers;
            _byKey.Add(next.Key, next);
            _ready.Enqueue(next);
        }
    }

    private void StartLooking()
    {
        if (!_isLooking && !_isDisposed)
        {
            _isLooking = true;
            _timer.Change(LookInterval, LookInterval);
        }
    }

    /// <summary>Looks at what hangs: tells those who waited long enough, and lets others go first.</summary>
    private void Look()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            long now = Environment.TickCount64;
            foreach (FileWork work in _running)
            {
                if (work.Refusal is null && now - work.Started > work.Limit.Time.TotalMilliseconds + Grace)
                {
                    string reason = work.WaitsFor(now) > StuckAfter / 2 ? work.Limit.RefusalOfSilence : work.Limit.Refusal;
                    RefuseAll(work, work.Place is { } place ? $"{reason} ({place})" : reason);
                }
            }

            if (Stuck(now) >= MostStuck)
            {
                RefuseReady(TooMany);
            }

            while (CallThread())
            {
                // as many as there is work and room for
            }

            if (_running.Count == 0 && _ready.Count == 0)
            {
                _isLooking = false;
                _timer.Change(Timeout.Infinite, Timeout.Infinite);
            }
        }
    }
}
