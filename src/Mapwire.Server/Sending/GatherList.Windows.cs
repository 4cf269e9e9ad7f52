using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

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

    private static nuint ReadWindows(nint source, byte* destination, nuint length)
    {
        nuint taken = 0;

        // SAFETY: ReadProcessMemory reports a page that cannot be read instead of faulting, and what it copied before.
        _ = ReadProcessMemory(-1, source, destination, length, &taken); // -1: this process
        return taken;
    }

    [LibraryImport("kernel32.dll", EntryPoint = "ReadProcessMemory")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReadProcessMemory(nint process, nint source, byte* destination, nuint length, nuint* taken);

    [LibraryImport("ws2_32.dll", EntryPoint = "WSASend", SetLastError = true)]
    private static partial int WsaSend(
        SafeHandle socket, nuint* buffers, uint count, uint* sent, uint flags, nint overlapped, nint completion);
}
