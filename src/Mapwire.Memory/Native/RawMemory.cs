using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Native;

/// <summary>The one place where an address becomes a value or a span. Callers check bounds and lifetime.</summary>
internal static unsafe class RawMemory
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(nint address) where T : unmanaged
    {
        // SAFETY: the region checked offset + sizeof(T) against its length just before; unaligned loads are asked for.
        return Unsafe.ReadUnaligned<T>((void*)address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(nint address, T value) where T : unmanaged
    {
        // SAFETY: as for Read; the region also checked that it may write.
        Unsafe.WriteUnaligned((void*)address, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<byte> Span(nint address, int length)
    {
        // SAFETY: the region checked [address, address + length) to be its own; its documentation bounds the span's lifetime.
        return new Span<byte>((void*)address, length);
    }

    /// <summary>Bytes of a <typeparamref name="T"/>, padding included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf<T>() where T : unmanaged => sizeof(T);

    /// <summary>The alignment that atomic access to a <typeparamref name="T"/> needs: that of a field of this type, at most 8.</summary>
    public static int AlignmentOf<T>() where T : unmanaged => Math.Min(sizeof((byte, T)) - sizeof(T), 8); // padded to it

    /// <summary>Bytes from the beginning of a structure to a field, as this runtime lays it out.</summary>
    public static int OffsetOf<T, TField>(ref T value, ref TField field) where T : unmanaged where TField : unmanaged =>
        // SAFETY: a difference; nothing is read
        (int)Unsafe.ByteOffset(ref Unsafe.As<T, byte>(ref value), ref Unsafe.As<TField, byte>(ref field));
}
