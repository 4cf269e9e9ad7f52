using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.MacOS;

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
