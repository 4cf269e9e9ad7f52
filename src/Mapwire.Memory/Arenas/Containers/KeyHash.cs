using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Native.Arenas;

namespace Mapwire.Memory.Arenas;

/// <summary>Hashes of keys by their bytes: the same in every process and run, other than <see cref="object.GetHashCode"/>. Each
/// dictionary has a seed of its own, so that keys which collide in one do not in another.</summary>
internal static class KeyHash
{
    private const ulong First = 0x9e3779b97f4a7c15;
    private const ulong Second = 0xd6e8feb86659fd93;

    /// <summary>The mark of an entry with this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MarkOf<TKey>(in TKey key, ulong seed) where TKey : unmanaged
    {
        if (ArenaMemory.SizeOf<TKey>() == 8)
        {
            return Mark(Mix(ArenaMemory.EightBytes(in key) ^ seed, First));
        }

        if (ArenaMemory.SizeOf<TKey>() == 4)
        {
            return Mark(Mix(ArenaMemory.FourBytes(in key) ^ seed, First));
        }

        return MarkOf(ArenaMemory.Bytes(in key), seed);
    }

    /// <summary>The mark of an entry whose key has these bytes.</summary>
    public static uint MarkOf(ReadOnlySpan<byte> key, ulong seed)
    {
        ulong hash = seed ^ ((ulong)key.Length * Second);
        while (key.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key), First);
            key = key[8..];
        }

        ulong rest = 0;
        for (int i = 0; i < key.Length; i++)
        {
            rest |= (ulong)key[i] << (i * 8);
        }

        return Mark(Mix(hash ^ rest, Second));
    }

    /// <summary>Whether two keys are the same bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Equal<TKey>(in TKey one, in TKey other) where TKey : unmanaged
    {
        if (ArenaMemory.SizeOf<TKey>() == 8)
        {
            return ArenaMemory.EightBytes(in one) == ArenaMemory.EightBytes(in other);
        }

        if (ArenaMemory.SizeOf<TKey>() == 4)
        {
            return ArenaMemory.FourBytes(in one) == ArenaMemory.FourBytes(in other);
        }

        return ArenaMemory.Bytes(in one).SequenceEqual(ArenaMemory.Bytes(in other));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong value, ulong factor)
    {
        ulong high = Math.BigMul(value, factor, out ulong low);
        return high ^ low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mark(ulong hash) => (uint)(hash ^ (hash >> 32)) | TableFields.UsedMark;
}
