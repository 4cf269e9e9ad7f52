using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Mapwire.Memory.Formats;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>Creates and opens arenas in files.</summary>
/// <remarks>A new file begins with a mark that says that it is being created, which the last write replaces; so a creator that dies leaves
/// something that the next one knows. Who else may have the file open is said by range locks (<see cref="LockBytes"/>).</remarks>
internal static class FileOpening
{
    private const long DefaultMaxSize = 64L << 30;
    // opening takes milliseconds, unless a process is stopped in it
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(10);

    public static Arena Open(string path, FileMode mode, ArenaOptions options)
    {
        Check(options, mode);
        Arena? arena;
        while (!TryOpen(path, mode, options, out arena)) { }

        return arena;
    }

    /// <returns>False if the file was deleted before it was locked: another process could not create its arena there. Then a new one is
    /// made.</returns>
    private static bool TryOpen(string path, FileMode mode, ArenaOptions options, [NotNullWhen(true)] out Arena? arena)
    {
        bool looksOnly = options.ReadOnly && !options.Shared;
        MappedFile file = mode == FileMode.Open
            ? MappedFile.Open(path, new MappedFileOptions { Access = looksOnly ? FileAccess.Read : FileAccess.ReadWrite })
            : MappedFile.Create(path, 0);
        FileLocks locks = new(file);
        try
        {
            RangeLockMode kind = looksOnly ? RangeLockMode.Shared : RangeLockMode.Exclusive;
            if (!RangeLock.TryAcquire(file, LockBytes.Opening, 1, kind, OpenTimeout, out RangeLock? opening))
            {
                throw new TimeoutException(
                    $"Timed out after {OpenTimeout.TotalSeconds:0} s waiting for another process to finish opening '{path}'.");
            }

            using (opening)
            {
                if (mode != FileMode.Open && !file.IsAtPath)
                {
                    file.Dispose();
                    arena = null;
                    return false;
                }

                locks.Acquire(options);
                arena = mode != FileMode.Open && IsNew(file, mode) ? Create(file, options, locks) : Open(file, options, locks);
                return true;
            }
        }
        catch
        {
            locks.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Creates an arena in an empty file. If it fails, a file that this opening has made is gone, and one that was there is
    /// empty again: others wait for the lock meanwhile.</summary>
    private static Arena Create(MappedFile file, ArenaOptions options, FileLocks locks)
    {
        try
        {
            Format(file, options);
            return Open(file, options, locks);
        }
        catch
        {
            file.DeleteIfMade();
            if (!file.IsMade)
            {
                file.SetLength(0);
            }

            throw;
        }
    }

    private static Arena Open(MappedFile file, ArenaOptions options, FileLocks locks)
    {
        var page = new byte[ArenaHeader.FirstPage];
        int have = RandomAccess.Read(file.Handle, page, 0);
        // What changes while others share it is checked later, under the lock.
        ArenaDurability durability = ArenaHeader.Check(page.AsSpan(0, have), file.Length, file.Path, options, isAlone: !options.Shared);
        if (durability == ArenaDurability.PowerLoss && options.Shared)
        {
            throw new IOException(
                $"Cannot share arena '{file.Path}': one of ArenaDurability.PowerLoss is opened by one process at a time.");
        }

        if (durability == ArenaDurability.PowerLoss)
        {
            return DurableOpening.Open(file, page, options, locks);
        }

        if (ArenaHeader.VersionOf(page) == ArenaHeader.FirstVersion && file.CanWrite)
        {
            locks.Alone(options, () => RandomAccess.Write(file.Handle, ArenaHeader.CarriedOver(page), 0));
        }

        long size = BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(ArenaHeader.SizeAt));
        long max = MaxSize(options, size);
        MappedRegion region = file.Map(0, size, new MapOptions
        {
            Reserve = max > size ? max : 0,
            Address = options.Address,
            Sharing = file.CanWrite ? MapSharing.Shared : MapSharing.Private,
        });
        FileMutex? mutex;
        try
        {
            mutex = options.Shared ? FileMutex.Join(file, region) : null;
        }
        catch
        {
            region.Dispose();
            throw;
        }

        return RegionOpening.Open(new FileSpace(file, region, max, locks, mutex, options.ReadOnly), options, OpenTimeout);
    }

    /// <summary>How far it may grow here, in bytes.</summary>
    public static long MaxSize(ArenaOptions options, long size)
    {
        if (options.ReadOnly && !options.Shared)
        {
            return size;
        }

        bool canGrow = PlatformCapabilities.Supports(MemoryCapability.ReserveForFile);
        if (options.MaxSize > size && !canGrow)
        {
            PlatformCapabilities.Require(MemoryCapability.ReserveForFile);
        }

        return Math.Max(size, options.MaxSize / ArenaHeader.Step * ArenaHeader.Step ?? (canGrow ? DefaultMaxSize : size));
    }

    /// <summary>Whether there is no arena yet. The caller has locked the file.</summary>
    /// <exception cref="IOException">There is something, and it must not.</exception>
    private static bool IsNew(MappedFile file, FileMode mode)
    {
        var page = new byte[ArenaHeader.FirstPage];
        int have = RandomAccess.Read(file.Handle, page, 0);
        ulong mark = BinaryPrimitives.ReadUInt64LittleEndian(page);
        bool isNew =
            have == 0 || mark == ArenaHeader.BeingMade
            || (mark == 0 && file.Length <= page.Length && !page.AsSpan().ContainsAnyExcept((byte)0));
        return isNew || mode != FileMode.CreateNew
            ? isNew
            : throw new IOException($"Cannot create an arena in '{file.Path}': the file is not empty.");
    }

    private static void Format(MappedFile file, ArenaOptions options)
    {
        var page = new byte[ArenaHeader.FirstPage];
        long size = Math.Max(2 * ArenaHeader.HeapAt, (options.Size + ArenaHeader.Step - 1) / ArenaHeader.Step * ArenaHeader.Step);
        ArenaHeader.Format(page, size, options, (ulong)Random.Shared.NextInt64());
        if (options.Durability == ArenaDurability.PowerLoss)
        {
            DurableOpening.Create(file, page, size, options.Settings);
            return;
        }

        RandomAccess.Write(file.Handle, page, 0);
        SegmentSpace.Extend(file, file.Length, size);
        RandomAccess.Write(file.Handle, new byte[ArenaHeader.HeapAt + 64 - ArenaHeader.FirstPage], ArenaHeader.FirstPage);
        RandomAccess.Write(file.Handle, BitConverter.GetBytes(ArenaHeader.Sentinel), ArenaHeader.FirstBlock);
        RandomAccess.Write(file.Handle, BitConverter.GetBytes(ArenaHeader.Ready), 0);
    }

    private static void Check(ArenaOptions options, FileMode mode)
    {
        if (options.ReadOnly && mode != FileMode.Open)
        {
            throw new ArgumentException("ReadOnly goes with Arena.Open alone: a new arena has to be writable.", nameof(options));
        }

        if (options.Shared && options.Durability == ArenaDurability.PowerLoss)
        {
            throw new ArgumentException(
                "Shared does not go with ArenaDurability.PowerLoss: such an arena is opened by one process at a time.", nameof(options));
        }

        if (!Enum.IsDefined(options.Durability))
        {
            throw new ArgumentException($"Unknown ArenaDurability value {(int)options.Durability}.", nameof(options));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Size, "options.Size");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Size, options.MaxSize ?? SizeClass.Limit, "options.Size");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxSize ?? 0, SizeClass.Limit, "options.MaxSize");
    }
}
