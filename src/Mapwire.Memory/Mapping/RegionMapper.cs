using Mapwire.Memory.Native;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory;

/// <summary>From bytes to whole pages: where a mapping has to start so that a region may start anywhere.</summary>
internal static class RegionMapper
{
    public static MappedRegion Map(
        MappedFile? mapped, SafeFileHandle? file, long offset, long length, MemoryAccess access, MapOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.GuardPages, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Reserve, nameof(options));
        MemorySystem system = MemorySystem.Current;
        bool isPrivate = file is null || options.Sharing == MapSharing.Private;
        if (file is not null && options.Reserve > 0)
        {
            PlatformCapabilities.Require(MemoryCapability.ReserveForFile);
        }

        if (file is not null && options.GuardPages > 0)
        {
            PlatformCapabilities.Require(MemoryCapability.GuardPagesForFile);
        }

        if (length == 0 && options.Reserve == 0)
        {
            return new MappedRegion(new NoPages { FileWritable = mapped is { CanWrite: true } }, 0, 0, access, isPrivate, isFile: file is not null, offset);
        }

        // The system places a page where its granularity allows; the region begins somewhere inside the first one.
        int inset = (int)(offset % system.Granularity);
        if (options.Address != 0 && (options.Address - inset) % system.Granularity != 0)
        {
            throw new ArgumentException(
                $"The address less the offset must be a multiple of {system.Granularity}.", nameof(options));
        }

        MapRequest request = new(
            offset - inset, length == 0 ? 0 : checked(inset + length), access, isPrivate,
            options.Address == 0 ? 0 : options.Address - inset, options.HugePages, options.GuardPages,
            options.Reserve == 0 ? 0 : checked(inset + Math.Max(options.Reserve, length)));
        SafePages pages = system.Map(file, request);
        try
        {
            if (file is not null && (options.Reserve > 0 || (!isPrivate && mapped is { CanWrite: true })))
            {
                pages.Keep(file);
            }

            pages.CanGrow = options.Reserve > 0;
            pages.FileWritable = mapped is { CanWrite: true };
            MappedRegion region = new(pages, pages.Base + inset, length, access, isPrivate, isFile: file is not null, offset);
            if (options.Populate && length > 0)
            {
                region.Advise(0, length, Populating(access, isPrivate, file is null));
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
            throw new InvalidOperationException("The region was mapped without MapOptions.Reserve.");
        }

        if (length > pages.ReservedBytes - inset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(length), $"{length} bytes are more than the {pages.ReservedBytes - inset} that were reserved.");
        }

        long end = checked(region.Offset + length);
        if (pages.File is SafeFileHandle file && MemorySystem.Current.Stat(file).Identity.Length is long size && size < end)
        {
            if (!pages.FileWritable || region.IsPrivate)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(length), $"The file has {size} bytes, the region would need {end} and does not write to it.");
            }

            RandomAccess.SetLength(file, end);
        }

        pages.Resize(new MapRequest(region.Offset - inset, length == 0 ? 0 : inset + length, region.Access, region.IsPrivate,
            Address: 0, HugePages.None, GuardPages: 0, Reserve: pages.ReservedBytes));
    }

    /// <summary>Stores are prepared where they cost nobody else anything: not to a file, whose pages would all become dirty.</summary>
    private static MemoryAdvice Populating(MemoryAccess access, bool isPrivate, bool isAnonymous) =>
        isAnonymous && (access & MemoryAccess.Write) != 0 && PlatformCapabilities.Supports(MemoryCapability.AdvisePopulateWrite)
            ? MemoryAdvice.PopulateWrite
            : MemoryAdvice.PopulateRead;
}
