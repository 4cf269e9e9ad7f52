namespace Mapwire.Server.Live;

/// <summary>
/// Those who wait by HTTP for a live stream that nobody publishes yet, or of which nothing can be played yet: each is told when something
/// has changed, and looks then. None of them has a timer: the tick of all streams tells those whose time is over. Any thread may call it.
/// </summary>
internal sealed class LiveArrivals
{
    private readonly Dictionary<string, LinkedList<LiveArrival>> _byName = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _count;

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Begins to wait for a stream, until the arrival is disposed of: what changes between a look and the wait behind it counts.
    /// </summary>
    public LiveArrival Add(string name)
    {
        LiveArrival added = new(_gate, Remove, name);
        lock (_gate)
        {
            if (!_byName.TryGetValue(name, out LinkedList<LiveArrival>? waiting))
            {
                _byName.Add(name, waiting = new LinkedList<LiveArrival>());
            }

            waiting.AddLast(added.Place);
            Volatile.Write(ref _count, _count + 1);
        }

        return added;
    }

    /// <summary>Something has changed for those who wait for a stream.</summary>
    public void Announce(string name)
    {
        if (Count == 0)
        {
            return; // nearly always
        }

        List<TaskCompletionSource> told = [];
        lock (_gate)
        {
            if (_byName.TryGetValue(name, out LinkedList<LiveArrival>? waiting))
            {
                foreach (LiveArrival one in waiting)
                {
                    one.Announce(told);
                }
            }
        }

        if (told.Count > 0)
        {
            // The publisher's thread, which calls this, goes on at once however many wait.
            ThreadPool.UnsafeQueueUserWorkItem(static all => all.ForEach(static one => one.TrySetResult()), told, preferLocal: false);
        }
    }

    /// <summary>Tells those whose time is over.</summary>
    /// <param name="now">On the loops' clock.</param>
    public void Tick(long now)
    {
        if (Count == 0)
        {
            return;
        }

        List<TaskCompletionSource> late = [];
        lock (_gate)
        {
            foreach (LiveArrival one in _byName.Values.SelectMany(static waiting => waiting))
            {
                one.EndWhenLate(now, late);
            }
        }

        late.ForEach(static one => one.TrySetResult());
    }

    private void Remove(LiveArrival one)
    {
        lock (_gate)
        {
            if (one.Place.List is not { } waiting)
            {
                return;
            }

            waiting.Remove(one.Place);
            Volatile.Write(ref _count, _count - 1);
            if (waiting.Count == 0)
            {
                _byName.Remove(one.Name);
            }
        }
    }
}

/// <summary>One who waits for a live stream.</summary>
/// <remarks>What it holds is under the gate of all who wait.</remarks>
internal sealed class LiveArrival : IDisposable
{
    private readonly Lock _gate;
    private readonly Action<LiveArrival> _remove;
    private TaskCompletionSource? _next;
    private long _until;
    private bool _hasNews;

    /// <param name="gate">Of all who wait.</param>
    /// <param name="remove">Forgets this one.</param>
    /// <param name="name">The stream's.</param>
    public LiveArrival(Lock gate, Action<LiveArrival> remove, string name)
    {
        (_gate, _remove, Name) = (gate, remove, name);
        Place = new LinkedListNode<LiveArrival>(this);
    }

    /// <summary>The stream's name.</summary>
    public string Name { get; }

    /// <summary>Its place among those who wait for that stream.</summary>
    public LinkedListNode<LiveArrival> Place { get; }

    /// <summary>Waits until something has changed since this was called last or since it was added, or the time is over.</summary>
    /// <param name="until">How long, on the loops' clock.</param>
    /// <param name="cancellation">The client is gone.</param>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async Task WaitAsync(long until, CancellationToken cancellation)
    {
        TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_hasNews)
            {
                _hasNews = false;
                return;
            }

            (_next, _until) = (next, until);
        }

        using CancellationTokenRegistration gone = cancellation.UnsafeRegister(
            static (next, token) => ((TaskCompletionSource)next!).TrySetCanceled(token), next);
        await next.Task.ConfigureAwait(false);
    }

    /// <summary>Something has changed. Under the gate.</summary>
    /// <param name="told">Is given what is to be completed under no lock.</param>
    public void Announce(List<TaskCompletionSource> told)
    {
        if (_next is null)
        {
            _hasNews = true; // it is looking just now
            return;
        }

        told.Add(_next);
        _next = null;
    }

    /// <summary>Ends the wait where its time is over. Under the gate.</summary>
    /// <param name="now">On the loops' clock.</param>
    /// <param name="late">Is given what is to be completed under no lock.</param>
    public void EndWhenLate(long now, List<TaskCompletionSource> late)
    {
        if (_next is not null && now >= _until)
        {
            late.Add(_next);
            _next = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _remove(this);
}
