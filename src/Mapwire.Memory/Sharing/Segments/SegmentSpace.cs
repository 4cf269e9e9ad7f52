using System.Runtime.InteropServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Posix;
using Mapwire.Memory.Native.Sharing.Linux;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>Gives a segment its bytes. They are there before a process touches them: a page that memory has no room for would
/// end the process that touches it.</summary>
internal static class SegmentSpace
{
    /// <summary>
    /// The allocation granularity of Windows: what lies behind the last whole one is unmapped for a moment when a mapping grows.
    /// </summary>
    private const long WindowsGranularity = 1 << 16;

    /// <summary>The largest size that is computed with: 1 GiB less than the longest mapping. What the machine does not have is refused
    /// later.</summary>
    public const long MaxSize = (1L << 60) - (1 << 30);

    /// <summary>The size of the file for so many bytes of the users. One that can grow is whole granules on Windows, so that growing never
    /// unmaps what is in use.</summary>
    public static long GetFileSize(long size, long maxSize) =>
        GetFileSize(size, maxSize, OperatingSystem.IsWindows() ? WindowsGranularity : 1);

    /// <summary>The same where a mapping grows in steps of a granularity.</summary>
    public static long GetFileSize(long size, long maxSize, long granularity)
    {
        long wanted = checked(SegmentHeader.UserAt + size);
        return size >= maxSize
            ? wanted
            : Math.Min((wanted + granularity - 1) / granularity * granularity, checked(SegmentHeader.UserAt + maxSize));
    }

    /// <summary>Turns the file of a segment that no process uses into one that is not ready and takes no memory, where it cannot be
    /// removed. The length stays, since a reader may have it mapped, and so do the generations of the slots: a token of the past stays
    /// dead.</summary>
    public static void Empty(MappedFile file)
    {
        long length = file.Length;
        Span<byte> notReady = stackalloc byte[4];
        notReady.Clear();
        if (length >= SegmentHeader.Length)
        {
            RandomAccess.Write(file.Handle, notReady, SegmentHeader.ReadyAt); // before anything else is lost
        }

        Clear(file, 0, Math.Min(length, SegmentHeader.SlotsAt));
        Clear(file, SegmentHeader.UserAt, length);
    }

    /// <exception cref="IOException">There is no room.</exception>
    public static void Extend(MappedFile file, long from, long to)
    {
        if (OperatingSystem.IsLinux())
        {
            LinuxMemoryRoom.Require(file.Handle, to - from);
        }

        DiskSpace.Allocate(file.Handle, from, to - from);
    }

    /// <summary>A file that only its descriptors name (Linux).</summary>
    public static SafeFileHandle CreateAnonymousFile()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Anonymous shared memory needs memfd_create, which only Linux has.");
        }

        SafeFileHandle file = LinuxSharingCalls.CreateMemoryFile(
            "mapwire", LinuxSharingCalls.CloseOnExec | LinuxSharingCalls.AllowSealing);
        return file.IsInvalid ? throw SystemError.From("memfd_create", Marshal.GetLastPInvokeError()) : file;
    }

    /// <summary>Seals the size: no process can change it from here on, so no access inside it can fault.</summary>
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

    private static void Clear(MappedFile file, long from, long to)
    {
        if (from >= to)
        {
            return;
        }

        try
        {
            file.PunchHole(from, to - from);
        }
        catch (PlatformNotSupportedException)
        {
            Zero(file, from, to);
        }
    }

    private static void Zero(MappedFile file, long from, long to)
    {
        var zeros = new byte[(int)Math.Min(to - from, 1 << 20)];
        for (long at = from; at < to; at += zeros.Length)
        {
            RandomAccess.Write(file.Handle, zeros.AsSpan(0, (int)Math.Min(zeros.Length, to - at)), at);
        }
    }
}
