using System.Runtime.InteropServices;

namespace Mapwire.Server.Transport;

/// <content>Windows: WSASend without an overlapped structure on a non-blocking socket.</content>
internal sealed unsafe partial class GatherList
{
    private const int WsaFault = 10014;
    private const int WsaWouldBlock = 10035;

    private SendResult SendWindows(SafeHandle socket, out long sent)
    {
        uint taken = 0;

        // SAFETY: _segmentCount segments in WSABUF's layout are initialized; what they point at is alive (see AddMapped).
        if (WsaSend(socket, _segments, (uint)_segmentCount, &taken, 0, 0, 0) == 0)
        {
            sent = taken;
            return SendResult.Sent;
        }

        int error = Marshal.GetLastPInvokeError();
        sent = 0;
        return error switch
        {
            WsaWouldBlock => SendResult.Blocked,
            WsaFault => SendResult.SourceLost,
            _ => SendResult.Disconnected,
        };
    }

    [LibraryImport("ws2_32.dll", EntryPoint = "WSASend", SetLastError = true)]
    private static partial int WsaSend(
        SafeHandle socket, nuint* buffers, uint count, uint* sent, uint flags, nint overlapped, nint completion);
}
