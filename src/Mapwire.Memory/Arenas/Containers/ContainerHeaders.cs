using Mapwire.Memory.Formats;

namespace Mapwire.Memory.Arenas;

/// <summary>The target of an offset to a <see cref="MappedList{T}"/>.</summary>
/// <typeparam name="T">The items of the list.</typeparam>
[StoredAs(typeof(byte), 0)]
public readonly struct ListHeader<T> where T : unmanaged;

/// <summary>The target of an offset to a <see cref="MappedQueue{T}"/>.</summary>
/// <typeparam name="T">The items of the queue.</typeparam>
[StoredAs(typeof(byte), 0)]
public readonly struct QueueHeader<T> where T : unmanaged;

/// <summary>The target of an offset to a <see cref="MappedDictionary{TKey, TValue}"/>.</summary>
/// <typeparam name="TKey">The keys.</typeparam>
/// <typeparam name="TValue">The values.</typeparam>
[StoredAs(typeof(byte), 0)]
public readonly struct DictionaryHeader<TKey, TValue> where TKey : unmanaged where TValue : unmanaged;

/// <summary>The target of an offset to a <see cref="MappedStringDictionary{TValue}"/>.</summary>
/// <typeparam name="TValue">The values.</typeparam>
[StoredAs(typeof(byte), 0)]
public readonly struct StringDictionaryHeader<TValue> where TValue : unmanaged;

/// <summary>The header of a <see cref="MappedList{T}"/>: bytes from its beginning, each field 8 bytes.</summary>
internal static class ListFields
{
    public const int Layout = 0;
    public const int ElementSize = 8;
    public const int Items = 16;
    public const int Capacity = 24;

    /// <summary>Items (lower half) and changes (upper half): one store changes both.</summary>
    public const int Count = 32;

    public const int Bytes = 40;
}

/// <summary>The header of a <see cref="MappedQueue{T}"/>: bytes from its beginning, each field 8 bytes.</summary>
internal static class QueueFields
{
    public const int Layout = 0;
    public const int ElementSize = 8;
    public const int Items = 16;

    /// <summary>A power of two, or 0.</summary>
    public const int Capacity = 24;

    /// <summary>Items taken out since it was made. Item n is at n modulo the capacity.</summary>
    public const int Head = 32;

    /// <summary>Items put in since it was made.</summary>
    public const int Tail = 40;

    public const int Bytes = 56;
}

/// <summary>The header of a dictionary: bytes from its beginning, each field 8 bytes. Its table is an array of entries
/// (<see cref="TableEntry{TKey, TValue}"/>).</summary>
internal static class TableFields
{
    public const int KeyLayout = 0;
    public const int ValueLayout = 8;
    public const int Table = 16;

    /// <summary>Entries that the table has room for: a power of two, or 0.</summary>
    public const int Slots = 24;

    /// <summary>Used entries (lower half) and deleted ones (upper half).</summary>
    public const int Counts = 32;

    /// <summary>Changes of which entries there are. Behind the counts, so that one record has both.</summary>
    public const int Version = 40;

    public const int Seed = 48;
    public const int EntrySize = 56;

    public const int Bytes = 64;

    /// <summary>A dictionary by strings: the bytes of all keys, one behind the other.</summary>
    public const int Text = 64;

    public const int TextCapacity = 72;
    public const int TextUsed = 80;

    /// <summary>Bytes of keys that are gone.</summary>
    public const int TextLost = 88;

    public const int StringBytes = 104;

    /// <summary>The mark of an entry that was used and may be passed by a search; that of an unused one is 0.</summary>
    public const uint DeletedMark = 1;

    /// <summary>Marks of used entries are at least this: the hash with its highest bit set.</summary>
    public const uint UsedMark = 1u << 31;

    public const ulong MaxSlots = 1ul << 31;
}
