using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Posix;

/// <summary>Calls with the same shape in the C libraries of Linux (64-bit, so off_t is long) and macOS.</summary>
internal static partial class PosixCalls
{
    /// <summary>MAP_FAILED.</summary>
    public const nint Failed = -1;

    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport(C, EntryPoint = "mmap", SetLastError = true)]
    public static partial nint MapAnonymous(nint address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport(C, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport(C, EntryPoint = "madvise", SetLastError = true)]
    public static partial int Advise(nint address, nuint length, int advice);
}
