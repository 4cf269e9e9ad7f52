namespace Mapwire.Memory;

/// <summary>Options for mapping a region. The defaults map what the file was opened for, shared, at an address the system picks.</summary>
public sealed class MapOptions
{
    /// <summary>The access that the program has to the pages. Null, the default: what the file was opened for, or
    /// <see cref="MemoryAccess.ReadWrite"/> for private and for anonymous pages.</summary>
    public MemoryAccess? Access { get; init; }

    /// <summary>Whether stores are seen by other processes and the file. Default <see cref="MapSharing.Shared"/>. Anonymous memory takes
    /// no other value; it is the process's own in any case.</summary>
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

    /// <exception cref="ArgumentOutOfRangeException">A number that is no value of its enum.</exception>
    internal void RequireKnownValues()
    {
        const MemoryAccess All = MemoryAccess.ReadWrite | MemoryAccess.Execute;
        if (((Access ?? MemoryAccess.None) & ~All) != 0)
        {
            throw Unknown.Value(nameof(Access), Access!.Value);
        }

        if (!Enum.IsDefined(Sharing))
        {
            throw Unknown.Value(nameof(Sharing), Sharing);
        }

        if (!Enum.IsDefined(HugePages))
        {
            throw Unknown.Value(nameof(HugePages), HugePages);
        }
    }
}

/// <summary>Who sees what is stored into a mapped file.</summary>
public enum MapSharing
{
    /// <summary>The file and everyone who maps or reads it.</summary>
    Shared = 0,

    /// <summary>Only this region: a page is copied at the first store to it, and the file never changes.</summary>
    Private = 1,
}

/// <summary>Which page size an anonymous region asks for.</summary>
public enum HugePages
{
    /// <summary>The system's base page.</summary>
    None = 0,

    /// <summary>Base pages that the system may join into huge ones in the background or on a fault (Linux <c>MADV_HUGEPAGE</c>).</summary>
    Transparent = 1,

    /// <summary>Huge pages or failure: Linux <c>MAP_HUGETLB</c> from the pages set aside by <c>vm.nr_hugepages</c>,
    /// Windows <c>MEM_LARGE_PAGES</c>, which needs the privilege "Lock pages in memory".</summary>
    Explicit = 2,
}

/// <summary>What a program may do with the pages of a region.</summary>
[Flags]
public enum MemoryAccess
{
    /// <summary>Nothing: every touch faults.</summary>
    None = 0,

    /// <summary>Loads.</summary>
    Read = 1,

    /// <summary>Stores. No system offers stores without loads, so <see cref="Read"/> comes with it.</summary>
    Write = 2,

    /// <summary>Instruction fetches.</summary>
    Execute = 4,

    /// <summary>Loads and stores.</summary>
    ReadWrite = Read | Write,
}
