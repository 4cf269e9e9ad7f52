using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>A lease for the time of one call, without an allocation: a concurrent disposal must not let the addresses be used
/// for something else meanwhile.</summary>
internal readonly ref struct RegionPin : IDisposable
{
    private readonly SafePages _pages;

    public RegionPin(SafePages pages)
    {
        bool added = false;
        pages.DangerousAddRef(ref added); // throws ObjectDisposedException if they are gone
        _pages = pages;
    }

    public void Dispose() => _pages.DangerousRelease();
}
