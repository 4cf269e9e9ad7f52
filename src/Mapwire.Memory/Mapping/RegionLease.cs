using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>Keeps the pages of a <see cref="MappedRegion"/> mapped until the lease is disposed of, whatever else disposes of the
/// region meanwhile. A lease that is dropped without <see cref="Dispose"/> ends when it is garbage collected.</summary>
public sealed class RegionLease : IDisposable
{
    private SafePages? _pages;

    internal RegionLease(MappedRegion region, SafePages pages)
    {
        Region = region;
        bool added = false;
        pages.DangerousAddRef(ref added);
        _pages = pages;
    }

    /// <summary>Ends a lease that was dropped. The pages are a critical finalizer's, so they are still there.</summary>
    ~RegionLease() => Interlocked.Exchange(ref _pages, null)?.DangerousRelease();

    /// <summary>The region, which works as before as long as this lease is held.</summary>
    public MappedRegion Region { get; }

    /// <summary>Ends the lease; the last one to end after the region's own disposal unmaps the pages.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _pages, null)?.DangerousRelease();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A lease for the time of one call, without an allocation: a concurrent disposal must not let the addresses be used
/// for something else meanwhile.</summary>
internal readonly ref struct RegionPin : IDisposable
{
    private readonly SafePages _pages;

    /// <exception cref="ObjectDisposedException">The pages are unmapped.</exception>
    public RegionPin(SafePages pages)
    {
        bool added = false;
        pages.DangerousAddRef(ref added);
        _pages = pages;
    }

    public void Dispose() => _pages.DangerousRelease();
}
