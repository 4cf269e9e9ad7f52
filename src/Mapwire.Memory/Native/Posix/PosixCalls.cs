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

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    public static partial int LockFile(SafeFileHandle file, int operation);

    [LibraryImport(C, EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport(C, EntryPoint = "madvise", SetLastError = true)]
    public static partial int Advise(nint address, nuint length, int advice);

    [LibraryImport(C, EntryPoint = "mprotect", SetLastError = true)]
    public static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport(C, EntryPoint = "msync", SetLastError = true)]
    public static partial int Sync(nint address, nuint length, int flags);

    [LibraryImport(C, EntryPoint = "mlock", SetLastError = true)]
    public static partial int Lock(nint address, nuint length);

    [LibraryImport(C, EntryPoint = "munlock", SetLastError = true)]
    public static partial int Unlock(nint address, nuint length);

    [LibraryImport(C, EntryPoint = "mincore", SetLastError = true)]
    public static partial int InCore(nint address, nuint length, Span<byte> pages);

    [LibraryImport(C, EntryPoint = "getrlimit")]
    public static partial int GetLimit(int resource, out ResourceLimit limit);

    /// <summary>fcntl with a pointer. It is variadic, and Apple's arm64 passes variadic arguments on the stack, from the first
    /// one on, while other arguments fill eight registers first: the six zeros fill what is left of those, so that the pointer is
    /// where the callee looks for it. Everywhere else the callee looks at the third argument.</summary>
    public static int FileControl(SafeFileHandle file, int command, nint argument) =>
        OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? FileControlOnStack(file, command, 0, 0, 0, 0, 0, 0, argument)
            : FileControlInRegister(file, command, argument);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControlInRegister(SafeFileHandle file, int command, nint argument);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int FileControlOnStack(
        SafeFileHandle file, int command, nint r2, nint r3, nint r4, nint r5, nint r6, nint r7, nint argument);
}

/// <summary><c>struct rlimit</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceLimit
{
    public ulong Current;
    public ulong Maximum;
}
