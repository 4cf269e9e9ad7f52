using System.Net.Security;
using System.Net.Sockets;

namespace Mapwire.Server.Sending;

/// <summary>
/// A connection's stream in the hands of another reader than its loop: what was read of it already is read once more, and what was being
/// read and written when it changed hands comes first.
/// </summary>
/// <param name="inner">Its own from now on.</param>
/// <param name="socket">The one below; null where there is none.</param>
internal sealed class DetachedStream(Stream inner, Socket? socket) : DuplexStream
{
    /// <summary>
    /// How long the peer is still heard when all was said, in milliseconds: what closes with unread bytes takes back what it said.
    /// </summary>
    private const int LingerTime = 2_000;

    /// <summary>What is heard and thrown away meanwhile, in bytes.</summary>
    private const int MaxDiscarded = 1024 * 1024;

    private ReadOnlyMemory<byte> _received;
    private (Task<int> Read, byte[] Buffer)? _pendingRead;
    private Task? _pendingWrite;
    private long _written;

    /// <summary>What was read before.</summary>
    public byte[] Received { init => _received = value; }

    /// <summary>A read that had begun, and where its bytes go.</summary>
    public (Task<int> Read, byte[] Buffer)? PendingRead { init => _pendingRead = value; }

    /// <summary>A write that had begun.</summary>
    public Task? PendingWrite { init => _pendingWrite = value; }

    /// <summary>The protocol that its TLS agreed on (ALPN); empty for none.</summary>
    public ReadOnlyMemory<byte> ApplicationProtocol => (inner as SslStream)?.NegotiatedApplicationProtocol.Protocol ?? default;

    /// <summary>Whether it is encrypted.</summary>
    public bool IsEncrypted => inner is SslStream;

    /// <summary>This end of it; null where that is not known.</summary>
    public System.Net.EndPoint? LocalEndPoint
    {
        get
        {
            try
            {
                return socket?.LocalEndPoint;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <summary>Bytes written so far.</summary>
    public long BytesWritten => Volatile.Read(ref _written);

    /// <summary>Says that nothing more follows, hears the peer for a while, and closes.</summary>
    public async Task EndAsync()
    {
        try
        {
            using CancellationTokenSource patience = new(LingerTime);
            await (_pendingWrite ?? Task.CompletedTask).WaitAsync(patience.Token).ConfigureAwait(false);
            if (inner is SslStream encrypted)
            {
                await encrypted.ShutdownAsync().WaitAsync(patience.Token).ConfigureAwait(false);
            }

            socket?.Shutdown(SocketShutdown.Send);
            byte[] heard = new byte[4096];
            for (int total = 0, count = 1; count > 0 && total < MaxDiscarded; total += count)
            {
                count = await ReadAsync(heard, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidOperationException
            or OperationCanceledException or NotSupportedException)
        {
            // gone before, or heard for long enough
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_received.IsEmpty && _pendingRead is var (read, bytes))
        {
            int count = await read.WaitAsync(cancellationToken).ConfigureAwait(false);
            _pendingRead = null;
            if (count == 0)
            {
                return 0;
            }

            _received = bytes.AsMemory(0, count);
        }

        if (!_received.IsEmpty)
        {
            int taken = Math.Min(buffer.Length, _received.Length); // none where only the wait is asked for
            _received[..taken].CopyTo(buffer);
            _received = _received[taken..];
            return taken;
        }

        return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_pendingWrite is { } write)
        {
            await write.ConfigureAwait(false);
            _pendingWrite = null;
        }

        await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        Interlocked.Add(ref _written, buffer.Length);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
