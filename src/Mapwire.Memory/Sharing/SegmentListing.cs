namespace Mapwire.Memory.Sharing;

/// <summary>Looks through the folder of segments.</summary>
internal static class SegmentListing
{
    public static List<SharedMemoryInfo> List(SharedMemoryOptions options)
    {
        List<SharedMemoryInfo> found = new();
        foreach ((string name, string path) in SegmentFolder.Files(options))
        {
            if (Look(name, path) is SharedMemoryInfo info)
            {
                found.Add(info);
            }
        }

        found.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return found;
    }

    public static List<string> RemoveLeftovers(SharedMemoryOptions options, Guid? layoutId)
    {
        SegmentFolder.Sweep(options);
        List<string> removed = new();
        foreach ((string name, string path) in SegmentFolder.Files(options))
        {
            try
            {
                using MappedFile file = MappedFile.Open(path, new MappedFileOptions { Access = FileAccess.ReadWrite });
                using RangeLock? creation = ProcessSlots.TryCreationLock(file, TimeSpan.Zero);
                if (creation is null)
                {
                    continue; // somebody is at it
                }

                SegmentHeader? header = SegmentHeader.Read(file.Handle, name);
                if (layoutId is not null && header?.LayoutId != layoutId)
                {
                    continue; // one that was never ready has no layout to go by
                }

                if (header is not null)
                {
                    using MappedRegion region = file.Map(0, SegmentHeader.UserAt);
                    if (new ProcessSlots(file, region).IsInUse())
                    {
                        continue;
                    }
                }

                SegmentFolder.Remove(path);
                removed.Add(name);
            }
            catch (Exception failure) when (failure is FileNotFoundException or UnauthorizedAccessException or SharedMemoryFormatException)
            {
                // Removed by another, not ours to remove, or not what we think it is: left alone.
            }
        }

        return removed;
    }

    private static SharedMemoryInfo? Look(string name, string path)
    {
        try
        {
            using MappedFile file = MappedFile.Open(path);
            if (SegmentHeader.Read(file.Handle, name) is not SegmentHeader header)
            {
                return null; // being made
            }

            using MappedRegion region = file.Map(0, SegmentHeader.UserAt);
            return new SharedMemoryInfo(
                name, header.FileSize - SegmentHeader.UserAt, header.MaxFileSize - SegmentHeader.UserAt, header.LayoutId, header.LayoutVersion,
                new DateTimeOffset(header.CreatedTicks, TimeSpan.Zero), new ProcessSlots(file, region).Users(), Damage: null);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (failure is SharedMemoryFormatException or UnauthorizedAccessException)
        {
            return new SharedMemoryInfo(name, 0, 0, Guid.Empty, 0, DateTimeOffset.UnixEpoch, [], failure.Message);
        }
    }
}
