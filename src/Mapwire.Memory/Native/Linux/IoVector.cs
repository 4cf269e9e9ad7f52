using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Linux;

/// <summary><c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector(void* start, nuint length)
{
    public void* Start = start;
    public nuint Length = length;
}
