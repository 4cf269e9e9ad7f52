using System.Buffers;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Mapwire.Server.Sending;

/// <summary>
/// A socket as a stream whose reads and writes are on a loop's thread: a read that finds nothing ends when the loop says that something
/// has come (<see cref="Continue"/>), on the loop's thread as well; reads take no more than a turn may (<see cref="BeginTurn"/>); a write
/// takes all, and the loop hands it to the socket (<see cref="TryFlush"/>). No call waits. Once it has left the loop it is the
/// runtime's own stream of the socket.
/// </summary>
/// <param name="sender">Of the socket's bytes as they are.</param>
/// <param name="socket">The same.</param>
internal sealed class LoopStream(PlainSender sender, Socket socket) : DuplexStream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read; // continues on the thread that ends it
    private Memory<byte> _room;
    private bool _isReading;
    private byte[] _unsent = []; // of the pool, while something is in it
    private int _sent;
    private int _end;
    private int _left; // of the turn's share
    private NetworkStream? _inner; // once it has left the loop

    /// <summary>The one below.</summary>
    public Socket Socket => socket;

    /// <summary>The bytes that were written and that the socket has not taken yet.</summary>
    public int UnsentBytes => _end - _sent;

    /// <summary>All bytes that were read of the socket on the loop.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Whether reads found nothing because the turn's share was used up: there may be more.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>A turn begins: reads may take so many bytes of the socket in it.</summary>
    public void BeginTurn(int most)
    {
        _left = most;
        IsHeldBack = false;
    }

    /// <summary>Ends a read that waits, if the socket has something for it now.</summary>
    public void Continue()
    {
        if (!_isReading)
        {
            return;
        }

        int count = Receive(_room.Span, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            return;
        }

        _isReading = false;
        _room = default;
        if (error == SocketError.Success)
        {
            _read.SetResult(count);
        }
        else
        {
            _read.SetException(Broken(error));
        }
    }

    /// <summary>Hands what was written to the socket, as much as it takes.</summary>
    /// <returns>False when the connection is gone.</returns>
    public bool TryFlush()
    {
        while (UnsentBytes > 0)
        {
            int count = sender.Write(_unsent.AsSpan(_sent, _end - _sent), out SocketError error);
            if (error == SocketError.WouldBlock)
            {
                return true;
            }

            if (error != SocketError.Success)
            {
                return false;
            }

            _sent += count;
        }

        if (_unsent.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_unsent);
            (_unsent, _sent, _end) = ([], 0, 0);
        }

        return true;
    }

    /// <summary>Reads and writes are the runtime's from here on; a read that waits goes on there.</summary>
    /// <returns>Ends when what was written before is with the socket.</returns>
    public Task LeaveLoop()
    {
        socket.Blocking = true; // to .NET: its streams wait by themselves
        _inner = new NetworkStream(socket, ownsSocket: true);
        if (_isReading)
        {
            _isReading = false;
            _ = GoOnAsync(_inner, _room);
        }

        return UnsentBytes > 0 ? _inner.WriteAsync(_unsent.AsMemory(_sent, _end - _sent)).AsTask() : Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inner is not null)
        {
            return _inner.ReadAsync(buffer, cancellationToken);
        }

        int count = Receive(buffer.Span, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            _room = buffer;
            _isReading = true;
            _read.Reset();
            return new ValueTask<int>(this, _read.Version);
        }

        return error == SocketError.Success ? ValueTask.FromResult(count) : ValueTask.FromException<int>(Broken(error));
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_inner is not null)
        {
            return _inner.WriteAsync(buffer, cancellationToken);
        }

        if (_unsent.Length - _end < buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_end - _sent + buffer.Length, MinLength));
            _unsent.AsSpan(_sent, _end - _sent).CopyTo(larger);
            if (_unsent.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_unsent);
            }

            (_unsent, _end, _sent) = (larger, _end - _sent, 0);
        }

        buffer.Span.CopyTo(_unsent.AsSpan(_end));
        _end += buffer.Length;
        return ValueTask.CompletedTask;
    }

    /// <summary>What is taken of the pool at least, in bytes: a record of a handshake alone would be taken anew at once.</summary>
    private const int MinLength = 16 * 1024;

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // the loop does
    }

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner?.Dispose();
            if (_unsent.Length > 0 && _inner is null)
            {
                ArrayPool<byte>.Shared.Return(_unsent);
                (_unsent, _sent, _end) = ([], 0, 0);
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>A read without room says only whether there is something.</summary>
    private int Receive(Span<byte> room, out SocketError error)
    {
        if (_left <= 0)
        {
            IsHeldBack = true;
            error = SocketError.WouldBlock;
            return 0;
        }

        if (!room.IsEmpty)
        {
            int count = sender.Receive(room, out error);
            _left -= count;
            BytesRead += count;
            return count;
        }

        error = sender.HasReceived ? SocketError.Success : SocketError.WouldBlock;
        return 0;
    }

    private async Task GoOnAsync(NetworkStream inner, Memory<byte> room)
    {
        try
        {
            _read.SetResult(await inner.ReadAsync(room).ConfigureAwait(false));
        }
        catch (Exception exception)
        {
            _read.SetException(exception);
        }
    }

    private static IOException Broken(SocketError error) => new($"the connection is broken: {error}", new SocketException((int)error));
}
