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
    /// <remarks>
    /// More than a socket holds (Linux: 4 MiB unless net.ipv4.tcp_wmem says otherwise). A socket that is full is sent from by its peer's
    /// acknowledgements, on the processor that receives them; what is put into an empty one is sent, and for a peer on this machine
    /// received, within the call.
    /// </remarks>
    public long BytesPerTurn => 8 * 1024 * 1024;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer, out SocketError error)
    {
        if (!OperatingSystem.IsLinux())
        {
            return socket.Receive(buffer, SocketFlags.None, out error);
        }

        int taken;
        nint count;
        do
        {
            fixed (byte* bytes = buffer)
            {
                // SAFETY: the buffer is pinned, and takes as many bytes as it has.
                count = Receive(_handle, bytes, (nuint)buffer.Length, GatherList.DoNotWait);
            }
        }
        while (IsInterrupted(count, out taken, out error));
        return taken;
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

        int taken;
        nint count;
        do
        {
            fixed (byte* start = bytes)
            {
                // SAFETY: the bytes are pinned, and no more of them are read than there are.
                count = Send(_handle, start, (nuint)bytes.Length, GatherList.DoNotWait | GatherList.NoSignal);
            }
        }
        while (IsInterrupted(count, out taken, out error));
        return taken;
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

    /// <summary>What a call on the socket came to.</summary>
    /// <param name="result">What it returned.</param>
    /// <param name="count">The bytes that it took.</param>
    /// <param name="error">Why there are none.</param>
    /// <returns>Whether a signal was in its way, so that it is made again.</returns>
    private static bool IsInterrupted(nint result, out int count, out SocketError error)
    {
        int errno = result < 0 ? Marshal.GetLastPInvokeError() : 0;
        count = (int)Math.Max(0, result);
        error = errno == 0 ? SocketError.Success : errno == ErrnoAgain ? SocketError.WouldBlock : SocketError.ConnectionReset;
        return errno == ErrnoInterrupted;
    }

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeHandle fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeHandle fd, byte* buffer, nuint length, int flags);
}
