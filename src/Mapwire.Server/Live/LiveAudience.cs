using System.Diagnostics;
using System.Runtime.InteropServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>
/// Those who watch one live stream on one loop: woken together, by one post, however many they are. Few are woken for each message; the
/// more all passes of the loop would cost, the more messages they are woken for (<see cref="LivePasses"/>).
/// </summary>
/// <param name="loop">Where they live.</param>
/// <param name="latency">The longest that messages wait for others, in milliseconds.</param>
internal sealed class LiveAudience(EventLoop loop, long latency) : Watched(loop)
{
    /// <summary>How far back the rate of messages is measured, in milliseconds.</summary>
    private const double Memory = 1_000;

    /// <summary>The loop's clock is read again after so many viewers: some tenths of a millisecond.</summary>
    private const int ViewersPerLook = 16;

    private readonly LivePasses _passes = LivePasses.Of(loop);
    private readonly List<ILiveViewer> _viewers = [];
    private int _count;
    private int _wakes; // since the last pass began
    private double _rate; // of wakes, in a millisecond
    private long _lastPass; // on the loop's clock, as the next one
    private long _nextPass;

    /// <summary>How many watch. Any thread may ask.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <inheritdoc/>
    public override SafeHandle? Handle => null;

    /// <summary>Something has come. Any thread may say so.</summary>
    public void Wake()
    {
        if (Count > 0 && Interlocked.Increment(ref _wakes) == 1)
        {
            Loop.Post(this);
        }
    }

    /// <summary>Somebody watches from now on. On the loop.</summary>
    public void Add(ILiveViewer viewer)
    {
        _viewers.Add(viewer);
        Volatile.Write(ref _count, _viewers.Count);
    }

    /// <summary>Somebody watches no longer. On the loop; also out of <see cref="ILiveViewer.OnLive"/>.</summary>
    public void Remove(ILiveViewer viewer)
    {
        int place = _viewers.IndexOf(viewer);
        if (place >= 0)
        {
            _viewers[place] = _viewers[^1];
            _viewers.RemoveAt(_viewers.Count - 1);
            Volatile.Write(ref _count, _viewers.Count);
        }
    }

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        if (Volatile.Read(ref _wakes) == 0)
        {
            return;
        }

        if (Loop.Now < _nextPass)
        {
            Loop.SetTimer(this, _nextPass);
            return;
        }

        int wakes = Interlocked.Exchange(ref _wakes, 0); // before they look: what comes from here on wakes again
        Loop.RefreshClock();
        long now = Loop.Now;
        long began = Stopwatch.GetTimestamp();
        for (int i = _viewers.Count - 1; i >= 0; i--) // one that leaves is replaced by one that has been called
        {
            if (i % ViewersPerLook == 0)
            {
                Loop.RefreshClock(); // limits and statistics go by it, and a pass may take long
            }

            if (i < _viewers.Count)
            {
                _viewers[i].OnLive();
            }
        }

        _passes.Count(Stopwatch.GetElapsedTime(began).TotalMilliseconds, wakes, now);
        _nextPass = now + TimeToNext(wakes, now);
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception) => Interlocked.Exchange(ref _wakes, 0);

    /// <inheritdoc/>
    public override void OnLoopEnd() => Loop.SetTimer(this, TimerWheel.Never);

    /// <summary>How long after a pass began the next one may begin, in milliseconds.</summary>
    private long TimeToNext(int wakes, long now)
    {
        long elapsed = now - _lastPass;
        _rate = (wakes + (_rate * Memory)) / (elapsed + Memory);
        _lastPass = now;
        double messages = _passes.MessagesPerPass;
        return messages > 1 ? (long)Math.Min(latency, messages / _rate) : 0;
    }
}
