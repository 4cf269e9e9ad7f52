using System.Diagnostics;
using System.Runtime.InteropServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Live;

/// <summary>
/// Those who watch one live stream on one loop: woken together, by one post, however many they are. Few are woken for each message; the
/// more it costs to wake them, the more messages they are woken for.
/// </summary>
/// <param name="loop">Where they live.</param>
/// <param name="latency">The longest that messages wait for others, in milliseconds.</param>
internal sealed class LiveAudience(EventLoop loop, long latency) : Watched(loop)
{
    /// <summary>A pass over all viewers that takes no longer than this, in milliseconds, is made for each message.</summary>
    private const double CheapPass = 5;

    /// <summary>How much longer than a pass the time from one to the next is, where passes are not cheap.</summary>
    private const double Spacing = 10;

    private readonly List<ILiveViewer> _viewers = [];
    private int _count;
    private int _isWoken;
    private long _nextPass; // on the loop's clock

    /// <summary>How many watch. Any thread may ask.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <inheritdoc/>
    public override SafeHandle? Handle => null;

    /// <summary>Something has come. Any thread may say so.</summary>
    public void Wake()
    {
        if (Count > 0 && Interlocked.Exchange(ref _isWoken, 1) == 0)
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
        if (Volatile.Read(ref _isWoken) == 0)
        {
            return;
        }

        if (Loop.Now < _nextPass)
        {
            Loop.SetTimer(this, _nextPass);
            return;
        }

        Interlocked.Exchange(ref _isWoken, 0); // before they look: what comes from here on wakes again
        long began = Stopwatch.GetTimestamp();
        for (int i = _viewers.Count - 1; i >= 0; i--) // one that leaves is replaced by one that has been called
        {
            if (i < _viewers.Count)
            {
                _viewers[i].OnLive();
            }
        }

        double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        _nextPass = took <= CheapPass ? 0 : Loop.Now + Math.Min(latency, (long)(took * Spacing));
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception) => Interlocked.Exchange(ref _isWoken, 0);

    /// <inheritdoc/>
    public override void OnLoopEnd() => Loop.SetTimer(this, TimerWheel.Never);
}
