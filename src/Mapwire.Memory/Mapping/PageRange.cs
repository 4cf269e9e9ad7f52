using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>The whole pages that a range of bytes touches, pinned while in use.</summary>
internal readonly ref struct PageRange : IDisposable
{
    private readonly RegionPin _pin;

    public PageRange(MappedRegion region, long offset, long length)
    {
        _pin = new RegionPin(region.Pages);
        try
        {
            region.RequireInside(offset, length);
            if (length == 0)
            {
                return;
            }

            int page = MemorySystem.Current.PageSize;
            nint first = region.DangerousAddress + (nint)offset;
            Start = first - first % page;
            Length = (first + (nint)length - Start + page - 1) / page * page;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The address of the first page; 0 if the range is empty.</summary>
    public nint Start { get; }

    /// <summary>Bytes, a multiple of the page.</summary>
    public long Length { get; }

    public void Dispose() => _pin.Dispose();
}
