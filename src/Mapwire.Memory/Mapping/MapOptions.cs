namespace Mapwire.Memory;

/// <summary>How a region is mapped. The defaults map what the file was opened for, shared, at an address the system picks.</summary>
public sealed class MapOptions
{
    /// <summary>What the program may do with the pages. Null, the default: what the file was opened for, or
    /// <see cref="MemoryAccess.ReadWrite"/> for private and for anonymous pages.</summary>
    public MemoryAccess? Access { get; init; }

    /// <summary>Who sees the stores. Default <see cref="MapSharing.Shared"/>. Anonymous memory is always private to the process.</summary>
    public MapSharing Sharing { get; init; }

    /// <summary>The exact address of the region's first byte, or 0, the default, for one that the system picks. The address minus
    /// the offset in the file must be a multiple of <see cref="PlatformCapabilities.AllocationGranularity"/>. An existing mapping is
    /// never replaced: mapping then fails with an <see cref="IOException"/>.</summary>
    public nint Address { get; init; }

    /// <summary>Bring all pages in before the call returns. Default false.</summary>
    public bool Populate { get; init; }

    /// <summary>The page size of anonymous memory. Default <see cref="HugePages.None"/>; any other value is refused for files.</summary>
    public HugePages HugePages { get; init; }

    /// <summary>Pages without access before the first and after the last page, which turn an overrun into a fault. Default 0.</summary>
    public int GuardPages { get; init; }

    /// <summary>Address space in bytes to keep from the region's first byte on, so that <see cref="MappedRegion.Resize"/> never
    /// moves the base. Default 0: the region cannot grow. Costs no memory.</summary>
    public long Reserve { get; init; }
}
