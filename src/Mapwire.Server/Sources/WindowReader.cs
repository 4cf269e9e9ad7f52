using Mapwire.Memory;

namespace Mapwire.Server.Sources;

/// <summary>Brings a part of a mapped file into memory, on a thread that may wait for it.</summary>
internal static class WindowReader
{
    private static readonly bool CanPopulate = PlatformCapabilities.Supports(MemoryCapability.AdvisePopulateRead);

    /// <summary>A window: what most systems read at once.</summary>
    private const int LongestRead = Presence.WindowLength;

    [ThreadStatic]
    private static byte[]? _scratch;

    /// <summary>Reads the beginning of a file at once, which has what most files are opened by and the first pictures.</summary>
    /// <remarks>
    /// By exact reads: what the system once read ahead of a file read in order, FUSE takes all later reads of that length for when it is
    /// busy, drops them, and then reads the pages one by one before the rest: 37 of 100 reads.
    /// </remarks>
    public static void BringBeginning(MappedFile file)
    {
        Native.PageCache.ReadExactly(file);
        try
        {
            _scratch ??= GC.AllocateUninitializedArray<byte>(LongestRead);
            RandomAccess.Read(file.Handle, _scratch, 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // whoever reads it to understand it says what is wrong
        }
    }

    /// <summary>
    /// Reads a part that is in memory, and has the system begin to read what of it is not. A look at single bytes would begin a read of a
    /// page for each, before and beside the one of the whole window: twice as many reads of a disk.
    /// </summary>
    /// <returns>Whether all of it was in memory; null when the system or the file system does not say.</returns>
    public static bool? ReadResident(MappedFile file, long offset, int length)
    {
        _scratch ??= GC.AllocateUninitializedArray<byte>(LongestRead);
        return Native.PageCache.ReadResident(file, offset, _scratch.AsSpan(0, length));
    }

    /// <summary>Returns when the part is in memory and, where the system can, in this process's page tables.</summary>
    /// <param name="file">The file.</param>
    /// <param name="region">All of it, mapped.</param>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At most a window.</param>
    /// <param name="isCold">
    /// Whether a disk will be read. It is by a plain read then: page faults read around themselves, of which half is there already, and
    /// were twice as many reads of a disk.
    /// </param>
    /// <exception cref="IOException">A page is gone or cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public static void Bring(MappedFile file, MappedRegion region, long offset, int length, bool isCold)
    {
        if (isCold || !CanPopulate)
        {
            _scratch ??= GC.AllocateUninitializedArray<byte>(LongestRead);
            for (int read = 0; read < length;)
            {
                int count = RandomAccess.Read(file.Handle, _scratch.AsSpan(0, Math.Min(LongestRead, length - read)), offset + read);
                if (count == 0)
                {
                    throw new EndOfStreamException($"the file ends at offset {offset + read}");
                }

                read += count;
            }
        }

        if (CanPopulate)
        {
            region.Advise(offset, length, MemoryAdvice.PopulateRead);
        }
    }
}
