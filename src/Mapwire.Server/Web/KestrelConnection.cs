using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Mapwire.Server.Web;

/// <summary>A connection that a loop gave away, as Kestrel knows connections: where it is encrypted its stream is decrypted already.
/// </summary>
internal sealed class KestrelConnection : ConnectionContext, ITlsConnectionFeature, ITlsApplicationProtocolFeature, IDuplexPipe
{
    private static long _lastId;

    private readonly DetachedConnection _connection;
    private readonly ExplainedStream? _explained; // null for HTTP/2
    private readonly CancellationTokenSource _closed = new();
    private int _isAborted;

    /// <param name="connection">Its own from now on.</param>
    /// <param name="limits">Of what its requests hold.</param>
    /// <param name="isHttp2">Whether HTTP/2 is spoken on it.</param>
    public KestrelConnection(DetachedConnection connection, ExchangeLimits limits, bool isHttp2)
    {
        _connection = connection;
        Budget = new ExchangeBudget(limits, connection.Peer);
        _explained = isHttp2 ? null : new ExplainedStream(
            connection.Stream, refusal => Log.UnreadRequestRefused(Loop.Log, Peer, refusal.Status, refusal.Reason));
        Stream stream = _explained ?? (Stream)connection.Stream;
        Input = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));
        Output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        Transport = this;
        ConnectionId = $"{Interlocked.Increment(ref _lastId)}";
        RemoteEndPoint = connection.Peer;
        LocalEndPoint = connection.Stream.LocalEndPoint;
        ConnectionClosed = _closed.Token;
        Features.Set(this);
        if (connection.Stream.IsEncrypted)
        {
            Features.Set<ITlsConnectionFeature>(this); // what makes the scheme https
            Features.Set<ITlsApplicationProtocolFeature>(this);
        }
    }

    /// <summary>Which loop counts it.</summary>
    public ConnectionLoop Loop => _connection.Loop;

    /// <summary>Who is at the other end.</summary>
    public EndPoint? Peer => _connection.Peer;

    /// <summary>What its requests hold.</summary>
    public ExchangeBudget Budget { get; }

    /// <summary>What is known of the client from its other requests; for the loop's thread.</summary>
    public HttpClientState Client { get; } = new();

    /// <inheritdoc/>
    public PipeReader Input { get; }

    /// <inheritdoc/>
    public PipeWriter Output { get; }

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> ApplicationProtocol => _connection.Stream.ApplicationProtocol;

    /// <inheritdoc/>
    public X509Certificate2? ClientCertificate { get; set; } // none is asked for

    /// <inheritdoc/>
    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);

    /// <summary>A request was read, and is answered.</summary>
    public void BeginExchange() => _explained?.BeginExchange();

    /// <summary>Its answer was given to Kestrel.</summary>
    public void EndExchange() => _explained?.EndExchange();

    /// <summary>Ends it at once: what was begun is cut short.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (Interlocked.Exchange(ref _isAborted, 1) == 0)
        {
            _connection.End(CloseReason.ConnectionLost);
            Loop.Post(Client.End);
            ThreadPool.UnsafeQueueUserWorkItem(static closed => Cancel(closed), _closed, preferLocal: false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await Input.CompleteAsync().ConfigureAwait(false);
        try
        {
            await Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException)
        {
            // what was left to be sent finds nobody
        }

        await _connection.Stream.EndAsync().ConfigureAwait(false);
        _connection.End(CloseReason.Answered);
        Loop.Post(Client.End);
        Cancel(_closed);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private static void Cancel(CancellationTokenSource closed)
    {
        try
        {
            closed.Cancel();
        }
        catch (AggregateException)
        {
            // who is told cannot bear it
        }
    }
}
