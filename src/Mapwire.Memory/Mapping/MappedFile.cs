using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>An open file whose bytes can be mapped into memory.</summary>
/// <remarks>All members may be called from any thread. Regions live on after the file is disposed of.</remarks>
public sealed class MappedFile : IDisposable
{
    private readonly MappedFileOptions _options;
    private readonly bool _isDevice;
    private readonly bool _leaveOpen;
    private readonly Lazy<MappedFileTraits> _traits;

    private MappedFile(string path, SafeFileHandle handle, MappedFileOptions options, bool isDevice, bool leaveOpen)
    {
        Path = path;
        Handle = handle;
        _options = options;
        _isDevice = isDevice;
        _leaveOpen = leaveOpen;
        _traits = new Lazy<MappedFileTraits>(() => MemorySystem.Current.GetTraits(Handle, CanWrite), LazyThreadSafetyMode.PublicationOnly);
        LockOwners = new LockOwners(this);
    }

    /// <summary>The path that the file was opened by; empty for one from a handle. It may name another file by now.</summary>
    public string Path { get; }

    /// <summary>The open file. Closed by <see cref="Dispose"/>, unless it was to be left open.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Whether shared regions may be written to.</summary>
    public bool CanWrite => (_options.Access & FileAccess.Write) != 0;

    /// <summary>The file's length in bytes, as the system tells it now; 0 for a device.</summary>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public long Length => _isDevice ? Identity.Length : RandomAccess.GetLength(Handle);

    /// <summary>Which file this is and which state of it, as the system tells it now.</summary>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public FileIdentity Identity => MemorySystem.Current.Stat(Handle).Identity;

    /// <summary>Whether it is a device, whose length the system does not tell.</summary>
    public bool IsDevice => _isDevice;

    internal LockOwners LockOwners { get; }

    internal bool Preallocates => _options.Preallocate && CanWrite && !_isDevice;

    /// <summary>Opens an existing file or device.</summary>
    /// <param name="path">Its path. A link is followed.</param>
    /// <param name="options">How; null reads and locks no other program out.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it, or the path names a folder.</exception>
    /// <exception cref="IOException">The path names a pipe or a socket, or another program has the file locked.</exception>
    public static MappedFile Open(string path, MappedFileOptions? options = null)
    {
        RequirePath(path);
        return Open(path, FileMode.Open, options ?? new MappedFileOptions());
    }

    /// <summary>Maps a file that the program has opened already, such as that of a <see cref="FileStream"/>.</summary>
    /// <param name="handle">The open file.</param>
    /// <param name="access">What it was opened for; <see cref="FileAccess.Read"/> or <see cref="FileAccess.ReadWrite"/>. A mapping
    /// that asks for more than the handle allows is refused by the system with <see cref="UnauthorizedAccessException"/>.</param>
    /// <param name="leaveOpen">Whether <see cref="Dispose"/> leaves the handle open. Default false.</param>
    /// <exception cref="ArgumentException">The handle is invalid, or the access does not include reading.</exception>
    /// <exception cref="IOException">The handle is a pipe's, a socket's or a folder's.</exception>
    public static MappedFile FromHandle(SafeFileHandle handle, FileAccess access, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (handle.IsInvalid)
        {
            throw new ArgumentException("The handle is invalid.", nameof(handle));
        }

        RequireRead(access, nameof(access));
        return FromHandle("", handle, new MappedFileOptions { Access = access }, leaveOpen);
    }

    /// <summary>Opens a file for reading and writing, made if it is not there and lengthened with zeros if it is shorter. What is
    /// there stays: a file that others may have mapped is never shortened by opening it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="length">The minimum length of the file afterwards, in bytes. Disk space for all of it is set aside, unless
    /// <see cref="MappedFileOptions.Preallocate"/> is false.</param>
    /// <param name="options">How; <see cref="MappedFileOptions.Access"/> is taken as read and write.</param>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    /// <exception cref="IOException">The disk is full, a limit on file sizes is reached, or another program has the file locked. A
    /// file that this call has made is deleted again.</exception>
    public static MappedFile Create(string path, long length, MappedFileOptions? options = null)
    {
        RequirePath(path);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        options ??= new MappedFileOptions();
        bool isNew = TryMake(path, options);
        MappedFile file = Open(path, FileMode.OpenOrCreate, new MappedFileOptions
        {
            Access = FileAccess.ReadWrite,
            Share = options.Share,
            Execute = options.Execute,
            Preallocate = options.Preallocate,
        });
        file.IsMade = isNew;
        try
        {
            if (options.Preallocate)
            {
                file.Allocate(length);
            }
            else if (file.Length < length)
            {
                file.SetLength(length);
            }

            return file;
        }
        catch
        {
            file.DeleteIfMade();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether <see cref="Create"/> made the file for this opening.</summary>
    internal bool IsMade { get; private set; }

    /// <summary>Whether the path still names this file.</summary>
    internal bool IsAtPath
    {
        get
        {
            try
            {
                return Identity.IsSameFile(GetIdentity(Path));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>Deletes what a failed Create has made. What was there before stays, and so does what has taken its place.</summary>
    internal void DeleteIfMade()
    {
        if (!IsMade || !IsAtPath)
        {
            return;
        }

        try
        {
            File.Delete(Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The failure that brought us here is what the caller has to know.
        }
    }

    /// <summary>Gets which file a path names now, without opening it. Folders and devices have an identity too.</summary>
    /// <param name="path">The path. A link is followed.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The system refuses access.</exception>
    public static FileIdentity GetIdentity(string path)
    {
        RequirePath(path);
        return MemorySystem.Current.Stat(path).Identity;
    }

    /// <summary>Sets the file's length. New bytes are zero and take no disk space yet (<see cref="Allocate"/> does that). Regions
    /// keep their length: touching what a shortened file no longer has faults, and guarded access reports it.</summary>
    /// <param name="length">The new length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or longer than the file system lets a file be.</exception>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="IOException">The disk is full, a limit on file sizes is reached, or on Windows the file is mapped and would
    /// get shorter.</exception>
    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        RequireWrite();
        if (length > MemorySystem.Current.MaxFileLength)
        {
            DiskSpace.RequireLength(length, Length);
        }

        RandomAccess.SetLength(Handle, length);
    }

    /// <summary>Sets disk space aside for the file's first bytes, and lengthens it with zeros if it is shorter: stores to them cannot
    /// find the disk full. What is written there stays.</summary>
    /// <remarks>Where the file system cannot set space aside (some network and FAT file systems), zeros are written behind the
    /// present end instead, and holes before it stay. Copy-on-write file systems and snapshots may need space again for a
    /// store.</remarks>
    /// <param name="length">How many bytes from the file's start.</param>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="IOException">The disk is full, or a limit on file sizes is reached.</exception>
    public void Allocate(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        RequireWrite();
        DiskSpace.Allocate(Handle, 0, length);
    }

    /// <summary>Maps a part of the file. Any offset will do.</summary>
    /// <param name="offset">The offset of the first byte in the file.</param>
    /// <param name="length">The length in bytes; null maps to the file's present end.</param>
    /// <param name="options">How; null maps what the file was opened for, shared.</param>
    /// <returns>The region, which the caller disposes of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the file.</exception>
    /// <exception cref="InvalidOperationException">The file was not opened for this access.</exception>
    /// <exception cref="PlatformNotSupportedException">The system cannot map this way; the message says why.</exception>
    /// <exception cref="IOException">The address is taken, or memory or address space is short.</exception>
    public MappedRegion Map(long offset = 0, long? length = null, MapOptions? options = null)
    {
        options ??= new MapOptions();
        long size = _isDevice ? long.MaxValue : Length;
        if (_isDevice && length is null)
        {
            throw new ArgumentException("A device has no end: give a length.", nameof(length));
        }

        long wanted = length ?? Math.Max(0, size - offset);
        RequireInside(offset, wanted, size);
        if (options.HugePages != HugePages.None)
        {
            throw new ArgumentException(
                $"HugePages must be None for a file (was {options.HugePages}); MemoryAdvice.HugePages asks for them.", nameof(options));
        }

        if (_isDevice)
        {
            PlatformCapabilities.Require(MemoryCapability.MapDevice);
        }

        MappedRegion region = RegionMapper.Map(this, offset, wanted, GetAccess(options), options);
        region.Pages.IsResidencyHidden = _traits.Value.IsResidencyHidden;
        if (!_isDevice && options.Sharing == MapSharing.Shared && _traits.Value.ReadsSeeMappedStores
            && (region.Access & MemoryAccess.Read) != 0)
        {
            region.Pages.ReadableFile = Handle;
        }

        return region;
    }

    /// <summary>Frees the blocks behind a range; its bytes then read as zero, and the length stays.</summary>
    /// <param name="offset">The offset of the first byte in the file.</param>
    /// <param name="length">The length in bytes. Parts of a block are written as zeros.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the file.</exception>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="PlatformNotSupportedException">The file system cannot do it.</exception>
    /// <exception cref="IOException">The device fails.</exception>
    public void PunchHole(long offset, long length)
    {
        RequireWrite();
        PlatformCapabilities.Require(MemoryCapability.PunchHole);
        RequireInside(offset, length, Length);
        if (length > 0)
        {
            MemorySystem.Current.PunchHole(Handle, offset, length);
        }
    }

    /// <summary>Drops the file from the system's page cache, so that the next access reads the device. Its changes are written out
    /// first. Pages that any process has mapped or locked stay: <see cref="MappedRegion.GetResidency()"/> tells.</summary>
    /// <exception cref="PlatformNotSupportedException">The system has no call for it.</exception>
    /// <exception cref="IOException">The device fails.</exception>
    public void Evict()
    {
        PlatformCapabilities.Require(MemoryCapability.EvictFile);
        RandomAccess.FlushToDisk(Handle); // dirty pages cannot be dropped
        MemorySystem.Current.Evict(Handle, 0, 0);
    }

    /// <summary>Closes the file. Regions stay mapped, and held locks stay held.</summary>
    public void Dispose()
    {
        LockOwners.Dispose();
        if (!_leaveOpen)
        {
            Handle.Dispose();
        }
    }

    internal void RequireWrite()
    {
        if (!CanWrite)
        {
            throw new InvalidOperationException($"'{Path}' is open for reading only.");
        }
    }

    private static MappedFile Open(string path, FileMode mode, MappedFileOptions options)
    {
        RequireRead(options.Access, nameof(options));
        MemorySystem system = MemorySystem.Current;
        RequireMappable(path, system, mode); // before opening: opening a pipe would wait for its other end
        SafeFileHandle handle = system.Open(path, mode, options.Access, options.Share, options.Execute);
        return FromHandle(path, handle, options, leaveOpen: false);
    }

    private static MappedFile FromHandle(string path, SafeFileHandle handle, MappedFileOptions options, bool leaveOpen)
    {
        try
        {
            FileKind kind = MemorySystem.Current.Stat(handle).Kind;
            return kind is FileKind.Stream or FileKind.Directory
                ? throw new UnmappableFileException($"Cannot map '{path}': it is not a file or device.")
                : new MappedFile(path, handle, options, isDevice: kind == FileKind.Device, leaveOpen);
        }
        catch when (!leaveOpen)
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Creates an empty file with the permissions that are asked for.</summary>
    /// <returns>False if there is something by this name already; opening it says the rest.</returns>
    private static bool TryMake(string path, MappedFileOptions options)
    {
        FileStreamOptions make = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (options.UnixCreateMode is UnixFileMode mode && !OperatingSystem.IsWindows())
        {
            make.UnixCreateMode = mode;
        }

        try
        {
            new FileStream(path, make).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && System.IO.Path.Exists(path))
        {
            return false;
        }
    }

    private static void RequireMappable(string path, MemorySystem system, FileMode mode)
    {
        try
        {
            if (system.Stat(path).Kind == FileKind.Stream)
            {
                throw new UnmappableFileException($"Cannot map '{path}': it is a pipe or a socket.");
            }
        }
        catch (FileNotFoundException) when (mode != FileMode.Open)
        {
            // It is about to be made.
        }
    }

    /// <summary>As .NET's file classes: the system would read a path with a null character up to there.</summary>
    private static void RequirePath(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("The path contains a null character.", nameof(path));
        }
    }

    private static void RequireRead(FileAccess access, string parameter)
    {
        if ((access & FileAccess.Read) == 0)
        {
            throw new ArgumentException($"A mapping needs to read: ask for FileAccess.Read or ReadWrite (was {access}).", parameter);
        }
    }

    private static void RequireInside(long offset, long length, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (offset > size || length > size - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(length), $"{length} bytes at offset {offset} are not inside the file, which has {size}.");
        }
    }

    private MemoryAccess GetAccess(MapOptions options)
    {
        options.RequireKnownValues();
        bool isPrivate = options.Sharing == MapSharing.Private;
        MemoryAccess access = options.Access ?? (isPrivate || CanWrite ? MemoryAccess.ReadWrite : MemoryAccess.Read);
        if ((access & MemoryAccess.Write) != 0)
        {
            access |= MemoryAccess.Read;
            if (!isPrivate)
            {
                RequireWrite();
            }
        }

        if ((access & MemoryAccess.Execute) != 0 && !_options.Execute)
        {
            throw new InvalidOperationException($"'{Path}' was not opened with MappedFileOptions.Execute.");
        }

        return access;
    }
}
