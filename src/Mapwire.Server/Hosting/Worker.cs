using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Sockets;
using Mapwire.Server.Statistics;
using Mapwire.Server.Transport;

namespace Mapwire.Server.Hosting;

/// <summary>
/// One thread with its own poller, timers and connections. A connection lives on one worker from accept to close, so nothing in
/// it is ever locked.
/// </summary>
internal sealed class Worker : IDisposable
{
    /// <summary>What one receive call takes at most; one scratch serves all connections of the worker.</summary>
    private const int ReceiveLength = 64 * 1024;

    private const int EventsPerWait = 512;

    private readonly ServerContext _context;
    private readonly Poller _poller = Poller.Create();
    private readonly TimerWheel _timers = new(Environment.TickCount64);
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Queue<Connection> _ready = new();
    private readonly Thread _thread;
    private ByteBudget _budget;
    private readonly List<Connection?> _connections = [];
    private readonly Stack<int> _freePlaces = new();
    private volatile bool _stops;
    private int _isWoken;
    private int _count;

    public Worker(ServerContext context, int index)
    {
        _context = context;
        _budget = new ByteBudget(context.Options.MaxServerRate / context.Options.Workers, Now);
        Statistics = context.Statistics?.ForWorker(index);
        _thread = new Thread(Run) { Name = $"mapwire worker {index}", IsBackground = true };
    }

    /// <summary>Connections now, those still on their way here included.</summary>
    public int ConnectionCount => Volatile.Read(ref _count);

    /// <summary>Milliseconds of a clock that never goes back, read once a round.</summary>
    public long Now { get; private set; } = Environment.TickCount64;

    /// <summary>The pieces of the send at hand.</summary>
    public GatherList Gather { get; } = new();

    /// <summary>Where received bytes go until they are parsed, at once.</summary>
    public byte[] ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveLength, pinned: true);

    /// <summary>What others are shown of this worker; null for nothing.</summary>
    public WorkerStatistics? Statistics { get; }

    /// <summary>Whether the thread has not ended yet.</summary>
    public bool IsRunning => _thread.IsAlive;

    /// <summary>What the connections of this worker may send together.</summary>
    public ref ByteBudget Budget => ref _budget;

    /// <summary>Starts the thread.</summary>
    public void Start() => _thread.Start();

    /// <summary>Runs something on the worker's thread. Any thread may call it.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        if (Interlocked.Exchange(ref _isWoken, 1) == 0)
        {
            _poller.Wake();
        }
    }

    /// <summary>Takes over a new connection. Any thread may call it.</summary>
    public void Adopt(Socket socket)
    {
        Interlocked.Increment(ref _count);
        Post(() => Open(socket));
    }

    /// <summary>Ends all connections and the thread.</summary>
    public void Stop(TimeSpan patience)
    {
        _stops = true;
        Post(static () => { });
        if (_thread.IsAlive)
        {
            _thread.Join(patience);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _poller.Dispose();
        Gather.Dispose();
    }

    /// <summary>Rings a connection at a time of the worker's clock.</summary>
    public void SetTimer(Connection connection, long deadline) => _timers.Set(connection, deadline);

    /// <summary>Gives a connection another turn after all others that are ready had theirs.</summary>
    public void RunAgain(Connection connection) => _ready.Enqueue(connection);

    /// <summary>Tells the poller whether a connection waits until it can send.</summary>
    public void WantWrite(Connection connection, bool want) => _poller.WantWrite(connection.Socket.SafeHandle, connection.Place, want);

    /// <summary>Forgets a connection that has closed.</summary>
    public void Remove(Connection connection)
    {
        _timers.Cancel(connection);
        _poller.Remove(connection.Socket.SafeHandle, connection.Place);
        _connections[connection.Place] = null;
        _freePlaces.Push(connection.Place);
        Interlocked.Decrement(ref _count);
    }

    private void Open(Socket socket)
    {
        if (!_freePlaces.TryPop(out int place))
        {
            place = _connections.Count;
            _connections.Add(null);
        }

        try
        {
            Connection connection = new(_context, this, socket, place);
            _poller.Add(socket.SafeHandle, place);
            _connections[place] = connection;
            connection.Open();
        }
        catch (Exception fault) when (fault is Win32Exception or SocketException or ObjectDisposedException)
        {
            Log.AcceptFailed(_context.Log, fault.Message, 1); // the connection was gone before it could be watched
            _freePlaces.Push(place);
            Interlocked.Decrement(ref _count);
            socket.Dispose();
        }
    }

    private void Run()
    {
        PollEvent[] events = new PollEvent[EventsPerWait];
        while (!_stops)
        {
            int timeout = _ready.Count > 0 ? 0 : _timers.UntilNext(Environment.TickCount64);
            if (Statistics is not null && timeout is < 0 or > WorkerStatistics.LongestWait)
            {
                timeout = WorkerStatistics.LongestWait;
            }

            int count = _poller.Wait(events, timeout);
            Now = Environment.TickCount64;
            Statistics?.BeginRound(Now);
            Volatile.Write(ref _isWoken, 0); // before the queue is looked at: a later post wakes the next wait
            int ready = _ready.Count;
            foreach (PollEvent seen in events.AsSpan(0, count))
            {
                _connections[(int)seen.Key]?.OnReady(seen.Readable, seen.Writable);
            }

            _timers.Advance(Now);
            while (ready-- > 0 && _ready.TryDequeue(out Connection? connection))
            {
                connection.TakeTurn();
            }

            while (_posted.TryDequeue(out Action? action))
            {
                action();
            }

            Statistics?.EndRound(_count, Now);
        }

        for (int place = 0; place < _connections.Count; place++)
        {
            _connections[place]?.Close(CloseReason.ServerStopped);
        }
    }
}
