using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;
using Mapwire.Memory.Native.Posix;
using Mapwire.Memory.Native.Sharing;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Sharing;

/// <summary>Memory that processes share by a name, and that the objects of this namespace live in.</summary>
/// <remarks>
/// <para>Names that differ only in case are one segment on Windows and macOS and two on Linux.</para>
/// <para>A segment lives as long as a process has it open for writing. The last one to dispose of it removes it; what processes
/// leave that are killed is found by the next one that makes or opens the name, by <see cref="List"/> and by
/// <see cref="RemoveAbandoned"/>. Its bytes start as zero, and all are backed by memory from the beginning.</para>
/// <para>Who holds a lock in it is known by a file lock that the process holds and the system releases when it dies: a stopped
/// process is alive however long it is stopped, and a killed one is dead at once. Opening it twice in one process counts as two.
/// Processes that may open it trust each other: any of them can write any byte.</para>
/// <para>All members may be called from any thread. Waiting operations of objects in it end with
/// <see cref="ObjectDisposedException"/> when it is disposed of; spans and references that are used later are the caller's error
/// and may end the process. Keep the segment in a <c>using</c> or a field as long as they are used: the garbage collector unmaps one that
/// nothing refers to.</para>
/// </remarks>
public sealed class SharedMemory : IDisposable
{
    private const int Disposed = 1;

    /// <summary>What the collector is told of addresses that are kept: of mappings the system gives a process some 65,000.</summary>
    private const long EmptyWeight = 1 << 16;

    /// <summary>The longest wait of Dispose for calls on other threads: they take nanoseconds unless their thread is stopped.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(1);

    private readonly MappedFile _file;
    private readonly MappedFile _mapped; // what the region grows by
    private readonly SegmentHeader _header;
    private readonly SharedMemoryOptions _options;
    private readonly string? _path;
    private readonly SafeFileHandle? _anonymous;
    private readonly Lock _resizing = new();
    private volatile int _state; // 0 or Disposed
    private int _users = 1; // this instance until it is closed, and who called Use; at 0 the pages go
    private long _weight; // what the collector is told of it once it is closed

    internal SharedMemory(
        string name, MappedFile file, MappedFile mapped, MappedRegion region, ProcessSlots slots, SegmentHeader header,
        SharedMemoryOptions options, string? path, SafeFileHandle? anonymous)
    {
        Name = name;
        _file = file;
        _mapped = mapped;
        Region = region;
        Slots = slots;
        _header = header;
        _options = options;
        _path = path;
        _anonymous = anonymous;
        Base = region.DangerousAddress + SegmentHeader.UserAt;
        Token = slots.Token;
        LayoutMark = MarkOf(header.LayoutId);
        Waiting = WordWait.For(header.SegmentId, file.Handle);
        AsyncWaits = new AsyncWaits(this);
    }

    /// <summary>The name, or for anonymous memory the path that it was opened by.</summary>
    public string Name { get; }

    /// <summary>Whether this call created the segment; false if it opened an existing one.</summary>
    public bool Created { get; private set; }

    /// <summary>Whether it was opened with <see cref="SharedMemoryOptions.ReadOnly"/>.</summary>
    public bool IsReadOnly => _options.ReadOnly;

    /// <summary>The size in bytes, without the header, as of now: another process may have grown it.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public long Size
    {
        get
        {
            ThrowIfDisposed();
            long size = FileSize;
            ThrowIfDisposedSince();
            return size - SegmentHeader.UserAt;
        }
    }

    /// <summary>The size in bytes that it may grow to.</summary>
    public long MaxSize => _header.MaxFileSize - SegmentHeader.UserAt;

    /// <summary>The layout id given when the segment was created.</summary>
    public Guid LayoutId => _header.LayoutId;

    /// <summary>The layout version given when the segment was created.</summary>
    public int LayoutVersion => _header.LayoutVersion;

    /// <summary>Whether any process that has it open for writing lives.</summary>
    public bool IsInUse
    {
        get
        {
            ThrowIfDisposed();
            return Slots.IsInUse();
        }
    }

    /// <summary>The ids of the processes that have it open for writing, once for each time they opened it.</summary>
    public IReadOnlyList<int> Users
    {
        get
        {
            ThrowIfDisposed();
            List<int> users = Slots.GetUsers();
            ThrowIfDisposedSince();
            return users;
        }
    }

    /// <summary>Whether the name no longer leads to this segment, because its file was deleted while it is in use. Processes that have it
    /// open go on sharing it, but the next one that opens the name gets another segment: close this one and open the name again.</summary>
    /// <remarks>What deletes files of a running program: on Linux <c>systemd-logind</c> with <c>RemoveIPC=yes</c> (the default), when the
    /// last session of a user that is not a system user ends, unless lingering is enabled for it; on macOS the periodic cleaning of
    /// <c>/tmp</c>. Services should run as a system user or name a <see cref="SharedMemoryOptions.Folder"/> of their own.</remarks>
    /// <exception cref="ObjectDisposedException">The segment is disposed.</exception>
    public bool IsDetached
    {
        get
        {
            ThrowIfDisposed();
            return _path is not null && !SegmentOpening.IsStillThere(_path, _file);
        }
    }

    /// <summary>Whether its size can no longer be changed (<see cref="CreateAnonymous"/>).</summary>
    public bool IsSealed => SegmentSpace.IsSealed(_file.Handle);

    /// <summary>Anonymous memory: the path by which processes of the same user may open it as long as this one has it open.</summary>
    /// <exception cref="InvalidOperationException">It has a name, or was opened and not created here.</exception>
    public string DescriptorPath => _anonymous is null
        ? throw new InvalidOperationException("DescriptorPath needs anonymous shared memory that was created by this process.")
        : $"/proc/{Environment.ProcessId}/fd/{_anonymous.DangerousGetHandle()}";

    internal MappedRegion Region { get; }

    internal ProcessSlots Slots { get; }

    internal WordWait Waiting { get; }

    /// <summary>Where the users' bytes begin. Never moves.</summary>
    internal nint Base { get; }

    internal ulong Token { get; }

    /// <summary>Stands for the layout id where one comparison of words has to be enough.</summary>
    internal long LayoutMark { get; }

    internal AsyncWaits AsyncWaits { get; }

    internal StoreGates Stores { get; } = new();

    internal bool IsDisposed => _state != 0;

    /// <summary>Whether its creator is filling it and holds the creation lock.</summary>
    internal bool IsInitializing { get; private set; }

    private long FileSize
    {
        get
        {
            ulong claimed = Volatile.Read(ref SharedWord.UInt64(Region.DangerousAddress + SegmentHeader.SizeAt));
            return (long)Math.Clamp(claimed, (ulong)_header.FileSize, (ulong)_header.MaxFileSize);
        }
    }

    /// <summary>Creates a segment. An abandoned one under the name, which only dead processes used, is removed first.</summary>
    /// <param name="name">1 to 100 of the characters a-z, A-Z, 0-9, '-', '_' and, not at the ends, '.'.</param>
    /// <param name="size">The size in bytes, without the header.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="IOException">A segment of this name is in use, or memory is short.</exception>
    /// <exception cref="TimeoutException">Another process did not finish creating or opening it within
    /// <see cref="SharedMemoryOptions.OpenTimeout"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static SharedMemory Create(string name, long size, SharedMemoryOptions? options = null) =>
        Open(name, SegmentOpening.Mode.Create, size, options);

    /// <summary>Opens a segment that is in use.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is none in use.</exception>
    /// <exception cref="SharedMemoryFormatException">It is damaged, or has another layout.</exception>
    /// <exception cref="TimeoutException">Another process did not finish creating or opening it within
    /// <see cref="SharedMemoryOptions.OpenTimeout"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static SharedMemory Open(string name, SharedMemoryOptions? options = null) =>
        Open(name, SegmentOpening.Mode.Open, 0, options);

    /// <summary>Opens a segment, created if there is none in use. If several processes call this at once, exactly one creates it.</summary>
    /// <param name="name">1 to 100 of the characters a-z, A-Z, 0-9, '-', '_' and, not at the ends, '.'.</param>
    /// <param name="size">Bytes of a new one; one in use may have another size.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="IOException">There is no room for it.</exception>
    /// <exception cref="SharedMemoryFormatException">There is a damaged one, or one with another layout.</exception>
    /// <exception cref="TimeoutException">Another process did not finish creating or opening it within
    /// <see cref="SharedMemoryOptions.OpenTimeout"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static SharedMemory CreateOrOpen(string name, long size, SharedMemoryOptions? options = null) =>
        Open(name, SegmentOpening.Mode.CreateOrOpen, size, options);

    /// <summary>Creates shared memory without a name (Linux, <c>memfd_create</c>): it is gone with its last user, and its size is
    /// sealed.</summary>
    /// <param name="size">The size in bytes, without the header.</param>
    /// <param name="options">How; it cannot grow. Null for the defaults.</param>
    /// <exception cref="PlatformNotSupportedException">Only Linux has it.</exception>
    public static SharedMemory CreateAnonymous(long size, SharedMemoryOptions? options = null)
    {
        options ??= new SharedMemoryOptions();
        Check(size, options);
        if (options.MaxSize > size || options.ReadOnly)
        {
            throw new ArgumentException(
                "Anonymous shared memory cannot grow or be read-only: leave out MaxSize and ReadOnly.", nameof(options));
        }

        SafeFileHandle handle = SegmentSpace.CreateAnonymousFile();
        try
        {
            return SegmentOpening.CreateAnonymous(handle, $"/proc/self/fd/{handle.DangerousGetHandle()}", size, options);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens anonymous memory of another process.</summary>
    /// <param name="descriptorPath">Its <see cref="DescriptorPath"/>, or the path of a descriptor that was handed to this process.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="SharedMemoryFormatException">It is damaged, or has another layout.</exception>
    public static SharedMemory OpenAnonymous(string descriptorPath, SharedMemoryOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(descriptorPath);
        return SegmentOpening.OpenAnonymous(descriptorPath, options ?? new SharedMemoryOptions());
    }

    /// <summary>Lists the segments, abandoned ones included.</summary>
    /// <param name="options">Says by its access and folder where to look; null for the defaults.</param>
    public static IReadOnlyList<SharedMemoryInfo> List(SharedMemoryOptions? options = null) =>
        SegmentListing.List(options ?? new SharedMemoryOptions());

    /// <summary>Removes abandoned segments: those that only dead processes used.</summary>
    /// <param name="options">Says by its access and folder where to look; null for the defaults.</param>
    /// <param name="layoutId">Only what has this layout; null for everything.</param>
    /// <returns>The names of what was removed.</returns>
    public static IReadOnlyList<string> RemoveAbandoned(SharedMemoryOptions? options = null, Guid? layoutId = null) =>
        SegmentListing.RemoveAbandoned(options ?? new SharedMemoryOptions(), layoutId);

    /// <summary>A part of the segment to read and write. Stores of other processes become visible at an undefined time.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside.</exception>
    /// <exception cref="InvalidOperationException">It is open for reading only.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public Span<byte> AsSpan(long offset, int length)
    {
        RequireInside(offset, length);
        return Region.AsSpan(SegmentHeader.UserAt + offset, length);
    }

    /// <summary>A part of the segment to read.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public ReadOnlySpan<byte> AsReadOnlySpan(long offset, int length)
    {
        RequireInside(offset, length);
        return Region.AsReadOnlySpan(SegmentHeader.UserAt + offset, length);
    }

    /// <summary>A value in it, in place: for <see cref="Interlocked"/> and <see cref="Volatile"/>, or under a lock.</summary>
    /// <typeparam name="T">A type without references.</typeparam>
    /// <param name="offset">The byte offset; a multiple of the type's alignment.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside, or not aligned.</exception>
    /// <exception cref="InvalidOperationException">It is open for reading only; use <see cref="Read{T}"/>.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public ref T At<T>(long offset) where T : unmanaged
    {
        if (IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory is open for reading only.");
        }

        RequireAligned<T>(offset);
        return ref SharedWord.At<T>(Base + (nint)offset);
    }

    /// <summary>A copy of a value in it.</summary>
    /// <typeparam name="T">A type without references.</typeparam>
    /// <param name="offset">The byte offset; a multiple of the type's alignment.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside, or not aligned.</exception>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    public T Read<T>(long offset) where T : unmanaged
    {
        RequireAligned<T>(offset);
        T value = SharedWord.At<T>(Base + (nint)offset);
        ThrowIfDisposedSince();
        return value;
    }

    /// <summary>Grows the segment, for all processes. New bytes are zero, and its address stays.</summary>
    /// <param name="size">The new size in bytes. Does nothing if the segment is already at least this large.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaxSize"/>.</exception>
    /// <exception cref="IOException">There is no room.</exception>
    /// <exception cref="TimeoutException">Another process held the segment's creation lock longer than
    /// <see cref="SharedMemoryOptions.OpenTimeout"/>.</exception>
    public void Grow(long size)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxSize);
        if (IsReadOnly)
        {
            throw new InvalidOperationException("The shared memory is open for reading only.");
        }

        using (ProcessSlots.TryCreationLock(_file, _options.OpenTimeout) ?? throw SegmentOpening.Busy(Name, _options.OpenTimeout))
        {
            long now = FileSize, wanted = SegmentSpace.GetFileSize(size, MaxSize);
            if (wanted > now)
            {
                SegmentSpace.Extend(_file, now, wanted); // the bytes first, then the size that tells of them
                Volatile.Write(ref SharedWord.UInt64(Region.DangerousAddress + SegmentHeader.SizeAt), (ulong)wanted);
            }
        }

        FollowGrowth();
    }

    /// <summary>Leaves the segment. What this process still holds in it is held by a dead owner from now on. The last process to leave
    /// removes the segment. Objects in it throw <see cref="ObjectDisposedException"/>. Descriptors and memory are given back before this
    /// returns; the addresses stay, as empty pages, until nothing refers to this instance or an object in it, so that a call on another
    /// thread cannot fault. On Windows the pages stay as long.</summary>
    /// <remarks>Waits up to a second for stores in progress on other threads. If one of those threads is suspended for longer, the process
    /// keeps its place, as a suspended process does, until they are done.</remarks>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _state, Disposed) == Disposed)
        {
            return;
        }

        AsyncWaits.Close();
        Interlocked.MemoryBarrierProcessWide(); // from here on no call enters a gate, and all that have are seen
        if (SpinWait.SpinUntil(() => !Stores.AnyEntered(), CallTimeout))
        {
            Leave();
            return;
        }

        new Thread(() =>
        {
            while (Stores.AnyEntered())
            {
                CancellationToken.None.WaitHandle.WaitOne(10);
            }

            Leave();
        })
        { IsBackground = true, Name = "Mapwire.Memory dispose" }.Start();
    }

    /// <summary>The first half of a layout id, which in those of a <see cref="SharedLayout"/> is a hash of its own; never 0.</summary>
    internal static long MarkOf(Guid layoutId)
    {
        Span<byte> bytes = stackalloc byte[16];
        layoutId.TryWriteBytes(bytes);
        long mark = BitConverter.ToInt64(bytes);
        return mark != 0 ? mark : 1;
    }

    /// <summary>Lets the creator fill the segment before any other process can open it.</summary>
    internal void Initialize(Action<SharedMemory>? initialize)
    {
        Created = true;
        IsInitializing = true;
        initialize?.Invoke(this);
        IsInitializing = false;
    }

    /// <summary>Leaves as a killed process does: nothing is removed.</summary>
    internal void Abandon()
    {
        if (Interlocked.Exchange(ref _state, Disposed) != Disposed)
        {
            AsyncWaits.Close();
            Close();
        }
    }

    /// <summary>For those that store without gates, such as an arena: pages and bytes stay until <see cref="EndUse"/>.</summary>
    /// <exception cref="ObjectDisposedException">The object is disposed.</exception>
    internal void Use()
    {
        for (int users = Volatile.Read(ref _users); ;)
        {
            ObjectDisposedException.ThrowIf(users == 0 || _state != 0, this);
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
            {
                return;
            }

            users = seen;
        }
    }

    /// <summary>Ends a <see cref="Use"/>. The last one to end it, or to close the segment, replaces the pages by empty ones, in one step
    /// for all threads: memory of a segment that was removed is free then. Addresses are kept until the last object that may use them is
    /// collected. Where the system cannot do that the pages stay as long.</summary>
    internal void EndUse()
    {
        if (Interlocked.Decrement(ref _users) == 0 && MemorySystem.Current is PosixMemory system
            && system.TryEmpty(Region.Pages.Base, Region.Pages.MappedBytes, Region.Access))
        {
            GC.RemoveMemoryPressure(_weight - EmptyWeight);
            _weight = EmptyWeight;
        }
    }

    /// <summary>The lock under which objects are created; null for the creator that fills the segment and holds it.</summary>
    internal RangeLock? LockCreation()
    {
        ThrowIfDisposed();
        return IsInitializing ? null
            : ProcessSlots.TryCreationLock(_file, _options.OpenTimeout) ?? throw SegmentOpening.Busy(Name, _options.OpenTimeout);
    }

    /// <summary>Between loads from the segment and what they are used for: they were of empty pages if it is disposed of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ThrowIfDisposedSince()
    {
        Volatile.ReadBarrier();
        ThrowIfDisposed();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_state != 0, this);

    internal void RequireInside(long offset, long length)
    {
        ThrowIfDisposed();
        long size = Region.Length - SegmentHeader.UserAt;
        if (offset >= 0 && length >= 0 && offset <= size && length <= size - offset)
        {
            return;
        }

        FollowGrowth();
        size = Region.Length - SegmentHeader.UserAt;
        if (offset < 0 || length < 0 || offset > size || length > size - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{length} bytes at offset {offset} are not inside the shared memory '{Name}', which has {size}.");
        }
    }

    private static SharedMemory Open(string name, SegmentOpening.Mode mode, long size, SharedMemoryOptions? options)
    {
        options ??= new SharedMemoryOptions();
        if (mode != SegmentOpening.Mode.Open)
        {
            Check(size, options);
            if (options.ReadOnly)
            {
                throw new ArgumentException("ReadOnly is only allowed with SharedMemory.Open.", nameof(options));
            }
        }

        return SegmentOpening.Open(name, mode, size, options);
    }

    private static void Check(long size, SharedMemoryOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, SegmentSpace.MaxSize);
        if (options.MaxSize < size)
        {
            throw new ArgumentException(
                $"SharedMemoryOptions.MaxSize must be at least the size of {size} bytes (was {options.MaxSize}).", nameof(options));
        }

        if (options.MaxSize > SegmentSpace.MaxSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"SharedMemoryOptions.MaxSize must be at most {SegmentSpace.MaxSize} bytes (was {options.MaxSize}).");
        }

        if (options.MaxSize > size)
        {
            PlatformCapabilities.Require(MemoryCapability.ReserveForFile);
        }
    }

    private void RequireAligned<T>(long offset) where T : unmanaged
    {
        int size = SharedWord.SizeOf<T>();
        RequireInside(offset, size);
        ValueLayout.Require<T>();
        if (offset % ValueLayout.AlignmentOf<T>() != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), offset, $"The offset must be a multiple of {ValueLayout.AlignmentOf<T>()} for {typeof(T).Name}.");
        }
    }

    /// <summary>Leaves the slot, and removes the segment if it was the last one.</summary>
    private void Leave()
    {
        try
        {
            // A stopped process must not keep this one from leaving: then the segment is left for the next sweep.
            using RangeLock? creation = IsReadOnly ? null : ProcessSlots.TryCreationLock(_file, TimeSpan.FromSeconds(1));
            Slots.Leave();
            if (creation is not null && _path is not null)
            {
                SegmentOpening.RemoveIfUnused(_path, _file);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The folder is gone or the system has no locks left: what stays is found by the next sweep.
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Closes the files, and gives the pages back unless an arena still uses them. The collector is told what stays.</summary>
    private void Close()
    {
        Slots.Leave();
        Waiting.Dispose();
        _anonymous?.Dispose();
        lock (_resizing) // growing uses the descriptor
        {
            _mapped.Dispose();
            _file.Dispose();
        }

        _weight = Region.Length + EmptyWeight;
        GC.AddMemoryPressure(_weight);
        EndUse();
        string? folder = OperatingSystem.IsWindows() ? Path.GetDirectoryName(_path) : null;
        Region.Pages.Unmapped.ContinueWith(
            _ =>
            {
                GC.RemoveMemoryPressure(_weight); // nothing refers to this instance any more, so it does not change
                if (folder is not null)
                {
                    SegmentFolder.DeleteRemoved(folder); // a file that was mapped when it was removed
                }
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void FollowGrowth()
    {
        lock (_resizing)
        {
            ThrowIfDisposed(); // from here on Dispose waits before it closes the file
            if (FileSize > Region.Length)
            {
                Region.Resize(FileSize);
            }
        }
    }
}
