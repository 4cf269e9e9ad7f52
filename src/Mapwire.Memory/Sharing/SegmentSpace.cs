using System.Runtime.InteropServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Linux;
using Mapwire.Memory.Native.Posix;
using Mapwire.Memory.Native.Sharing.Linux;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>Gives a segment its bytes. They are there before anybody touches them: a page that memory has no room for would end
/// the process that touches it.</summary>
internal static class SegmentSpace
{
    /// <exception cref="IOException">There is no room.</exception>
    public static void Extend(MappedFile file, long from, long to) => DiskSpace.Allocate(file.Handle, from, to - from);

    /// <summary>A file that only its descriptors name (Linux).</summary>
    public static SafeFileHandle MakeAnonymous()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Memory that only a descriptor names, with a sealed size, is Linux' (memfd_create).");
        }

        SafeFileHandle file = LinuxSharingCalls.CreateMemoryFile(
            "mapwire", LinuxSharingCalls.CloseOnExec | LinuxSharingCalls.AllowSealing);
        return file.IsInvalid ? throw SystemError.From("memfd_create", Marshal.GetLastPInvokeError()) : file;
    }

    /// <summary>Nobody, whatever rights he has, changes the size from here on: no access inside it can fault.</summary>
    public static void Seal(SafeFileHandle file)
    {
        if (PosixCalls.FileControl(
                file, LinuxSharingCalls.AddSeals,
                LinuxSharingCalls.SealSeal | LinuxSharingCalls.SealShrink | LinuxSharingCalls.SealGrow) != 0)
        {
            throw SystemError.From("Sealing the size", Marshal.GetLastPInvokeError());
        }
    }

    public static bool IsSealed(SafeFileHandle file)
    {
        const int size = LinuxSharingCalls.SealShrink | LinuxSharingCalls.SealGrow;
        return OperatingSystem.IsLinux() && PosixCalls.FileControl(file, LinuxSharingCalls.GetSeals, 0) is int seals and >= 0
            && (seals & size) == size;
    }
}
