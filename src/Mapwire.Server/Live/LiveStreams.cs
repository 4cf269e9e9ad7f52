using System.Collections.Concurrent;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>The live streams of a server, by name: those that are published, and those that somebody waits for.</summary>
internal sealed class LiveStreams : IDisposable
{
    /// <summary>How often streams are looked at that nothing happens to, in milliseconds.</summary>
    private const int TickInterval = 200;

    private readonly ConcurrentDictionary<string, LiveStream> _streams = new(StringComparer.Ordinal);
    private readonly Lazy<LivePages> _pages; // made for the first stream: a server of films needs none
    private readonly List<LiveStream> _ended = []; // out of the way of others of their names, and still read; under its own lock
    private readonly ConcurrentDictionary<string, (LiveSegments Segments, long Until)> _over = new(StringComparer.Ordinal);
    private readonly Timer _timer;
    private readonly Action<Exception> _report;
    private int _isTicking;

    /// <param name="options">What of the server's options is about live streams.</param>
    /// <param name="phases">Of the loops that send; asked for when the first stream begins.</param>
    /// <param name="report">Takes a fault of ours.</param>
    /// <param name="ticks">Whether streams are looked at by the clock; not where a test has a clock of its own.</param>
    public LiveStreams(LiveOptions options, Func<LoopPhases> phases, Action<Exception> report, bool ticks = true)
    {
        Options = options;
        _report = report;
        _pages = new Lazy<LivePages>(
            () => new LivePages(options.MemoryBytes, phases()), LazyThreadSafetyMode.PublicationOnly); // tried again where memory is short
        int interval = ticks ? TickInterval : Timeout.Infinite;
        _timer = new Timer(_ => Tick(), null, interval, interval);
    }

    /// <summary>What of the server's options is about live streams.</summary>
    public LiveOptions Options { get; }

    /// <summary>Those who wait by HTTP for what nobody publishes yet, or for the first of what is published.</summary>
    public LiveArrivals Arrivals { get; } = new();

    /// <summary>Those that are there now.</summary>
    public IEnumerable<LiveStream> All => _streams.Values;

    /// <summary>The stream of a name that is published, or whose publisher may come back; null where there is none.</summary>
    public LiveStream? Find(string name) =>
        _streams.TryGetValue(name, out LiveStream? stream) && stream.State is LiveState.Published or LiveState.Interrupted ? stream : null;

    /// <summary>Whether there is a stream of a name, or was until lately as segments, so that who watches is told its end.</summary>
    public bool Has(string name) => Find(name) is not null || FindOver(name) is not null;

    /// <summary>A stream as segments: one that is published, or was until lately.</summary>
    /// <param name="name">The stream's name.</param>
    /// <param name="segments">Null while too little of it has come.</param>
    /// <returns>Whether there is such a stream.</returns>
    public bool TryGetSegments(string name, out LiveSegments? segments)
    {
        segments = FindOver(name);
        if (Find(name) is not { } stream)
        {
            return segments is not null;
        }

        segments = stream.GetSegments(segments?.Read(static over => over.NextNumbers) ?? default);
        return true;
    }

    /// <summary>The segments of the stream of a name that was over last; null where nobody asked for them, or that is long ago.</summary>
    private LiveSegments? FindOver(string name) =>
        _streams.TryGetValue(name, out LiveStream? stream) && stream is { State: LiveState.Over, Segments: { } ended } ? ended
        : _over.TryGetValue(name, out (LiveSegments Segments, long Until) over) ? over.Segments
        : null;

    /// <summary>Watches a stream, or waits for its publisher. On the viewer's loop.</summary>
    /// <returns>The stream, which the viewer leaves (<see cref="LiveStream.Leave"/>).</returns>
    /// <exception cref="IOException">Memory is short.</exception>
    public LiveStream Join(string name, LiveSeat seat)
    {
        while (true)
        {
            LiveStream stream = Get(name);
            if (stream.TryJoin(seat))
            {
                return stream;
            }

            Remove(stream);
        }
    }

    /// <summary>Publishes a stream.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dismiss">Tells this publisher later that it does not publish any more, and why. Called on any thread.</param>
    /// <param name="refusal">Why not.</param>
    /// <param name="now">Milliseconds of a clock that never goes back.</param>
    /// <returns>Null where it may not.</returns>
    public LivePublisher? TryPublish(string name, Action<LivePublisher, string> dismiss, out string? refusal, long now)
    {
        while (true)
        {
            LiveStream stream;
            try
            {
                stream = Get(name);
            }
            catch (IOException exception)
            {
                refusal = exception.Message;
                return null;
            }

            LivePublisher publisher = new(stream, dismiss);
            refusal = stream.TryPublish(publisher, now, out LivePublisher? dismissed);
            dismissed?.Dismiss("another publisher has taken the stream over");
            if (refusal is null)
            {
                return publisher;
            }

            if (stream.State != LiveState.Over)
            {
                return null;
            }

            Remove(stream);
        }
    }

    /// <summary>Watches a stream no longer, which is forgotten where nobody else waits for it. On the viewer's loop.</summary>
    public void Leave(LiveStream stream, LiveSeat seat)
    {
        if (stream.Leave(seat))
        {
            Remove(stream);
        }
    }

    /// <summary>Looks at nothing any more. The pages stay: a loop that hangs may come back to them.</summary>
    public void Stop() => _timer.Dispose();

    /// <summary>Gives the memory back. No loop may run any more.</summary>
    public void Dispose()
    {
        Stop();
        if (_pages.IsValueCreated)
        {
            _pages.Value.Dispose();
        }
    }

    private LiveStream Get(string name) =>
        _streams.GetOrAdd(name, name => new LiveStream(name, _pages.Value, Options, Arrivals, LoopClock.Milliseconds));

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return; // the last one is still at it
        }

        try
        {
            long now = LoopClock.Milliseconds;
            foreach (LiveStream stream in _streams.Values)
            {
                Tick(stream, now);
            }

            Arrivals.Tick(now);

            lock (_ended)
            {
                _ended.RemoveAll(stream => stream.TryRelease(now));
            }

            foreach ((string name, (LiveSegments segments, long until)) in _over)
            {
                if (now > until && _over.TryRemove(KeyValuePair.Create(name, (segments, until))))
                {
                    segments.Release();
                }
            }
        }
        finally
        {
            Volatile.Write(ref _isTicking, 0);
        }
    }

    private void Tick(LiveStream stream, long now)
    {
        try
        {
            bool isOver = stream.Tick(now, out LivePublisher? silent);
            if (stream.Segments?.TakeFault() is { } fault)
            {
                _report(fault);
            }

            silent?.Dismiss("nothing was sent for too long");
            if (isOver)
            {
                Remove(stream);
            }
        }
        catch (Exception exception)
        {
            _report(exception); // what leaves a timer ends the process
        }
    }

    private void Remove(LiveStream stream)
    {
        if (!_streams.TryGetValue(stream.Name, out LiveStream? current) || current != stream)
        {
            return;
        }

        if (stream.Segments is { } segments)
        {
            // Before it is removed: who asks meanwhile is told its end, too.
            LiveSegments? before = _over.TryGetValue(stream.Name, out (LiveSegments Segments, long Until) over) ? over.Segments : null;
            _over[stream.Name] = (segments, LoopClock.Milliseconds + Options.Window);
            if (before != segments)
            {
                before?.Release();
            }
        }

        if (_streams.TryRemove(KeyValuePair.Create(stream.Name, stream)) && !stream.TryRelease(LoopClock.Milliseconds))
        {
            lock (_ended)
            {
                _ended.Add(stream);
            }
        }
    }
}
