using Mapwire.Server.Http;
using Mapwire.Server.Sending;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Web;

/// <summary>How Kestrel is bound, as loops are.</summary>
/// <param name="HeadTimeout">How long a request head may take.</param>
/// <param name="IdleTimeout">How long a connection may ask for nothing.</param>
/// <param name="SendTimeout">How long a socket may take less than the least rate.</param>
/// <param name="MinRate">Bytes a second that a socket which is full has to take; 0 for anything.</param>
/// <param name="Exchanges">What requests may make the server hold.</param>
internal sealed record KestrelLimits(
    TimeSpan HeadTimeout, TimeSpan IdleTimeout, TimeSpan SendTimeout, long MinRate, ExchangeLimits Exchanges);

/// <summary>
/// Gives Kestrel the connections that loops do not read. It is loaded and started by the first one: most servers never need it, and
/// without it they start faster and take less memory.
/// </summary>
internal sealed class KestrelReader : IDisposable
{
    private readonly ILogger _log;
    private readonly Lazy<KestrelHost> _host;
    private bool _isStopped;

    /// <param name="limits">Of each connection.</param>
    /// <param name="converse">Begins the conversation of a request on a loop.</param>
    /// <param name="log">Where lines go.</param>
    public KestrelReader(KestrelLimits limits, Func<Connection, HttpClientState, IConversation> converse, ILogger log)
    {
        _log = log;
        _host = new Lazy<KestrelHost>(() => new KestrelHost(limits, converse, log));
    }

    /// <summary>Gives it a connection. Any thread may call it, and none waits.</summary>
    /// <param name="connection">Kestrel's own from now on.</param>
    /// <param name="isHttp2">Whether HTTP/2 is spoken on it.</param>
    public void Take(DetachedConnection connection, bool isHttp2) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static one => one.Reader.Give(one.Connection, one.IsHttp2),
            (Reader: this, Connection: connection, IsHttp2: isHttp2),
            preferLocal: false); // a loop would be late by all the code that runs for the first time

    /// <summary>Ends all connections.</summary>
    public void Stop()
    {
        Volatile.Write(ref _isStopped, true);
        if (_host.IsValueCreated)
        {
            _host.Value.Stop();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        if (_host.IsValueCreated)
        {
            _host.Value.Dispose();
        }
    }

    private void Give(DetachedConnection connection, bool isHttp2)
    {
        try
        {
            if (Volatile.Read(ref _isStopped))
            {
                connection.End(CloseReason.ServerStopped);
                return;
            }

            _host.Value.Give(connection, isHttp2);
            if (Volatile.Read(ref _isStopped))
            {
                _host.Value.Stop(); // it may have begun behind the stop
            }
        }
        catch (Exception exception)
        {
            Log.InternalError(_log, connection.Peer, exception);
            connection.End(CloseReason.InternalError);
        }
    }
}
