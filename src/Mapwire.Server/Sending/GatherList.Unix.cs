using System.Runtime.InteropServices;

namespace Mapwire.Server.Sending;

/// <content>
/// Linux: sendmsg, which can be told not to wait, so that the socket need not be made non-blocking: .NET keeps 200 bytes for each that is.
/// The run of a file goes by sendfile, which hands pages to the socket by reference; that needs a socket that does not block, so the
/// sender makes its descriptor so, behind .NET's back, before the first one.
/// macOS: writev. Neither raises a SIGPIPE that matters (.NET ignores the signal), and where a page cannot be read both report EFAULT, or
/// the bytes before it.
/// </content>
internal sealed unsafe partial class GatherList
{
    private const int ErrnoInterrupted = 4;
    private const int ErrnoIo = 5;
    private const int ErrnoFault = 14;
    internal const int DoNotWait = 0x40; // MSG_DONTWAIT of Linux
    internal const int NoSignal = 0x4000; // MSG_NOSIGNAL
    private const int More = 0x8000; // MSG_MORE
    private const int GetFlags = 3; // F_GETFL
    private const int SetFlags = 4; // F_SETFL
    private const int NonBlocking = 0x800; // O_NONBLOCK

    private SendResult SendUnix(SafeHandle socket, out long sent)
    {
        int errno;
        do
        {
            // SAFETY: _segmentCount segments are initialized; what they point at is alive (see AddMapped).
            sent = !OperatingSystem.IsLinux() ? WriteVector(socket, _segments, _segmentCount)
                : _file is null ? SendLinux(socket, _segmentCount, 0)
                : SendWithFile(socket);
            if (sent >= 0)
            {
                return sent == 0 && _file is not null ? SendResult.SourceLost : SendResult.Sent; // the file ends before the run
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

    private nint SendLinux(SafeHandle socket, int segments, int flags)
    {
        MessageHeader message = new() { Segments = _segments, SegmentCount = (nuint)segments };

        // SAFETY: the header lives on this stack until the call is over, and names no address and no control data.
        return SendMessage(socket, &message, DoNotWait | NoSignal | flags);
    }

    /// <summary>Sends what lies before the run of a file, and the run when the socket took all of that.</summary>
    /// <returns>As sendmsg; 0 where the file ends before the run.</returns>
    private long SendWithFile(SafeHandle socket)
    {
        // SAFETY: TryAddFile added a segment, so there is a last one; Truncate forgets the file with it.
        long run = (long)_segments[(2 * (_segmentCount - 1)) + 1];
        long before = Length - run;
        if (before > 0)
        {
            long sent = SendLinux(socket, _segmentCount - 1, More);
            if (sent < before)
            {
                return sent;
            }
        }

        long offset = _fileOffset;
        nint ofRun = SendFile(socket, _file!, &offset, (nuint)run);
        return before == 0 ? ofRun : before + Math.Max(ofRun, 0); // a fault of the run shows again with the next send
    }

    /// <summary>Has calls of the system on a socket not wait, of which .NET knows nothing.</summary>
    public static bool TryMakeNonBlocking(SafeHandle socket)
    {
        int flags = Control(socket, GetFlags, 0);
        return flags >= 0 && ((flags & NonBlocking) != 0 || Control(socket, SetFlags, flags | NonBlocking) >= 0);
    }

    private int CopyLinux(byte* destination, int length)
    {
        if (_file is null)
        {
            return CopyFromMapping(destination, length, _segmentCount);
        }

        // SAFETY: TryAddFile added a segment, so there is a last one; what is read goes behind what lies before it.
        long run = (long)_segments[(2 * (_segmentCount - 1)) + 1];
        int before = (int)Math.Min(Length - run, length);
        int copied = before > 0 ? CopyFromMapping(destination, before, _segmentCount - 1) : 0;
        return copied < before || copied == length ? copied
            : copied + CopyFromFile(destination + copied, (int)Math.Min(run, length - copied));
    }

    /// <summary>Reads the run of a file from the file: pages that nobody has mapped need not be mapped to be copied.</summary>
    private int CopyFromFile(byte* destination, int length)
    {
        nint read;
        do
        {
            read = ReadAt(_file!, destination, (nuint)length, _fileOffset); // SAFETY: the caller has room for the length
        }
        while (read < 0 && Marshal.GetLastPInvokeError() == ErrnoInterrupted);
        return (int)Math.Max(0, read);
    }

    private int CopyFromMapping(byte* destination, int length, int segments)
    {
        nuint* into = stackalloc nuint[2];
        into[0] = (nuint)destination;
        into[1] = (nuint)length;

        // SAFETY: the system reads the segments of this process as it would another's, and stops before a page that is gone.
        nint done = ReadProcess(Environment.ProcessId, into, 1, _segments, (nuint)segments, 0);
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

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static partial nint SendFile(SafeHandle socket, SafeHandle file, long* offset, nuint count);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(SafeHandle file, byte* destination, nuint length, long offset);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle fd, int command, int argument);

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
