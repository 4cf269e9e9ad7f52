using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing.Linux;

/// <summary>Calls without a wrapper in the C library. <c>syscall</c> is declared variadic but takes plain registers on every
/// Linux processor that .NET runs on.</summary>
internal static partial class LinuxSharingCalls
{
    public const uint CloseOnExec = 1; // MFD_CLOEXEC
    public const uint AllowSealing = 2; // MFD_ALLOW_SEALING
    public const int AddSeals = 1033; // F_ADD_SEALS
    public const int GetSeals = 1034; // F_GET_SEALS
    public const int SealSeal = 1;
    public const int SealShrink = 2;
    public const int SealGrow = 4;

    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint Futex(nint number, nint address, nint operation, nint value, in TimeSpec timeout, nint address2,
    nint value3);

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    public static partial nint System(nint number, nint first, nint second, nint third);

    [LibraryImport(C, EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle CreateMemoryFile(string name, uint flags);
}

/// <summary><c>struct timespec</c> of 64-bit systems.</summary>
internal struct TimeSpec
{
    public long Seconds;
    public long Nanoseconds;
}
