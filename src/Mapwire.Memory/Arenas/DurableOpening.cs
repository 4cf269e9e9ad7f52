using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>Makes and opens arenas that survive a loss of power. The caller has locked the file.</summary>
internal static class DurableOpening
{
    /// <summary>Writes a new arena. It is on the device, and under its name, when this returns.</summary>
    public static void Make(MappedFile file, ReadOnlySpan<byte> page, long size)
    {
        DurableFile home = new(file.Handle, file.Path);
        home.Write(0, page); // says that it is being made
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
        DurableFile.SyncFolderOf(file.Path);
    }

    public static Arena Open(MappedFile file, byte[] page, ArenaOptions options, RangeLock life)
    {
        DurableFile home = new(file.Handle, file.Path);
        DurableProgress progress = new(home);
        if (!progress.TryRead())
        {
            throw new ArenaFormatException(ArenaError.Damaged, file.Path, ArenaHeader.ProgressAt, "how far its commits have come is not known");
        }

        List<(long Offset, byte[] Bytes)> inMemory = [];
        if (progress.LogId != 0 && options.ReadOnly)
        {
            CommitLog.Replay(file.Path, progress.LogId, progress.Applied, (offset, bytes) => inMemory.Add((offset, bytes.ToArray())));
        }
        else if (progress.LogId != 0)
        {
            BringUpToDate(home, progress);
        }

        home.Read(0, page);
        foreach ((long offset, byte[] bytes) in inMemory)
        {
            if (offset < page.Length)
            {
                bytes.CopyTo(page.AsSpan((int)offset));
            }
        }

        long size = BitConverter.ToInt64(page, ArenaHeader.SizeAt);
        ArenaHeader.Check(page, file.Length, file.Path, options);
        return Map(file, options, life, home, progress, size, inMemory);
    }

    private static Arena Map(
        MappedFile file, ArenaOptions options, RangeLock life, DurableFile home, DurableProgress progress, long size,
        List<(long Offset, byte[] Bytes)> inMemory)
    {
        long max = FileOpening.MaxSize(options, size);
        MappedRegion region = file.Map(0, size, new MapOptions
        {
            Reserve = max > size ? max : 0, Address = options.Address, Sharing = MapSharing.Private,
        });
        try
        {
            foreach ((long offset, byte[] bytes) in inMemory)
            {
                bytes.CopyTo(region.AsSpan(offset, bytes.Length));
            }

            return RegionOpening.Opened(new DurableSpace(file, region, max, life, home, progress, options.ReadOnly), options);
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    /// <summary>Brings the file up to date with its log, and then says so in it.</summary>
    private static void BringUpToDate(DurableFile home, DurableProgress progress)
    {
        ulong last = CommitLog.Replay(home.Path, progress.LogId, progress.Applied, home.Write);
        home.Sync();
        progress.Write(last, 0);
    }
}
