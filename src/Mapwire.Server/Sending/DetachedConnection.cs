using System.Net;
using Mapwire.Server.Loop;

namespace Mapwire.Server.Sending;

/// <summary>
/// A connection that its loop gave to another reader: still counted in the limits, until <see cref="End"/>. Any thread may call it.
/// </summary>
/// <param name="loop">Which loop counts it.</param>
/// <param name="peer">Who is at the other end.</param>
/// <param name="stream">Its own.</param>
/// <param name="bytesBefore">What was sent before it changed hands.</param>
internal sealed class DetachedConnection(ConnectionLoop loop, EndPoint? peer, DetachedStream stream, long bytesBefore)
{
    private readonly long _since = LoopClock.Milliseconds;
    private int _isOver;

    /// <summary>Which loop counts it.</summary>
    public ConnectionLoop Loop => loop;

    /// <summary>Who is at the other end.</summary>
    public EndPoint? Peer => peer;

    /// <summary>What is received and sent.</summary>
    public DetachedStream Stream => stream;

    /// <summary>The connection is closed. Only the first reason counts.</summary>
    public void End(CloseReason reason)
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            stream.Dispose();
            loop.Remove(peer);
            Log.Closed(loop.Log, peer, reason, bytesBefore + stream.BytesWritten, (LoopClock.Milliseconds - _since) / 1000.0);
        }
    }
}
