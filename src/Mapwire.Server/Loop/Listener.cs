using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Loop;

/// <summary>Accepts connections at one end point, some a turn, and survives every way in which accepting can fail.</summary>
internal sealed partial class Listener : Watched, IDisposable
{
    /// <summary>Connections a turn.</summary>
    private const int AcceptsPerTurn = 64;

    private const int CloseOnExec = 0x80000; // SOCK_CLOEXEC of Linux
    private const int ErrnoAgain = 11;

    /// <summary>Milliseconds to wait before accepting again when the system has no descriptor or no memory left.</summary>
    private const long FaultPause = 100;

    /// <summary>
    /// What the kernel passes on of one connection (accept(2)), and nothing of the next: EPERM, EINTR, ENONET, EPROTO, ENOPROTOOPT,
    /// EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNABORTED, EHOSTDOWN, EHOSTUNREACH.
    /// </summary>
    private static readonly int[] ErrnosOfOneConnection = [1, 4, 64, 71, 92, 95, 100, 101, 103, 112, 113];

    private readonly Func<Socket?> _accept;
    private readonly Action<Socket> _accepted;
    private readonly Action<Exception> _failed;
    private readonly Socket? _socket;

    /// <summary>Listens.</summary>
    /// <param name="loop">Where connections are accepted.</param>
    /// <param name="endPoint">Port 0 picks a free one. <c>[::]</c> is both families.</param>
    /// <param name="backlog">Connections that the system holds until they are accepted; systems cap it themselves.</param>
    /// <param name="accepted">Takes each over.</param>
    /// <param name="failed">Hears why none could be accepted; the listener goes on.</param>
    /// <exception cref="SocketException">The end point cannot be listened on; the message names it.</exception>
    public Listener(EventLoop loop, IPEndPoint endPoint, int backlog, Action<Socket> accepted, Action<Exception> failed)
        : this(loop, accept: null!, accepted, failed)
    {
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            }

            socket.Bind(endPoint);
            socket.Listen(backlog);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new SocketException((int)exception.SocketErrorCode, $"cannot listen on {endPoint}: {exception.Message}");
        }

        _socket = socket;
        _accept = AcceptNext;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>A listener of a test's own sockets.</summary>
    /// <param name="loop">Where connections are accepted.</param>
    /// <param name="accept">The next connection, or null when there is none now.</param>
    /// <param name="accepted">Takes each over.</param>
    /// <param name="failed">Hears why none could be accepted.</param>
    internal Listener(EventLoop loop, Func<Socket?> accept, Action<Socket> accepted, Action<Exception> failed)
        : base(loop)
    {
        _accept = accept;
        _accepted = accepted;
        _failed = failed;
        EndPoint = new IPEndPoint(IPAddress.None, 0);
    }

    /// <summary>Where it listens, with the real port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <inheritdoc/>
    public override SafeHandle? Handle => _socket?.SafeHandle;

    /// <inheritdoc/>
    public override void TakeTurn()
    {
        for (int i = 0; i < AcceptsPerTurn; i++)
        {
            Socket? socket;
            try
            {
                socket = _accept();
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionAborted
                or SocketError.ConnectionReset)
            {
                continue; // it was gone before it was accepted: nothing is wrong here
            }
            catch (Exception exception)
            {
                _failed(exception);
                Loop.SetTimer(this, Loop.Now + FaultPause);
                return;
            }

            if (socket is null)
            {
                return; // what comes later raises an event
            }

            try
            {
                _accepted(socket);
            }
            catch (Exception exception)
            {
                socket.Dispose(); // its end, and no other's
                _failed(exception);
            }
        }

        Loop.RunAgain(this);
    }

    /// <inheritdoc/>
    public override void OnFault(Exception exception)
    {
        _failed(exception);
        Loop.SetTimer(this, Loop.Now + FaultPause);
    }

    /// <inheritdoc/>
    public override void OnLoopEnd()
    {
        Loop.Unwatch(this);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private Socket? AcceptNext()
    {
        try
        {
            // Asked first: an exception for each empty queue would cost more than the connection before it.
            return OperatingSystem.IsLinux() ? AcceptLinux() : _socket!.Poll(0, SelectMode.SelectRead) ? _socket.Accept() : null;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.WouldBlock)
        {
            return null;
        }
    }

    /// <summary>
    /// One call, and no state for waiting: .NET keeps 240 bytes of it for each socket that its non-blocking listener has accepted.
    /// </summary>
    private Socket? AcceptLinux()
    {
        while (true)
        {
            int descriptor = Accept(_socket!.SafeHandle, 0, 0, CloseOnExec);
            if (descriptor >= 0)
            {
                return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno == ErrnoAgain)
            {
                return null;
            }

            if (!ErrnosOfOneConnection.Contains(errno))
            {
                throw new Win32Exception(errno);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept(SafeHandle fd, nint address, nint length, int flags);
}
