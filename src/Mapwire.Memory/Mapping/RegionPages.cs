using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>What a program does to the pages of a region rather than to its bytes.</summary>
public static class RegionPages
{
    /// <summary>Asked for at once: 64 Ki pages, 256 MiB of the usual ones.</summary>
    private const int PagesAtOnce = 1 << 16;

    /// <summary>Which pages of the region are in memory.</summary>
    /// <param name="region">The region.</param>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static PageResidency GetResidency(this MappedRegion region) => region.GetResidency(0, region.Length);

    /// <summary>Which pages that a range touches are in memory, at this moment: in the page cache for a file on Linux and macOS,
    /// whoever brought them in; in this process's working set on Windows
    /// (<see cref="MemoryCapability.ResidencyOfPageCache"/>).</summary>
    /// <remarks>Linux tells it only to those who may write to the file or own it; to all others every page looks resident.</remarks>
    /// <param name="region">The region.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static PageResidency GetResidency(this MappedRegion region, long offset, long length)
    {
        MemorySystem system = MemorySystem.Current;
        using PageRange range = new(region, offset, length);
        long count = range.Length / system.PageSize;
        PageResidency residency = new(system.PageSize, count);
        var part = new byte[Math.Min(count, PagesAtOnce)];
        for (long done = 0; done < count; done += part.Length)
        {
            Span<byte> pages = part.AsSpan(0, (int)Math.Min(part.Length, count - done));
            system.Residency(range.Start + (nint)(done * system.PageSize), pages);
            for (int i = 0; i < pages.Length; i++)
            {
                if ((pages[i] & 1) != 0)
                {
                    residency.Set(done + i);
                }
            }
        }

        return residency;
    }

    /// <summary>Brings the pages of a range into memory and keeps them there until they are unlocked or unmapped. Locks do not
    /// add up: one unlock undoes any number.</summary>
    /// <param name="region">The region.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="IOException">A limit is reached, which the message names, or a page cannot be brought in.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static void LockInMemory(this MappedRegion region, long offset, long length)
    {
        using PageRange range = new(region, offset, length);
        if (range.Length > 0)
        {
            MemorySystem.Current.Lock(range.Start, range.Length);
        }
    }

    /// <summary>Lets the system take the pages of a range out of memory again.</summary>
    /// <param name="region">The region.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="IOException">On Windows: pages of the range are not locked.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static void UnlockInMemory(this MappedRegion region, long offset, long length)
    {
        using PageRange range = new(region, offset, length);
        if (range.Length > 0)
        {
            MemorySystem.Current.Unlock(range.Start, range.Length);
        }
    }

    /// <summary>Changes what the program may do with the pages of a range. For the whole region this changes
    /// <see cref="MappedRegion.Access"/> too; for a part, plain access to it faults where the system forbids it.</summary>
    /// <param name="region">The region.</param>
    /// <param name="offset">The first byte: the region's first, or at the start of a page.</param>
    /// <param name="length">How many bytes: to the region's end, or to the end of a page.</param>
    /// <param name="access">What is allowed from now on.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ArgumentException">The range would change bytes beside it, on the same page.</exception>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="UnauthorizedAccessException">The file was opened or the region mapped without this access.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static void Protect(this MappedRegion region, long offset, long length, MemoryAccess access)
    {
        using PageRange range = new(region, offset, length);
        RequireWholePages(region, offset, length);
        if ((access & MemoryAccess.Write) != 0)
        {
            access |= MemoryAccess.Read;
            if (region.IsFile && !region.IsPrivate && !region.Pages.FileWritable)
            {
                throw new InvalidOperationException("The file is open for reading only.");
            }
        }

        region.Pages.ReadableFile = null; // reading the file would see what the protection hides
        if (range.Length > 0)
        {
            MemorySystem.Current.Protect(range.Start, range.Length, access, region.IsFile && region.IsPrivate);
        }

        if (length == region.Length)
        {
            region.Access = access;
        }
    }

    /// <summary>Gives the memory behind a range back, and for a shared file its blocks on the disk too. The bytes are lost: a
    /// shared file and anonymous memory read as zero afterwards, private pages of a file read as the file again.</summary>
    /// <remarks>On Windows the pages are gone for a moment: no other thread may touch them meanwhile.</remarks>
    /// <param name="region">The region; it has to be writable.</param>
    /// <param name="offset">The first byte. Bytes beside whole pages are cleared by hand; for private pages of a file, which
    /// cannot be, the range has to begin and end like that of <see cref="Protect"/>.</param>
    /// <param name="length">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ArgumentException">Private pages of a file, and not whole ones.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="PlatformNotSupportedException">The system or file system cannot do it; the message says why.</exception>
    /// <exception cref="IOException">A page is locked, or gone.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public static void Discard(this MappedRegion region, long offset, long length)
    {
        using PageRange touched = new(region, offset, length);
        region.RequireWrite();
        MemorySystem system = MemorySystem.Current;
        if (region.IsFile)
        {
            PlatformCapabilities.Require(region.IsPrivate ? MemoryCapability.DiscardPrivateFile : MemoryCapability.DiscardShared);
        }

        if (length == 0)
        {
            return;
        }

        nint start = region.DangerousAddress + (nint)offset;
        nint end = start + (nint)length;
        nint page = system.PageSize;
        nint first = (start + page - 1) / page * page;
        nint last = end / page * page;
        if (region.IsFile && region.IsPrivate)
        {
            RequireWholePages(region, offset, length);
            first = touched.Start;
            last = touched.Start + (nint)touched.Length;
        }
        else if (first >= last)
        {
            Clear(system, start, end); // inside one page, or two halves of neighbours
            return;
        }
        else
        {
            Clear(system, start, first);
            Clear(system, last, end);
        }

        system.Discard(first, last - first, region.Access, region.IsFile, region.IsPrivate);
    }

    private static void Clear(MemorySystem system, nint from, nint to)
    {
        if (from < to && !system.TryWrite(new byte[to - from], from))
        {
            throw new IOException("A page of the range is gone: the file was cut or its device fails.");
        }
    }

    private static void RequireWholePages(MappedRegion region, long offset, long length)
    {
        long page = MemorySystem.Current.PageSize;
        nint start = region.DangerousAddress + (nint)offset;
        if ((offset != 0 && start % page != 0) || (offset + length != region.Length && (start + length) % page != 0))
        {
            throw new ArgumentException(
                $"The range must begin and end at multiples of {page} in memory or at the region's own ends.", nameof(offset));
        }
    }
}
