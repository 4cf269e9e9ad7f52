namespace Mapwire.Memory;

/// <summary>Which pages of a range were in memory when it was asked.</summary>
public sealed class PageResidency
{
    private readonly ulong[] _bits;

    internal PageResidency(int pageSize, long pageCount)
    {
        PageSize = pageSize;
        PageCount = pageCount;
        _bits = new ulong[(pageCount + 63) / 64];
    }

    /// <summary>Bytes in a page.</summary>
    public int PageSize { get; }

    /// <summary>Pages that the range touches.</summary>
    public long PageCount { get; }

    /// <summary>Pages that were in memory.</summary>
    public long ResidentPages { get; private set; }

    /// <summary>Bytes that were in memory, in whole pages.</summary>
    public long ResidentBytes => ResidentPages * PageSize;

    /// <summary>Whether a page was in memory.</summary>
    /// <param name="page">Its number from the start of the range, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such page.</exception>
    public bool this[long page] => (ulong)page < (ulong)PageCount
        ? (_bits[page / 64] >> (int)(page % 64) & 1) != 0
        : throw new ArgumentOutOfRangeException(nameof(page), page, $"The range has {PageCount} pages.");

    internal void Set(long page)
    {
        _bits[page / 64] |= 1ul << (int)(page % 64);
        ResidentPages++;
    }
}
