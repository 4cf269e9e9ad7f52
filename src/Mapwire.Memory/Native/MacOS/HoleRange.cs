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
