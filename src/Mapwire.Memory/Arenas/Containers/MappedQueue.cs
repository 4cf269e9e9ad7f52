using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>A <see cref="Queue{T}"/> that lives in an arena.</summary>
/// <typeparam name="T">A number, or structure with <see cref="ArenaTypeAttribute"/>, at most 8 KiB.</typeparam>
/// <remarks>Putting in takes constant time on average, taking out always. It is a plain queue without waiting; processes that want
/// to wait for messages use a <see cref="SharedRing"/>. Threads and processes: see <see cref="MappedContainer"/>.</remarks>
public sealed class MappedQueue<T> : MappedContainer, IReadOnlyCollection<T> where T : unmanaged
{
    private const int MinCapacity = 4;

    /// <summary>Opens a queue.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="offset">Where it is: the <see cref="Offset"/> of an earlier view.</param>
    /// <exception cref="ArenaFormatException">There is none, or one of items with another layout.</exception>
    public MappedQueue(Arena arena, Offset<QueueHeader<T>> offset) : base(arena, offset.Value, BlockKind.Queue, QueueFields.Bytes) =>
        RequireLayout(QueueFields.Layout, TypeLayout.Of<T>().Fingerprint, typeof(T));

    /// <summary>Creates an empty queue.</summary>
    /// <param name="arena">The arena.</param>
    /// <exception cref="ArgumentException">The type cannot live in an arena; the message says why.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    public MappedQueue(Arena arena) : this(arena, Make(arena)) { }

    /// <summary>The offset of the container, to be stored in the arena or as its root.</summary>
    public Offset<QueueHeader<T>> Offset => new(Header);

    /// <summary>Items in it.</summary>
    public int Count
    {
        get
        {
            ulong count = Field(QueueFields.Tail) - Field(QueueFields.Head);
            if (count > Field(QueueFields.Capacity) || count > int.MaxValue)
            {
                ThrowDamaged();
            }

            return (int)count;
        }
    }

    private static int Size => ArenaMemory.SizeOf<T>();

    /// <summary>Puts an item in.</summary>
    /// <param name="item">The item.</param>
    /// <exception cref="IOException">The arena is full.</exception>
    public void Enqueue(T item)
    {
        using ArenaChange change = Arena.BeginChange();
        if ((ulong)Count == Field(QueueFields.Capacity))
        {
            Grow();
        }

        ulong tail = Field(QueueFields.Tail);
        long at = At(tail);
        if (Arena.Transactions.IsNested)
        {
            Undo.Save(at, Size); // an item taken out earlier in the same change may have been here
        }
        else
        {
            Undo.Touch(at, Size);
        }

        Space.At<T>(at) = item;
        FaultPoints.Reach(FaultPoint.ArenaCopied);
        Undo.Set(Header + QueueFields.Tail, tail + 1);
        change.Complete();
    }

    /// <summary>Takes the oldest item out.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public T Dequeue() => TryDequeue(out T item) ? item : throw new InvalidOperationException("The queue is empty.");

    /// <summary>Takes the oldest item out.</summary>
    /// <param name="item">The item.</param>
    /// <returns>False if there is none.</returns>
    public bool TryDequeue(out T item)
    {
        using ArenaChange change = Arena.BeginChange();
        bool any = TryPeek(out item);
        if (any)
        {
            Undo.Set(Header + QueueFields.Head, Field(QueueFields.Head) + 1);
        }

        change.Complete();
        return any;
    }

    /// <summary>Looks at the oldest item.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public T Peek() => TryPeek(out T item) ? item : throw new InvalidOperationException("The queue is empty.");

    /// <summary>Looks at the oldest item.</summary>
    /// <param name="item">The item.</param>
    /// <returns>False if there is none.</returns>
    public bool TryPeek([MaybeNullWhen(false)] out T item)
    {
        bool any = Count > 0;
        if (!any)
        {
            Arena.ThrowIfDisposed();
        }

        item = any ? Space.At<T>(At(Field(QueueFields.Head))) : default;
        return any;
    }

    /// <summary>Takes all items out. The room for them stays.</summary>
    public void Clear()
    {
        using ArenaChange change = Arena.BeginChange();
        Undo.Set(Header + QueueFields.Head, Field(QueueFields.Tail));
        change.Complete();
    }

    /// <summary>Frees it with its items. No view of it may be used after that.</summary>
    public void Delete()
    {
        using ArenaChange change = Arena.BeginChange();
        ReleaseAll(QueueFields.Items);
        change.Complete();
    }

    /// <summary>Goes through the items, oldest first.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Offset<QueueHeader<T>> Make(Arena arena)
    {
        TypeLayout layout = TypeLayout.Of<T>();
        if (layout.Size > UndoLog.LargestValue)
        {
            throw new ArgumentException($"{typeof(T)} has more than {UndoLog.LargestValue} bytes.");
        }

        return new(Make(arena, BlockKind.Queue, QueueFields.Bytes, [layout.Fingerprint, (ulong)layout.Size]));
    }

    /// <summary>Where the item of a number is; checked.</summary>
    private long At(ulong number)
    {
        ulong capacity = Field(QueueFields.Capacity);
        long at = (long)Field(QueueFields.Items) + ((long)(number & (capacity - 1)) * Size);
        if (capacity == 0 || capacity > int.MaxValue || (capacity & (capacity - 1)) != 0)
        {
            ThrowDamaged();
        }

        RequireInside(at, Size);
        return at;
    }

    private void Grow()
    {
        int count = Count;
        int capacity = (int)Math.Max(MinCapacity, BitOperations.RoundUpToPowerOf2((uint)checked(count * 2)));
        long items = Arena.Transactions.Heap.Allocate((long)capacity * Size, SizeClass.Unit, BlockKind.Contents);
        Undo.Touch(items, (long)count * Size);
        ulong head = Field(QueueFields.Head);
        for (int i = 0; i < count; i++)
        {
            Space.At<T>(items + ((long)((head + (ulong)i) & (ulong)(capacity - 1)) * Size)) = Space.At<T>(At(head + (ulong)i));
        }

        Undo.Touch(items, (long)capacity * Size);
        FaultPoints.Reach(FaultPoint.ArenaCopied);
        if (Field(QueueFields.Items) != 0)
        {
            Arena.Transactions.Release((long)Field(QueueFields.Items), BlockKind.Contents);
        }

        Undo.Set(Header + QueueFields.Items, (ulong)items);
        Undo.Set(Header + QueueFields.Capacity, (ulong)capacity);
    }

    /// <summary>Goes through the items without allocating.</summary>
    public struct Enumerator : IEnumerator<T>
    {
        private readonly MappedQueue<T> _queue;
        private readonly ulong _head;
        private readonly ulong _tail;
        private ulong _next;

        internal Enumerator(MappedQueue<T> queue)
        {
            _queue = queue;
            _ = queue.Count; // says so if it is damaged
            _head = _next = queue.Field(QueueFields.Head);
            _tail = queue.Field(QueueFields.Tail);
        }

        /// <summary>The item.</summary>
        public T Current { get; private set; }

        readonly object IEnumerator.Current => Current;

        /// <summary>Goes on to the next item.</summary>
        /// <exception cref="InvalidOperationException">The queue has changed.</exception>
        public bool MoveNext()
        {
            if (_queue.Field(QueueFields.Head) != _head || _queue.Field(QueueFields.Tail) != _tail)
            {
                throw new InvalidOperationException("The queue has changed.");
            }

            if (_next == _tail)
            {
                return false;
            }

            Current = _queue.Space.At<T>(_queue.At(_next++));
            return true;
        }

        /// <summary>Begins again.</summary>
        public void Reset() => _next = _head;

        /// <summary>Does nothing.</summary>
        public readonly void Dispose() { }
    }
}
