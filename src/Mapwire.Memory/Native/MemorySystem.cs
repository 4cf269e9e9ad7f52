using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native;

/// <summary>What one operating system does for this library. Addresses and lengths come checked, in whole pages where said so.</summary>
internal abstract class MemorySystem
{
    private static readonly MemorySystem? Known = Choose();

    public static MemorySystem Current =>
        Known ?? throw new PlatformNotSupportedException("Mapwire.Memory runs in 64-bit processes on Linux, Windows and macOS.");

    public int PageSize { get; } = Environment.SystemPageSize;

    public abstract int Granularity { get; }

    /// <summary>The unit in which files of growing regions are lengthened, so that no view has to be replaced.</summary>
    public virtual long GrowthStep => 1;

    /// <summary>The length that this process may give a file at most, in bytes.</summary>
    public virtual long MaxFileLength => long.MaxValue;

    /// <summary>Whether mapping can bring the pages in without an advice.</summary>
    public virtual bool CanMapPopulated => false;

    /// <summary>What is true of a file for as long as it is open.</summary>
    public virtual MappedFileTraits GetTraits(SafeFileHandle file, bool canWrite) => default;

    /// <summary>The reason why this system cannot do it, or null.</summary>
    public abstract string? GetUnsupportedReason(MemoryCapability capability);

    /// <summary>Opens a file as asked; the caller has looked at what it is.</summary>
    public virtual SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share, bool execute) =>
        File.OpenHandle(path, mode, access, share);

    /// <exception cref="IOException">The system refuses to tell.</exception>
    public abstract FileStatus Stat(SafeFileHandle file);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public abstract FileStatus Stat(string path);

    /// <param name="file">The file, or null for anonymous memory.</param>
    /// <param name="request">What to map; its address, if any, replaces nothing.</param>
    public abstract SafePages Map(SafeFileHandle? file, in MapRequest request);

    /// <summary>Copies bytes between pages that may be gone on either side; false if one is.</summary>
    public abstract bool TryCopy(nint source, nint destination, long length);

    public unsafe bool TryRead(nint source, Span<byte> destination)
    {
        // SAFETY: pinned for the time of the copy, which stays within the span.
        fixed (byte* start = destination)
        {
            return BulkCopy.TryCopy(this, source, (nint)start, destination.Length);
        }
    }

    public unsafe bool TryWrite(ReadOnlySpan<byte> source, nint destination)
    {
        // SAFETY: as above; the span is only read.
        fixed (byte* start = source)
        {
            return BulkCopy.TryCopy(this, (nint)start, destination, source.Length);
        }
    }

    /// <param name="address">The start of a page.</param>
    /// <param name="length">Bytes, whole pages.</param>
    /// <param name="advice">One that this system knows.</param>
    public abstract void Advise(nint address, long length, MemoryAdvice advice);

    /// <param name="address">The start of a page.</param>
    /// <param name="length">Bytes, whole pages.</param>
    /// <param name="mode">One that this system knows.</param>
    /// <param name="file">The mapped file, open for writing.</param>
    /// <param name="offset">Where in the file the pages are.</param>
    public abstract void Flush(nint address, long length, FlushMode mode, SafeFileHandle file, long offset);

    public abstract void Protect(nint address, long length, MemoryAccess access, bool isPrivateFile);

    public abstract void Lock(nint address, long length);

    public abstract void Unlock(nint address, long length);

    /// <summary>Sets bit 0 of each byte of <paramref name="pages"/> if that page is in memory and clears it if not.</summary>
    public abstract void Residency(nint address, Span<byte> pages);

    /// <summary>Frees whole pages, which then read as zero, or for private ones of a file as the file.</summary>
    public abstract void Discard(nint address, long length, MemoryAccess access, bool isFile, bool isPrivate);

    /// <summary>Frees a file's blocks; the range then reads as zero.</summary>
    public abstract void PunchHole(SafeFileHandle file, long offset, long length);

    /// <summary>Sets disk space aside for a range; a file that ends before it is lengthened, and never shortened.</summary>
    public abstract void Allocate(SafeFileHandle file, long offset, long length);

    /// <summary>Drops a range of a file from the page cache.</summary>
    public abstract void Evict(SafeFileHandle file, long offset, long length);

    /// <summary>A handle whose locks conflict with those of all others, also in this process.</summary>
    public abstract SafeFileHandle LockOwner(MappedFile file);

    /// <summary>Takes a lock.</summary>
    /// <param name="owner">From <see cref="LockOwner"/>.</param>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">Bytes; <c>long.MaxValue - offset</c> reaches past every end.</param>
    /// <param name="exclusive">Or shared.</param>
    /// <param name="wait">Whether to wait without end, where <see cref="CanWaitForLock"/>.</param>
    /// <returns>False if someone else has it.</returns>
    public abstract bool TryLockRange(SafeFileHandle owner, long offset, long length, bool exclusive, bool wait);

    public abstract void UnlockRange(SafeFileHandle owner, long offset, long length);

    /// <summary>Whether the system can wait for a lock without keeping others from the same handle.</summary>
    public abstract bool CanWaitForLock { get; }

    private static MemorySystem? Choose() =>
        !Environment.Is64BitProcess ? null
        : OperatingSystem.IsLinux() ? new Linux.LinuxMemory()
        : OperatingSystem.IsWindows() ? new Windows.WindowsMemory()
        : OperatingSystem.IsMacOS() ? new MacOS.MacOSMemory()
        : null;
}

/// <summary>What kind of thing a path or handle names.</summary>
internal enum FileKind
{
    Regular,
    Directory,
    Device,

    /// <summary>A pipe or socket: nothing to map, and opening a pipe would wait for its other end.</summary>
    Stream,
}

/// <summary>One answer of the system about a file.</summary>
internal readonly record struct FileStatus(FileIdentity Identity, FileKind Kind);

/// <summary>What is true of a file for as long as it is open.</summary>
/// <param name="ReadsSeeMappedStores">Whether reading the file and loading from its shared pages are the same bytes at any moment.</param>
/// <param name="IsResidencyHidden">Whether the system tells this process that all pages are in memory, whether or not they are.</param>
internal readonly record struct MappedFileTraits(bool ReadsSeeMappedStores, bool IsResidencyHidden);
