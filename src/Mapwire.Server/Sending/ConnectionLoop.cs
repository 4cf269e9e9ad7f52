using System.Net;
using Mapwire.Server.Loop;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Sending;

/// <summary>A loop of connections, with what they use one after the other: a gather list, a receive buffer, a rate for all.</summary>
internal class ConnectionLoop : EventLoop
{
    /// <summary>What one receive call takes at most; one buffer serves all connections of the loop.</summary>
    private const int ReceiveLength = 64 * 1024;

    private TokenBucket _budget;
    private int _count;

    /// <param name="name">Of the thread.</param>
    /// <param name="limits">Of each connection, and of all.</param>
    /// <param name="log">Where lines go.</param>
    /// <param name="poller">The loop's own from now on; null for the system's.</param>
    public ConnectionLoop(string name, ConnectionLimits limits, ILogger log, Poller? poller = null)
        : base(name, poller)
    {
        Limits = limits;
        Log = log;
        _budget = new TokenBucket(limits.MaxLoopRate, Now);
    }

    /// <summary>Of each connection.</summary>
    public ConnectionLimits Limits { get; }

    /// <summary>Where lines go.</summary>
    public ILogger Log { get; }

    /// <summary>Connections now, those still on their way here included. Any thread may ask.</summary>
    public int ConnectionCount => Volatile.Read(ref _count);

    /// <summary>The pieces of the send at hand.</summary>
    public GatherList Gather { get; } = new();

    /// <summary>Where received bytes go until they are parsed, at once.</summary>
    public byte[] ReceiveBuffer { get; } = GC.AllocateUninitializedArray<byte>(ReceiveLength, pinned: true);

    /// <summary>What the connections may send together.</summary>
    public ref TokenBucket Budget => ref _budget;

    /// <summary>The loop with the fewest connections of those that do not hang; of all, when all do.</summary>
    /// <param name="loops">One at least.</param>
    /// <param name="isAnyStuck">Whether one of them hangs.</param>
    public static ConnectionLoop LeastLoaded(IReadOnlyList<ConnectionLoop> loops, out bool isAnyStuck)
    {
        ConnectionLoop? least = null;
        isAnyStuck = false;
        foreach (ConnectionLoop loop in loops)
        {
            if (loop.IsStuck)
            {
                isAnyStuck = true;
            }
            else if (least is null || loop.ConnectionCount < least.ConnectionCount)
            {
                least = loop;
            }
        }

        return least ?? loops.MinBy(static loop => loop.ConnectionCount)!;
    }

    /// <summary>Takes over a new connection. Any thread may call it.</summary>
    /// <param name="sender">The connection's own from now on.</param>
    /// <param name="peer">For the log.</param>
    /// <param name="converse">Begins its conversation.</param>
    public void Adopt(ISender sender, EndPoint? peer, Func<Connection, IConversation> converse)
    {
        Interlocked.Increment(ref _count);
        Connection connection = new(this, sender, peer, converse);
        if (sender is StreamSender stream)
        {
            stream.OnProgress = () => Post(connection);
        }

        Post(connection);
    }

    /// <summary>A connection has closed. Any thread may say so.</summary>
    internal void Remove(EndPoint? peer)
    {
        Interlocked.Decrement(ref _count);
        OnRemoved(peer);
    }

    /// <summary>A connection has closed, for whatever reason. Called by any thread.</summary>
    protected virtual void OnRemoved(EndPoint? peer)
    {
    }

    /// <inheritdoc/>
    protected override void OnLoopFault(Exception exception) => Server.Log.LoopFault(Log, exception);

    /// <inheritdoc/>
    protected override void OnEnd() => Gather.Dispose();
}
