using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>Makes and opens arenas in files.</summary>
/// <remarks>Two bytes far behind any arena's end are locked: one as long as it is open, so that it is either one process' own or all who
/// have it open share it; the other while it is made or opened. A new file begins with a mark that says that it is being made, which the
/// last write replaces; so a maker that dies leaves something that the next one knows.</remarks>
internal static class FileOpening
{
    private const long LifeAt = 1L << 60;
    private const long OpeningAt = LifeAt + 1;
    private const long UsualMaxSize = 64L << 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10); // it takes milliseconds, unless somebody is stopped in it

    public static Arena Open(string path, FileMode mode, ArenaOptions options)
    {
        Check(options, mode);
        MappedFile file = mode == FileMode.Open
            ? MappedFile.Open(path, new MappedFileOptions { Access = options.ReadOnly ? FileAccess.Read : FileAccess.ReadWrite })
            : MappedFile.Create(path, 0);
        RangeLock? life = null;
        try
        {
            RangeLockMode kind = options.ReadOnly ? RangeLockMode.Shared : RangeLockMode.Exclusive;
            if (!RangeLock.TryAcquire(file, OpeningAt, 1, kind, Patience, out RangeLock? opening))
            {
                throw new TimeoutException($"Another process is in the middle of opening '{path}' and does not get on.");
            }

            using (opening)
            {
                kind = options.Shared || options.ReadOnly ? RangeLockMode.Shared : RangeLockMode.Exclusive;
                if (!RangeLock.TryAcquire(file, LifeAt, 1, kind, out life))
                {
                    throw new IOException($"Arena '{path}' is open elsewhere{(options.Shared ? " and not shared there" : "")}.");
                }

                if (mode != FileMode.Open)
                {
                    MakeIfNew(file, mode, options);
                }

                return Opened(file, options, life);
            }
        }
        catch
        {
            life?.Dispose();
            file.Dispose();
            throw;
        }
    }

    private static Arena Opened(MappedFile file, ArenaOptions options, RangeLock life)
    {
        var page = new byte[ArenaHeader.FirstPage];
        int have = RandomAccess.Read(file.Handle, page, 0);
        ArenaDurability durability = ArenaHeader.Check(page.AsSpan(0, have), file.Length, file.Path, options);
        if (durability == ArenaDurability.PowerLoss && options.Shared)
        {
            throw new IOException($"Arena '{file.Path}' is of ArenaDurability.PowerLoss, which one process at a time has open.");
        }

        if (durability == ArenaDurability.PowerLoss)
        {
            return DurableOpening.Open(file, page, options, life);
        }

        long size = BitConverter.ToInt64(page, ArenaHeader.SizeAt);
        SharedMemory? others = null;
        MappedRegion? region = null;
        try
        {
            if (options.Shared)
            {
                others = Meet(file);
            }

            long max = MaxSize(options, size);
            region = file.Map(0, size, new MapOptions
            {
                Reserve = max > size ? max : 0, Address = options.Address,
                Sharing = options.ReadOnly ? MapSharing.Private : MapSharing.Shared,
            });
            return RegionOpening.Opened(new FileSpace(file, region, max, life, others), options);
        }
        catch
        {
            region?.Dispose();
            others?.Dispose();
            throw;
        }
    }

    /// <summary>How far it may grow here.</summary>
    public static long MaxSize(ArenaOptions options, long size)
    {
        if (options.ReadOnly)
        {
            return size;
        }

        bool canGrow = PlatformCapabilities.Supports(MemoryCapability.ReserveForFile);
        if (options.MaxSize > size && !canGrow)
        {
            PlatformCapabilities.Require(MemoryCapability.ReserveForFile);
        }

        return Math.Max(size, options.MaxSize ?? (canGrow ? UsualMaxSize : size));
    }

    /// <summary>Where the processes that share a file meet: a segment named after the file, which lives as long as any of them.</summary>
    private static SharedMemory Meet(MappedFile file)
    {
        FileIdentity identity = file.Identity;
        return SharedMemory.CreateOrOpen($"arena-{identity.Device:x}-{identity.FileId:x}", 4096, new SharedMemoryOptions
        {
            Initialize = made => SharedMutex.Create(made, 0),
        });
    }

    /// <summary>Makes the arena unless there is one. The caller has locked the file.</summary>
    private static void MakeIfNew(MappedFile file, FileMode mode, ArenaOptions options)
    {
        var page = new byte[ArenaHeader.FirstPage];
        int have = RandomAccess.Read(file.Handle, page, 0);
        ulong mark = BitConverter.ToUInt64(page);
        bool isNew = have == 0 || mark == ArenaHeader.BeingMade || (mark == 0 && file.Length <= page.Length); // the last after a loss of power
        if (!isNew && mode == FileMode.CreateNew)
        {
            throw new IOException($"'{file.Path}' has something in it.");
        }

        if (!isNew)
        {
            return;
        }

        long size = Math.Max(2 * ArenaHeader.HeapAt, (options.Size + ArenaHeader.Step - 1) / ArenaHeader.Step * ArenaHeader.Step);
        ArenaHeader.Format(page, size, options, (ulong)Random.Shared.NextInt64());
        if (options.Durability == ArenaDurability.PowerLoss)
        {
            DurableOpening.Make(file, page, size);
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
            throw new ArgumentException("What is made is made for writing.", nameof(options));
        }

        if (options.Shared && (options.ReadOnly || options.Durability == ArenaDurability.PowerLoss))
        {
            throw new ArgumentException("An arena that processes share is neither read-only nor of ArenaDurability.PowerLoss.", nameof(options));
        }

        if (!Enum.IsDefined(options.Durability))
        {
            throw new ArgumentException("Not a durability.", nameof(options));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Size, options.MaxSize ?? SizeClass.Limit, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxSize ?? 0, SizeClass.Limit, nameof(options));
    }
}
