using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>A <see cref="List{T}"/> that lives in an arena.</summary>
/// <typeparam name="T">A number, or structure with <see cref="ArenaTypeAttribute"/>, at most 8 KiB.</typeparam>
/// <remarks>Adding at the end takes constant time on average, and so do taking from the end, reading and replacing; inserting, removing
/// and searching take time in proportion to the items that are moved or looked at. Threads and processes: see
/// <see cref="MappedContainer"/>.</remarks>
public sealed class MappedList<T> : MappedContainer, IReadOnlyList<T> where T : unmanaged
{
    private const int MinCapacity = 4;

    /// <summary>Opens a list.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="offset">Where it is: the <see cref="Offset"/> of an earlier view.</param>
    /// <exception cref="ArenaFormatException">There is none, or one of items with another layout.</exception>
    public MappedList(Arena arena, Offset<ListHeader<T>> offset) : base(arena, offset.Value, BlockKind.List, ListFields.Bytes) =>
        RequireLayout(ListFields.Layout, TypeLayout.Of<T>().Fingerprint, typeof(T));

    /// <summary>Creates an empty list.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="capacity">Items to make room for.</param>
    /// <exception cref="ArgumentException">The type cannot live in an arena; the message says why.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public MappedList(Arena arena, int capacity = 0) : this(arena, Make(arena)) => EnsureCapacity(capacity);

    /// <summary>The offset of the container, to be stored in the arena or as its root.</summary>
    public Offset<ListHeader<T>> Offset => new(Header);

    /// <summary>Items in it.</summary>
    public int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (int)Field(ListFields.Count);
    }

    /// <summary>Items that it has room for.</summary>
    public int Capacity => (int)Math.Min(Field(ListFields.Capacity), int.MaxValue);

    internal int Version => (int)(Field(ListFields.Count) >> 32);

    /// <summary>An item.</summary>
    /// <param name="index">Its place.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no item.</exception>
    public T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)Field(ListFields.Count))
            {
                ThrowNoItem(index);
            }

            long at = (long)NextField(ListFields.Items) + ((long)index * Size);
            RequireInside<T>(at);
            return Space.At<T>(at);
        }

        set
        {
            using ArenaChange change = Arena.BeginChange();
            RequireItem(index);
            RequireInside(At(index), Size);
            Undo.Save(At(index), Size);
            Space.At<T>(At(index)) = value;
            FaultPoints.Reach(FaultPoint.ArenaStored);
            change.Complete();
        }
    }

    private static int Size => ArenaMemory.SizeOf<T>();

    /// <summary>An item in place, to write; otherwise like <see cref="Arena.Edit{T}(Offset{T})"/>. Good until the list grows or
    /// shrinks.</summary>
    /// <param name="index">Its place.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no item.</exception>
    public ref T Edit(int index)
    {
        RequireItem(index);
        return ref Arena.Edit(new Offset<T>(At(index)));
    }

    /// <summary>All items, to read. Good until the list grows or shrinks.</summary>
    public ReadOnlySpan<T> AsSpan()
    {
        int count = Count;
        if (count == 0)
        {
            Arena.ThrowIfDisposed();
            return [];
        }

        long items = (long)Field(ListFields.Items);
        if (count < 0)
        {
            ThrowDamaged();
        }

        RequireInside(items, (long)count * Size);
        return ArenaMemory.Span<T>(Space.Base + (nint)items, count);
    }

    /// <summary>Puts an item at the end.</summary>
    /// <param name="item">The item.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public void Add(T item) => AddRange(new ReadOnlySpan<T>(in item));

    /// <summary>Puts items at the end.</summary>
    /// <param name="items">The items; not of an arena's own memory that is not held.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public void AddRange(ReadOnlySpan<T> items)
    {
        using ArenaChange change = Arena.BeginChange();
        int count = Count;
        if (items.Length > 0)
        {
            long bytes = (long)items.Length * Size;
            bool misses = Arena.Transactions.IsNested; // behind the last item may be one that was removed in the same change
            bool moves = checked(count + items.Length) > Capacity || (misses && bytes > UndoLog.LargestValue);
            if (moves)
            {
                MoveTo(Larger(count + items.Length), (count, count, count));
            }

            long at = At(count);
            RequireInside(at, bytes);
            if (misses && !moves)
            {
                Undo.Save(at, (int)bytes);
            }
            else
            {
                Undo.Touch(at, bytes);
            }

            items.CopyTo(ArenaMemory.Span<T>(Space.Base + (nint)at, items.Length));
            SetCount(count + items.Length);
        }

        change.Complete();
    }

    /// <summary>Puts an item at a place, and the ones from there on one further.</summary>
    /// <param name="index">The place; the count is the end.</param>
    /// <param name="item">The item.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such place.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public void Insert(int index, T item)
    {
        using ArenaChange change = Arena.BeginChange();
        int count = Count;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)index, (uint)count, nameof(index));
        Move(index, count, index + 1);
        Space.At<T>(At(index)) = item;
        SetCount(count + 1);
        change.Complete();
    }

    /// <summary>Removes the item at a place.</summary>
    /// <param name="index">The place.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no item.</exception>
    /// <exception cref="IOException">The arena is full: a long list is moved to a new place.</exception>
    public void RemoveAt(int index)
    {
        using ArenaChange change = Arena.BeginChange();
        RequireItem(index);
        int count = Count;
        if (index < count - 1)
        {
            Move(index + 1, count, index);
        }

        SetCount(count - 1);
        change.Complete();
    }

    /// <summary>Removes the first item that equals another.</summary>
    /// <param name="item">The other.</param>
    /// <returns>Whether there was one.</returns>
    public bool Remove(T item)
    {
        using ArenaChange change = Arena.BeginChange();
        int index = IndexOf(item);
        if (index >= 0)
        {
            RemoveAt(index);
        }

        change.Complete();
        return index >= 0;
    }

    /// <summary>Removes all items. The room for them stays.</summary>
    public void Clear()
    {
        using ArenaChange change = Arena.BeginChange();
        SetCount(0);
        change.Complete();
    }

    /// <summary>The place of the first item that equals another, or -1.</summary>
    /// <param name="item">The other.</param>
    public int IndexOf(T item)
    {
        ReadOnlySpan<T> items = AsSpan();
        for (int i = 0; i < items.Length; i++)
        {
            if (EqualityComparer<T>.Default.Equals(items[i], item))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Whether an item equals another.</summary>
    /// <param name="item">The other.</param>
    public bool Contains(T item) => IndexOf(item) >= 0;

    /// <summary>Copies all items.</summary>
    /// <param name="destination">Where to.</param>
    /// <exception cref="ArgumentException">It is too short.</exception>
    public void CopyTo(Span<T> destination) => AsSpan().CopyTo(destination);

    /// <summary>Makes room for items.</summary>
    /// <param name="capacity">So many at least.</param>
    /// <returns>How many there is room for now.</returns>
    /// <exception cref="IOException">The arena is full.</exception>
    public int EnsureCapacity(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        using ArenaChange change = Arena.BeginChange();
        if (capacity > Capacity)
        {
            MoveTo(capacity, (Count, Count, Count));
        }

        change.Complete();
        return Capacity;
    }

    /// <summary>Gives back room that no item needs.</summary>
    public void TrimExcess()
    {
        using ArenaChange change = Arena.BeginChange();
        MoveTo(Count, (Count, Count, Count));
        change.Complete();
    }

    /// <summary>Frees it with its items. No view of it may be used after that.</summary>
    public void Delete()
    {
        using ArenaChange change = Arena.BeginChange();
        ReleaseAll(ListFields.Items);
        change.Complete();
    }

    /// <summary>Goes through the items in order.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Offset<ListHeader<T>> Make(Arena arena)
    {
        TypeLayout layout = TypeLayout.Of<T>();
        if (layout.Size > UndoLog.LargestValue)
        {
            throw new ArgumentException($"{typeof(T)} has more than {UndoLog.LargestValue} bytes.");
        }

        return new(Make(arena, BlockKind.List, ListFields.Bytes, [layout.Fingerprint, (ulong)layout.Size]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long At(int index) => (long)Space.Word(Header + ListFields.Items) + ((long)index * Size);

    private int Larger(int needed) => (int)Math.Max(needed, Math.Min(Math.Max(MinCapacity, 2L * Capacity), int.MaxValue));

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowChanged()
    {
        Arena.ThrowIfDisposed();
        throw new InvalidOperationException("The list has changed.");
    }

    /// <summary>Moves the items from one index to an end to another index. Few are recorded and moved in place; many go to a new place
    /// with all others, since to record them would be to copy them as well.</summary>
    private void Move(int from, int end, int to)
    {
        int low = Math.Min(from, to), high = checked(Math.Max(end, to + (end - from)));
        long bytes = (long)(high - low) * Size;
        if (high > Capacity || bytes > UndoLog.LargestValue)
        {
            MoveTo(high > Capacity ? Larger(high) : Capacity, (from, end, to));
            return;
        }

        RequireInside(At(low), bytes);
        Undo.Save(At(low), (int)bytes);
        Span<T> items = ArenaMemory.Span<T>(Space.Base + (nint)At(low), high - low);
        items[(from - low)..(end - low)].CopyTo(items[(to - low)..]);
        FaultPoints.Reach(FaultPoint.ArenaCopied);
    }

    /// <summary>Takes new room and copies the items there: those before a range as they are, the range to another index.</summary>
    private void MoveTo(int capacity, (int From, int End, int To) range)
    {
        ReadOnlySpan<T> old = AsSpan();
        long items = 0;
        int has = 0;
        if (capacity > 0)
        {
            items = Arena.Transactions.Heap.Allocate((long)capacity * Size, SizeClass.Unit, BlockKind.Contents);
            has = (int)Math.Min(Arena.Transactions.Heap.PayloadOf(items, BlockKind.Contents) / Size, int.MaxValue);
            int count = range.To + (range.End - range.From);
            Span<T> fresh = ArenaMemory.Span<T>(Space.Base + (nint)items, has);
            Undo.Touch(items, (long)Math.Min(has, Math.Max(count, range.End)) * Size);
            old[..Math.Min(range.From, range.To)].CopyTo(fresh);
            old[range.From..range.End].CopyTo(fresh[range.To..]);
            FaultPoints.Reach(FaultPoint.ArenaCopied);
        }

        if (Field(ListFields.Items) != 0)
        {
            Arena.Transactions.Release((long)Field(ListFields.Items), BlockKind.Contents);
        }

        Undo.Set(Header + ListFields.Items, (ulong)items);
        Undo.Set(Header + ListFields.Capacity, (ulong)has);
    }

    private void SetCount(int count) =>
        Undo.Set(Header + ListFields.Count, (uint)count | ((ulong)(uint)(Version + 1) << 32));

    private void RequireItem(int index)
    {
        if ((uint)index >= (uint)Count)
        {
            ThrowNoItem(index);
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowNoItem(int index)
    {
        Arena.ThrowIfDisposed(); // beside Dispose a list may look empty
        throw new ArgumentOutOfRangeException(nameof(index), index, $"The list has {Count} items.");
    }

    /// <summary>Goes through the items without allocating.</summary>
    public struct Enumerator : IEnumerator<T>
    {
        private readonly MappedList<T> _list;
        private readonly int _version;
        private int _index;

        internal Enumerator(MappedList<T> list)
        {
            _list = list;
            _version = list.Version;
            _index = -1;
        }

        /// <summary>The item.</summary>
        public readonly T Current => _list[_index];

        readonly object IEnumerator.Current => Current;

        /// <summary>Goes on to the next item.</summary>
        /// <exception cref="InvalidOperationException">The list has changed.</exception>
        public bool MoveNext()
        {
            ulong versionAndCount = _list.Field(ListFields.Count);
            if (_version != (int)(versionAndCount >> 32))
            {
                _list.ThrowChanged();
            }

            return ++_index < (int)versionAndCount;
        }

        /// <summary>Begins again.</summary>
        public void Reset() => _index = -1;

        /// <summary>Does nothing.</summary>
        public readonly void Dispose() { }
    }
}
