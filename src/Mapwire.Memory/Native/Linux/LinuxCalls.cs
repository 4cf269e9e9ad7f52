using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Linux;

/// <summary>Calls that only Linux has.</summary>
internal static unsafe partial class LinuxCalls
{
    public const int AtCurrentFolder = -100;
    public const int AtEmptyPath = 0x1000;
    public const uint StatxBasic = 0x7ff;

    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Statx(int folder, string path, int flags, uint mask, out StatxBuffer buffer);

    /// <summary>The state of an open file; errno says why there is none.</summary>
    public static bool TryStat(SafeFileHandle file, out StatxBuffer buffer)
    {
        // Nothing is made of a string, since a server asks thousands of times a second. But there is a path, though an empty one: kernels
        // before 6.11 take no null, which is what an empty span is when it is pinned.
        byte end = 0;

        // SAFETY: a byte of this frame, which ends the path at once.
        return Statx(file, &end, AtEmptyPath, StatxBasic, out buffer) == 0;
    }

    [LibraryImport(C, EntryPoint = "statx", SetLastError = true)]
    private static partial int Statx(SafeFileHandle folder, byte* path, int flags, uint mask, out StatxBuffer buffer);

    [LibraryImport(C, EntryPoint = "process_vm_readv", SetLastError = true)]
    public static partial nint ReadProcess(
        int process, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport(C, EntryPoint = "sync_file_range", SetLastError = true)]
    public static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport(C, EntryPoint = "fallocate", SetLastError = true)]
    public static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport(C, EntryPoint = "posix_fadvise")]
    public static partial int AdviseFile(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport(C, EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Access(int folder, string path, int mode, int flags);

    [LibraryImport(C, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport(C, EntryPoint = "fstatfs", SetLastError = true)]
    public static partial int StatFileSystem(SafeFileHandle file, out StatfsBuffer buffer);
}
