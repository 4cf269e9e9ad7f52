using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>An open file whose bytes can be mapped into memory.</summary>
/// <remarks>All members may be called from any thread. Regions live on after the file is disposed of.</remarks>
public sealed class MappedFile : IDisposable
{
    private readonly FileAccess _access;
    private readonly bool _execute;
    private readonly bool _isDevice;

    private MappedFile(string path, SafeFileHandle handle, FileAccess access, bool execute, bool isDevice)
    {
        Path = path;
        Handle = handle;
        _access = access;
        _execute = execute;
        _isDevice = isDevice;
        LockOwners = new LockOwners(this);
    }

    /// <summary>The path that the file was opened by. It may name another file by now.</summary>
    public string Path { get; }

    /// <summary>The open file. Closed by <see cref="Dispose"/>.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Whether regions may be written to and seen by others.</summary>
    public bool CanWrite => (_access & FileAccess.Write) != 0;

    /// <summary>The file's length in bytes, as the system tells it now; 0 for a device.</summary>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public long Length => _isDevice ? Identity.Length : RandomAccess.GetLength(Handle);

    /// <summary>Which file this is and which state of it, as the system tells it now.</summary>
    /// <exception cref="ObjectDisposedException">The file is disposed of.</exception>
    public FileIdentity Identity => MemorySystem.Current.Stat(Handle).Identity;

    internal LockOwners LockOwners { get; }

    /// <summary>Opens an existing file or device.</summary>
    /// <param name="path">Its path. A link is followed.</param>
    /// <param name="options">How; null reads and locks nobody out.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it, or the path names a folder.</exception>
    /// <exception cref="IOException">The path names a pipe or a socket, or someone else has the file locked.</exception>
    public static MappedFile Open(string path, MappedFileOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open(path, FileMode.Open, options ?? new MappedFileOptions());
    }

    /// <summary>Opens a file for reading and writing, made if it is not there and lengthened with zeros if it is shorter. What is
    /// there stays: a file that others may have mapped is never shortened by opening it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="length">The least length that the file has afterwards, in bytes.</param>
    /// <param name="options">How; <see cref="MappedFileOptions.Access"/> is taken as read and write.</param>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    /// <exception cref="IOException">The disk is full, or someone else has the file locked.</exception>
    public static MappedFile Create(string path, long length, MappedFileOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        options ??= new MappedFileOptions();
        MappedFile file = Open(path, FileMode.OpenOrCreate, new MappedFileOptions
        {
            Access = FileAccess.ReadWrite,
            Share = options.Share,
            Execute = options.Execute,
        });
        try
        {
            if (file.Length < length)
            {
                file.SetLength(length);
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Which file a path names now, without opening it. Folders and devices have an identity too.</summary>
    /// <param name="path">The path. A link is followed.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    public static FileIdentity IdentityOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return MemorySystem.Current.Stat(path).Identity;
    }

    /// <summary>Sets the file's length. New bytes are zero and take no blocks yet. Regions keep their length: touching what a
    /// shortened file no longer has faults, and guarded access reports it.</summary>
    /// <param name="length">The new length in bytes.</param>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="IOException">The disk is full, or on Windows the file is mapped and would get shorter.</exception>
    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        RequireWrite();
        RandomAccess.SetLength(Handle, length);
    }

    /// <summary>Maps a part of the file. Any offset will do.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes; null maps to the file's present end.</param>
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
            throw new ArgumentException("Huge pages are for anonymous memory.", nameof(options));
        }

        if (_isDevice)
        {
            PlatformCapabilities.Require(MemoryCapability.MapDevice);
        }

        MappedRegion region = RegionMapper.Map(this, Handle, offset, wanted, Access(options), options);
        if (!_isDevice && options.Sharing == MapSharing.Shared && MemorySystem.Current.ReadsSeeMappedStores
            && (region.Access & MemoryAccess.Read) != 0)
        {
            region.Pages.ReadableFile = Handle;
        }

        return region;
    }

    /// <summary>Frees the blocks behind a range; its bytes then read as zero, and the length stays.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes. Parts of a block are written as zeros.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the file.</exception>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="PlatformNotSupportedException">The file system cannot do it.</exception>
    /// <exception cref="IOException">The device fails.</exception>
    public void PunchHole(long offset, long length)
    {
        RequireWrite();
        PlatformCapabilities.Require(MemoryCapability.PunchHole);
        RequireInside(offset, length);
        if (length > 0)
        {
            MemorySystem.Current.PunchHole(Handle, offset, length);
        }
    }

    /// <summary>Drops the file from the system's page cache, so that the next access reads the device. Its changes are written out
    /// first. Pages that somebody has mapped or locked stay: <see cref="RegionPages.GetResidency(MappedRegion)"/> tells.</summary>
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
        Handle.Dispose();
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
        if ((options.Access & FileAccess.Read) == 0)
        {
            throw new ArgumentException("A mapping needs to read: ask for FileAccess.Read or ReadWrite.", nameof(options));
        }

        MemorySystem system = MemorySystem.Current;
        RequireMappable(path, system, mode); // before opening: opening a pipe would wait for its other end
        SafeFileHandle handle = system.Open(path, mode, options.Access, options.Share, options.Execute);
        try
        {
            FileKind kind = system.Stat(handle).Kind;
            if (kind is FileKind.Stream or FileKind.Directory)
            {
                throw new IOException($"'{path}' is not a file that can be mapped.");
            }

            return new MappedFile(path, handle, options.Access, options.Execute, isDevice: kind == FileKind.Device);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void RequireMappable(string path, MemorySystem system, FileMode mode)
    {
        try
        {
            if (system.Stat(path).Kind == FileKind.Stream)
            {
                throw new IOException($"'{path}' is a pipe or a socket, which cannot be mapped.");
            }
        }
        catch (Exception failure) when (mode != FileMode.Open && failure is FileNotFoundException)
        {
            // It is about to be made.
        }
    }

    private void RequireInside(long offset, long length) => RequireInside(offset, length, Length);

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

    private MemoryAccess Access(MapOptions options)
    {
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

        if ((access & MemoryAccess.Execute) != 0 && !_execute)
        {
            throw new InvalidOperationException($"'{Path}' was not opened with MappedFileOptions.Execute.");
        }

        return access;
    }
}
