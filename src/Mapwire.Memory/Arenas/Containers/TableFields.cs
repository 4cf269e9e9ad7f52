namespace Mapwire.Memory.Arenas;

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

    public const ulong MostSlots = 1ul << 31;
}
