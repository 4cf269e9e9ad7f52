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

    public Worker(ServerContext context, AddressLimits addresses, OtherReader other, int index)
        : this(context, addresses, other, index, context.Statistics?.ForWorker(index))
    {
    }

    private Worker(ServerContext context, AddressLimits addresses, OtherReader other, int index, WorkerStatistics? statistics)
        : base($"mapwire worker {index}", context.Options.ToConnectionLimits(),
        connection => new RtmpConversation(context.Rtmp, connection, statistics), context.Log)
    {
        _statistics = statistics;
        _addresses = addresses;
        HttpContext http = context.Http ?? throw new InvalidOperationException("Workers begin when the server has started.");
        ConverseHttp = connection => new HttpConversation(http, connection, statistics, other);
        ConverseExchange = (connection, client) => new HttpConversation(http, connection, statistics, client: client);
    }

    /// <summary>Begins the conversation of a connection that speaks HTTP.</summary>
    public Func<Connection, IConversation> ConverseHttp { get; }

    /// <summary>Begins the conversation of a request that another reader has read.</summary>
    public Func<Connection, HttpClientState, IConversation> ConverseExchange { get; }

    /// <inheritdoc/>
    protected override int MaxWait => _statistics is null ? -1 : WorkerStatistics.LongestWait;

    /// <inheritdoc/>
    protected override void OnRoundBegin() => _statistics?.BeginRound(Now);

    /// <inheritdoc/>
    protected override void OnRoundEnd() => _statistics?.EndRound(ConnectionCount, Now);

    /// <inheritdoc/>
    protected override void OnRemoved(EndPoint? peer) => _addresses.Leave((peer as IPEndPoint)?.Address);
}
