using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>Mapped bytes: a part of a file, or anonymous memory. A span, reference or address of them that is used after the region
/// is unmapped may end the process; a call that is too late throws <see cref="ObjectDisposedException"/>.</summary>
/// <remarks>
/// <para><b>Two ways in.</b> Spans and <see cref="Read{T}"/> are plain loads: as fast as memory, and fatal for the process if the page
/// is gone because another program truncated the file or its device failed. <see cref="TryRead(long, Span{byte})"/> asks the system to
/// copy and reports such a page instead; use it for files that others can change.</para>
/// <para><b>Lifetime.</b> The pages stay mapped until the region is disposed of and every <see cref="Lease"/> has ended. Keep the
/// region in a <c>using</c> or a field as long as a span of it is used: the garbage collector unmaps a region that nothing refers
/// to.</para>
/// <para><b>Threads.</b> All members may be called from any thread; the bytes themselves are as unsynchronized as any memory. A call
/// that runs while another thread disposes of the region ends as if before it, or throws <see cref="ObjectDisposedException"/>. For
/// <see cref="Read{T}"/> and <see cref="Write{T}"/>, which count no reference, that holds on Linux and macOS, where the addresses stay
/// empty for a while; on Windows such a load may fault, so threads that share a region there hold a <see cref="Lease"/>.</para>
/// </remarks>
public sealed partial class MappedRegion : IDisposable, IAsyncDisposable
{
    /// <summary>The longest piece of a <see cref="ReadOnlySequence{T}"/>: a power of two below the limit of a span.</summary>
    private const int LongestSegment = 1 << 30;

    /// <summary>The size of values that <see cref="Read{T}"/> checks by one comparison; what is nearer to the end takes two.</summary>
    private const int FastMargin = 64;

    private readonly SafePages _pages;
    private readonly nint _address;
    private long _length; // 0 once unmapped, so that one comparison checks bounds and life
    private long _fastLength; // offsets below this have FastMargin bytes before the end; 0 once unmapped

    internal MappedRegion(SafePages pages, nint address, long length, MemoryAccess access, bool isPrivate, bool isFile, long offset)
    {
        _pages = pages;
        _address = address;
        SetLength(length);
        Access = access;
        IsPrivate = isPrivate;
        IsFile = isFile;
        Offset = offset;
        pages.Owner = this;
    }

    /// <summary>Bytes in the region; 0 once it is unmapped.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Where the region starts in its file; 0 for anonymous memory.</summary>
    public long Offset { get; }

    /// <summary>What the program may do with the pages, unless <see cref="Protect"/> changed it for some of them.</summary>
    public MemoryAccess Access { get; internal set; }

    /// <summary>Whether stores stay in this process.</summary>
    public bool IsPrivate { get; }

    /// <summary>Whether the bytes come from a file.</summary>
    public bool IsFile { get; }

    /// <summary>The address of the first byte, for calls that take one. Valid as long as the region is mapped: hold a
    /// <see cref="Lease"/>. 0 for a region of length 0.</summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public nint DangerousAddress
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
            return _address;
        }
    }

    internal SafePages Pages => _pages;

    /// <summary>Maps memory that no file stands behind. It is zero.</summary>
    /// <param name="length">How many bytes.</param>
    /// <param name="options">How; null gives readable and writable base pages.</param>
    /// <returns>The region, which the caller disposes of.</returns>
    /// <exception cref="PlatformNotSupportedException">The system cannot map this way; the message says why.</exception>
    /// <exception cref="IOException">The address is taken, or memory, huge pages or address space are short.</exception>
    public static MappedRegion Allocate(long length, MapOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        options ??= new MapOptions();
        return AnonymousMapper.Map(length, options);
    }

    /// <summary>Opens a file and maps all of it, in one call; the file is closed with the region.</summary>
    /// <param name="path">The path of an existing file. A link is followed.</param>
    /// <param name="options">How; null maps it shared, for reading. <see cref="MapOptions.Access"/> says what the file is opened
    /// for.</param>
    /// <returns>The region, which the caller disposes of.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it, or the path names a folder.</exception>
    /// <exception cref="PlatformNotSupportedException">The system cannot map this way; the message says why.</exception>
    /// <exception cref="IOException">The path names a pipe or a socket, or memory or address space is short.</exception>
    public static MappedRegion Open(string path, MapOptions? options = null)
    {
        options ??= new MapOptions();
        bool writes =
            options.Sharing == MapSharing.Shared && (options.Access ?? MemoryAccess.Read) is var access
            && (access & MemoryAccess.Write) != 0;
        return MapOwn(
            MappedFile.Open(path, new MappedFileOptions
            {
                Access = writes ? FileAccess.ReadWrite : FileAccess.Read,
                Execute = ((options.Access ?? MemoryAccess.Read) & MemoryAccess.Execute) != 0,
            }),
            null, options);
    }

    /// <summary>Creates a file or opens it, as <see cref="MappedFile.Create"/> does, and maps its first bytes for reading and writing;
    /// the file is closed with the region.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="length">The length of the region in bytes, and the minimum length of the file.</param>
    /// <param name="options">How; null maps it shared.</param>
    /// <returns>The region, which the caller disposes of.</returns>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    /// <exception cref="PlatformNotSupportedException">The system cannot map this way; the message says why.</exception>
    /// <exception cref="IOException">The disk is full, a limit on file sizes is reached, another program has the file locked, or memory
    /// or address space is short.</exception>
    public static MappedRegion Create(string path, long length, MapOptions? options = null)
    {
        options ??= new MapOptions();
        return MapOwn(
            MappedFile.Create(path, length, new MappedFileOptions
            {
                Execute = ((options.Access ?? MemoryAccess.None) & MemoryAccess.Execute) != 0,
            }),
            length, options);
    }

    /// <summary>Keeps the pages mapped until the lease is disposed of, whoever disposes of the region.</summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public RegionLease Lease() => new(this, _pages);

    /// <summary>Reads a value in the machine's byte order. A plain load: see the remarks on the class.</summary>
    /// <typeparam name="T">Any type without references; alignment does not matter.</typeparam>
    /// <param name="offset">Where it starts, in bytes from the start of the region.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(long offset) where T : unmanaged
    {
        if (RawMemory.SizeOf<T>() <= FastMargin && (ulong)offset < (ulong)_fastLength)
        {
            T value = RawMemory.Read<T>(_address + (nint)offset);
            Volatile.ReadBarrier(); // the look after the load: only a region still mapped has given a value of its own
            if (_fastLength != 0)
            {
                return value;
            }
        }

        return ReadNearEnd<T>(offset);
    }

    /// <summary>Writes a value in the machine's byte order. A plain store: see the remarks on the class.</summary>
    /// <typeparam name="T">Any type without references; alignment does not matter.</typeparam>
    /// <param name="offset">Where it starts, in bytes from the start of the region.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(long offset, T value) where T : unmanaged
    {
        RequireWrite();
        long length = _length;
        if (offset < 0 || offset > length - RawMemory.SizeOf<T>())
        {
            ThrowOutside(offset, RawMemory.SizeOf<T>());
        }

        RawMemory.Write(_address + (nint)offset, value);
        if (_length != length)
        {
            ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
        }
    }

    /// <summary>A reference to a value in the region, to read and write in place: an atomic counter, a field of a structure.</summary>
    /// <typeparam name="T">Any type without references. Its layout should be explicit or sequential, so that all readers of the bytes
    /// agree on it.</typeparam>
    /// <param name="offset">Where it starts, in bytes from the start of the region. The address has to be aligned for
    /// <see cref="Interlocked"/>: a multiple of the value's size up to 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the region.</exception>
    /// <exception cref="ArgumentException">The address is not aligned.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped. A reference used after that is as a span used after
    /// it.</exception>
    public ref T At<T>(long offset) where T : unmanaged
    {
        Span<byte> bytes = AsSpan(offset, RawMemory.SizeOf<T>());
        int alignment = RawMemory.AlignmentOf<T>();
        if ((_address + offset) % alignment != 0)
        {
            throw new ArgumentException($"The address of a {typeof(T).Name} must be a multiple of {alignment} (was offset {offset}).",
                nameof(offset));
        }

        return ref MemoryMarshal.AsRef<T>(bytes);
    }

    /// <summary>A part of the region as a span to read and write.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Span<byte> AsSpan(long offset, int length) => Window(offset, length, writable: true);

    /// <summary>The whole region as a span to read and write.</summary>
    /// <exception cref="InvalidOperationException">The region is not writable, or longer than a span can be.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Span<byte> AsSpan() => Window(0, SpanLength(), writable: true);

    /// <summary>A part of the region as a span to read.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySpan<byte> AsReadOnlySpan(long offset, int length) => Window(offset, length, writable: false);

    /// <summary>The whole region as a span to read.</summary>
    /// <exception cref="InvalidOperationException">The region is longer than a span can be.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySpan<byte> AsReadOnlySpan() => Window(0, SpanLength(), writable: false);

    /// <summary>A part of the region as memory to read and write. Pinning it holds a lease.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Memory<byte> AsMemory(long offset, int length)
    {
        Window(offset, length, writable: true);
        return new RegionWindow(this, _pages, offset, length, writable: true).Memory;
    }

    /// <summary>A part of the region as memory to read. Pinning it holds a lease.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlyMemory<byte> AsReadOnlyMemory(long offset, int length)
    {
        Window(offset, length, writable: false);
        return new RegionWindow(this, _pages, offset, length, writable: false).Memory;
    }

    /// <summary>A part of the region as values to read and write in place.</summary>
    /// <typeparam name="T">Any type without references. Its layout should be explicit or sequential, so that all readers of the bytes
    /// agree on it.</typeparam>
    /// <param name="offset">The offset of the first value, in bytes from the start of the region.</param>
    /// <param name="count">The number of values.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region, or longer than a span of bytes can be.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Span<T> AsSpan<T>(long offset, int count) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(Window(offset, GetBytes<T>(count), writable: true));

    /// <summary>A part of the region as values to read in place; otherwise like <see cref="AsSpan{T}"/>.</summary>
    /// <typeparam name="T">Any type without references.</typeparam>
    /// <param name="offset">The offset of the first value, in bytes from the start of the region.</param>
    /// <param name="count">The number of values.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region, or longer than a span of bytes can be.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySpan<T> AsReadOnlySpan<T>(long offset, int count) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(Window(offset, GetBytes<T>(count), writable: false));

    /// <summary>A part of the region as memory with an owner, for code that takes an <see cref="IMemoryOwner{T}"/>: the region stays
    /// mapped until the owner is disposed of.</summary>
    /// <param name="offset">The offset of the first byte in the region.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public IMemoryOwner<byte> AsMemoryOwner(long offset, int length)
    {
        RequireWrite();
        RegionLease lease = Lease();
        try
        {
            return new RegionMemoryOwner(lease, AsMemory(offset, length));
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The region as a stream, with a position of its own. Reads and writes are guarded copies: what another program truncates
    /// is an <see cref="IOException"/>. It ends where the region ends, and holds a lease until it is disposed of.</summary>
    /// <returns>A stream that can seek, read and, if the region is writable, write. One thread at a time may use it.</returns>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Stream AsStream() => new RegionStream(this, (Access & MemoryAccess.Write) != 0);

    /// <summary>The region, of any length, as a sequence of pieces of at most 1 GiB.</summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySequence<byte> AsSequence() => AsSequence(0, Length);

    /// <summary>A part of the region, of any length, as a sequence of pieces of at most 1 GiB.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySequence<byte> AsSequence(long offset, long length)
    {
        RequireInside(offset, length);
        RegionSegment first = new(AsReadOnlyMemory(offset, (int)Math.Min(length, LongestSegment)), previous: null);
        RegionSegment last = first;
        for (long done = first.Memory.Length; done < length; done += last.Memory.Length)
        {
            last = new RegionSegment(AsReadOnlyMemory(offset + done, (int)Math.Min(length - done, LongestSegment)), last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>Copies bytes out and survives pages that are gone. Costs a system call, about a microsecond. On Linux it
    /// runs at the speed of a plain copy while the <see cref="MappedFile"/> of shared pages is open; else at about half of it, and
    /// from 16 MiB on up to four threads of the pool share the work.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="destination">Where to; all of it is filled. Its content is undefined if the result is false.</param>
    /// <returns>False if a page of the range is gone: the file was cut, or its device failed. What is left of a file's last page
    /// after a cut reads as zero, as it does by a plain load; only whole pages can be missing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public bool TryRead(long offset, Span<byte> destination)
    {
        using RegionPin pin = new(_pages);
        RequireInside(offset, destination.Length);
        int done = GuardedRead.ReadFromFile(_pages.ReadableFile, Offset + offset, destination);
        return done == destination.Length || MemorySystem.Current.TryRead(_address + (nint)(offset + done), destination[done..]);
    }

    /// <summary>Copies bytes in and survives pages that are gone; otherwise like <see cref="TryRead"/>.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="source">What to write.</param>
    /// <returns>False if a page of the range is gone; what is before it may have been written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public bool TryWrite(long offset, ReadOnlySpan<byte> source)
    {
        RequireWrite();
        using RegionPin pin = new(_pages);
        RequireInside(offset, source.Length);
        return MemorySystem.Current.TryWrite(source, _address + (nint)offset);
    }

    /// <summary>Copies bytes of any number into another region and survives pages that are gone in either.</summary>
    /// <param name="offset">The first byte here.</param>
    /// <param name="destination">Where to: another region, or a range of this one that does not overlap.</param>
    /// <param name="destinationOffset">The first byte there.</param>
    /// <param name="length">How many bytes.</param>
    /// <returns>False if a page of either range is gone; what is before it may have been copied.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A range is not inside its region.</exception>
    /// <exception cref="InvalidOperationException">The destination is not writable.</exception>
    /// <exception cref="ObjectDisposedException">A region is unmapped.</exception>
    public bool TryCopyTo(long offset, MappedRegion destination, long destinationOffset, long length)
    {
        ArgumentNullException.ThrowIfNull(destination);
        destination.RequireWrite();
        using RegionPin pin = new(_pages);
        using RegionPin otherPin = new(destination._pages);
        RequireInside(offset, length);
        destination.RequireInside(destinationOffset, length);
        return BulkCopy.TryCopy(
            MemorySystem.Current, _address + (nint)offset, destination._address + (nint)destinationOffset, length);
    }

    /// <summary>Brings the stores of the whole region where <paramref name="mode"/> says.</summary>
    /// <param name="mode">How far.</param>
    /// <exception cref="InvalidOperationException">The region is private, anonymous, or of a file open for reading only.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no such flush; the message says why.</exception>
    /// <exception cref="IOException">The device fails, or pages are locked and <see cref="FlushMode.Invalidate"/> is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Flush(FlushMode mode = FlushMode.Durable) => Flush(0, Length, mode);

    /// <summary>Brings the stores of a range where <paramref name="mode"/> says: all pages that the range touches, the last one
    /// included.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="mode">How far.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is private, anonymous, or of a file open for reading only.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no such flush; the message says why.</exception>
    /// <exception cref="IOException">The device fails, or pages are locked and <see cref="FlushMode.Invalidate"/> is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Flush(long offset, long length, FlushMode mode = FlushMode.Durable)
    {
        if (!Enum.IsDefined(mode))
        {
            throw Unknown.Value(nameof(mode), mode);
        }

        if (mode == FlushMode.Invalidate)
        {
            PlatformCapabilities.Require(MemoryCapability.FlushInvalidate);
        }

        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        if (IsPrivate || (!_pages.FileWritable && IsFile))
        {
            throw new InvalidOperationException("Cannot flush: the region is private or anonymous, or its file was opened read-only.");
        }

        if (bytes > 0)
        {
            MemorySystem.Current.Flush(start, bytes, mode, _pages.File!, Offset + (start - _address));
        }
    }

    /// <summary>As <see cref="Flush(long, long, FlushMode)"/>, on a thread of the pool; the region is pinned meanwhile.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="mode">How far.</param>
    /// <param name="cancellationToken">Ends it before it has begun; once begun it cannot be.</param>
    public Task FlushAsync(
        long offset, long length, FlushMode mode = FlushMode.Durable, CancellationToken cancellationToken = default)
    {
        RegionLease lease = Lease();
        return Task.Run(
            () =>
            {
                Flush(offset, length, mode);
            },
            cancellationToken).ContinueWith(
            flushed =>
            {
                lease.Dispose(); // also after a cancellation, when nothing ran
                return flushed;
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Makes the region longer or shorter; its address stays, and nothing that stays in it is unmapped meanwhile. For a
    /// longer one the file is lengthened where needed, with disk space set aside for it
    /// (<see cref="MappedFileOptions.Preallocate"/>); it is never shortened (<see cref="MappedFile.SetLength"/> does that).</summary>
    /// <remarks>One thread at a time may resize a region, while others use what it keeps. On Windows the file is lengthened to the
    /// next multiple of 64 KiB, since a view cannot grow; a region that does not write to its file, or is private, cannot grow
    /// there past an end that is no such multiple.</remarks>
    /// <param name="length">The new length in bytes, at most <see cref="MapOptions.Reserve"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">More than was reserved, or past the end of a file that cannot be
    /// lengthened because the region does not write to it.</exception>
    /// <exception cref="InvalidOperationException">The region was mapped without <see cref="MapOptions.Reserve"/>.</exception>
    /// <exception cref="IOException">The disk is full, a limit on file sizes is reached, memory is short, or on Windows the region
    /// ends where no view can follow. The region is as it was.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Resize(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        using RegionPin pin = new(_pages);
        ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
        long before = Length;
        SetLength(Math.Min(before, length)); // what goes is out of bounds before it goes
        try
        {
            RegionMapper.Resize(this, _address - _pages.Base, length);
        }
        catch
        {
            SetLength(before);
            throw;
        }

        SetLength(length);
    }

    /// <summary>Gives up the region. The pages are unmapped now, or when the last lease ends; until then the region works for
    /// those who hold one.</summary>
    public void Dispose() => _pages.Dispose();

    /// <summary>Gives up the region and completes when its pages are unmapped, which waits for the leases.</summary>
    public ValueTask DisposeAsync()
    {
        _pages.Dispose();
        return new ValueTask(_pages.Unmapped);
    }

    internal void ForgetPages() => SetLength(0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void RequireWrite()
    {
        if ((Access & MemoryAccess.Write) == 0)
        {
            ThrowReadOnly();
        }
    }

    private void SetLength(long length)
    {
        Volatile.Write(ref _fastLength, Math.Max(0, length - FastMargin));
        Volatile.Write(ref _length, length);
    }

    private static MappedRegion MapOwn(MappedFile file, long? length, MapOptions options)
    {
        try
        {
            MappedRegion region = file.Map(0, length, options);
            region._pages.OwnFile = file.Handle;
            return region;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static int GetBytes<T>(int count) where T : unmanaged
    {
        long bytes = (long)count * RawMemory.SizeOf<T>();
        return bytes is >= 0 and <= int.MaxValue
            ? (int)bytes
            : throw new ArgumentOutOfRangeException(nameof(count), count,
            $"The span must have at most {int.MaxValue} bytes (was {bytes}).");
    }

    private T ReadNearEnd<T>(long offset) where T : unmanaged
    {
        long length = _length;
        if (offset < 0 || offset > length - RawMemory.SizeOf<T>())
        {
            ThrowOutside(offset, RawMemory.SizeOf<T>());
        }

        T value = RawMemory.Read<T>(_address + (nint)offset);
        Volatile.ReadBarrier();
        ObjectDisposedException.ThrowIf(_length == 0, this);
        return value;
    }

    internal Span<byte> Window(long offset, int length, bool writable)
    {
        if (writable)
        {
            RequireWrite();
        }

        RequireInside(offset, length);
        return RawMemory.Span(_address + (nint)offset, length);
    }

    internal void RequireInside(long offset, long length)
    {
        long have = _length;
        if (offset < 0 || length < 0 || offset > have || length > have - offset || _pages.IsClosed)
        {
            ThrowOutside(offset, length);
        }
    }

    private static void ThrowReadOnly() => throw new InvalidOperationException("The region is not mapped for writing.");

    private int SpanLength() =>
        Length <= int.MaxValue ? (int)Length : throw new InvalidOperationException("The region is longer than a span can be.");

    private void ThrowOutside(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
        throw new ArgumentOutOfRangeException(
            nameof(offset), $"{length} bytes at offset {offset} are not inside the region, which has {Length}.");
    }
}
