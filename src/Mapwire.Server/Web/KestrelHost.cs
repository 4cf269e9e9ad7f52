using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mapwire.Server.Web;

/// <summary>Kestrel, which reads the requests that loops do not: other forms of HTTP/1.1, and HTTP/2.</summary>
internal sealed class KestrelHost : IDisposable
{
    /// <summary>What a refused body is heard to, in bytes: who sends one is told so; who sends more is closed.</summary>
    private const long MaxRequestBody = 1024 * 1024;

    /// <summary>Has Kestrel refuse lines that end without a carriage return, by which readers differ; it takes them otherwise.</summary>
    private const string NoBareLineFeeds = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    /// <summary>
    /// What HTTP/2 lets clients send before they are answered, in bytes, of a request and of all of a connection: the least that there is
    /// (RFC 9113, section 6.9.2), since no request here has a body. Kestrel's defaults hold a MiB of what nobody reads.
    /// </summary>
    private const int MinWindow = 65_535;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly KestrelListener _http1 = new();
    private readonly KestrelListener _http2 = new();
    private readonly KestrelServer _server;
    private readonly ExchangeLimits _exchanges;
    private readonly ILogger _log;
    private bool _isStopped;

    /// <summary>Starts it; connections that it is given wait until it has.</summary>
    /// <param name="limits">Of each connection.</param>
    /// <param name="converse">Begins the conversation of a request on a loop.</param>
    /// <param name="log">Where lines go.</param>
    public KestrelHost(KestrelLimits limits, Func<Connection, HttpClientState, IConversation> converse, ILogger log)
    {
        AppContext.SetSwitch(NoBareLineFeeds, true); // before options are made, which keep it
        _exchanges = limits.Exchanges;
        _log = log;
        _server = new KestrelServer(
            Options.Create(CreateOptions(limits)), new KestrelListenerFactory(_http1, _http2), NullLoggerFactory.Instance);
        _ = StartAsync(new KestrelApplication(converse));
    }

    /// <summary>Gives it a connection.</summary>
    /// <param name="connection">Kestrel's own from now on.</param>
    /// <param name="isHttp2">Whether HTTP/2 is spoken on it.</param>
    public void Give(DetachedConnection connection, bool isHttp2)
    {
        KestrelConnection taken = new(connection, _exchanges, isHttp2);
        if (!(isHttp2 ? _http2 : _http1).TryGive(taken))
        {
            taken.Abort(new ConnectionAbortedException());
        }
    }

    /// <summary>Ends all connections.</summary>
    public void Stop()
    {
        if (Interlocked.Exchange(ref _isStopped, true))
        {
            return;
        }

        try
        {
            // What is asked for has ended with its loop: there is nothing to wait for but clients.
            Task.Run(() => _server.StopAsync(new CancellationToken(canceled: true))).Wait(StopPatience);
        }
        catch (AggregateException)
        {
            // the process goes on without it
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _server.Dispose();
    }

    private KestrelServerOptions CreateOptions(KestrelLimits limits)
    {
        KestrelServerOptions options = new()
        {
            AddServerHeader = false,
            ApplicationServices = EmptyProvider.Instance,
            AllowHostHeaderOverride = true, // the host of an absolute target counts, whatever Host says (RFC 9112, section 3.2.2)
        };
        options.Limits.RequestHeadersTimeout = limits.HeadTimeout;
        options.Limits.KeepAliveTimeout = limits.IdleTimeout;
        options.Limits.MaxRequestBodySize = MaxRequestBody;
        options.Limits.MinResponseDataRate = limits.MinRate > 0 && limits.SendTimeout > TimeSpan.FromSeconds(1)
            ? new MinDataRate(limits.MinRate, limits.SendTimeout)
            : null;
        options.Limits.Http2.MaxStreamsPerConnection = limits.Exchanges.MaxExchanges; // each holds something: ExchangeBudget
        options.Limits.Http2.InitialConnectionWindowSize = MinWindow;
        options.Limits.Http2.InitialStreamWindowSize = MinWindow;
        options.Listen(_http1.EndPoint, static listen => listen.Protocols = HttpProtocols.Http1);
        options.Listen(_http2.EndPoint, static listen => listen.Protocols = HttpProtocols.Http2);
        return options;
    }

    private async Task StartAsync(KestrelApplication application)
    {
        try
        {
            await _server.StartAsync(application, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Log.LoopFault(_log, exception);
            await _http1.UnbindAsync().ConfigureAwait(false);
            await _http2.UnbindAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Kestrel asks for services that it can do without.</summary>
    private sealed class EmptyProvider : IServiceProvider
    {
        public static readonly EmptyProvider Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
