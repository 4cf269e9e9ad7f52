using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Arenas.Linux;
using Mapwire.Memory.Native.Arenas.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Arenas;

/// <summary>Waits until what was written is on the device, its own cache included.</summary>
internal static class DeviceSync
{
    private const int Interrupted = 4; // EINTR
    private const int InvalidArgument = 22; // EINVAL: a file system that cannot sync folders, or needs none

    /// <exception cref="IOException">The device fails. Which of the writes since the last sync are there is undefined.</exception>
    public static void File(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file); // F_FULLFSYNC on macOS, FlushFileBuffers on Windows
            return;
        }

        while (LinuxArenaCalls.SyncData(file) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw SystemError.From("Syncing a file", error);
            }
        }
    }

    /// <summary>Syncs the folder of a file, so that a new or removed name survives a loss of power. Windows does that with
    /// the file itself.</summary>
    public static void FolderOf(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string name = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        nint folder = PosixFolderCalls.Open(name);
        if (folder == 0)
        {
            throw SystemError.From($"Opening the folder '{name}'", Marshal.GetLastPInvokeError());
        }

        try
        {
            if (PosixFolderCalls.Sync(PosixFolderCalls.Descriptor(folder)) != 0
                && Marshal.GetLastPInvokeError() is int error && error != InvalidArgument)
            {
                throw SystemError.From($"Syncing the folder '{name}'", error);
            }
        }
        finally
        {
            _ = PosixFolderCalls.Close(folder);
        }
    }
}
