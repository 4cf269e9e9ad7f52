using System.Runtime.InteropServices;

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
