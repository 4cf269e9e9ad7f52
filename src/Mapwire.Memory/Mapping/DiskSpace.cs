using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>Gives files their disk space before it is stored to through a mapping, where a full disk would end the process.</summary>
internal static class DiskSpace
{
    /// <summary>Sets space aside for a range, and lengthens the file with zeros if it ends before the range does.</summary>
    /// <exception cref="IOException">The disk is full, or a limit on file sizes is reached.</exception>
    public static void Allocate(SafeFileHandle file, long offset, long length)
    {
        if (length <= 0)
        {
            return;
        }

        long end = checked(offset + length);
        MemorySystem system = MemorySystem.Current;
        if (end > system.MaxFileLength)
        {
            RequireLength(end, RandomAccess.GetLength(file));
        }

        system.Allocate(file, offset, length);
    }

    /// <summary>Refuses a length that the process may not give a file. The system would refuse it too, but send SIGXFSZ with it,
    /// which ends the process.</summary>
    public static void RequireLength(long length, long present)
    {
        long limit = MemorySystem.Current.MaxFileLength;
        if (length > limit && length > present)
        {
            throw new IOException(
                $"Cannot lengthen the file to {length} bytes: the process may make files of at most {limit} bytes (RLIMIT_FSIZE, "
                + "ulimit -f).");
        }
    }
}
