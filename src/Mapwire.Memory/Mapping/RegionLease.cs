using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>Keeps the pages of a <see cref="MappedRegion"/> mapped, whoever disposes of the region meanwhile, until it is disposed
/// of itself.</summary>
public sealed class RegionLease : IDisposable
{
    private SafePages? _pages;

    internal RegionLease(MappedRegion region, SafePages pages)
    {
        bool added = false;
        pages.DangerousAddRef(ref added);
        _pages = pages;
        Region = region;
    }

    /// <summary>The region, which works as before as long as this lease is held.</summary>
    public MappedRegion Region { get; }

    /// <summary>Ends the lease; the last one to end after the region's own disposal unmaps the pages.</summary>
    public void Dispose() => Interlocked.Exchange(ref _pages, null)?.DangerousRelease();
}
