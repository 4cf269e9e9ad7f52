using System.Runtime.InteropServices;

namespace Mapwire.Server.Transport;

/// <content>
/// Linux and macOS: writev, which has one signature on both. It raises no SIGPIPE that matters (.NET ignores the signal), and
/// where a page cannot be read it reports EFAULT, or the bytes before it.
/// </content>
internal sealed unsafe partial class GatherList
{
    private const int ErrnoInterrupted = 4;
    private const int ErrnoIo = 5;
    private const int ErrnoFault = 14;

    private SendResult SendUnix(SafeHandle socket, out long sent)
    {
        int errno;
        do
        {
            // SAFETY: _segmentCount segments are initialized; what they point at is alive (see AddMapped).
            sent = WriteVector(socket, _segments, _segmentCount);
            if (sent >= 0)
            {
                return SendResult.Sent;
            }

            errno = Marshal.GetLastPInvokeError();
        }
        while (errno == ErrnoInterrupted);

        sent = 0;
        int again = OperatingSystem.IsLinux() ? 11 : 35;
        return errno == again ? SendResult.Blocked
            : errno is ErrnoFault or ErrnoIo ? SendResult.SourceLost
            : SendResult.Disconnected;
    }

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    private static partial nint WriteVector(SafeHandle fd, nuint* segments, int count);
}
