using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Native.Sharing;

/// <summary>References to words of a shared mapping, for <see cref="Interlocked"/> and <see cref="Volatile"/>.</summary>
/// <remarks>Callers check once, when they are made, that the word is inside the segment and aligned; a segment never shrinks and
/// its base never moves. The pages outlive the reference because they stay until no object of the segment is referred to any more
/// (see SharedMemory.Dispose).</remarks>
internal static unsafe class SharedWord
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref uint UInt32(nint address)
    {
        // SAFETY: see the remarks; mapped memory does not move, so the reference needs no pinning.
        return ref *(uint*)address;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref ulong UInt64(nint address)
    {
        // SAFETY: as above.
        return ref *(ulong*)address;
    }

    /// <summary>A value whose size and alignment the caller has checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref T At<T>(nint address) where T : unmanaged
    {
        // SAFETY: as above.
        return ref *(T*)address;
    }

    public static int SizeOf<T>() where T : unmanaged => sizeof(T);

    /// <summary>How the runtime aligns a value: what it puts before one that follows a byte.</summary>
    public static int AlignmentOf<T>() where T : unmanaged => sizeof(AfterByte<T>) - sizeof(T);

    private readonly record struct AfterByte<T>(byte First, T Value) where T : unmanaged;
}
