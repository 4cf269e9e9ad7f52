using Mapwire.Load.Measuring;
using Mapwire.Server.Loop;

namespace Mapwire.Load.Players;

/// <summary>A loop of seats, with their schedule: what players of every protocol have in common.</summary>
internal abstract class SeatLoop : EventLoop, IDisposable
{
    /// <summary>
    /// What one receive call takes at most: a second of a 1 Mbit/s film in one call, and the buffer stays in a core's own cache.
    /// </summary>
    private const int ReceiveLength = 128 * 1024;

    private const long LookEvery = 250 * LoadClock.Millisecond;

    /// <summary>The longest wait, so that a stop is heard of even where a wake got lost.</summary>
    private const long LongestWait = 100 * LoadClock.Millisecond;

    private Seat[] _seats;
    private readonly int _planned; // so many of the seats start by the ramp
    private readonly PriorityQueue<Seat, long> _schedule = new();
    private readonly double _step;
    private readonly int _stride;
    private readonly int _index;
    private volatile Exception? _fault;
    private long _nextLook = LoadClock.Now + LookEvery;
    private long _playing;
    private long _stalling;
    private bool _hasEnded;

    /// <param name="options">What the players do.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th player.</param>
    protected SeatLoop(LoadOptions options, int index)
        : base($"mapwire load {index}")
    {
        Mode = options.Mode;
        ChurnInterval = options.ChurnRate is { } rate ? (long)(options.Players / rate * LoadClock.Second) : null;
        _seats = new Seat[((options.Players - index - 1) / options.Threads) + 1];
        _planned = _seats.Length;
        _step = LoadClock.Of(options.EffectiveRamp) / Math.Max(1.0, options.Players);
        if (ChurnInterval is { } interval)
        {
            _step = Math.Max(_step, interval / (double)options.Players);
        }

        _stride = options.Threads;
        _index = index;
    }

    /// <summary>What this loop's players have seen.</summary>
    public LoadTally Tally { get; } = new();

    /// <summary>Where received bytes go until they are checked, at once.</summary>
    public byte[] ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveLength, pinned: true);

    /// <summary>What the players do.</summary>
    public LoadMode Mode { get; }

    /// <summary>Microseconds between two intended connections of a player.</summary>
    public long? ChurnInterval { get; }

    /// <summary>Whether something failed that is no connection's fault.</summary>
    public bool HasFailed => _fault is not null;

    /// <summary>Whether all that was asked for has come. Any thread may ask.</summary>
    public virtual bool IsDone => false;

    /// <summary>Starts the thread, and the first player at once.</summary>
    /// <param name="start">The clock's time that the ramp counts from.</param>
    public void Start(long start)
    {
        for (int i = 0; i < _planned; i++)
        {
            _seats[i].CallAt(start + (long)(_step * ((i * _stride) + _index)));
        }

        Start();
    }

    /// <summary>Whether all was said and answered that <see cref="Finish"/> has said. Any thread may ask.</summary>
    public bool IsFinished => Volatile.Read(ref _hasEnded) && Array.TrueForAll(_seats, static seat => seat.Handle is null);

    /// <summary>Has all seats end as their protocol wants it, which takes a moment. Any thread may call it.</summary>
    public void Finish() => Post(() => EndAll(static (seat, now) => seat.Finish(now)));

    /// <summary>Ends all plays and the thread.</summary>
    /// <exception cref="InvalidOperationException">The loop failed, or does not end.</exception>
    public void Stop()
    {
        if (!Stop(TimeSpan.FromSeconds(30)))
        {
            throw new InvalidOperationException("The load thread did not stop within 30 s.");
        }

        if (_fault is { } fault)
        {
            throw new InvalidOperationException("The load thread failed; see the inner exception.", fault);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (Seat seat in _seats)
        {
            seat.Dispose();
        }
    }

    /// <summary>Calls a player at a time of the clock.</summary>
    public void Schedule(Seat seat, long due) => _schedule.Enqueue(seat, due);

    /// <summary>Counts what a look at a playing player showed.</summary>
    public void Look(bool stalls, bool isIdle)
    {
        _playing += stalls ? 0 : 1;
        _stalling += stalls ? 1 : 0;
        Tally.Looks++;
        Tally.IdleLooks += isIdle ? 1 : 0;
    }

    /// <summary>A fault of a player's or of the loop's, which ends the test.</summary>
    internal void Fail(Exception exception) => _fault ??= exception;

    /// <summary>Fills the seats; called once, by the constructor of the loop that knows how.</summary>
    /// <param name="options">What the players do.</param>
    /// <param name="create">Makes a seat for the target and the number of the player among those of the target.</param>
    protected void Fill(LoadOptions options, Func<LoadTarget, int, Seat> create)
    {
        for (int i = 0; i < _seats.Length; i++)
        {
            int player = (i * _stride) + _index;
            _seats[i] = create(options.Targets[player % options.Targets.Count], player / options.Targets.Count);
        }
    }

    /// <summary>Adds seats that start when another one calls them.</summary>
    protected void Add(IEnumerable<Seat> seats) => _seats = [.. _seats, .. seats];

    /// <summary>
    /// Whether what is planned within the next millisecond is waited for awake: a sleep that ends up to a millisecond late would be a good
    /// part of what a fast server takes.
    /// </summary>
    protected virtual bool WaitsAwake => true;

    /// <inheritdoc/>
    protected override int MaxWait => Patience(_nextLook);

    /// <inheritdoc/>
    protected override void OnRoundEnd()
    {
        long now = LoadClock.Now;
        if (now >= _nextLook && !_hasEnded)
        {
            LookAtAll(now);
            _nextLook = now + LookEvery;
        }

        CallDue(now);
    }

    /// <inheritdoc/>
    protected override void OnLoopFault(Exception exception) => Fail(exception);

    /// <inheritdoc/>
    protected override void OnEnd() => EndAll(static (seat, now) => seat.Stop(now));

    private void EndAll(Action<Seat, long> end)
    {
        long now = LoadClock.Now;
        if (!_hasEnded)
        {
            LookAtAll(now);
        }

        Volatile.Write(ref _hasEnded, true);
        foreach (Seat seat in _seats)
        {
            end(seat, now);
        }
    }

    private void CallDue(long now)
    {
        // What is planned while this runs waits for the next round, so that a server which refuses at once cannot hold the loop.
        for (int i = _schedule.Count; i > 0 && _schedule.TryPeek(out Seat? seat, out long due) && due <= now; i--)
        {
            _schedule.Dequeue();
            if (seat.Due == due)
            {
                seat.OnDue(now);
            }
        }
    }

    /// <summary>How long to wait, in milliseconds.</summary>
    private int Patience(long nextLook)
    {
        long now = LoadClock.Now;
        long untilLook = Math.Clamp(nextLook - now + LoadClock.Millisecond, 0, LongestWait);
        long untilDue = _schedule.TryPeek(out _, out long due) ? Math.Max(0, due - now) : LongestWait;
        return (int)((Math.Min(untilLook, untilDue) + (WaitsAwake ? 0 : LoadClock.Millisecond - 1)) / LoadClock.Millisecond);
    }

    private void LookAtAll(long now)
    {
        _playing = 0;
        _stalling = 0;
        foreach (Seat seat in _seats)
        {
            seat.Look(now);
        }

        Tally.Playing = _playing;
        Tally.Stalling = _stalling;
    }
}
