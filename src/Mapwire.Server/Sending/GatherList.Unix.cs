using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <content>
/// Linux: sendmsg, which can be told not to wait, so that the socket need not be made non-blocking: .NET keeps 200 bytes for each that is.
/// macOS: writev. Neither raises a SIGPIPE that matters (.NET ignores the signal), and where a page cannot be read both report EFAULT, or
/// the bytes before it.
/// </content>
internal sealed unsafe partial class GatherList
{
    private const int ErrnoInterrupted = 4;
    private const int ErrnoIo = 5;
    private const int ErrnoFault = 14;
    internal const int DoNotWait = 0x40; // MSG_DONTWAIT of Linux
    private const int NoSignal = 0x4000; // MSG_NOSIGNAL

    private SendResult SendUnix(SafeHandle socket, out long sent)
    {
        int errno;
        do
        {
            // SAFETY: _segmentCount segments are initialized; what they point at is alive (see AddMapped).
            sent = OperatingSystem.IsLinux() ? SendLinux(socket) : WriteVector(socket, _segments, _segmentCount);
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

    private nint SendLinux(SafeHandle socket)
    {
        MessageHeader message = new() { Segments = _segments, SegmentCount = (nuint)_segmentCount };

        // SAFETY: the header lives on this stack until the call is over, and names no address and no control data.
        return SendMessage(socket, &message, DoNotWait | NoSignal);
    }

    private int CopyLinux(byte* destination, int length)
    {
        nuint* into = stackalloc nuint[2];
        into[0] = (nuint)destination;
        into[1] = (nuint)length;

        // SAFETY: the system reads the segments of this process as it would another's, and stops before a page that is gone.
        nint done = ReadProcess(Environment.ProcessId, into, 1, _segments, (nuint)_segmentCount, 0);
        return done < 0 ? 0 : (int)done;
    }

    /// <summary>Reads a page at a time where the whole is not to be had, so that what lies before a page that is gone is copied.</summary>
    private static nuint ReadMacOS(nint source, byte* destination, nuint length)
    {
        nuint done = 0;
        while (done < length)
        {
            nuint page = 4096 - (((nuint)source + done) % 4096);
            nuint part = Math.Min(page, length - done);
            nuint taken;

            // SAFETY: mach_vm_read_overwrite reports a page that cannot be read instead of faulting.
            if (ReadTask(CurrentTask(), (nuint)source + done, part, (nuint)destination + done, &taken) != 0)
            {
                break;
            }

            done += taken;
        }

        return done;
    }

    [LibraryImport("libc", EntryPoint = "process_vm_readv")]
    private static partial nint ReadProcess(int process, nuint* local, nuint localCount, nuint* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", EntryPoint = "mach_vm_read_overwrite")]
    private static partial int ReadTask(uint task, nuint address, nuint size, nuint data, nuint* taken);

    [LibraryImport("libc", EntryPoint = "mach_task_self")]
    private static partial uint CurrentTask();

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    private static partial nint WriteVector(SafeHandle fd, nuint* segments, int count);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle fd, MessageHeader* message, int flags);

    /// <summary>struct msghdr of 64-bit Linux (sendmsg(2)).</summary>
    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public nuint* Segments;
        public nuint SegmentCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
