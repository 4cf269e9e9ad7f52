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

    private readonly SafeSocketHandle _handle = socket.SafeHandle; // not asked for at each send, which would read the socket's object, too

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
    public SendResult Send(GatherList list, out long sent) => list.Send(_handle, out sent);

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
}
