using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <summary>
/// Bytes through a stream that reads them in user mode, such as an <see cref="System.Net.Security.SslStream"/>: each segment is copied by
/// a guarded read first, since the file behind it can be cut by others at any time. The conversation stays on its loop; the stream's
/// reads and writes end on threads of the runtime, one of each at a time.
/// </summary>
internal sealed class StreamSender : ISender
{
    /// <summary>What one read takes; viewers say some hundred bytes.</summary>
    private const int ReadLength = 4 * 1024;

    private readonly Stream _stream;
    private readonly Socket? _socket;
    private readonly byte[] _incoming = new byte[ReadLength];
    private Task<int>? _read;
    private Task? _write;
    private Task? _ending;

    /// <param name="stream">The sender's own from now on.</param>
    /// <param name="socket">The one below the stream, whose options are set here; null where there is none.</param>
    public StreamSender(Stream stream, Socket? socket = null)
    {
        _stream = stream;
        _socket = socket;
    }

    /// <summary>Gives the connection a turn; set before anything else is called. Any thread calls it.</summary>
    public Action OnProgress { get; set; } = static () => { };

    /// <inheritdoc/>
    public SafeHandle? Handle => null;

    /// <inheritdoc/>
    public bool IsSending => _write is { IsCompleted: false } || _ending is { IsCompleted: false };

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer, out SocketError error)
    {
        _read ??= Begin(_stream.ReadAsync(_incoming.AsMemory(0, Math.Min(ReadLength, buffer.Length))));
        if (!_read.IsCompleted)
        {
            error = SocketError.WouldBlock;
            return 0;
        }

        Task<int> read = _read;
        _read = null;
        return CopiedWrite.TakeRead(read, _incoming, buffer, out error);
    }

    /// <inheritdoc/>
    public SendResult Send(GatherList list, out long sent)
    {
        sent = 0;
        if (_write is { IsCompleted: false })
        {
            return SendResult.Blocked;
        }

        if (_write is { IsCompletedSuccessfully: false })
        {
            return SendResult.Disconnected;
        }

        if (!CopiedWrite.TryCopy(list, out byte[] buffer, out int length))
        {
            return SendResult.SourceLost;
        }

        sent = length;
        _write = WriteAsync(buffer, length);
        CopiedWrite.TurnAfter(_write, OnProgress); // also when it is over already: what is left of the list is gathered again then
        return SendResult.Sent;
    }

    /// <inheritdoc/>
    public void EndSending()
    {
        _ending = EndSendingAsync(_write);
        CopiedWrite.TurnAfter(_ending, OnProgress);
    }

    /// <inheritdoc/>
    /// <remarks>The socket is closed here: a stream that closes it says first that all was sent.</remarks>
    public void Break()
    {
        if (_socket is not null)
        {
            TcpOption.TryBreakAtClose(_socket);
            _socket.Dispose();
        }
    }

    /// <inheritdoc/>
    public void AcknowledgeAtOnce()
    {
        if (_socket is not null)
        {
            TcpOption.QuickAcknowledge.TrySet(_socket, 1);
        }
    }

    /// <inheritdoc/>
    /// <remarks>A write is over once the system holds its bytes, which takes megabytes of them when it is let.</remarks>
    public bool TrySetUnsentLimit(int bytes) => _socket is not null && TcpOption.UnsentLimit.TrySet(_socket, bytes);

    /// <inheritdoc/>
    public DetachedStream Detach(byte[] received)
    {
        return new DetachedStream(_stream, _socket)
        {
            Received = received,
            PendingRead = _read is { } read ? (read, _incoming) : null,
            PendingWrite = _write,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private Task<int> Begin(ValueTask<int> read)
    {
        Task<int> task = read.AsTask();
        if (!task.IsCompleted)
        {
            CopiedWrite.TurnAfter(task, OnProgress);
        }

        return task;
    }

    private async Task EndSendingAsync(Task? write)
    {
        try
        {
            await (write ?? Task.CompletedTask).ConfigureAwait(false);
            if (_stream is SslStream encrypted)
            {
                await encrypted.ShutdownAsync().ConfigureAwait(false);
            }

            _socket?.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidOperationException)
        {
            // the peer has gone before, or the connection is closed already
        }
    }

    private async Task WriteAsync(byte[] buffer, int length)
    {
        try
        {
            await _stream.WriteAsync(buffer.AsMemory(0, length)).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
