namespace Mapwire.Server.Sources;

/// <summary>Windows to be brought, the one that is needed first before the others, and the threads that do it.</summary>
internal sealed class ReadQueue
{
    /// <summary>Where the system has no room for a thread, one is tried again after this time, in milliseconds.</summary>
    private const int RetryInterval = 250;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly object _gate = new();
    private readonly PriorityQueue<PresenceRequest, long> _waiting = new();
    private readonly string _name;
    private readonly int _most;
    private readonly Action<PresenceRequest> _bring;
    private readonly Action<Thread>? _start;
    private int _threads;
    private int _idle;
    private bool _isStopped;
    private bool _triesAgain; // to start a thread

    /// <param name="name">Of the threads.</param>
    /// <param name="most">How many there are at most.</param>
    /// <param name="bring">Brings a window. One whose bringing throws is abandoned.</param>
    /// <param name="start">Starts a thread, in tests; null for the system.</param>
    public ReadQueue(string name, int most, Action<PresenceRequest> bring, Action<Thread>? start = null)
    {
        _name = name;
        _most = most;
        _bring = bring;
        _start = start;
    }

    /// <summary>Windows that no thread has taken yet.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Threads that wait to be called.</summary>
    public int Idle
    {
        get
        {
            lock (_gate)
            {
                return _idle;
            }
        }
    }

    /// <summary>Threads that have begun and not ended; 0 some time after <see cref="Stop"/>, unless a read hangs.</summary>
    public int Threads
    {
        get
        {
            lock (_gate)
            {
                return _threads;
            }
        }
    }

    /// <summary>Adds a window. Never throws.</summary>
    public void Add(PresenceRequest request)
    {
        lock (_gate)
        {
            if (!_isStopped)
            {
                _waiting.Enqueue(request, request.NeededAt);
                if (_idle > 0)
                {
                    _idle--; // it is called: the next window is another thread's
                    Monitor.Pulse(_gate);
                }
                else
                {
                    StartThread();
                }

                return;
            }
        }

        request.Source.Finish(request, isHere: false);
    }

    /// <summary>Ends the threads; what waits is not brought.</summary>
    public void Stop()
    {
        PresenceRequest[] left;
        lock (_gate)
        {
            _isStopped = true;
            left = [.. _waiting.UnorderedItems.Select(static item => item.Element)];
            _waiting.Clear();
            Monitor.PulseAll(_gate);
        }

        foreach (PresenceRequest request in left)
        {
            request.Source.Finish(request, isHere: false);
        }
    }

    /// <summary>Starts a thread, if there may be more, or tries again later: what waits stays in its place. Under the gate.</summary>
    private void StartThread()
    {
        if (_threads >= _most)
        {
            return;
        }

        _threads++;
        if (!BackgroundThread.TryStart(_name, Serve, _start))
        {
            _threads--;
            if (!_triesAgain)
            {
                _triesAgain = true;
                _ = TryAgainAsync();
            }
        }
    }

    private async Task TryAgainAsync()
    {
        await Task.Delay(RetryInterval).ConfigureAwait(false);
        lock (_gate)
        {
            _triesAgain = false;
            if (!_isStopped && _waiting.Count > 0)
            {
                StartThread();
            }
        }
    }

    private void Serve()
    {
        while (true)
        {
            PresenceRequest? request;
            lock (_gate)
            {
                while (!_waiting.TryDequeue(out request, out _))
                {
                    _idle++;
                    bool isCalled = !_isStopped && Monitor.Wait(_gate, IdleTime);
                    _idle -= isCalled ? 0 : 1;
                    if (_isStopped || (!isCalled && _waiting.Count == 0))
                    {
                        _threads--;
                        return;
                    }
                }
            }

            Bring(request);
        }
    }

    private void Bring(PresenceRequest request)
    {
        try
        {
            _bring(request);
        }
        catch (Exception exception) // what leaves a thread of ours ends the process
        {
            request.Source.Abandon(request, exception);
        }
    }
}
