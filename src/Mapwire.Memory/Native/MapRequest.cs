namespace Mapwire.Memory.Native;

/// <summary>A mapping in whole pages, checked by the caller.</summary>
/// <param name="Offset">Where in the file, a multiple of the allocation granularity; 0 for anonymous memory.</param>
/// <param name="Length">Bytes, not yet rounded up to the page; above 0.</param>
/// <param name="Access">What the pages may be used for.</param>
/// <param name="IsPrivate">Copy on write.</param>
/// <param name="Address">The exact address of the first page, or 0.</param>
/// <param name="HugePages">Page size of anonymous memory.</param>
/// <param name="GuardPages">Pages without access on either side.</param>
/// <param name="Reserve">Bytes of address space to keep, or 0 for just the pages.</param>
/// <param name="Populate">Bring the pages in with the mapping itself, where <see cref="MemorySystem.CanMapPopulated"/>.</param>
internal readonly record struct MapRequest(
    long Offset, long Length, MemoryAccess Access, bool IsPrivate, nint Address, HugePages HugePages, int GuardPages, long Reserve,
    bool Populate);
