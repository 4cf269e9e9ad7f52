using System.Runtime.CompilerServices;
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

    /// <summary>The byte offset of the region in its file; 0 for anonymous memory.</summary>
    public long Offset { get; }

    /// <summary>The access that the program has to the pages, unless <see cref="Protect"/> changed it for some of them.</summary>
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
    /// <param name="length">The length in bytes.</param>
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
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    /// <exception cref="PlatformNotSupportedException">The system cannot map this way; the message says why.</exception>
    /// <exception cref="IOException">The disk is full, a limit on file sizes is reached, another program has the file locked, or memory
    /// or address space is short. A file that this call has made is deleted again.</exception>
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

    /// <summary>Keeps the pages mapped until the lease is disposed of, whatever else disposes of the region.</summary>
    /// <exception cref="ObjectDisposedException">The region is disposed of, even if another lease still keeps it mapped.</exception>
    public RegionLease Lease() => new(this, _pages);

    /// <summary>Opens a reader for a loop over many values: it holds a lease, and each of its reads costs what a pointer's costs.</summary>
    /// <returns>The reader, which the caller disposes of once.</returns>
    /// <exception cref="ObjectDisposedException">The region is disposed of, even if another lease still keeps it mapped.</exception>
    public RegionReader OpenReader() => new(this, _pages, _address);

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
    /// those who hold one, and gives out no new lease.</summary>
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
            file.DeleteIfMade();
            file.Dispose();
            throw;
        }
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

    private void ThrowOutside(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
        throw new ArgumentOutOfRangeException(
            nameof(offset), $"{length} bytes at offset {offset} are not inside the region, which has {Length}.");
    }
}
