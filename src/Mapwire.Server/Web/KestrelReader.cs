using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mapwire.Server.Web;

/// <summary>How Kestrel is bound, as loops are.</summary>
/// <param name="HeadTimeout">How long a request head may take.</param>
/// <param name="IdleTimeout">How long a connection may ask for nothing.</param>
/// <param name="SendTimeout">How long a socket may take less than the least rate.</param>
/// <param name="MinRate">Bytes a second that a socket which is full has to take; 0 for anything.</param>
internal sealed record KestrelLimits(TimeSpan HeadTimeout, TimeSpan IdleTimeout, TimeSpan SendTimeout, long MinRate);

/// <summary>
/// Kestrel, which reads the requests that loops do not: other forms of HTTP/1.1, and HTTP/2. It is started by the first connection that it
/// is given, since most servers never need it, and a server without it starts faster and takes less memory.
/// </summary>
internal sealed class KestrelReader : IDisposable
{
    /// <summary>
    /// What a refused body is heard to, in bytes: who sends one is told so; who sends more is closed.
    /// </summary>
    private const long MaxRequestBody = 1024 * 1024;

    /// <summary>Has Kestrel refuse lines that end without a carriage return, by which readers differ; it takes them otherwise.</summary>
    private const string NoBareLineFeeds = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly KestrelListener _http1 = new();
    private readonly KestrelListener _http2 = new();
    private readonly KestrelServer _server;
    private readonly KestrelApplication _application;
    private readonly ILogger _log;
    private readonly Lazy<Task> _started;
    private bool _isStopped;

    /// <param name="limits">Of each connection.</param>
    /// <param name="converse">Begins the conversation of a request on a loop.</param>
    /// <param name="log">Where lines go.</param>
    public KestrelReader(KestrelLimits limits, Func<Connection, HttpClientState, IConversation> converse, ILogger log)
    {
        AppContext.SetSwitch(NoBareLineFeeds, true); // before options are made, which keep it
        _log = log;
        _application = new KestrelApplication(converse);
        _server = new KestrelServer(
            Options.Create(CreateOptions(limits)), new KestrelListenerFactory(_http1, _http2), NullLoggerFactory.Instance);
        _started = new Lazy<Task>(() => Task.Run(StartAsync)); // a loop would be late by all the code that is run for the first time
    }

    /// <summary>Gives it a connection. Any thread may call it.</summary>
    /// <param name="connection">Kestrel's own from now on.</param>
    /// <param name="isHttp2">Whether HTTP/2 is spoken on it.</param>
    public void Take(DetachedConnection connection, bool isHttp2)
    {
        _ = _started.Value;
        KestrelConnection taken = new(connection);
        if (Volatile.Read(ref _isStopped) || !(isHttp2 ? _http2 : _http1).TryGive(taken))
        {
            taken.Abort(new ConnectionAbortedException());
        }
    }

    /// <summary>Ends all connections.</summary>
    public void Stop()
    {
        if (Interlocked.Exchange(ref _isStopped, true) || !_started.IsValueCreated)
        {
            return;
        }

        using CancellationTokenSource patience = new(StopPatience);
        try
        {
            // What is asked for has ended with its loop: there is nothing to wait for but clients.
            Task.Run(() => _server.StopAsync(new CancellationToken(canceled: true)), patience.Token).Wait(StopPatience);
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
        KestrelServerOptions options = new() { AddServerHeader = false, ApplicationServices = EmptyProvider.Instance };
        options.Limits.RequestHeadersTimeout = limits.HeadTimeout;
        options.Limits.KeepAliveTimeout = limits.IdleTimeout;
        options.Limits.MaxRequestBodySize = MaxRequestBody;
        options.Limits.MinResponseDataRate = limits.MinRate > 0 && limits.SendTimeout > TimeSpan.FromSeconds(1)
            ? new MinDataRate(limits.MinRate, limits.SendTimeout)
            : null;
        options.Listen(_http1.EndPoint, static listen => listen.Protocols = HttpProtocols.Http1);
        options.Listen(_http2.EndPoint, static listen => listen.Protocols = HttpProtocols.Http2);
        return options;
    }

    private async Task StartAsync()
    {
        try
        {
            await _server.StartAsync(_application, CancellationToken.None).ConfigureAwait(false);
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
