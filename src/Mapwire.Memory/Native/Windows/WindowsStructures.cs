using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary><c>SYSTEM_INFO</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SystemInfo
{
    public uint Architecture;
    public uint PageSize;
    public nint LowestAddress;
    public nint HighestAddress;
    public nuint ActiveProcessors;
    public uint ProcessorCount;
    public uint ProcessorType;
    public uint AllocationGranularity;
    public ushort ProcessorLevel;
    public ushort ProcessorRevision;
}

/// <summary><c>BY_HANDLE_FILE_INFORMATION</c>; times in 100 ns since 1601.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct FileInformation
{
    public uint Attributes;
    public long CreationTime;
    public long LastAccessTime;
    public long LastWriteTime;
    public uint VolumeSerial;
    public uint SizeHigh;
    public uint SizeLow;
    public uint Links;
    public uint IndexHigh;
    public uint IndexLow;
}

/// <summary><c>FILE_ID_INFO</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FileIdInformation
{
    public ulong VolumeSerial;
    public ulong IdLow;
    public ulong IdHigh;
}

/// <summary><c>WIN32_MEMORY_RANGE_ENTRY</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MemoryRange(nint address, nuint length)
{
    public nint Address = address;
    public nuint Length = length;
}

/// <summary><c>PSAPI_WORKING_SET_EX_INFORMATION</c>; bit 0 of the attributes says that the page is there.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WorkingSetPage
{
    public nint Address;
    public nuint Attributes;
}

/// <summary><c>OVERLAPPED</c>, here only the start of a range.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Overlapped(long offset)
{
    public nuint Internal;
    public nuint InternalHigh;
    public uint OffsetLow = (uint)offset;
    public uint OffsetHigh = (uint)(offset >>> 32);
    public nint Event;
}

/// <summary><c>FILE_ZERO_DATA_INFORMATION</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ZeroRange(long from, long to)
{
    public long From = from;
    public long To = to;
}

/// <summary>A section object (a "file mapping"): needed only until its view exists, which keeps it alive itself.</summary>
internal sealed class SafeSectionHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    protected override bool ReleaseHandle() => WindowsCalls.CloseHandle(handle);
}
