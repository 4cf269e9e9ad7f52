using System.Runtime.InteropServices;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Sending;

/// <summary>
/// Bounds how often one warning is logged: what a flood of clients causes thousands of times a second is a line at once, and then one
/// every ten seconds with how often it happened. Nothing is left untold: the rest follows when the ten seconds are over, or with the end
/// of the loop. Belongs to the loop's thread.
/// </summary>
/// <param name="loop">Where it is watched.</param>
/// <param name="log">Logs a line: how often it happened since the one before.</param>
internal sealed class RepeatedWarning(EventLoop loop, Action<long> log) : Watched(loop)
{
    private const long Interval = 10_000;

    private long _next;
    private long _times;

    /// <inheritdoc/>
    public override SafeHandle? Handle => null;

    /// <summary>It happened.</summary>
    public void Report()
    {
        _times++;
        if (Loop.Now >= _next)
        {
            Tell();
        }
        else
        {
            Loop.SetTimer(this, _next);
        }
    }

    /// <inheritdoc/>
    public override void TakeTurn() => Tell();

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        // A line that cannot be logged is lost.
    }

    /// <inheritdoc/>
    public override void OnLoopEnd() => Tell();

    private void Tell()
    {
        if (_times == 0)
        {
            return;
        }

        _next = Loop.Now + Interval;
        long times = _times;
        _times = 0;
        log(times);
    }
}
