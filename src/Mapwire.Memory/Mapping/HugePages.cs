namespace Mapwire.Memory;

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
