using System.Collections.Concurrent;
using Mapwire.Server.Live.Segments;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>The live streams of a server, by name: those that are published, and those that somebody waits for.</summary>
internal sealed class LiveStreams : IDisposable
{
    /// <summary>How often streams are looked at that nothing happens to, in milliseconds.</summary>
    private const int TickInterval = 200;

    /// <summary>
    /// From this fullness of the pages on, what is over is given up, those first that ended first: who watches its end may miss it, and
    /// what goes on loses no picture. Playlists have made all the room by then that they can.
    /// </summary>
    private const double FullnessWithoutEnds = 0.95;

    private readonly ConcurrentDictionary<string, LiveStream> _streams = new(StringComparer.Ordinal);
    private readonly Func<LivePages> _createPages;
    private readonly Lock _pagesGate = new();
    private LivePages? _pages; // made for the first stream: a server of films needs none; and again where memory was short
    private readonly List<LiveStream> _ended = []; // out of the way of others of their names, and still read; under its own lock
    private readonly ConcurrentDictionary<string, (LiveSegments Segments, long Until)> _over = new(StringComparer.Ordinal);
    private readonly LiveNumbersAhead _numbers = new(); // of those before
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
        _createPages = () => new LivePages(options.MemoryBytes, phases());
        int interval = ticks ? TickInterval : Timeout.Infinite;
        _timer = new Timer(_ => Tick(LoopClock.Milliseconds), null, interval, interval);
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

        LiveNumbers least = segments?.Read(static over => over.NextNumbers) ?? default;
        segments = stream.GetSegments(LiveNumbers.Max(least, _numbers.Find(name)));
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
        lock (_pagesGate)
        {
            _pages?.Dispose();
        }
    }

    /// <summary>The memory of all streams, mapped once: two threads may begin the first stream.</summary>
    /// <exception cref="IOException">Memory is short.</exception>
    private LivePages Pages
    {
        get
        {
            lock (_pagesGate)
            {
                return _pages ??= _createPages();
            }
        }
    }

    private LiveStream Get(string name) =>
        _streams.GetOrAdd(name, name => new LiveStream(name, Pages, Options, Arrivals, LoopClock.Milliseconds));

    /// <summary>Looks at all of them. On the timer, and by tests that have a clock of their own.</summary>
    /// <param name="now">Milliseconds of a clock that never goes back.</param>
    public void Tick(long now)
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return; // the last one is still at it
        }

        try
        {
            foreach (LiveStream stream in _streams.Values)
            {
                Try(() => Tick(stream, now));
            }

            Try(() =>
            {
                Arrivals.Tick(now);
                return true;
            });

            lock (_ended)
            {
                _ended.RemoveAll(stream => Try(() => stream.TryRelease(now)));
            }

            foreach ((string name, (LiveSegments segments, long until)) in _over)
            {
                Try(() => TickOver(name, segments, until, now));
            }

            Try(MakeRoom);
        }
        finally
        {
            Volatile.Write(ref _isTicking, 0);
        }
    }

    /// <summary>Does a part of what goes by the clock. What fails is tried again the next time, and the other parts are done.</summary>
    private bool Try(Func<bool> part)
    {
        try
        {
            return part();
        }
        catch (Exception exception)
        {
            Report(exception); // what leaves a timer ends the process
            return false;
        }
    }

    private void Report(Exception fault)
    {
        try
        {
            _report(fault);
        }
        catch (Exception)
        {
            // Whoever is told cannot bear it, and streams go on.
        }
    }

    private bool Tick(LiveStream stream, long now)
    {
        bool isOver = stream.Tick(now, out LivePublisher? silent);
        if (stream.Segments?.TakeFault() is { } fault)
        {
            Report(fault);
        }

        silent?.Dismiss("nothing was sent for too long");
        if (isOver)
        {
            Remove(stream);
        }

        return isOver;
    }

    /// <summary>Looks at the segments of a stream that is over.</summary>
    /// <returns>Whether they were given up.</returns>
    private bool TickOver(string name, LiveSegments segments, long until, long now)
    {
        segments.Tick(now);
        bool isGivenUp = now > until && _over.TryRemove(KeyValuePair.Create(name, (segments, until)));
        if (isGivenUp)
        {
            segments.Release();
        }

        return isGivenUp;
    }

    /// <summary>Gives up what is over where memory is short.</summary>
    /// <returns>Whether it was.</returns>
    private bool MakeRoom()
    {
        if (_over.IsEmpty || Pages.Fullness <= FullnessWithoutEnds)
        {
            return false;
        }

        LivePages pages = Pages;
        pages.Collect();
        while (pages.Fullness > FullnessWithoutEnds && !_over.IsEmpty)
        {
            KeyValuePair<string, (LiveSegments Segments, long Until)> oldest = _over.MinBy(static one => one.Value.Until);
            if (oldest.Key is not null && _over.TryRemove(oldest))
            {
                oldest.Value.Segments.Release();
                pages.Collect();
            }
        }

        return true;
    }

    private void Remove(LiveStream stream)
    {
        if (!_streams.TryGetValue(stream.Name, out LiveStream? current) || current != stream)
        {
            return;
        }

        _numbers.Keep(stream.Name, stream.NextNumbers);
        if (stream.Segments is { } segments)
        {
            // Before it is removed: who asks meanwhile is told its end, too.
            LiveSegments? before = _over.TryGetValue(stream.Name, out (LiveSegments Segments, long Until) over) ? over.Segments : null;
            _over[stream.Name] = (segments, LoopClock.Milliseconds + Math.Max(Options.Window, segments.LeastKept));
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
