using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <summary>
/// Bytes encrypted by TLS, as the server: all of it on the connection's loop, the handshake included, so that no byte changes threads on
/// its way. What is sent is copied by a guarded read, encrypted, and handed to the socket in one call; the socket is watched as a plain
/// one's is.
/// </summary>
internal sealed class EncryptedSender : ISender
{
    /// <summary>
    /// What is encrypted at once, in bytes: some TLS records of 16 KiB, which come to less than 64 KiB with what TLS adds. What a slow
    /// viewer has not taken is held.
    /// </summary>
    private const int WriteLength = 60 * 1024;

    /// <summary>What one read takes; viewers say some hundred bytes.</summary>
    private const int ReadLength = 4 * 1024;

    /// <summary>
    /// What is taken of the socket in one turn, in bytes, before the other connections have theirs: records may say nothing that is read
    /// (new keys), and TLS goes on to the next one by itself.
    /// </summary>
    private const int TakenPerTurn = 64 * 1024;

    /// <summary>
    /// What a client may send in a row of which nothing is for whoever reads, in bytes: far more than a handshake. Who sends more, such as
    /// new keys without end, only keeps the loop busy.
    /// </summary>
    private const int MaxSilentBytes = 256 * 1024;

    [ThreadStatic]
    private static byte[]? _plain;

    private readonly PlainSender _socket;
    private readonly LoopStream _below;
    private readonly SslStream _stream;
    private readonly Action<Exception> _refuse;
    private Task? _handshake;
    private Task<int>? _waits; // for something to read, without room for it
    private (Task<int> Read, byte[] Buffer)? _read;
    private Func<SslServerAuthenticationOptions>? _options;
    private bool _isEnding;
    private bool _hasEnded;
    private long _heardUntil; // how much of the socket's bytes was read when something was heard last

    /// <param name="socket">The sender's own from now on.</param>
    /// <param name="options">Of the handshake, which begins with the connection's first turn.</param>
    /// <param name="refuse">Told why a handshake failed, or what else of TLS ends the connection.</param>
    public EncryptedSender(Socket socket, Func<SslServerAuthenticationOptions> options, Action<Exception> refuse)
    {
        _socket = new PlainSender(socket);
        _below = new LoopStream(_socket, socket);
        _stream = new SslStream(_below);
        _options = options;
        _refuse = refuse;
    }

    /// <inheritdoc/>
    public SafeHandle? Handle => _socket.Handle;

    /// <inheritdoc/>
    public int UnsentBytes => _below.UnsentBytes;

    /// <inheritdoc/>
    /// <remarks>What came with the end of the handshake, or behind a record, raises no event.</remarks>
    public bool HoldsReceived { get; private set; } = true;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer, out SocketError error)
    {
        _below.BeginTurn(TakenPerTurn);
        int count = TryReceive(buffer, out error);
        if (count > 0)
        {
            _heardUntil = _below.BytesRead;
        }
        else if (_below.BytesRead - _heardUntil is > MaxSilentBytes and long silent)
        {
            _refuse(new IOException($"{silent} bytes of TLS in a row say nothing, such as new keys: at most {MaxSilentBytes} may"));
            error = SocketError.ConnectionReset;
        }

        HoldsReceived = error == SocketError.Success || _below.IsHeldBack;
        return count;
    }

    /// <inheritdoc/>
    public SendResult Send(GatherList list, out long sent)
    {
        sent = 0;
        if (_handshake is not { IsCompletedSuccessfully: true })
        {
            return SendResult.Blocked; // nothing is said before
        }

        byte[] plain = _plain ??= GC.AllocateUninitializedArray<byte>(WriteLength, pinned: true);
        int length = list.CopyTo(plain);
        if (length == 0)
        {
            return SendResult.SourceLost;
        }

        Task write = _stream.WriteAsync(plain.AsMemory(0, length)).AsTask(); // ends at once: the stream below takes all
        if (!write.IsCompletedSuccessfully || Flush() == SendResult.Disconnected)
        {
            return SendResult.Disconnected;
        }

        list.Truncate(length); // the rest is gathered again: the socket may have room for it
        sent = length;
        return SendResult.Sent;
    }

    /// <inheritdoc/>
    public SendResult Flush()
    {
        if (!_below.TryFlush())
        {
            return SendResult.Disconnected;
        }

        if (_isEnding && UnsentBytes == 0)
        {
            _isEnding = false;
            _socket.EndSending();
        }

        return SendResult.Sent;
    }

    /// <inheritdoc/>
    public void EndSending()
    {
        if (_hasEnded || _handshake is not { IsCompletedSuccessfully: true })
        {
            return;
        }

        (_isEnding, _hasEnded) = (true, true);
        Ignore(_stream.ShutdownAsync());
        Flush();
    }

    /// <inheritdoc/>
    public void Break() => _socket.Break();

    /// <inheritdoc/>
    public void AcknowledgeAtOnce() => _socket.AcknowledgeAtOnce();

    /// <inheritdoc/>
    public bool TrySetUnsentLimit(int bytes) => _socket.TrySetUnsentLimit(bytes);

    /// <inheritdoc/>
    public DetachedStream Detach(byte[] received) => new(_stream, _below.Socket)
    {
        PendingWrite = _below.LeaveLoop(),
        Received = received,
        PendingRead = _read ?? (_waits is { } waits ? (ReadAfterAsync(waits, out byte[] room), room) : null),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
        if (_read is { } read)
        {
            Ignore(read.Read);
        }

        Ignore(_waits);
        Ignore(_handshake);
    }

    private int TryReceive(Span<byte> buffer, out SocketError error)
    {
        if (!IsOver(_handshake ??= _stream.AuthenticateAsServerAsync(_options!()), out error))
        {
            return 0;
        }

        if (_options is not null && !_handshake.IsCompletedSuccessfully)
        {
            _refuse(_handshake.Exception?.GetBaseException() ?? new OperationCanceledException());
        }

        _options = null;
        if (!_handshake.IsCompletedSuccessfully)
        {
            _below.TryFlush(); // the alert that says why (RFC 8446, 6.2): the connection is closed next
            error = SocketError.ConnectionReset;
            return 0;
        }

        // A read without room holds no buffer while a client says nothing.
        if (_read is null && !IsOver(_waits ??= _stream.ReadAsync(Memory<byte>.Empty).AsTask(), out error))
        {
            return 0;
        }

        if (_read is null)
        {
            byte[] room = ArrayPool<byte>.Shared.Rent(ReadLength);
            _read = (_waits!.IsCompletedSuccessfully ? _stream.ReadAsync(room).AsTask() : _waits, room);
            _waits = null;
        }

        (Task<int> read, byte[] bytes) = _read.Value;
        if (!IsOver(read, out error))
        {
            return 0;
        }

        _read = null;
        int count = CopiedWrite.TakeRead(read, bytes, buffer, out error);
        ArrayPool<byte>.Shared.Return(bytes);
        return count;
    }

    /// <summary>Whether a step of TLS is over, once it has been given what the socket has.</summary>
    private bool IsOver(Task step, out SocketError error)
    {
        if (!step.IsCompleted)
        {
            _below.Continue();
        }

        error = SocketError.WouldBlock;
        return step.IsCompleted;
    }

    private Task<int> ReadAfterAsync(Task<int> waits, out byte[] room)
    {
        byte[] bytes = new byte[ReadLength];
        room = bytes;
        return ReadAsync();

        async Task<int> ReadAsync()
        {
            await waits.ConfigureAwait(false);
            return await _stream.ReadAsync(bytes).ConfigureAwait(false);
        }
    }

    /// <summary>What becomes of it no longer matters.</summary>
    private static void Ignore(Task? task) => task?.ContinueWith(
        static done => _ = done.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
