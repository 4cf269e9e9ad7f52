namespace Mapwire.Memory;

/// <summary>What a system may or may not be able to do. Everything not named here works on all of them.</summary>
public enum MemoryCapability
{
    /// <summary><see cref="MappedRegion.TryRead(long, Span{byte})"/>, <see cref="MappedRegion.TryWrite"/> and
    /// <see cref="MappedRegion.TryCopyTo"/>: access that reports lost pages.</summary>
    GuardedAccess,

    /// <summary><see cref="MappedFile.SetLength"/> to less than what is mapped.</summary>
    ShrinkWhileMapped,

    /// <summary>Mapping a character device such as <c>/dev/zero</c>.</summary>
    MapDevice,

    /// <summary><see cref="HugePages.Transparent"/>.</summary>
    TransparentHugePages,

    /// <summary><see cref="HugePages.Explicit"/>, given the privilege and the pages.</summary>
    ExplicitHugePages,

    /// <summary><see cref="MapOptions.Reserve"/> for files: growth at a stable base.</summary>
    ReserveForFile,

    /// <summary><see cref="MapOptions.GuardPages"/> around a file's pages.</summary>
    GuardPagesForFile,

    /// <summary><see cref="FlushMode.Invalidate"/>.</summary>
    FlushInvalidate,

    /// <summary><see cref="MemoryAdvice.Normal"/>.</summary>
    AdviseNormal,

    /// <summary><see cref="MemoryAdvice.Sequential"/>.</summary>
    AdviseSequential,

    /// <summary><see cref="MemoryAdvice.Random"/>.</summary>
    AdviseRandom,

    /// <summary><see cref="MemoryAdvice.WillNeed"/>.</summary>
    AdviseWillNeed,

    /// <summary><see cref="MemoryAdvice.DontNeed"/>.</summary>
    AdviseDontNeed,

    /// <summary><see cref="MemoryAdvice.Free"/>.</summary>
    AdviseFree,

    /// <summary><see cref="MemoryAdvice.Cold"/>.</summary>
    AdviseCold,

    /// <summary><see cref="MemoryAdvice.PageOut"/>.</summary>
    AdvisePageOut,

    /// <summary><see cref="MemoryAdvice.PopulateRead"/>. <see cref="MapOptions.Populate"/> works without it.</summary>
    AdvisePopulateRead,

    /// <summary><see cref="MemoryAdvice.PopulateWrite"/>.</summary>
    AdvisePopulateWrite,

    /// <summary><see cref="MemoryAdvice.HugePages"/> and <see cref="MemoryAdvice.NoHugePages"/>.</summary>
    AdviseHugePages,

    /// <summary><see cref="MemoryAdvice.DontDump"/> and <see cref="MemoryAdvice.DoDump"/>.</summary>
    AdviseDontDump,

    /// <summary><see cref="MappedRegion.Discard"/> of a shared file's pages.</summary>
    DiscardShared,

    /// <summary><see cref="MappedRegion.Discard"/> of a private file's pages.</summary>
    DiscardPrivateFile,

    /// <summary><see cref="MappedFile.PunchHole"/>.</summary>
    PunchHole,

    /// <summary><see cref="MappedFile.Evict"/>: dropping a file from the system's page cache.</summary>
    EvictFile,

    /// <summary><see cref="MappedRegion.GetResidency()"/> tells what is in the system's page cache; without it, what this process has
    /// in its working set.</summary>
    ResidencyOfPageCache,
}
