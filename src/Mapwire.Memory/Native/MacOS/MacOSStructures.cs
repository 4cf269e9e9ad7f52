using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.MacOS;

/// <summary><c>fpunchhole_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HoleRange
{
    public uint Flags;
    public uint Reserved;
    public long Offset;
    public long Length;
}

/// <summary><c>struct flock</c> of macOS.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MacOSLock
{
    public long Start;
    public long Length;
    public int Process;
    public short Kind;
    public short Whence;
}

/// <summary><c>struct stat</c> with 64-bit inode numbers; fields not used here are left out.</summary>
[StructLayout(LayoutKind.Explicit, Size = 144)]
internal struct StatBuffer
{
    [FieldOffset(0)] public int Device;
    [FieldOffset(4)] public ushort Mode;
    [FieldOffset(8)] public ulong Inode;
    [FieldOffset(48)] public long ModifiedSeconds;
    [FieldOffset(56)] public long ModifiedNanoseconds;
    [FieldOffset(96)] public long Size;
}

/// <summary><c>fstore_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SpaceRequest
{
    public uint Flags;
    public int Position;
    public long Offset;
    public long Length;
    public long Allocated;
}
