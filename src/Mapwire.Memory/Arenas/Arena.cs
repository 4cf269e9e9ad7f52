using System.Runtime.CompilerServices;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Native.Arenas;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>Memory with an allocator in it, in which data structures live: built by one run or process, found by the next one as they
/// were, at whatever address it is mapped then.</summary>
/// <remarks>
/// <para>It can be a file, a segment of shared memory, or any region. What is in it refers to other things by <see cref="Offset{T}"/>, and
/// everything is found from <see cref="GetRoot{T}"/>. What it survives is its <see cref="ArenaDurability"/>.</para>
/// <para><b>Threads and processes.</b> Allocating, freeing, and all changes of containers may be done by any thread of any process that
/// has the arena open: they take its lock, one at a time. Reading takes no lock and is as fast as memory. So readers that run beside
/// writers take the lock themselves: <see cref="EnterScope"/>. A reader that does not can see a change half made, though it never leaves
/// the arena's bytes.</para>
/// <para><b>Damaged arenas.</b> Whatever bytes a file has, opening and using it ends with an <see cref="ArenaFormatException"/> or with
/// values that are as good as the bytes, and reads nothing beside it; <see cref="Inspect"/> looks at everything. A file must not be cut
/// while it is open, as with any mapped file.</para>
/// </remarks>
public sealed partial class Arena : IDisposable
{
    private readonly ArenaSpace _space;

    internal Arena(ArenaSpace space, ArenaDurability durability)
    {
        _space = space;
        Durability = durability;
        Transactions = new ArenaTransactions(space);
    }

    /// <summary>Its path, or what it was made over.</summary>
    public string Name => _space.Name;

    /// <summary>The durability given when the arena was created.</summary>
    public ArenaDurability Durability { get; }

    /// <summary>The layout id given when the arena was created.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public Guid LayoutId => new(Header(ArenaHeader.LayoutIdAt, 16));

    /// <summary>Which version of that.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public int LayoutVersion => BitConverter.ToInt32(Header(ArenaHeader.LayoutVersionAt, 4));

    /// <summary>Bytes of it that are mapped here, header included.</summary>
    public long Size => _space.Length;

    /// <summary>Bytes that it may grow to here.</summary>
    public long MaxSize => _space.MaxLength;

    /// <summary>Bytes in blocks that are in use, with 8 for each block itself.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public long UsedBytes => BitConverter.ToInt64(Header(ArenaHeader.UsedBytesAt, 8));

    /// <summary>Blocks that are in use.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public long UsedBlocks => BitConverter.ToInt64(Header(ArenaHeader.UsedBlocksAt, 8));

    /// <summary>Whether it was opened to look only.</summary>
    public bool IsReadOnly => _space.IsReadOnly;

    /// <summary>The address of its base while it is open: what offsets count from.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public nint DangerousAddress
    {
        get
        {
            ThrowIfDisposed();
            return _space.Base;
        }
    }

    internal ArenaSpace Space => _space;

    internal ArenaTransactions Transactions { get; }

    internal UndoLog Undo => Transactions.Undo;

    /// <summary>Creates a new arena in a file.</summary>
    /// <param name="path">The file: not there yet, empty, or left by a maker that died in the middle.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="IOException">The file has something in it, another process has it open, its address is taken, or there is no
    /// room.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static Arena Create(string path, ArenaOptions? options = null) =>
        FileOpening.Open(path, FileMode.CreateNew, options ?? new ArenaOptions());

    /// <summary>Opens an arena in a file. A change that was not finished is undone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="ArenaFormatException">It is damaged, or another arena than asked for.</exception>
    /// <exception cref="IOException">Another process has it open, or the address is taken.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static Arena Open(string path, ArenaOptions? options = null) =>
        FileOpening.Open(path, FileMode.Open, options ?? new ArenaOptions());

    /// <summary>Opens an arena in a file, made if it is not there. Of several processes that do this at once, one makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArenaFormatException">There is something else, damaged, or another arena than asked for.</exception>
    /// <exception cref="IOException">Another process has it open, its address is taken, or there is no room.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static Arena CreateOrOpen(string path, ArenaOptions? options = null) =>
        FileOpening.Open(path, FileMode.OpenOrCreate, options ?? new ArenaOptions());

    /// <summary>Creates an arena that fills a region, over whatever was there: anonymous memory, <c>/dev/zero</c>, a mapped file.</summary>
    /// <param name="region">The region, writable and at an address that is a multiple of 4096. The caller keeps and disposes of it;
    /// one that was mapped with <see cref="MapOptions.Reserve"/> grows with the arena.</param>
    /// <param name="options">Durability and layout of the new arena; null for the defaults.</param>
    /// <exception cref="ArgumentException">The region is too small, not writable or not aligned.</exception>
    public static Arena Create(MappedRegion region, ArenaOptions? options = null) =>
        RegionOpening.Create(region, options ?? new ArenaOptions());

    /// <summary>Opens an arena that fills a region. One process at a time may change it.</summary>
    /// <param name="region">The region, at an address that is a multiple of 4096. The caller keeps and disposes of it.</param>
    /// <param name="options">What is expected; null for the defaults.</param>
    /// <exception cref="ArenaFormatException">It is damaged, or another arena than asked for.</exception>
    public static Arena Open(MappedRegion region, ArenaOptions? options = null) =>
        RegionOpening.Open(region, options ?? new ArenaOptions());

    /// <summary>Creates an arena that fills a segment of shared memory, as a rule in
    /// <see cref="SharedMemoryOptions.Initialize"/>.</summary>
    /// <param name="memory">The segment, new, of at least 128 KiB. The caller keeps and disposes of it.</param>
    /// <param name="options">The layout; null for the defaults.</param>
    /// <exception cref="InvalidOperationException">There is something in the segment.</exception>
    public static Arena Create(SharedMemory memory, ArenaOptions? options = null) =>
        RegionOpening.Create(memory, options ?? new ArenaOptions());

    /// <summary>Opens an arena that fills a segment of shared memory. All processes that have it open may change it.</summary>
    /// <param name="memory">The segment. The caller keeps and disposes of it.</param>
    /// <param name="options">What is expected; null for the defaults.</param>
    /// <exception cref="ArenaFormatException">It is damaged, or another arena than asked for.</exception>
    /// <exception cref="SharedMemoryFormatException">There is none.</exception>
    public static Arena Open(SharedMemory memory, ArenaOptions? options = null) =>
        RegionOpening.Open(memory, options ?? new ArenaOptions());

    /// <summary>Takes memory for values. It is zero, at a multiple of 16 bytes from the base, and never moves.</summary>
    /// <typeparam name="T">What it is for: a type without references, pointers or automatic layout.</typeparam>
    /// <param name="count">How many, side by side.</param>
    /// <param name="alignment">A power of two up to 4096, for the first of them.</param>
    /// <exception cref="ArgumentException">The type cannot live in an arena; the message says why.</exception>
    /// <exception cref="IOException">The arena is full.</exception>
    /// <exception cref="ArenaFormatException">The arena is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public Offset<T> Allocate<T>(long count = 1, int alignment = 16) where T : unmanaged
    {
        TypeLayout layout = TypeLayout.Of<T>();
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Heap.MaxBytes / layout.Size);
        if (alignment is < 1 or > 4096 || !int.IsPow2(alignment))
        {
            throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "The alignment must be a power of two from 1 to 4096.");
        }

        using ArenaChange change = BeginChange();
        long payload = Transactions.Heap.Allocate(count * layout.Size, alignment, BlockKind.Own);
        Transactions.Clear(payload, count * layout.Size);
        change.Complete();
        return new Offset<T>(payload);
    }

    /// <summary>Gives memory back. Inside a <see cref="BeginChange"/> that happens when the change is completed.</summary>
    /// <typeparam name="T">What it was for.</typeparam>
    /// <param name="offset">What <see cref="Allocate"/> returned, or null, which does nothing.</param>
    /// <exception cref="ArgumentException">Nothing is allocated there, or it is a part of a container.</exception>
    /// <exception cref="ArenaFormatException">The arena is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public void Free<T>(Offset<T> offset) where T : unmanaged
    {
        if (offset.IsNull)
        {
            return;
        }

        using ArenaChange change = BeginChange();
        Transactions.Release(offset.Value, BlockKind.Own);
        change.Complete();
    }

    /// <summary>A value in place, to read.</summary>
    /// <typeparam name="T">What is there.</typeparam>
    /// <param name="offset">Where.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is null or not inside the arena.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly T Get<T>(Offset<T> offset) where T : unmanaged
    {
        if (!_space.Contains(offset.Value, ArenaMemory.SizeOf<T>()))
        {
            FollowGrowth(offset.Value, ArenaMemory.SizeOf<T>());
        }

        return ref _space.At<T>(offset.Value);
    }

    /// <summary>A value in place, to read, for hot loops: nothing is checked. An offset that was not checked before, by
    /// <see cref="Get{T}"/> of this process, may end the process.</summary>
    /// <typeparam name="T">What is there.</typeparam>
    /// <param name="offset">Where.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly T GetUnchecked<T>(Offset<T> offset) where T : unmanaged => ref _space.At<T>(offset.Value);

    /// <summary>Values in place, to read.</summary>
    /// <typeparam name="T">What is there.</typeparam>
    /// <param name="offset">Where the first one is.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not inside the arena.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public ReadOnlySpan<T> GetSpan<T>(Offset<T> offset, int count) where T : unmanaged => Window(offset, count);

    /// <summary>A value in place, to write. Durable arenas note that it changes, so take the reference anew after each
    /// <see cref="Commit"/>. A process killed in the middle of a store of more than 8 bytes leaves it half done; to have that undone,
    /// write through <see cref="ArenaChange.Edit{T}"/>.</summary>
    /// <typeparam name="T">What is there.</typeparam>
    /// <param name="offset">Where.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is null or not inside the arena.</exception>
    /// <exception cref="InvalidOperationException">It was opened to look only.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public ref T Edit<T>(Offset<T> offset) where T : unmanaged
    {
        ref readonly T value = ref Get(offset);
        Note(offset.Value, ArenaMemory.SizeOf<T>());
        return ref _space.At<T>(offset.Value);
    }

    /// <summary>Values in place, to write; otherwise like <see cref="Edit"/>.</summary>
    /// <typeparam name="T">What is there.</typeparam>
    /// <param name="offset">Where the first one is.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not inside the arena.</exception>
    /// <exception cref="InvalidOperationException">It was opened to look only.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public Span<T> EditSpan<T>(Offset<T> offset, int count) where T : unmanaged
    {
        Span<T> window = Window(offset, count);
        Note(offset.Value, (long)count * ArenaMemory.SizeOf<T>());
        return window;
    }

    /// <summary>The root: the offset from which the program finds everything else; null for none.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <returns>Null if none was set.</returns>
    /// <remarks>Compared are the layouts of the type and of everything that typed offsets in it lead to, items of containers included, up
    /// to 32 offsets away; names are not. Of a root that an earlier version of the library set, its own layout is all that is known, until
    /// it is set once more. What is found in another way, such as by an offset made of a number, is not compared:
    /// <see cref="ArenaOptions.LayoutVersion"/> tells such formats apart.</remarks>
    /// <exception cref="ArenaFormatException">It was set as a type with another layout, or is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public Offset<T> GetRoot<T>() where T : unmanaged
    {
        TypeLayout layout = TypeLayout.Of<T>();
        ThrowIfDisposed();
        Offset<T> root = new((long)_space.Word(ArenaHeader.RootAt));
        if (root.IsNull)
        {
            ThrowIfDisposed(); // beside Dispose the header may be an empty page
            return root;
        }

        ulong stored = _space.Word(ArenaHeader.RootLayoutAt);
        bool isLayout = stored == TypeLayout.ReachableFingerprintOf<T>()
            || stored == layout.Fingerprint; // as earlier versions of the library set it
        bool isInside = _space.Contains(root.Value, layout.Size);
        if (!isLayout || !isInside)
        {
            ThrowIfDisposed(); // beside Dispose the header may be an empty page
        }

        if (!isLayout)
        {
            throw new ArenaFormatException(ArenaError.OtherLayout, Name, ArenaHeader.RootAt,
                $"the root has another layout than {typeof(T)}, or something that its offsets lead to has");
        }

        return isInside
            ? root
            : throw new ArenaFormatException(ArenaError.Damaged, Name, ArenaHeader.RootAt, $"root offset {root} is outside the heap");
    }

    /// <summary>Sets where everything is found from.</summary>
    /// <typeparam name="T">What it is.</typeparam>
    /// <param name="root">Where, or null.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the arena.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public void SetRoot<T>(Offset<T> root) where T : unmanaged
    {
        ulong fingerprint = TypeLayout.ReachableFingerprintOf<T>();
        if (!root.IsNull)
        {
            _ = Get(root);
        }

        using ArenaChange change = BeginChange();
        Undo.Set(ArenaHeader.RootLayoutAt, fingerprint);
        Undo.Set(ArenaHeader.RootAt, (ulong)root.Value);
        change.Complete();
    }

    /// <summary>Looks at everything: the header, every block, every free list, and all containers as far as they can be followed without
    /// knowing the program's types.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public ArenaReport Inspect()
    {
        using Scope scope = EnterScope();
        return new ArenaInspector(_space).Inspect();
    }

    /// <summary>Closes it. Of a <see cref="ArenaDurability.PowerLoss"/> one, what was not committed is gone. References into it that are
    /// used later are the caller's error and may end the process.</summary>
    public void Dispose() => Transactions.Close();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_space.IsDisposed, this);

    private ReadOnlySpan<byte> Header(int at, int length)
    {
        ThrowIfDisposed();
        return _space.Bytes(at, length);
    }

    private Span<T> Window<T>(Offset<T> offset, int count) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        long bytes = (long)count * ArenaMemory.SizeOf<T>();
        if (!_space.Contains(offset.Value, bytes))
        {
            FollowGrowth(offset.Value, bytes);
        }

        return ArenaMemory.Span<T>(_space.Base + (nint)offset.Value, count);
    }

    private void Note(long offset, long bytes)
    {
        if (IsReadOnly)
        {
            throw new InvalidOperationException($"Arena '{Name}' is open for reading only.");
        }

        if (_space.Changes is not ChangedLines changes)
        {
            return;
        }

        using Scope scope = EnterScope();
        changes.Mark(offset, bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FollowGrowth(long offset, long bytes)
    {
        ThrowIfDisposed();
        if (!Transactions.Reaches(offset, bytes))
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{bytes} bytes at {offset} are not inside the heap of arena '{Name}', which has {Size} bytes.");
        }
    }
}
