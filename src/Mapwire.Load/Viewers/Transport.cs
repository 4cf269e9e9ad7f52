using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace Mapwire.Load.Viewers;

/// <summary>A connection that waits for nothing: plain, or encrypted.</summary>
internal abstract class Transport : IDisposable
{
    /// <summary>What the poller watches; null where turns come by themselves.</summary>
    public abstract SafeHandle? Handle { get; }

    /// <summary>Whether received bytes can be thrown away without a copy.</summary>
    public virtual bool CanDiscard => false;

    /// <summary>Asks whether it is connected by now.</summary>
    /// <param name="failure">Why it never will be; null while that is open.</param>
    public abstract bool IsConnected(out string? failure);

    /// <summary>Takes bytes that are there.</summary>
    public abstract int Receive(Span<byte> buffer, out SocketError error);

    /// <summary>Throws bytes away that are there.</summary>
    /// <param name="buffer">Its length says how many at most; what is in it afterwards means nothing.</param>
    /// <param name="error">As <see cref="Receive"/> tells.</param>
    public virtual int Discard(Span<byte> buffer, out SocketError error) => Receive(buffer, out error);

    /// <summary>Sends bytes.</summary>
    /// <returns>How many were taken; of an encrypted connection all.</returns>
    public abstract int Send(ReadOnlySpan<byte> bytes, out SocketError error);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>A socket that does not wait, closed by a reset: no TIME_WAIT on a machine that opens thousands.</summary>
    protected static Socket CreateSocket(IPEndPoint endPoint) =>
        new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(true, 0) };
}

/// <summary>A plain connection.</summary>
internal sealed class PlainTransport : Transport
{
    private readonly Socket _socket;

    /// <exception cref="SocketException">There is no way to the server.</exception>
    public PlainTransport(IPEndPoint endPoint)
    {
        _socket = CreateSocket(endPoint);
        _socket.Blocking = false;
        try
        {
            _socket.Connect(endPoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override SafeHandle Handle => _socket.SafeHandle;

    /// <inheritdoc/>
    /// <remarks>tcp(7): MSG_TRUNC. Other systems have no such thing.</remarks>
    public override bool CanDiscard => OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public override bool IsConnected(out string? failure)
    {
        int error = (int)_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        failure = error == 0 ? null : $"cannot connect: {new SocketException(error).SocketErrorCode}";
        return error == 0;
    }

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer, out SocketError error) => _socket.Receive(buffer, SocketFlags.None, out error);

    /// <inheritdoc/>
    public override int Discard(Span<byte> buffer, out SocketError error) =>
        _socket.Receive(buffer, CanDiscard ? SocketFlags.Truncated : SocketFlags.None, out error);

    /// <inheritdoc/>
    public override int Send(ReadOnlySpan<byte> bytes, out SocketError error) => _socket.Send(bytes, SocketFlags.None, out error);

    /// <inheritdoc/>
    public override void Dispose() => _socket.Dispose();
}

/// <summary>
/// An encrypted connection. A server of this machine may have any certificate: those under test have often made theirs themselves.
/// </summary>
internal sealed class EncryptedTransport : Transport
{
    private const int ReadLength = 64 * 1024;

    private readonly Socket _socket;
    private readonly Action _onProgress;
    private readonly Task _connecting;
    private readonly byte[] _incoming = new byte[ReadLength];
    private SslStream? _stream;
    private Task<int>? _read;
    private int _taken; // of what was read
    private Task? _write;

    /// <param name="host">For the server's choice of a certificate.</param>
    /// <param name="endPoint">Where to connect.</param>
    /// <param name="onProgress">Called by any thread when something has come to an end.</param>
    public EncryptedTransport(string host, IPEndPoint endPoint, Action onProgress)
    {
        _socket = CreateSocket(endPoint);
        _onProgress = onProgress;
        _connecting = ConnectAsync(host, endPoint);
        Tell(_connecting);
    }

    /// <inheritdoc/>
    public override SafeHandle? Handle => null;

    /// <inheritdoc/>
    public override bool IsConnected(out string? failure)
    {
        failure = _connecting is { IsCompleted: true, IsCompletedSuccessfully: false }
            ? _connecting.Exception?.InnerException is SocketException socket
                ? $"cannot connect: {socket.SocketErrorCode}"
                : "cannot connect: TLS"
            : null;
        return _connecting.IsCompletedSuccessfully;
    }

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer, out SocketError error)
    {
        if (_read is null)
        {
            _taken = 0;
            _read = _stream!.ReadAsync(_incoming).AsTask();
            if (!_read.IsCompleted)
            {
                Tell(_read);
            }
        }

        if (!_read.IsCompleted)
        {
            error = SocketError.WouldBlock;
            return 0;
        }

        error = _read.IsCompletedSuccessfully ? SocketError.Success : SocketError.ConnectionReset;
        int count = error == SocketError.Success ? Math.Min(_read.Result - _taken, buffer.Length) : 0;
        _incoming.AsSpan(_taken, count).CopyTo(buffer);
        _taken += count;
        if (error != SocketError.Success || _taken == _read.Result)
        {
            _read = null;
        }

        return count;
    }

    /// <inheritdoc/>
    public override int Send(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        error = _write is null or { IsCompletedSuccessfully: true } ? SocketError.Success : SocketError.ConnectionReset;
        if (error == SocketError.Success)
        {
            _write = _stream!.WriteAsync(bytes.ToArray()).AsTask(); // a request: some hundred bytes, one at a time
        }

        return bytes.Length;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stream?.Dispose();
        _socket.Dispose();
    }

    private async Task ConnectAsync(string host, IPEndPoint endPoint)
    {
        await _socket.ConnectAsync(endPoint).ConfigureAwait(false);
        SslStream stream = new(new NetworkStream(_socket));
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = host,
                RemoteCertificateValidationCallback =
                    (_, _, _, errors) => errors == SslPolicyErrors.None || IPAddress.IsLoopback(endPoint.Address),
                ApplicationProtocols = [SslApplicationProtocol.Http11],
            }).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        _stream = stream;
    }

    private void Tell(Task task) => task.ContinueWith(
        static (_, told) => ((Action)told!)(), _onProgress, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
