using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>From bytes to whole pages: where a mapping has to start so that a region may start anywhere.</summary>
internal static class RegionMapper
{
    /// <summary>Bytes: more than the addresses of any processor, so that sums of a few such numbers stay numbers.</summary>
    private const long MaxLength = 1L << 60;

    /// <summary>Maps a part of a file, or anonymous memory if <paramref name="mapped"/> is null.</summary>
    public static MappedRegion Map(MappedFile? mapped, long offset, long length, MemoryAccess access, MapOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.GuardPages, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Reserve, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Reserve, MaxLength, nameof(options.Reserve));
        MemorySystem system = MemorySystem.Current;
        SafeFileHandle? file = mapped?.Handle;
        bool isPrivate = file is null || options.Sharing == MapSharing.Private;
        if (file is not null && options.Reserve > 0)
        {
            PlatformCapabilities.Require(MemoryCapability.ReserveForFile);
        }

        if (file is not null && options.GuardPages > 0)
        {
            PlatformCapabilities.Require(MemoryCapability.GuardPagesForFile);
        }

        bool canWriteFile = mapped is { CanWrite: true };
        if (length == 0 && options.Reserve == 0)
        {
            return new MappedRegion(new NoPages { FileWritable = canWriteFile }, 0, 0, access, isPrivate, isFile: file is not null, offset);
        }

        // The system places a page where its granularity allows; the region begins somewhere inside the first one.
        int inset = (int)(offset % system.Granularity);
        if (options.Address != 0 && (options.Address - inset) % system.Granularity != 0)
        {
            throw new ArgumentException(
                $"Address less the offset must be a multiple of {system.Granularity} (was {options.Address} less {inset}).",
                nameof(options));
        }

        MemoryAdvice? populate = options.Populate && length > 0 ? GetPopulatingAdvice(access, file is null) : null;
        MapRequest request = new(
            offset - inset, length == 0 ? 0 : checked(inset + length), access, isPrivate,
            options.Address == 0 ? 0 : options.Address - inset, options.HugePages, options.GuardPages,
            options.Reserve == 0 ? 0 : checked(inset + Math.Max(options.Reserve, length)),
            Populate: options.Populate && populate is null);
        if (file is not null && options.Reserve > 0 && canWriteFile && !isPrivate)
        {
            Lengthen(mapped!.Handle, offset, length, mapped.Preallocates);
        }

        SafePages pages = system.Map(file, request);
        try
        {
            if (file is not null && (options.Reserve > 0 || (!isPrivate && canWriteFile)))
            {
                pages.Keep(file);
            }

            pages.CanGrow = options.Reserve > 0;
            pages.FileWritable = canWriteFile;
            pages.Preallocates = mapped is { Preallocates: true };
            MappedRegion region = new(pages, pages.Base + inset, length, access, isPrivate, isFile: file is not null, offset);
            if (populate is MemoryAdvice advice)
            {
                region.Advise(0, length, advice);
            }

            return region;
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    /// <summary>Maps or unmaps at the end of a region.</summary>
    /// <param name="region">A region that is pinned.</param>
    /// <param name="inset">Where the region begins on its first page.</param>
    /// <param name="length">The region's new length.</param>
    public static void Resize(MappedRegion region, nint inset, long length)
    {
        SafePages pages = region.Pages;
        if (pages.ReservedBytes == 0 || !pages.CanGrow)
        {
            throw new InvalidOperationException("Cannot resize: the region was mapped without MapOptions.Reserve.");
        }

        if (length > pages.ReservedBytes - inset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(length), $"{length} bytes are more than the {pages.ReservedBytes - inset} that were reserved.");
        }

        if (pages.File is SafeFileHandle file)
        {
            long end = checked(region.Offset + length);
            if (pages.FileWritable && !region.IsPrivate)
            {
                Lengthen(file, region.Offset, length, pages.Preallocates);
            }
            else if (MemorySystem.Current.Stat(file).Identity.Length is long size && size < end)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(length), $"The file has {size} bytes; the region would need {end} and cannot lengthen it.");
            }
        }

        pages.Resize(new MapRequest(region.Offset - inset, length == 0 ? 0 : inset + length, region.Access, region.IsPrivate,
            Address: 0, HugePages.None, GuardPages: 0, Reserve: pages.ReservedBytes, Populate: false));
    }

    /// <summary>Gives a growing region's file the bytes that the region is going to have, up to the system's next step.</summary>
    private static void Lengthen(SafeFileHandle file, long offset, long length, bool allocate)
    {
        long step = MemorySystem.Current.GrowthStep;
        long end = length == 0 ? 0 : checked(offset + length + step - 1) / step * step;
        long size = MemorySystem.Current.Stat(file).Identity.Length;
        if (size >= end)
        {
            return;
        }

        if (allocate)
        {
            DiskSpace.Allocate(file, size, end - size);
            return;
        }

        DiskSpace.RequireLength(end, size);
        RandomAccess.SetLength(file, end);
    }

    /// <summary>The advice that brings pages in, or null if only the mapping itself can (MAP_POPULATE). Stores are prepared where
    /// they cost nothing else: not to a file, whose pages would all become dirty.</summary>
    private static MemoryAdvice? GetPopulatingAdvice(MemoryAccess access, bool isAnonymous)
    {
        if (isAnonymous && (access & MemoryAccess.Write) != 0 && PlatformCapabilities.Supports(MemoryCapability.AdvisePopulateWrite))
        {
            return MemoryAdvice.PopulateWrite;
        }

        return PlatformCapabilities.Supports(MemoryCapability.AdvisePopulateRead) || !MemorySystem.Current.CanMapPopulated
            ? MemoryAdvice.PopulateRead
            : null;
    }
}
