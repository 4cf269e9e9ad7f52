using System.Net;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Hosting;

/// <summary>A loop of connections of this server, which publishes what it does.</summary>
/// <param name="context">What all workers share; the server has started.</param>
/// <param name="addresses">Told of each connection that is over.</param>
/// <param name="index">Its number, from 0.</param>
internal sealed class Worker(ServerContext context, AddressLimits addresses, int index)
    : ConnectionLoop($"mapwire worker {index}", context.Options.ToConnectionLimits(), context.Log)
{
    /// <summary>What it does; null where nothing is published.</summary>
    public WorkerStatistics? Statistics { get; } = context.Statistics?.ForWorker(index);

    /// <summary>Where a connection lives.</summary>
    public static Worker Of(Connection connection) => (Worker)connection.Loop;

    /// <inheritdoc/>
    protected override int MaxWait => Statistics is null ? -1 : WorkerStatistics.LongestWait;

    /// <inheritdoc/>
    protected override void OnRoundBegin() => Statistics?.BeginRound(Now);

    /// <inheritdoc/>
    protected override void OnRoundEnd() => Statistics?.EndRound(ConnectionCount, Now);

    /// <inheritdoc/>
    protected override void OnRemoved(EndPoint? peer) => addresses.Leave((peer as IPEndPoint)?.Address);
}
