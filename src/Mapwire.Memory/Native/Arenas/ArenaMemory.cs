using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Arenas;

/// <summary>References and spans into an arena's bytes. Callers have checked that the range is inside the mapped part of the arena,
/// which never shrinks and never moves; the arena holds a lease on it until it is disposed of.</summary>
internal static unsafe class ArenaMemory
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf<T>() where T : unmanaged => sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref T At<T>(nint address) where T : unmanaged
    {
        // SAFETY: see the remarks on the class; mapped memory does not move, so the reference needs no pinning.
        return ref *(T*)address;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<T> Span<T>(nint address, int count) where T : unmanaged
    {
        // SAFETY: as above, for count values.
        return new Span<T>((void*)address, count);
    }

    /// <summary>Copies bytes between ranges of arenas that do not overlap.</summary>
    public static void Copy(nint from, nint to, long length)
    {
        // SAFETY: as above, for both ranges.
        NativeMemory.Copy((void*)from, (void*)to, (nuint)length);
    }

    public static void Clear(nint address, long length)
    {
        // SAFETY: as above.
        NativeMemory.Clear((void*)address, (nuint)length);
    }

    /// <summary>The bytes of a value that lies on the stack or in memory that does not move during the call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> Bytes<T>(ref readonly T value) where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    /// <summary>Where a value of an arena is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint AddressOf<T>(ref readonly T value) where T : unmanaged
    {
        // SAFETY: only for references made by At, which point into mapped memory.
        return (nint)Unsafe.AsPointer(ref Unsafe.AsRef(in value));
    }

    /// <summary>The first eight bytes of a key of eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong EightBytes<T>(in T key) where T : unmanaged
    {
        // SAFETY: the caller has looked at sizeof(T).
        return Unsafe.As<T, ulong>(ref Unsafe.AsRef(in key));
    }

    /// <summary>The first four bytes of a key of four bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FourBytes<T>(in T key) where T : unmanaged
    {
        // SAFETY: the caller has looked at sizeof(T).
        return Unsafe.As<T, uint>(ref Unsafe.AsRef(in key));
    }
}
