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
        MemorySystem system = MemorySystem.Current;
        bool isPrivate = file is null || options.Sharing == MapSharing.Private;
        if (file is not null && options.GuardPages > 0)
            PlatformCapabilities.Require(MemoryCapability.GuardPagesForFile);
        if (length == 0)
            return new MappedRegion(new NoPages(), 0, 0, access, isPrivate, isFile: file is not null, offset);

        // The system places a page where its granularity allows; the region begins somewhere inside the first one.
        int inset = (int)(offset % system.Granularity);
        if (options.Address != 0 && (options.Address - inset) % system.Granularity != 0)
            throw new ArgumentException(
                $"The address less the offset must be a multiple of {system.Granularity}.", nameof(options));
        var request = new MapRequest(
            offset - inset, checked(inset + length), access, isPrivate,
            options.Address == 0 ? 0 : options.Address - inset, options.HugePages, options.GuardPages, Reserve: 0);
        SafePages pages = system.Map(file, request);
        try
        {
            if (file is not null && !isPrivate && mapped is { CanWrite: true })
                pages.Keep(file);
            var region = new MappedRegion(pages, pages.Base + inset, length, access, isPrivate, isFile: file is not null, offset);
            if (options.Populate && length > 0)
                region.Advise(0, length, Populating(access, isPrivate, file is null));
            return region;
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    /// <summary>Stores are prepared where they cost nobody else anything: not to a file, whose pages would all become dirty.</summary>
    private static MemoryAdvice Populating(MemoryAccess access, bool isPrivate, bool isAnonymous) =>
        isAnonymous && (access & MemoryAccess.Write) != 0 && PlatformCapabilities.Supports(MemoryCapability.AdvisePopulateWrite)
            ? MemoryAdvice.PopulateWrite
            : MemoryAdvice.PopulateRead;
}
