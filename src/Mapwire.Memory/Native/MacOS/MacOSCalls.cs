using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.MacOS;

/// <summary>Calls that only macOS has. None is variadic: on Apple's arm64 such a call takes its arguments from the stack, where
/// a plain P/Invoke does not put them.</summary>
internal static unsafe partial class MacOSCalls
{
    private const string System = "libSystem";

    // On x64 the plain names are the calls of 2006 with 32-bit inode numbers.
    [LibraryImport(System, EntryPoint = "fstat", SetLastError = true)]
    public static partial int StatArm64(SafeFileHandle file, out StatBuffer buffer);

    [LibraryImport(System, EntryPoint = "fstat$INODE64", SetLastError = true)]
    public static partial int StatX64(SafeFileHandle file, out StatBuffer buffer);

    [LibraryImport(System, EntryPoint = "stat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatArm64(string path, out StatBuffer buffer);

    [LibraryImport(System, EntryPoint = "stat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int StatX64(string path, out StatBuffer buffer);

    /// <summary>The right to this task's own memory; a name that needs no release.</summary>
    [LibraryImport(System, EntryPoint = "mach_task_self")]
    public static partial uint TaskSelf();

    /// <summary>Copies memory of a task; what cannot be read is an answer, not a signal.</summary>
    [LibraryImport(System, EntryPoint = "mach_vm_read_overwrite")]
    public static partial int ReadTask(uint task, ulong address, ulong length, void* destination, out ulong done);
}
