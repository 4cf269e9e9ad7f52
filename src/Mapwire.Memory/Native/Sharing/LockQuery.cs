using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing;

/// <summary>Asks whether a range of a file is locked without taking a lock and without a descriptor of its own.</summary>
internal static unsafe class LockQuery
{
    private const int GetLock = 36; // F_OFD_GETLK of Linux
    private const short WriteLock = 1; // F_WRLCK
    private const short NoLock = 2; // F_UNLCK

    /// <param name="file">A descriptor that holds no locks itself: those of its own would not be seen.</param>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <param name="locked">Whether a lock is held there.</param>
    /// <returns>False if the system cannot tell.</returns>
    public static bool TryAsk(SafeFileHandle file, long offset, long length, out bool locked)
    {
        locked = false;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        // SAFETY: the structure is on this stack for the time of the call, which writes its answer into it.
        Request request = new() { Kind = WriteLock, Start = offset, Length = length };
        bool asked = PosixCalls.FileControl(file, GetLock, (nint)(&request)) == 0;
        locked = asked && request.Kind != NoLock;
        return asked;
    }

    /// <summary><c>struct flock</c> of 64-bit Linux. The process id has to be 0 for locks of an open file description.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Request
    {
        public short Kind;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
