using Mapwire.Memory;

namespace Mapwire.Server.Sources;

/// <summary>Brings a part of a mapped file into memory, on a thread that may wait for it.</summary>
internal static class WindowReader
{
    private static readonly bool CanPopulate = PlatformCapabilities.Supports(MemoryCapability.AdvisePopulateRead);
    private static readonly bool CanReadAhead = PlatformCapabilities.Supports(MemoryCapability.AdviseWillNeed);

    [ThreadStatic]
    private static byte[]? _scratch;

    /// <summary>Returns when the part is in memory.</summary>
    /// <param name="region">The file.</param>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At most a window.</param>
    /// <param name="readsAhead">Whether a disk will be read, so that all reads are better begun at once.</param>
    /// <exception cref="IOException">A page is gone or cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static void Bring(MappedRegion region, long offset, int length, bool readsAhead)
    {
        if (CanPopulate)
        {
            if (readsAhead && CanReadAhead)
            {
                region.Advise(offset, length, MemoryAdvice.WillNeed);
            }

            region.Advise(offset, length, MemoryAdvice.PopulateRead);
            return;
        }

        _scratch ??= GC.AllocateUninitializedArray<byte>(Presence.WindowLength);
        if (!region.TryRead(offset, _scratch.AsSpan(0, length)))
        {
            throw new IOException($"the bytes from offset {offset} on cannot be read: the file was cut, or its disk reports an error");
        }
    }
}
