using System.Runtime.CompilerServices;
using System.Text;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Sharing;

namespace Mapwire.Memory.Sharing;

/// <summary>Names the objects of a segment and computes their offsets, its size and its layout id, in place of numbers that every
/// process has to repeat.</summary>
/// <remarks>All processes add the same objects in the same order. The layout id is computed from names, kinds and parameters: a process
/// with another layout is refused with <see cref="SharedMemoryError.OtherLayout"/>. A layout is built once, as a rule in a static field,
/// and is then safe for use by many threads.</remarks>
/// <example><code>
/// static class Jobs
/// {
///     private static readonly SharedLayout Layout = new("jobs");
///     public static readonly SharedLayoutEntry&lt;SharedMutex&gt; Guard = Layout.AddMutex("guard");
///     public static readonly SharedLayoutEntry&lt;SharedRing&gt; Queue = Layout.AddRing("queue", 1 &lt;&lt; 16, RingProducers.Multiple);
///     public static readonly SharedLayoutValue&lt;long&gt; Done = Layout.AddValue&lt;long&gt;("done");
///     public static SharedMemory Open() => Layout.CreateOrOpen("jobs");
/// }
/// </code></example>
public sealed class SharedLayout
{
    private readonly List<Action<SharedMemory>> _create = [];
    private readonly HashSet<string> _names = [];
    private readonly StringBuilder _description = new();
    private volatile bool _used;
    private long _size;
    private Guid? _layoutId; // computed once: nothing is added after that
    private long _mark; // 0 until then

    /// <summary>Begins a layout.</summary>
    /// <param name="name">Its name, a part of the layout id.</param>
    public SharedLayout(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        _description.Append("layout ").Append(name);
    }

    /// <summary>The name of the layout.</summary>
    public string Name { get; }

    /// <summary>Bytes that the objects take. A segment may be larger.</summary>
    public long Size => _size;

    /// <summary>
    /// The id for <see cref="SharedMemoryOptions.LayoutId"/>, the same for the same names, kinds and parameters in the same order.
    /// </summary>
    public Guid LayoutId
    {
        get
        {
            _used = true;
            lock (_names)
            {
                return _layoutId ??= ComputeId();
            }
        }
    }

    /// <summary>What <see cref="SharedMemory.LayoutMark"/> has to be in a segment of the layout.</summary>
    internal long Mark
    {
        get
        {
            long mark = Volatile.Read(ref _mark);
            return mark != 0 ? mark : _mark = SharedMemory.MarkOf(LayoutId);
        }
    }

    /// <summary>Adds a mutex.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="owner">What owns it: by default the process' opening of the segment.</param>
    public SharedLayoutEntry<SharedMutex> AddMutex(string name, MutexOwner owner = MutexOwner.Opening) =>
        Add(name, $"mutex {owner}", SharedMutex.Size, (memory, at) => SharedMutex.Create(memory, at, owner), SharedMutex.Open);

    /// <summary>Adds a plain semaphore.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="available">Permits that are available from the beginning.</param>
    /// <param name="maximum">The most permits that can be available.</param>
    public SharedLayoutEntry<SharedSemaphore> AddSemaphore(string name, int available, int maximum = SharedSemaphore.MaxPermits) =>
        Add(name, $"semaphore {available} {maximum}", SharedSemaphore.SizeFor(maximum, owned: false),
            (memory, at) => SharedSemaphore.Create(memory, at, available, maximum), SharedSemaphore.Open);

    /// <summary>Adds a semaphore whose permits know their owners.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="permits">The number of permits.</param>
    public SharedLayoutEntry<SharedSemaphore> AddOwnedSemaphore(string name, int permits) =>
        Add(name, $"owned semaphore {permits}", SharedSemaphore.SizeFor(permits, owned: true),
            (memory, at) => SharedSemaphore.CreateOwned(memory, at, permits), SharedSemaphore.Open);

    /// <summary>Adds a reader-writer lock.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    public SharedLayoutEntry<SharedReaderWriterLock> AddReaderWriterLock(string name) =>
        Add(name, "reader-writer lock", SharedReaderWriterLock.Size, SharedReaderWriterLock.Create, SharedReaderWriterLock.Open);

    /// <summary>Adds an event.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="manualReset">Whether it stays set until it is reset.</param>
    /// <param name="set">Whether it is set from the beginning.</param>
    public SharedLayoutEntry<SharedEvent> AddEvent(string name, bool manualReset, bool set = false) =>
        Add(name, $"event {manualReset} {set}", SharedEvent.Size, (memory, at) => SharedEvent.Create(memory, at, manualReset, set),
        SharedEvent.Open);

    /// <summary>Adds a condition.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    public SharedLayoutEntry<SharedCondition> AddCondition(string name) =>
        Add(name, "condition", SharedCondition.Size, SharedCondition.Create, SharedCondition.Open);

    /// <summary>Adds a barrier.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="participants">The number of seats.</param>
    public SharedLayoutEntry<SharedBarrier> AddBarrier(string name, int participants) =>
        Add(name, $"barrier {participants}", SharedBarrier.SizeFor(participants),
            (memory, at) => SharedBarrier.Create(memory, at, participants), SharedBarrier.Open);

    /// <summary>Adds a ring.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    /// <param name="producers">One producer at a time, or many.</param>
    public SharedLayoutEntry<SharedRing> AddRing(string name, int capacity, RingProducers producers = RingProducers.Single) =>
        Add(name, $"ring {capacity} {producers}", SharedRing.SizeFor(capacity),
            (memory, at) => SharedRing.Create(memory, at, capacity, producers), SharedRing.Open);

    /// <summary>Adds a broadcast ring.</summary>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="capacity">Bytes for messages: a power of two from 1 KiB to 256 MiB.</param>
    public SharedLayoutEntry<SharedBroadcast> AddBroadcast(string name, int capacity) =>
        Add(name, $"broadcast {capacity}", SharedBroadcast.SizeFor(capacity),
            (memory, at) => SharedBroadcast.Create(memory, at, capacity), SharedBroadcast.Open);

    /// <summary>Adds a cell.</summary>
    /// <typeparam name="T">A type without references or automatic layout, at most 64 KiB.</typeparam>
    /// <param name="name">Its name, unique in the layout.</param>
    public SharedLayoutEntry<SharedCell<T>> AddCell<T>(string name) where T : unmanaged =>
        Add(name, $"cell {DescribeType<T>()}", SharedCell.SizeFor<T>(), SharedCell.Create<T>, SharedCell.Open<T>);

    /// <summary>Adds values for <see cref="Interlocked"/> and <see cref="Volatile"/>, or under a lock. They begin as zero.</summary>
    /// <typeparam name="T">A type without references or automatic layout.</typeparam>
    /// <param name="name">Its name, unique in the layout.</param>
    /// <param name="count">The number of values, side by side.</param>
    public SharedLayoutValue<T> AddValue<T>(string name, int count = 1) where T : unmanaged
    {
        ValueLayout.Require<T>();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        long offset =
            Reserve(name, $"value {DescribeType<T>()} {count}", checked((long)SharedWord.SizeOf<T>() * count));
        return new SharedLayoutValue<T>(this, name, offset, count);
    }

    /// <summary>Creates a segment with all objects of the layout.</summary>
    /// <param name="segment">The name of the segment.</param>
    /// <param name="options">Access, folder, room to grow; layout id and version come from the layout. Null for the defaults.</param>
    /// <exception cref="IOException">The segment exists and is in use, or there is no room.</exception>
    public SharedMemory Create(string segment, SharedMemoryOptions? options = null) =>
        SharedMemory.Create(segment, Math.Max(1, Size), Complete(options));

    /// <summary>Opens a segment, created with all objects of the layout if there is none in use.</summary>
    /// <param name="segment">The name of the segment.</param>
    /// <param name="options">Access, folder, room to grow; the layout id comes from the layout. Null for the defaults.</param>
    /// <exception cref="SharedMemoryFormatException">The segment has another layout.</exception>
    public SharedMemory CreateOrOpen(string segment, SharedMemoryOptions? options = null) =>
        SharedMemory.CreateOrOpen(segment, Math.Max(1, Size), Complete(options));

    /// <summary>Opens a segment that is in use.</summary>
    /// <param name="segment">The name of the segment.</param>
    /// <param name="options">Access and folder; the layout id comes from the layout. Null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is none in use.</exception>
    /// <exception cref="SharedMemoryFormatException">The segment has another layout.</exception>
    public SharedMemory Open(string segment, SharedMemoryOptions? options = null) => SharedMemory.Open(segment, Complete(options));

    /// <exception cref="ArgumentException">The segment has another layout.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void RequireSegment(SharedMemory memory, string entry)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (memory.LayoutMark != Mark)
        {
            ThrowOtherLayout(memory, entry);
        }
    }

    private void ThrowOtherLayout(SharedMemory memory, string entry) =>
        throw new ArgumentException(
            $"'{entry}' of layout '{Name}' ({LayoutId}) is not in the shared memory '{memory.Name}', which has layout {memory.LayoutId}: "
            + "open the segment through the layout.", nameof(memory));

    private Guid ComputeId()
    {
        byte[] text = Encoding.UTF8.GetBytes(_description.ToString());
        Span<byte> id = stackalloc byte[16];
        BitConverter.TryWriteBytes(id, Fnv1A.Add(Fnv1A.Seed, text));
        BitConverter.TryWriteBytes(id[8..], Fnv1A.Add(0x6c62_272e_07bb_0142, text));
        return new Guid(id);
    }

    /// <summary>Size and fields; the name only where the fields are not known.</summary>
    private static string DescribeType<T>() where T : unmanaged =>
        ValueLayout.FingerprintOf<T>() is uint fields and not 0
            ? $"{SharedWord.SizeOf<T>()} {fields:x8}"
            : $"{SharedWord.SizeOf<T>()} {typeof(T).Name}";

    private SharedMemoryOptions Complete(SharedMemoryOptions? options) =>
        (options ?? new SharedMemoryOptions()).With(LayoutId, memory => _create.ForEach(create => create(memory)));

    private SharedLayoutEntry<T> Add<T>(
        string name, string description, long size, Func<SharedMemory, long, T> create, Func<SharedMemory, long, T> open)
    {
        long offset = Reserve(name, description, size);
        _create.Add(memory => create(memory, offset));
        return new SharedLayoutEntry<T>(this, name, offset, size, open);
    }

    private long Reserve(string name, string description, long size)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_used)
        {
            throw new InvalidOperationException($"Layout '{Name}' is in use: add all objects before the first segment is opened.");
        }

        if (!_names.Add(name))
        {
            throw new ArgumentException($"Layout '{Name}' already has an object '{name}'.", nameof(name));
        }

        _description.Append('\n').Append(name).Append(": ").Append(description);
        long offset = _size;
        _size = checked(offset + (size + SharedObject.Alignment - 1) / SharedObject.Alignment * SharedObject.Alignment);
        return offset;
    }
}

/// <summary>An object of a <see cref="SharedLayout"/>.</summary>
/// <typeparam name="T">The kind of object.</typeparam>
public sealed class SharedLayoutEntry<T>
{
    private readonly SharedLayout _layout;
    private readonly Func<SharedMemory, long, T> _open;

    internal SharedLayoutEntry(SharedLayout layout, string name, long offset, long size, Func<SharedMemory, long, T> open) =>
        (_layout, Name, Offset, Size, _open) = (layout, name, offset, size, open);

    /// <summary>The name of the object.</summary>
    public string Name { get; }

    /// <summary>The byte offset in the segment.</summary>
    public long Offset { get; }

    /// <summary>Bytes that the object takes.</summary>
    public long Size { get; }

    /// <summary>Opens the object in a segment.</summary>
    /// <param name="memory">A segment of the layout.</param>
    /// <exception cref="ArgumentException">The segment has another layout.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public T Open(SharedMemory memory)
    {
        _layout.RequireSegment(memory, Name);
        return _open(memory, Offset);
    }
}

/// <summary>Values of a <see cref="SharedLayout"/>.</summary>
/// <typeparam name="T">A type without references or automatic layout.</typeparam>
public sealed class SharedLayoutValue<T> where T : unmanaged
{
    private readonly SharedLayout _layout;

    internal SharedLayoutValue(SharedLayout layout, string name, long offset, int count) =>
        (_layout, Name, Offset, Count) = (layout, name, offset, count);

    /// <summary>The name of the values.</summary>
    public string Name { get; }

    /// <summary>The byte offset of the first one in the segment.</summary>
    public long Offset { get; }

    /// <summary>The number of values.</summary>
    public int Count { get; }

    /// <summary>A value in place.</summary>
    /// <param name="memory">A segment of the layout.</param>
    /// <param name="index">Which one, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is not inside.</exception>
    /// <exception cref="ArgumentException">The segment has another layout.</exception>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public ref T At(SharedMemory memory, int index = 0)
    {
        _layout.RequireSegment(memory, Name);
        if ((uint)index >= (uint)Count)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, $"The index must be from 0 to {Count - 1}.");
        }

        return ref memory.At<T>(Offset + (long)index * SharedWord.SizeOf<T>());
    }
}
