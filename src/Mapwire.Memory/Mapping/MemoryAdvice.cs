namespace Mapwire.Memory;

/// <summary>What a program tells the system about its use of a range of pages.</summary>
/// <remarks>Which of these a system knows is told by <see cref="PlatformCapabilities"/>; the others throw
/// <see cref="PlatformNotSupportedException"/>.</remarks>
public enum MemoryAdvice
{
    /// <summary>No special use: the system's default read-ahead.</summary>
    Normal = 0,

    /// <summary>Read once from the front to the back: read far ahead, drop early.</summary>
    Sequential = 1,

    /// <summary>Read in no order: no read-ahead.</summary>
    Random = 2,

    /// <summary>Needed soon: start reading now; returns before the pages are there.</summary>
    WillNeed = 3,

    /// <summary>Not needed soon: this process lets go of the pages, and the next touch brings the same bytes back.
    /// Refused with <see cref="InvalidOperationException"/> for private and anonymous memory, where it would lose the bytes:
    /// <see cref="MappedRegion.Discard"/> says that openly.</summary>
    DontNeed = 4,

    /// <summary>The bytes may be lost: the system takes the pages when it needs memory, and until a page is written again a load
    /// gives either the old bytes or zero. Anonymous memory only.</summary>
    Free = 5,

    /// <summary>Not needed soon: first to be reclaimed, but kept as long as memory is plenty. Loses nothing.</summary>
    Cold = 6,

    /// <summary>Write the pages out to their file or to swap now and free the memory. Loses nothing.</summary>
    PageOut = 7,

    /// <summary>Bring the pages in and map them for loads; returns when all are there. Fails with an
    /// <see cref="IOException"/> if one cannot be read.</summary>
    PopulateRead = 8,

    /// <summary>Bring the pages in and map them for stores, private copies made; returns when all are there.</summary>
    PopulateWrite = 9,

    /// <summary>Join the pages into huge ones where that is possible: anonymous and shared memory, and files of some file systems
    /// (Linux <c>MADV_HUGEPAGE</c>).</summary>
    HugePages = 10,

    /// <summary>Do not join the pages into huge ones (Linux <c>MADV_NOHUGEPAGE</c>).</summary>
    NoHugePages = 11,

    /// <summary>Leave the pages out of core dumps: secrets, or caches of many gigabytes (Linux <c>MADV_DONTDUMP</c>).</summary>
    DontDump = 12,

    /// <summary>Write the pages into core dumps again (Linux <c>MADV_DODUMP</c>).</summary>
    DoDump = 13,
}
