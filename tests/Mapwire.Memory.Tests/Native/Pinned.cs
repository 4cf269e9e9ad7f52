using System.Buffers;

namespace Mapwire.Memory.Tests.Native;

internal static class Pinned
{
    public static unsafe byte FirstByte(in MemoryHandle pin)
    {
        // SAFETY: the caller holds the pin.
        return *(byte*)pin.Pointer;
    }
}
