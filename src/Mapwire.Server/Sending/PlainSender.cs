using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <summary>
/// Bytes as they are, on a non-blocking socket: one gather call sends headers and mapped pages without a copy in user mode.
/// </summary>
internal sealed class PlainSender(Socket socket) : ISender
{
    /// <inheritdoc/>
    public SafeHandle Handle => socket.SafeHandle;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer, out SocketError error) => socket.Receive(buffer, SocketFlags.None, out error);

    /// <inheritdoc/>
    public SendResult Send(GatherList list, out long sent) => list.Send(socket.SafeHandle, out sent);

    /// <inheritdoc/>
    /// <remarks>
    /// Linux alone (tcp(7), TCP_QUICKACK, which holds for a moment only). A client with Nagle's algorithm, such as librtmp, keeps its next
    /// command back until then: 40 ms, each time, on the way to the first frame.
    /// </remarks>
    public void AcknowledgeAtOnce() => TcpOption.QuickAcknowledge.TrySet(socket, 1);

    /// <inheritdoc/>
    public bool TrySetUnsentLimit(int bytes) => TcpOption.UnsentLimit.TrySet(socket, bytes);

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}
