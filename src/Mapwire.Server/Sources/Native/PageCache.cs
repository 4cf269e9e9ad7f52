using System.Runtime.InteropServices;
using Mapwire.Memory;

namespace Mapwire.Server.Sources.Native;

/// <summary>What Linux is asked and told of its page cache.</summary>
internal static unsafe partial class PageCache
{
    private const int POSIX_FADV_RANDOM = 1;

    private const int RWF_NOWAIT = 8;

    private const int EAGAIN = 11;

    /// <summary>A byte is read in each: systems read ahead more than that at once, so a page without its neighbours is rare.</summary>
    private const int Step = 64 * 1024;

    private const int ENOSYS = 38;

    /// <summary>The same on all processors that .NET runs on.</summary>
    private const long SYS_cachestat = 451;

    /// <summary>A window's pages, where they have 4 KiB.</summary>
    private const int MaxStates = Presence.WindowLength / 4096;

    private static bool _isMissing = !OperatingSystem.IsLinux();

    private static bool _hasNoCacheStatistics = !OperatingSystem.IsLinux() || !Environment.Is64BitProcess;

    /// <summary>
    /// Has plain reads of a file read what they ask for and no more (posix_fadvise(2)). Left to itself the system reads ahead at every end
    /// of a window, before what others are waiting for; a busy file system drops that, and then reads single pages (FUSE).
    /// </summary>
    public static void ReadExactly(MappedFile file)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = posix_fadvise(file.Handle, 0, 0, POSIX_FADV_RANDOM); // a hint: nothing is lost without it
        }
    }

    /// <summary>
    /// Whether the part is in memory, without touching it: nothing is read, whatever the answer is. Null when the system does not say,
    /// which only Linux 6.5 and later does, of files that the process owns or may write.
    /// </summary>
    /// <remarks>
    /// cachestat(2) counts pages, also those that are still being read, and refuses to say so of what is another's; mincore(2) knows which
    /// are read, and says yes of everything to those others. Both together are right.
    /// </remarks>
    public static bool? IsCached(MappedFile file, MappedRegion region, long offset, int length)
    {
        long? cached = CountCached(file, offset, length);
        return cached is null ? null : cached < PagesOf(offset, length) ? false : IsStillCached(region, offset, length);
    }

    /// <summary>The same of a file of which <see cref="IsCached"/> had an answer before: one call to the system.</summary>
    public static bool? IsStillCached(MappedRegion region, long offset, int length)
    {
        try
        {
            long pages = PagesOf(offset, length);
            Span<byte> states = stackalloc byte[MaxStates];
            for (long at = 0; at < pages; at += MaxStates)
            {
                int count = (int)Math.Min(MaxStates, pages - at);

                // SAFETY: the system writes a byte a page, as many as there is room for, and reads no page; of what is not mapped it
                // says so. The address is the beginning of a page, as every window's is.
                fixed (byte* state = states)
                {
                    nint start = region.DangerousAddress + (nint)(offset + (at * Environment.SystemPageSize));
                    if (mincore((void*)start, (nuint)(count * (long)Environment.SystemPageSize), state) != 0)
                    {
                        return null;
                    }
                }

                foreach (byte state in states[..count])
                {
                    if ((state & 1) == 0)
                    {
                        return false;
                    }
                }
            }

            return true;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>
    /// How much of a part is in memory from its beginning on, without touching or mapping it. Null when the system does not say, as
    /// <see cref="IsCached"/>.
    /// </summary>
    /// <remarks>
    /// For a part that is sent from the file: nothing of it is to be mapped, and a look at each page would cost a third of what sending
    /// costs. cachestat(2) counts a part in one walk. What it counts may still be read, which the caller knows of what it reads itself; of
    /// what another process reads in order, the last page tells.
    /// </remarks>
    /// <param name="file">The open file.</param>
    /// <param name="region">All of it, mapped.</param>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="length">At least 1.</param>
    public static long? CachedLength(MappedFile file, MappedRegion region, long offset, long length)
    {
        if (CountCached(file, offset, length) is not { } cached)
        {
            return null;
        }

        long last = offset + length - 1;
        if (cached == PagesOf(offset, length) && IsStillCached(region, last - (last % Environment.SystemPageSize), 1) is true)
        {
            return length;
        }

        // Window by window: something of it is missing.
        for (long at = offset; length > Presence.WindowLength && at < offset + length;)
        {
            long part = Math.Min(Presence.WindowsOf(at, 1).To, offset + length) - at;
            if (CachedLength(file, region, at, part) is not { } here || here < part)
            {
                return at - offset;
            }

            at += part;
        }

        return 0;
    }

    /// <summary>How many pages of a part the system holds, those included that are being read; null when it does not say.</summary>
    private static long? CountCached(MappedFile file, long offset, long length)
    {
        if (_hasNoCacheStatistics)
        {
            return null;
        }

        try
        {
            CacheRange range = new() { Offset = (ulong)offset, Length = (ulong)length };
            CacheStatistics found = default;

            // SAFETY: the system reads the first and writes the second, which are of this frame and have its layout.
            if (syscall(SYS_cachestat, file.Handle, &range, &found, 0) != 0)
            {
                _hasNoCacheStatistics = Marshal.GetLastPInvokeError() == ENOSYS;
                return null;
            }

            return (long)found.Cached;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    private static long PagesOf(long offset, long length) =>
        ((offset + length - 1) / Environment.SystemPageSize) - (offset / Environment.SystemPageSize) + 1;

    /// <summary>
    /// Whether the part is in memory, without waiting for it (preadv2(2), RWF_NOWAIT); null when the system or the file system does not
    /// say. Linux' mincore(2) is no answer: it says yes of everything to whoever neither owns the file nor may write it.
    /// </summary>
    public static bool? IsResident(MappedFile file, long offset, int length)
    {
        byte scratch = 0;
        for (int at = 0; at < length; at = at + Step < length || at == length - 1 ? at + Step : length - 1)
        {
            bool? isHere = ReadResident(file, offset + at, new Span<byte>(ref scratch));
            if (isHere is not true)
            {
                return isHere;
            }
        }

        return true;
    }

    /// <summary>Reads bytes that are in memory, and has the system begin to read those that are not, all at once.</summary>
    /// <returns>Whether all of them were; null as <see cref="IsResident"/>.</returns>
    public static bool? ReadResident(MappedFile file, long offset, Span<byte> bytes)
    {
        if (_isMissing)
        {
            return null;
        }

        try
        {
            // SAFETY: pinned during the call, which writes no more than the length.
            fixed (byte* start = bytes)
            {
                IoVector vector = new() { Base = start, Length = bytes.Length };
                nint count = preadv2(file.Handle, &vector, 1, offset, RWF_NOWAIT);
                return count == bytes.Length ? true
                    : count > 0 || (count < 0 && Marshal.GetLastPInvokeError() == EAGAIN) ? false
                    : null;
            }
        }
        catch (EntryPointNotFoundException)
        {
            _isMissing = true; // an old C library
            return null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(SafeHandle descriptor, long offset, long length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint preadv2(SafeHandle descriptor, IoVector* vectors, int count, long offset, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, SafeHandle descriptor, CacheRange* range, CacheStatistics* found, long flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mincore(void* address, nuint length, byte* states);

    /// <summary>struct cachestat_range.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CacheRange
    {
        public ulong Offset;
        public ulong Length;
    }

    /// <summary>struct cachestat, in pages.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CacheStatistics
    {
        public ulong Cached;
        public ulong Dirty;
        public ulong Writeback;
        public ulong Evicted;
        public ulong RecentlyEvicted;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        public byte* Base;
        public nint Length;
    }
}
