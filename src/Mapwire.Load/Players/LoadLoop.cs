using Mapwire.Load.Measuring;
using Mapwire.Rtmp.Sessions;
using Mapwire.Server.Loop;

namespace Mapwire.Load.Players;

/// <summary>A loop of players, with their schedule.</summary>
internal sealed class LoadLoop : EventLoop, IDisposable
{
    /// <summary>
    /// What one receive call takes at most: a second of a 1 Mbit/s film in one call, and the buffer stays in a core's own cache.
    /// </summary>
    private const int ReceiveLength = 128 * 1024;

    private const long LookEvery = 250 * LoadClock.Millisecond;

    /// <summary>The longest wait, so that a stop is heard of even where a wake got lost.</summary>
    private const long LongestWait = 100 * LoadClock.Millisecond;

    private readonly LoadPlayer[] _players;
    private readonly PriorityQueue<LoadPlayer, long> _schedule = new();
    private readonly Dictionary<RtmpUrl, double> _durations = [];
    private volatile Exception? _fault;
    private long _nextLook = LoadClock.Now + LookEvery;
    private long _playing;
    private long _stalling;

    /// <param name="options">What the players do.</param>
    /// <param name="index">Which of the loops this is: it takes each n-th player.</param>
    public LoadLoop(LoadOptions options, int index)
        : base($"mapwire load {index}")
    {
        Mode = options.Mode;
        IsEnhanced = options.Enhanced;
        SeekInterval = options.SeekEvery is { } every ? LoadClock.Of(every) : null;
        PauseInterval = options.PauseEvery is { } pause ? LoadClock.Of(pause) : null;
        ChurnInterval = options.ChurnRate is { } rate ? (long)(options.Players / rate * LoadClock.Second) : null;
        BufferMilliseconds = Mode == LoadMode.Fast ? TenHours : (uint)options.Buffer.TotalMilliseconds;
        Random = new Random(index + 1); // the same places in each run
        _players = new LoadPlayer[((options.Players - index - 1) / options.Threads) + 1];
        for (int i = 0; i < _players.Length; i++)
        {
            int player = (i * options.Threads) + index;
            LoadTarget target = options.Targets[player % options.Targets.Count];
            _players[i] = new LoadPlayer(this, target with { Url = target.Url.ForPlayer(player / options.Targets.Count) });
        }

        Step = LoadClock.Of(options.EffectiveRamp) / Math.Max(1.0, options.Players);
        if (ChurnInterval is { } interval)
        {
            Step = Math.Max(Step, interval / (double)options.Players);
        }

        Stride = options.Threads;
        Index = index;
    }

    /// <summary>What rtmpdump asks for when it wants everything: ten hours.</summary>
    private const uint TenHours = 36_000_000;

    /// <summary>What this loop's players have seen.</summary>
    public LoadTally Tally { get; } = new();

    /// <summary>Where received bytes go until they are checked, at once.</summary>
    public byte[] ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveLength, pinned: true);

    /// <summary>Where sessions write.</summary>
    public OutputBuffer Output { get; } = new();

    /// <summary>What all sessions share.</summary>
    public ClientSessionOptions SessionOptions { get; } = new() { StreamMedia = true };

    /// <summary>Places to seek to and moments to do it.</summary>
    public Random Random { get; }

    public LoadMode Mode { get; }

    /// <summary>Whether players offer the codecs of Enhanced RTMP.</summary>
    public bool IsEnhanced { get; }

    /// <summary>Microseconds between two seeks of a player.</summary>
    public long? SeekInterval { get; }

    /// <summary>Microseconds between the beginnings of two pauses of a player.</summary>
    public long? PauseInterval { get; }

    /// <summary>Microseconds between two intended connections of a player.</summary>
    public long? ChurnInterval { get; }

    public uint BufferMilliseconds { get; }

    private double Step { get; }

    private int Stride { get; }

    private int Index { get; }

    /// <summary>Starts the thread, and the first player at once.</summary>
    /// <param name="start">The clock's time that the ramp counts from.</param>
    public void Start(long start)
    {
        for (int i = 0; i < _players.Length; i++)
        {
            _players[i].CallAt(start + (long)(Step * ((i * Stride) + Index)));
        }

        Start();
    }

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

    /// <summary>Whether something failed that is no connection's fault.</summary>
    public bool HasFailed => _fault is not null;

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (LoadPlayer player in _players)
        {
            player.Dispose();
        }
    }

    /// <summary>Calls a player at a time of the clock.</summary>
    public void Schedule(LoadPlayer player, long due) => _schedule.Enqueue(player, due);

    /// <summary>Counts what a look at a playing player showed.</summary>
    public void Look(bool stalls, bool isIdle)
    {
        _playing += stalls ? 0 : 1;
        _stalling += stalls ? 1 : 0;
        Tally.Looks++;
        Tally.IdleLooks += isIdle ? 1 : 0;
    }

    /// <summary>A film's length by a server's word, in seconds; null when none was heard.</summary>
    public double? DurationOf(RtmpUrl url) => _durations.TryGetValue(url, out double seconds) ? seconds : null;

    /// <summary>Takes note of a film's length.</summary>
    public void LearnDuration(RtmpUrl url, double seconds) => _durations[url] = seconds;

    /// <summary>A fault of a player's or of the loop's, which ends the test.</summary>
    internal void Fail(Exception exception) => _fault ??= exception;

    /// <inheritdoc/>
    protected override int MaxWait => Patience(_nextLook);

    /// <inheritdoc/>
    protected override void OnRoundEnd()
    {
        long now = LoadClock.Now;
        if (now >= _nextLook)
        {
            LookAtAll(now);
            _nextLook = now + LookEvery;
        }

        CallDue(now);
    }

    /// <inheritdoc/>
    protected override void OnLoopFault(Exception exception) => Fail(exception);

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        long end = LoadClock.Now;
        LookAtAll(end);
        foreach (LoadPlayer player in _players)
        {
            player.Stop(end);
        }
    }

    private void CallDue(long now)
    {
        // What is planned while this runs waits for the next round, so that a server which refuses at once cannot hold the loop.
        for (int i = _schedule.Count; i > 0 && _schedule.TryPeek(out LoadPlayer? player, out long due) && due <= now; i--)
        {
            _schedule.Dequeue();
            if (player.Due == due)
            {
                player.OnDue(now);
            }
        }
    }

    /// <summary>
    /// How long to wait, in milliseconds. What is planned within the next one is waited for awake: a sleep that ends up to a
    /// millisecond late would be a good part of what a fast server takes.
    /// </summary>
    private int Patience(long nextLook)
    {
        long now = LoadClock.Now;
        long untilLook = Math.Clamp(nextLook - now + LoadClock.Millisecond, 0, LongestWait);
        long untilDue = _schedule.TryPeek(out _, out long due) ? Math.Max(0, due - now) : LongestWait;
        return (int)(Math.Min(untilLook, untilDue) / LoadClock.Millisecond);
    }

    private void LookAtAll(long now)
    {
        _playing = 0;
        _stalling = 0;
        foreach (LoadPlayer player in _players)
        {
            player.Look(now);
        }

        Tally.Playing = _playing;
        Tally.Stalling = _stalling;
    }
}
