using System.Runtime.CompilerServices;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Checks that a type's bytes mean the same in all processes.</summary>
internal static class ValueLayout
{
    /// <exception cref="ArgumentException">The runtime chooses the order of the type's fields, perhaps another one in each
    /// process.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Require<T>() where T : unmanaged
    {
        if (Cache<T>.IsAutomatic)
        {
            ThrowAutomatic(typeof(T));
        }
    }

    /// <summary>The alignment that the runtime gives the type; of automatic layout, as the largest field has it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AlignmentOf<T>() where T : unmanaged => SharedWord.AlignmentOf<T>();

    /// <summary>Tells types with other fields apart, in 32 bits; 0 if the fields are not known.</summary>
    public static uint FingerprintOf<T>() where T : unmanaged
    {
        ulong print = TypeLayout.FingerprintOf<T>();
        uint folded = (uint)(print ^ (print >> 32));
        return folded == 0 && print != 0 ? 1 : folded;
    }

    private static void ThrowAutomatic(Type type) => throw new ArgumentException(
        $"{type.Name} has automatic layout, which may differ between processes: use a struct with LayoutKind.Sequential or Explicit.");

    private static class Cache<T> where T : unmanaged
    {
        // DateTime has automatic layout by declaration and one field.
        public static readonly bool IsAutomatic =
            typeof(T).IsAutoLayout && !typeof(T).IsPrimitive && !typeof(T).IsEnum && typeof(T) != typeof(DateTime);
    }
}
