using System.Runtime.CompilerServices;

namespace Mapwire.Memory.Native;

/// <summary>Where a field is in a structure, as this runtime lays it out.</summary>
internal static class FieldMeasure
{
    /// <summary>Bytes from the beginning of a structure to a field.</summary>
    public static int GetOffset<T, TField>(ref T value, ref TField field)
        where T : unmanaged where TField : unmanaged =>
        // SAFETY: a difference; nothing is read
        (int)Unsafe.ByteOffset(ref Unsafe.As<T, byte>(ref value), ref Unsafe.As<TField, byte>(ref field));

    /// <summary>The bytes of a type.</summary>
    public static int GetSize<T>()
        where T : unmanaged => Unsafe.SizeOf<T>(); // SAFETY: a constant
}
