using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Benchmarks.Native;

/// <summary>The C calls of Linux as a program without the library would make them.</summary>
internal static unsafe partial class CCalls
{
    public const int ReadProtection = 1;
    public const int Shared = 1;
    public const int Sync = 4;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "msync", SetLastError = true)]
    public static partial int Flush(nint address, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    public static partial int InCore(nint address, nuint length, byte* pages);

    [LibraryImport("libc", EntryPoint = "memcpy")]
    public static partial nint Copy(void* destination, void* source, nuint length);
}
