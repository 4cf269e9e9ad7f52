using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Mapwire.Server.Web;

/// <summary>Where Kestrel gets its connections from, in place of sockets that it accepts itself: one for each version of HTTP.</summary>
internal sealed class KestrelListener : IConnectionListener
{
    private readonly Channel<ConnectionContext> _connections =
        Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true }); // the server's limit bounds it

    /// <inheritdoc/>
    public EndPoint EndPoint { get; } = new HandedEndPoint();

    /// <summary>Has Kestrel accept a connection.</summary>
    /// <returns>False where it accepts no more.</returns>
    public bool TryGive(ConnectionContext connection) => _connections.Writer.TryWrite(connection);

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_connections.Reader.TryRead(out ConnectionContext? connection))
            {
                return connection;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        while (_connections.Reader.TryRead(out ConnectionContext? connection))
        {
            connection.Abort();
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>No address: connections are accepted elsewhere.</summary>
    private sealed class HandedEndPoint : EndPoint
    {
        /// <inheritdoc/>
        public override string ToString() => "handed over";
    }
}

/// <summary>Gives Kestrel the listener that an end point stands for.</summary>
internal sealed class KestrelListenerFactory(params KestrelListener[] listeners) : IConnectionListenerFactory
{
    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(listeners.Single(one => one.EndPoint == endpoint));
}
