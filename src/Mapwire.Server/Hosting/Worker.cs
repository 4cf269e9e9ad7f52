using System.Net;
using Mapwire.Server.Http;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;

namespace Mapwire.Server.Hosting;

/// <summary>A loop of connections of this server, which publishes what it does.</summary>
internal sealed class Worker : ConnectionLoop
{
    private readonly WorkerStatistics? _statistics;
    private readonly AddressLimits _addresses;

    public Worker(ServerContext context, AddressLimits addresses, int index)
        : this(context, addresses, index, context.Statistics?.ForWorker(index))
    {
    }

    private Worker(ServerContext context, AddressLimits addresses, int index, WorkerStatistics? statistics)
        : base($"mapwire worker {index}", context.Options.ToConnectionLimits(),
        connection => new RtmpConversation(context.Rtmp, connection, statistics), context.Log)
    {
        _statistics = statistics;
        _addresses = addresses;
        HttpContext http = context.Http;
        ConverseHttp = connection => new HttpConversation(http, connection, statistics);
    }

    /// <summary>Begins the conversation of a connection that speaks HTTP.</summary>
    public Func<Connection, IConversation> ConverseHttp { get; }

    /// <inheritdoc/>
    protected override int MaxWait => _statistics is null ? -1 : WorkerStatistics.LongestWait;

    /// <inheritdoc/>
    protected override void OnRoundBegin() => _statistics?.BeginRound(Now);

    /// <inheritdoc/>
    protected override void OnRoundEnd() => _statistics?.EndRound(ConnectionCount, Now);

    /// <inheritdoc/>
    protected override void OnRemoved(Connection connection) => _addresses.Leave((connection.Peer as IPEndPoint)?.Address);
}
