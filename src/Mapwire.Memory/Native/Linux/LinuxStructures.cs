using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Linux;

/// <summary><c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector(void* start, nuint length)
{
    public void* Start = start;
    public nuint Length = length;
}

/// <summary><c>struct flock</c> of 64-bit Linux. The process id has to be 0 for locks of an open file description.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinuxLock
{
    public short Kind;
    public short Whence;
    public long Start;
    public long Length;
    public int Process;
}

/// <summary>
/// <c>struct statx</c>, which unlike <c>struct stat</c> is the same on every processor; fields not used here are left out.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxBuffer
{
    [FieldOffset(0x14)] public uint User;
    [FieldOffset(0x1c)] public ushort Mode;
    [FieldOffset(0x20)] public ulong Inode;
    [FieldOffset(0x28)] public long Size;
    [FieldOffset(0x70)] public long ModifiedSeconds;
    [FieldOffset(0x78)] public uint ModifiedNanoseconds;
    [FieldOffset(0x88)] public uint DeviceMajor;
    [FieldOffset(0x8c)] public uint DeviceMinor;
}

/// <summary>The beginning of <c>struct statfs</c>; fields not used here are left out.</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
internal struct StatfsBuffer
{
    public long Type;
}
