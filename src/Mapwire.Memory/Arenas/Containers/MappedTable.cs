using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>A hash table in an arena: entries side by side, searched from the place that the hash says to the first unused one.</summary>
/// <typeparam name="TKey">What an entry has of its key.</typeparam>
/// <typeparam name="TValue">A type without references, pointers or automatic layout, with its key at most 8 KiB.</typeparam>
/// <remarks>A removed entry is marked as deleted, so that searches pass it, and goes when the table is made anew: when two thirds of it are
/// used or deleted.</remarks>
public abstract class MappedTable<TKey, TValue> : MappedContainer where TKey : unmanaged where TValue : unmanaged
{
    private const int MinSlots = 8;

    private protected MappedTable(Arena arena, long header, BlockKind kind, int headerBytes) : base(arena, header, kind, headerBytes)
    {
        RequireLayout(TableFields.KeyLayout, TypeLayout.Of<TKey>().Fingerprint, typeof(TKey));
        RequireLayout(TableFields.ValueLayout, TypeLayout.Of<TValue>().Fingerprint, typeof(TValue));
        if (Field(TableFields.EntrySize) != (ulong)EntrySize)
        {
            ThrowDamaged();
        }

        Seed = Field(TableFields.Seed);
    }

    /// <summary>Entries in it.</summary>
    public int Count => (int)Field(TableFields.Counts);

    /// <summary>Entries that it takes before its table grows, if none is removed meanwhile.</summary>
    public int Capacity => (int)(Math.Min(Field(TableFields.Slots), TableFields.MaxSlots) / 3 * 2);

    private protected static int EntrySize => ArenaMemory.SizeOf<TableEntry<TKey, TValue>>();

    private protected ulong Seed { get; }

    internal ulong Version => Field(TableFields.Version);

    /// <summary>Removes all entries and gives their room back.</summary>
    public void Clear()
    {
        using ArenaChange change = Arena.BeginChange();
        DropContents();
        SetCounts(0, 0);
        change.Complete();
    }

    /// <summary>Makes room for entries.</summary>
    /// <param name="capacity">So many at least.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public void EnsureCapacity(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        using ArenaChange change = Arena.BeginChange();
        if (capacity > Capacity)
        {
            Rehash(capacity);
        }

        change.Complete();
    }

    private protected static ReadOnlySpan<ulong> FirstFields(ulong keyLayout)
    {
        TypeLayout value = TypeLayout.Of<TValue>();
        if (EntrySize > UndoLog.LargestValue)
        {
            throw new ArgumentException($"{typeof(TKey)} and {typeof(TValue)} have more than {UndoLog.LargestValue} bytes together.");
        }

        return new ulong[] { keyLayout, value.Fingerprint, 0, 0, 0, 0, (ulong)Random.Shared.NextInt64(), (ulong)EntrySize };
    }

    /// <summary>The table, checked to be inside the arena.</summary>
    /// <param name="mask">Its slots less one.</param>
    /// <returns>Where it is; 0 if there is none yet.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected long Table(out uint mask)
    {
        ulong slots = Field(TableFields.Slots);
        long table = (long)Space.Word(Header + TableFields.Table);
        mask = (uint)slots - 1;
        if (slots - 1 < TableFields.MaxSlots && (slots & mask) == 0)
        {
            RequireInside(table, (long)slots * EntrySize);
        }
        else if (slots != 0)
        {
            ThrowDamaged();
        }

        if (slots == 0)
        {
            Arena.ThrowIfDisposed();
            return 0;
        }

        return table;
    }

    /// <summary>An entry of a table that was checked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected ref TableEntry<TKey, TValue> Entry(long at) => ref Space.At<TableEntry<TKey, TValue>>(at);

    /// <summary>Where the value of an entry is.</summary>
    private protected Offset<TValue> ValueOf(long at) => new(ArenaMemory.AddressOf(ref Entry(at).Value) - Space.Base);

    /// <summary>Puts an entry in whose key is not there.</summary>
    /// <returns>Where it is.</returns>
    private protected long Insert(uint mark, TKey key, TValue value)
    {
        ulong counts = Field(TableFields.Counts), used = (uint)counts, deleted = counts >> 32;
        if ((used + deleted + 1) * 3 > Field(TableFields.Slots) * 2)
        {
            if (used > Field(TableFields.Slots))
            {
                ThrowDamaged();
            }

            Rehash(checked((int)used + 1));
            deleted = 0;
        }

        long table = Table(out uint mask), at = FirstFree(table, mask, mark);
        ref TableEntry<TKey, TValue> entry = ref Entry(at);
        bool wasDeleted = entry.Mark == TableFields.DeletedMark;
        if (wasDeleted && Arena.Transactions.IsNested)
        {
            Undo.Save(at, EntrySize); // it may have been removed in the same change
        }
        else
        {
            Undo.Save(at, sizeof(uint));
        }

        Undo.Touch(at, EntrySize);
        entry.Key = key;
        entry.Value = value;
        FaultPoints.Reach(FaultPoint.ArenaCopied);
        SetCounts(used + 1, deleted - (wasDeleted ? 1u : 0));
        entry.Mark = mark;
        FaultPoints.Reach(FaultPoint.ArenaStored);
        return at;
    }

    /// <summary>Takes an entry out.</summary>
    private protected void RemoveAt(long at)
    {
        ulong counts = Field(TableFields.Counts);
        Undo.Save(at, sizeof(uint));
        SetCounts((uint)counts - 1, (counts >> 32) + 1);
        Entry(at).Mark = TableFields.DeletedMark;
        FaultPoints.Reach(FaultPoint.ArenaStored);
    }

    /// <summary>Replaces the value of an entry.</summary>
    private protected void Replace(long at, TValue value)
    {
        Offset<TValue> place = ValueOf(at);
        Undo.Save(place.Value, ArenaMemory.SizeOf<TValue>());
        Space.At<TValue>(place.Value) = value;
        FaultPoints.Reach(FaultPoint.ArenaStored);
    }

    /// <summary>Rebuilds the table with room for this many entries, without the deleted ones.</summary>
    private protected void Rehash(int entries)
    {
        long old = Table(out uint oldMask), used = 0;
        ulong slots = Math.Max(MinSlots, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(entries, Count) * 2));
        if (slots > TableFields.MaxSlots)
        {
            throw new IOException($"A dictionary of arena '{Arena.Name}' would have too many entries.");
        }

        long bytes = (long)slots * EntrySize, table = Arena.Transactions.Heap.Allocate(bytes, SizeClass.Unit, BlockKind.Contents);
        Arena.Transactions.Clear(table, bytes);
        for (long slot = 0; old != 0 && slot <= oldMask; slot++)
        {
            ref TableEntry<TKey, TValue> entry = ref Entry(old + (slot * EntrySize));
            if (entry.Mark < TableFields.UsedMark)
            {
                continue;
            }

            if ((ulong)++used * 2 > slots)
            {
                ThrowDamaged(); // more entries than it says
            }

            ref TableEntry<TKey, TValue> moved = ref Entry(FirstFree(table, (uint)slots - 1, entry.Mark));
            moved = entry;
            moved.Key = MoveKey(entry.Key);
        }

        FaultPoints.Reach(FaultPoint.ArenaCopied);
        if (old != 0)
        {
            Arena.Transactions.Release(old, BlockKind.Contents);
        }

        Undo.Set(Header + TableFields.Table, (ulong)table);
        Undo.Set(Header + TableFields.Slots, slots);
        SetCounts((ulong)used, 0);
    }

    /// <summary>What the key of an entry is in a new table.</summary>
    private protected virtual TKey MoveKey(TKey key) => key;

    /// <summary>Gives back what the header refers to.</summary>
    private protected virtual void DropContents()
    {
        if (Table(out _) is long table and not 0)
        {
            Arena.Transactions.Release(table, BlockKind.Contents);
        }

        Undo.Set(Header + TableFields.Table, 0);
        Undo.Set(Header + TableFields.Slots, 0);
    }

    private void SetCounts(ulong used, ulong deleted)
    {
        Undo.Save(Header + TableFields.Counts, 16);
        Undo.Put(Header + TableFields.Counts, used | (deleted << 32));
        Undo.Put(Header + TableFields.Version, Field(TableFields.Version) + 1);
    }

    private long FirstFree(long table, uint mask, uint mark)
    {
        uint slot = mark & mask;
        for (uint steps = 0; Entry(table + ((long)slot * EntrySize)).Mark >= TableFields.UsedMark; slot = (slot + 1) & mask)
        {
            if (++steps > mask)
            {
                ThrowDamaged(); // no end for searches
            }
        }

        return table + ((long)slot * EntrySize);
    }
}

/// <summary>A slot of a dictionary's table.</summary>
/// <typeparam name="TKey">The key, or where it is.</typeparam>
/// <typeparam name="TValue">The value.</typeparam>
[StructLayout(LayoutKind.Sequential)]
internal struct TableEntry<TKey, TValue> where TKey : unmanaged where TValue : unmanaged
{
    /// <summary>0, <see cref="TableFields.DeletedMark"/>, or the hash with its highest bit set. It is stored last, when the rest is
    /// there.</summary>
    public uint Mark;

    /// <summary>The key.</summary>
    public TKey Key;

    /// <summary>The value.</summary>
    public TValue Value;
}
