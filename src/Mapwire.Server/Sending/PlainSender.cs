using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <summary>
/// Bytes as they are: one gather call sends headers and mapped pages without a copy in user mode. On Linux each call says that it does not
/// wait; elsewhere the socket is non-blocking.
/// </summary>
internal sealed unsafe partial class PlainSender(Socket socket) : ISender
{
    private const int ErrnoInterrupted = 4;
    private const int ErrnoAgain = 11;
    private const int Peek = 2; // MSG_PEEK

    private readonly SafeSocketHandle _handle = socket.SafeHandle; // not asked for at each send, which would read the socket's object, too
    private bool _isNonBlocking; // to the system, behind .NET's back

    /// <inheritdoc/>
    public SafeHandle Handle => _handle;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer, out SocketError error)
    {
        if (!OperatingSystem.IsLinux())
        {
            return socket.Receive(buffer, SocketFlags.None, out error);
        }

        while (true)
        {
            nint count;
            fixed (byte* bytes = buffer)
            {
                // SAFETY: the buffer is pinned, and takes as many bytes as it has.
                count = Receive(_handle, bytes, (nuint)buffer.Length, GatherList.DoNotWait);
            }

            if (count >= 0)
            {
                error = SocketError.Success;
                return (int)count;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != ErrnoInterrupted)
            {
                error = errno == ErrnoAgain ? SocketError.WouldBlock : SocketError.ConnectionReset;
                return 0;
            }
        }
    }

    /// <inheritdoc/>
    public SendResult Send(GatherList list, out long sent)
    {
        if (list.EndsInFile && !_isNonBlocking && OperatingSystem.IsLinux())
        {
            _isNonBlocking = GatherList.TryMakeNonBlocking(_handle);
            if (!_isNonBlocking)
            {
                list.SendFromMapping();
            }
        }

        return list.Send(_handle, out sent);
    }

    /// <summary>Whether something can be received, the peer's end included.</summary>
    public bool HasReceived
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                return socket.Poll(0, SelectMode.SelectRead);
            }

            byte first;

            // SAFETY: the system writes one byte, of this frame.
            return Receive(_handle, &first, 1, GatherList.DoNotWait | Peek) >= 0
                || Marshal.GetLastPInvokeError() is not (ErrnoAgain or ErrnoInterrupted);
        }
    }

    /// <summary>Hands bytes of this process to the system.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <param name="error"><see cref="SocketError.WouldBlock"/> when the socket is full.</param>
    /// <returns>The bytes taken.</returns>
    public int Write(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        if (!OperatingSystem.IsLinux())
        {
            return socket.Send(bytes, SocketFlags.None, out error);
        }

        while (true)
        {
            nint count;
            fixed (byte* start = bytes)
            {
                // SAFETY: the bytes are pinned, and no more of them are read than there are.
                count = Send(_handle, start, (nuint)bytes.Length, GatherList.DoNotWait | GatherList.NoSignal);
            }

            if (count >= 0)
            {
                error = SocketError.Success;
                return (int)count;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != ErrnoInterrupted)
            {
                error = errno == ErrnoAgain ? SocketError.WouldBlock : SocketError.ConnectionReset;
                return 0;
            }
        }
    }

    /// <inheritdoc/>
    public void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // the peer has gone before
        }
    }

    /// <inheritdoc/>
    public void Break() => TcpOption.TryBreakAtClose(socket);

    /// <inheritdoc/>
    /// <remarks>
    /// Linux alone (tcp(7), TCP_QUICKACK, which holds for a moment only). A client with Nagle's algorithm, such as librtmp, keeps its next
    /// command back until then: 40 ms, each time, on the way to the first frame.
    /// </remarks>
    public void AcknowledgeAtOnce() => TcpOption.QuickAcknowledge.TrySet(socket, 1);

    /// <inheritdoc/>
    public bool TrySetUnsentLimit(int bytes) => TcpOption.UnsentLimit.TrySet(socket, bytes);

    /// <inheritdoc/>
    public DetachedStream Detach(byte[] received)
    {
        socket.Blocking = true; // to .NET: its streams wait by themselves
        return new DetachedStream(new NetworkStream(socket, ownsSocket: true), socket) { Received = received };
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeHandle fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeHandle fd, byte* buffer, nuint length, int flags);
}
