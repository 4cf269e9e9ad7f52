namespace Mapwire.Memory.Sharing;

/// <summary>Looks through the folder of segments.</summary>
internal static class SegmentListing
{
    public static List<SharedMemoryInfo> List(SharedMemoryOptions options)
    {
        List<SharedMemoryInfo> found = new();
        foreach ((string name, string path) in SegmentFolder.GetFiles(options))
        {
            if (TryRead(name, path, options) is SharedMemoryInfo info)
            {
                found.Add(info);
            }
        }

        found.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return found;
    }

    public static List<string> RemoveAbandoned(SharedMemoryOptions options, Guid? layoutId)
    {
        SegmentFolder.DeleteRemoved(SegmentFolder.GetFolder(options, create: false));
        List<string> removed = new();
        foreach ((string name, string path) in SegmentFolder.GetFiles(options))
        {
            try
            {
                using MappedFile? file = SegmentFolder.TryOpen(path, Writable(options));
                using RangeLock? creation = file is null ? null : ProcessSlots.TryCreationLock(file, TimeSpan.Zero);
                if (creation is null || ProcessSlots.IsInUse(file!) || !SegmentOpening.IsStillThere(path, file!))
                {
                    continue; // in use, being created or opened, or gone
                }

                if (MayRemove(file!, name, layoutId) && SegmentFolder.TryRemove(path))
                {
                    removed.Add(name);
                }
            }
            catch (Exception exception) when (exception is FileNotFoundException or UnauthorizedAccessException)
            {
                // Removed by another process, or not ours to open.
            }
        }

        return removed;
    }

    /// <summary>Whether an unused file is a segment of ours: a whole, a damaged or an unfinished one, or one of another version.</summary>
    private static bool MayRemove(MappedFile file, string name, Guid? layoutId)
    {
        try
        {
            SegmentHeader? header = SegmentHeader.Read(file.Handle, name);
            return layoutId is null || header?.LayoutId == layoutId; // one that was never ready has no layout to go by
        }
        catch (SharedMemoryFormatException exception)
        {
            return layoutId is null && exception.Error != SharedMemoryError.NotASegment;
        }
    }

    private static SharedMemoryOptions Writable(SharedMemoryOptions options) => new() { Access = options.Access, Folder = options.Folder };

    private static SharedMemoryOptions Readable(SharedMemoryOptions options) =>
        new() { Access = options.Access, Folder = options.Folder, ReadOnly = true };

    private static SharedMemoryInfo? TryRead(string name, string path, SharedMemoryOptions options)
    {
        try
        {
            using MappedFile? file = SegmentFolder.TryOpen(path, Readable(options));
            if (file is null || SegmentHeader.Read(file.Handle, name) is not SegmentHeader header)
            {
                return null; // gone, or being created
            }

            using MappedRegion region = file.Map(0, SegmentHeader.UserAt);
            return new SharedMemoryInfo(
                name, header.FileSize - SegmentHeader.UserAt, header.MaxFileSize - SegmentHeader.UserAt, header.LayoutId,
                header.LayoutVersion,
                new DateTimeOffset(header.CreatedTicks, TimeSpan.Zero), new ProcessSlots(file, region).GetUsers(), Damage: null);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is SharedMemoryFormatException or UnauthorizedAccessException)
        {
            return new SharedMemoryInfo(name, 0, 0, Guid.Empty, 0, DateTimeOffset.UnixEpoch, [], exception.Message);
        }
    }
}
