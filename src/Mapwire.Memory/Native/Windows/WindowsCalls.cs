using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary>The calls of kernel32 and its siblings that this library makes.</summary>
internal static unsafe partial class WindowsCalls
{
    private const string Kernel = "kernel32";
    private const string KernelBase = "kernelbase";

    [LibraryImport(Kernel, EntryPoint = "GetSystemInfo")]
    public static partial void GetSystemInfo(out SystemInfo info);

    [LibraryImport(Kernel, EntryPoint = "GetCurrentProcess")]
    public static partial nint GetCurrentProcess();

    [LibraryImport(Kernel, EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    public static partial SafeFileHandle CreateFile(
        string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport(Kernel, EntryPoint = "ReOpenFile", SetLastError = true)]
    public static partial SafeFileHandle Reopen(SafeFileHandle file, uint access, uint share, uint flags);

    [LibraryImport(Kernel, EntryPoint = "GetFileType", SetLastError = true)]
    public static partial uint GetFileType(SafeFileHandle file);

    [LibraryImport(Kernel, EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool GetFileInformation(SafeFileHandle file, out FileInformation information);

    [LibraryImport(Kernel, EntryPoint = "GetFileInformationByHandleEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool GetFileInformation(SafeFileHandle file, int kind, out FileIdInformation information, uint size);

    [LibraryImport(Kernel, EntryPoint = "CreateFileMappingW", SetLastError = true)]
    public static partial SafeSectionHandle CreateFileMapping(
        SafeFileHandle file, nint security, uint protection, uint sizeHigh, uint sizeLow, nint name);

    [LibraryImport(Kernel, EntryPoint = "MapViewOfFileEx", SetLastError = true)]
    public static partial nint MapView(
        SafeSectionHandle section, uint access, uint offsetHigh, uint offsetLow, nuint length, nint address);

    [LibraryImport(Kernel, EntryPoint = "UnmapViewOfFile", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool UnmapView(nint address);

    [LibraryImport(Kernel, EntryPoint = "CloseHandle", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool CloseHandle(nint handle);

    [LibraryImport(Kernel, EntryPoint = "VirtualAlloc", SetLastError = true)]
    public static partial nint Allocate(nint address, nuint length, uint kind, uint protection);

    [LibraryImport(Kernel, EntryPoint = "GetLargePageMinimum")]
    public static partial nuint GetLargePageMinimum();

    [LibraryImport(Kernel, EntryPoint = "VirtualFree", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Free(nint address, nuint length, uint kind);

    [LibraryImport(Kernel, EntryPoint = "ReadProcessMemory", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool ReadProcess(nint process, void* address, void* buffer, nuint length, out nuint done);

    [LibraryImport(Kernel, EntryPoint = "PrefetchVirtualMemory", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Prefetch(nint process, nuint count, MemoryRange* ranges, uint flags);

    [LibraryImport(Kernel, EntryPoint = "VirtualProtect", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Protect(nint address, nuint length, uint protection, out uint before);

    [LibraryImport(Kernel, EntryPoint = "FlushViewOfFile", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool FlushView(nint address, nuint length);

    [LibraryImport(Kernel, EntryPoint = "FlushFileBuffers", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool FlushFile(SafeFileHandle file);

    [LibraryImport(Kernel, EntryPoint = "K32QueryWorkingSetEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool QueryWorkingSet(nint process, WorkingSetPage* pages, uint size);

    [LibraryImport(Kernel, EntryPoint = "DeviceIoControl", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Control(
        SafeFileHandle file, uint code, void* input, uint inputSize, void* output, uint outputSize, out uint done, nint overlapped);

    [LibraryImport(Kernel, EntryPoint = "LockFileEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool LockFile(
        SafeFileHandle file, uint flags, uint reserved, uint lengthLow, uint lengthHigh, Overlapped* range);

    [LibraryImport(Kernel, EntryPoint = "UnlockFileEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool UnlockFile(SafeFileHandle file, uint reserved, uint lengthLow, uint lengthHigh, Overlapped* range);

    [LibraryImport(KernelBase, EntryPoint = "VirtualAlloc2", SetLastError = true)]
    public static partial nint AllocateInPlaceholder(
        nint process, nint address, nuint length, uint kind, uint protection, nint parameters, uint count);

    [LibraryImport(KernelBase, EntryPoint = "MapViewOfFile3", SetLastError = true)]
    public static partial nint MapViewInPlaceholder(
        SafeSectionHandle section, nint process, nint address, ulong offset, nuint length, uint kind, uint protection,
        nint parameters, uint count);

    [LibraryImport(KernelBase, EntryPoint = "UnmapViewOfFile2", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool UnmapViewToPlaceholder(nint process, nint address, uint flags);

    [LibraryImport(Kernel, EntryPoint = "VirtualLock", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Lock(nint address, nuint length);

    [LibraryImport(Kernel, EntryPoint = "VirtualUnlock", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Unlock(nint address, nuint length);
}
