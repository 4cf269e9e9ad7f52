using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing.Windows;

/// <summary>Named semaphores with the rights of a file.</summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class WindowsSharingCalls
{
    private const int FileObject = 1; // SE_FILE_OBJECT
    private const uint Dacl = 4; // DACL_SECURITY_INFORMATION
    private const uint ModifyAndWait = 0x2 | 0x10_0000; // SEMAPHORE_MODIFY_STATE | SYNCHRONIZE

    /// <summary>Creates or opens a semaphore that a user who may write the file may release and wait at: SEMAPHORE_MODIFY_STATE is the
    /// bit of FILE_WRITE_DATA, and SYNCHRONIZE is the same for both.</summary>
    /// <returns>An invalid handle if the system refuses.</returns>
    public static SafeWaitHandle CreateSemaphore(string name, int maximum, SafeFileHandle file)
    {
        // SAFETY: the descriptor lives until it is freed below, and the attributes on this stack until the call returns.
        nint descriptor = 0;
        if (GetSecurityInfo(file, FileObject, Dacl, 0, 0, 0, 0, out descriptor) != 0)
        {
            descriptor = 0; // the default of this user then
        }

        try
        {
            Attributes attributes = new() { Length = sizeof(Attributes), Descriptor = descriptor };
            return CreateSemaphore(&attributes, 0, maximum, name, 0, ModifyAndWait);
        }
        finally
        {
            _ = LocalFree(descriptor);
        }
    }

    /// <summary>Adds permits; false if there would be too many.</summary>
    [LibraryImport("kernel32", EntryPoint = "ReleaseSemaphore", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool ReleaseSemaphore(SafeWaitHandle semaphore, int count, nint before);

    [LibraryImport("kernel32", EntryPoint = "CreateSemaphoreExW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeWaitHandle CreateSemaphore(
        Attributes* attributes, int initial, int maximum, string name, uint flags, uint access);

    [LibraryImport("advapi32", EntryPoint = "GetSecurityInfo")]
    private static partial uint GetSecurityInfo(
        SafeFileHandle file, int kind, uint what, nint owner, nint group, nint dacl, nint sacl, out nint descriptor);

    [LibraryImport("kernel32", EntryPoint = "LocalFree")]
    private static partial nint LocalFree(nint memory);

    /// <summary><c>SECURITY_ATTRIBUTES</c>.</summary>
    private struct Attributes
    {
        public int Length;
        public nint Descriptor;
        public int Inherit;
    }
}
