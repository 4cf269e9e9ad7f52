using System.Runtime.InteropServices;

namespace Mapwire.Arenas.Benchmarks.Native;

/// <summary>malloc and free through the framework.</summary>
internal static unsafe class Malloc
{
    public static nint Allocate(int bytes)
    {
        // SAFETY: nothing is assumed of the result.
        return (nint)NativeMemory.AllocZeroed((nuint)bytes);
    }

    public static void Free(nint memory)
    {
        // SAFETY: what Allocate returned, once.
        NativeMemory.Free((void*)memory);
    }
}
