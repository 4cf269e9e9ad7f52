using System.Buffers.Binary;
using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>Creates and opens arenas that survive a loss of power. The caller has locked the file.</summary>
internal static class DurableOpening
{
    /// <summary>Writes a new arena. It is on the device, and under its name, when this returns.</summary>
    public static void Create(MappedFile file, ReadOnlySpan<byte> page, long size, DurabilitySettings settings)
    {
        DurableFile home = new(file.Handle, file.Path, settings.Recorder);
        home.Write(0, page); // says that it is being created
        home.Sync();
        SegmentSpace.Extend(file, file.Length, size);
        home.SetLength(size);
        var start = new byte[ArenaHeader.HeapAt];
        BitConverter.TryWriteBytes(start.AsSpan(ArenaHeader.FirstBlock - ArenaHeader.FirstPage), ArenaHeader.Sentinel);
        home.Write(ArenaHeader.FirstPage, start);
        DurableProgress progress = new(home);
        progress.Write(0, 0, sync: false);
        home.Sync();
        home.Write(0, BitConverter.GetBytes(ArenaHeader.Ready));
        home.Sync();
        home.SyncFolder();
    }

    public static Arena Open(MappedFile file, byte[] page, ArenaOptions options, FileLocks locks)
    {
        DurableFile home = new(file.Handle, file.Path, options.Settings.Recorder);
        DurableProgress progress = new(home);
        if (!progress.TryRead())
        {
            throw new ArenaFormatException(
                ArenaError.Damaged, file.Path, ArenaHeader.ProgressAt, "both slots that say which commits the file has are invalid");
        }

        uint version = ArenaHeader.VersionOf(page);
        List<(long Offset, byte[] Bytes)> inMemory = [];
        if (progress.LogId != 0)
        {
            using CommitReplay replay = CommitReplay.Open(file.Path, version, progress.LogId, options.Settings);
            if (options.ReadOnly)
            {
                replay.Run(progress.Applied, home.Length, (offset, bytes) => inMemory.Add((offset, bytes.ToArray())));
            }
            else
            {
                BringUpToDate(home, progress, replay);
            }
        }

        if (version == ArenaHeader.FirstVersion && !options.ReadOnly)
        {
            home.Read(0, page);
            home.Write(0, ArenaHeader.CarriedOver(page));
            home.Sync();
        }

        home.Read(0, page);
        foreach ((long offset, byte[] bytes) in inMemory)
        {
            if (offset < page.Length)
            {
                bytes.CopyTo(page.AsSpan((int)offset));
            }
        }

        long size = BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(ArenaHeader.SizeAt));
        ArenaHeader.Check(page, file.Length, file.Path, options);
        return Map(file, options, locks, home, progress, size, inMemory);
    }

    private static Arena Map(
        MappedFile file, ArenaOptions options, FileLocks locks, DurableFile home, DurableProgress progress, long size,
        List<(long Offset, byte[] Bytes)> inMemory)
    {
        long max = FileOpening.MaxSize(options, size);
        MappedRegion region = file.Map(0, size, new MapOptions
        {
            Reserve = max > size ? max : 0,
            Address = options.Address,
            Sharing = MapSharing.Private,
        });
        try
        {
            foreach ((long offset, byte[] bytes) in inMemory)
            {
                int length = (int)Math.Min(bytes.Length, size - offset); // the last line may reach beyond the arena: see CommitReplay
                if (length < 0 || bytes.Length >= length + ChangedLines.Line)
                {
                    throw new ArenaFormatException(
                        ArenaError.Damaged, CommitLog.PathOf(file.Path), offset,
                        $"a commit of {bytes.Length} bytes reaches beyond the arena's {size} bytes");
                }

                bytes.AsSpan(0, length).CopyTo(region.AsSpan(offset, length));
            }

            return RegionOpening.Open(new DurableSpace(file, region, max, locks, home, progress, options), options);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    /// <summary>Brings the file up to date with its log, and then says so in it.</summary>
    private static void BringUpToDate(DurableFile home, DurableProgress progress, CommitReplay replay)
    {
        ulong last = replay.Run(progress.Applied, home.Length, home.Write);
        home.Sync();
        progress.Write(last, 0);
        replay.Remove();
    }
}
