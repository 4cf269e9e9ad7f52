using Mapwire.Memory.Native;

namespace Mapwire.Memory;

// The pages of a region rather than its bytes: residency, locks, protection, advice, discarding.
public sealed partial class MappedRegion
{
    /// <summary>Pages asked for in one call: 256 MiB of the usual ones.</summary>
    private const int MaxPagesPerQuery = 1 << 16;

    /// <summary>Tells which pages of the region are in memory.</summary>
    /// <exception cref="UnauthorizedAccessException">The system does not tell this process (Linux).</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public PageResidency GetResidency() => GetResidency(0, Length);

    /// <summary>Tells which pages of a range are in memory at this moment: in the page cache for a file on Linux and macOS,
    /// whatever process brought them in; in this process's working set on Windows
    /// (<see cref="MemoryCapability.ResidencyOfPageCache"/>).</summary>
    /// <param name="offset">The offset of the first byte in the region.</param>
    /// <param name="length">The length in bytes; all pages that the range touches are looked at.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="UnauthorizedAccessException">Linux tells it only to a user who owns the file or may write to it; to all
    /// others it would say that every page is resident.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public PageResidency GetResidency(long offset, long length)
    {
        MemorySystem system = MemorySystem.Current;
        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        if (_pages.IsResidencyHidden)
        {
            throw new UnauthorizedAccessException(
                "Cannot tell which pages are in memory: the system tells it only to the file's owner and to users who may write to it.");
        }

        long count = bytes / system.PageSize;
        PageResidency residency = new(system.PageSize, count);
        var part = new byte[Math.Min(count, MaxPagesPerQuery)];
        for (long done = 0; done < count; done += part.Length)
        {
            Span<byte> pages = part.AsSpan(0, (int)Math.Min(part.Length, count - done));
            system.Residency(start + (nint)(done * system.PageSize), pages);
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

    /// <summary>Brings the pages of a range into memory and keeps them there until they are unlocked or unmapped. Locks are not
    /// counted: one unlock undoes any number.</summary>
    /// <param name="offset">The offset of the first byte in the region.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="IOException">A limit is reached, which the message names, or a page cannot be brought in.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void LockInMemory(long offset, long length)
    {
        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        if (bytes > 0)
        {
            MemorySystem.Current.Lock(start, bytes);
        }
    }

    /// <summary>Lets the system take the pages of a range out of memory again.</summary>
    /// <param name="offset">The offset of the first byte in the region.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="IOException">On Windows: pages of the range are not locked.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void UnlockInMemory(long offset, long length)
    {
        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        if (bytes > 0)
        {
            MemorySystem.Current.Unlock(start, bytes);
        }
    }

    /// <summary>Changes what the program may do with the pages of a range. For the whole region this changes
    /// <see cref="Access"/> too; for a part, plain access to it faults where the system forbids it.</summary>
    /// <param name="offset">The offset of the first byte: the region's first, or at the start of a page.</param>
    /// <param name="length">The length in bytes: to the region's end, or to the end of a page.</param>
    /// <param name="access">What is allowed from now on.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ArgumentException">The range would change bytes beside it, on the same page.</exception>
    /// <exception cref="InvalidOperationException">The file is open for reading only.</exception>
    /// <exception cref="UnauthorizedAccessException">The file was opened or the region mapped without this access.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Protect(long offset, long length, MemoryAccess access)
    {
        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        RequireWholePages(offset, length);
        if ((access & MemoryAccess.Write) != 0)
        {
            access |= MemoryAccess.Read;
            if (IsFile && !IsPrivate && !_pages.FileWritable)
            {
                throw new InvalidOperationException("Cannot protect a shared region for writing: its file was opened read-only.");
            }
        }

        _pages.ReadableFile = null; // reading the file would see what the protection hides
        if (bytes > 0)
        {
            MemorySystem.Current.Protect(start, bytes, access, IsFile && IsPrivate);
        }

        if (length == Length)
        {
            Access = access;
        }
    }

    /// <summary>Tells the system how a range is going to be used. Whole pages: those that the range touches.</summary>
    /// <param name="offset">The offset of the first byte in the region.</param>
    /// <param name="length">The length in bytes.</param>
    /// <param name="advice">How it is going to be used.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="PlatformNotSupportedException">The system does not take this advice; the message says why.</exception>
    /// <exception cref="InvalidOperationException">The advice would lose bytes (see <see cref="MemoryAdvice"/>).</exception>
    /// <exception cref="IOException">A page could not be brought in.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Advise(long offset, long length, MemoryAdvice advice)
    {
        PlatformCapabilities.Require(advice switch
        {
            MemoryAdvice.Normal => MemoryCapability.AdviseNormal,
            MemoryAdvice.Sequential => MemoryCapability.AdviseSequential,
            MemoryAdvice.Random => MemoryCapability.AdviseRandom,
            MemoryAdvice.WillNeed => MemoryCapability.AdviseWillNeed,
            MemoryAdvice.DontNeed => MemoryCapability.AdviseDontNeed,
            MemoryAdvice.Free => MemoryCapability.AdviseFree,
            MemoryAdvice.Cold => MemoryCapability.AdviseCold,
            MemoryAdvice.PageOut => MemoryCapability.AdvisePageOut,
            MemoryAdvice.PopulateRead => MemoryCapability.AdvisePopulateRead,
            MemoryAdvice.PopulateWrite => MemoryCapability.AdvisePopulateWrite,
            MemoryAdvice.HugePages or MemoryAdvice.NoHugePages => MemoryCapability.AdviseHugePages,
            MemoryAdvice.DontDump or MemoryAdvice.DoDump => MemoryCapability.AdviseDontDump,
            _ => throw Unknown.Value(nameof(advice), advice),
        });
        if (advice == MemoryAdvice.DontNeed && IsPrivate)
        {
            throw new InvalidOperationException("DontNeed would lose what was stored in private pages: use Discard, Cold or PageOut.");
        }

        if (advice == MemoryAdvice.Free && IsFile)
        {
            throw new InvalidOperationException("Free is for anonymous memory; use DontNeed or Cold for a file.");
        }

        if (advice == MemoryAdvice.PopulateWrite)
        {
            RequireWrite();
        }

        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        if (bytes > 0)
        {
            MemorySystem.Current.Advise(start, bytes, advice);
        }
    }

    /// <summary>Gives the memory behind a range back, and for a shared file its blocks on the disk too. The bytes are lost: a
    /// shared file and anonymous memory read as zero afterwards, private pages of a file read as the file again.</summary>
    /// <remarks>On Windows the pages are gone for a moment: no other thread may touch them meanwhile. A store to a discarded range
    /// of a shared file needs a block of the disk again, and faults if the disk is full.</remarks>
    /// <param name="offset">The offset of the first byte. Bytes beside whole pages are cleared by hand; for private pages of a
    /// file, which cannot be, the range has to begin and end like that of <see cref="Protect"/>.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ArgumentException">Private pages of a file, and not whole ones.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="PlatformNotSupportedException">The system or file system cannot do it; the message says why.</exception>
    /// <exception cref="IOException">A page is locked, or gone.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Discard(long offset, long length)
    {
        using RegionPin pin = new(_pages);
        (nint touched, long bytes) = GetPages(offset, length);
        RequireWrite();
        MemorySystem system = MemorySystem.Current;
        if (IsFile)
        {
            PlatformCapabilities.Require(IsPrivate ? MemoryCapability.DiscardPrivateFile : MemoryCapability.DiscardShared);
        }

        if (length == 0)
        {
            return;
        }

        nint start = _address + (nint)offset;
        nint end = start + (nint)length;
        nint page = system.PageSize;
        nint first = (start + page - 1) / page * page;
        nint last = end / page * page;
        if (IsFile && IsPrivate)
        {
            RequireWholePages(offset, length);
            first = touched;
            last = touched + (nint)bytes;
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

        system.Discard(first, last - first, Access, IsFile, IsPrivate);
    }

    private static void Clear(MemorySystem system, nint from, nint to)
    {
        if (from < to && !system.TryWrite(new byte[to - from], from))
        {
            throw new IOException("Cannot clear a page of the range: the file was truncated or its device fails.");
        }
    }

    /// <summary>Returns the address and the length of the whole pages that a range touches; (0, 0) for an empty range. The caller
    /// holds a pin.</summary>
    private (nint Start, long Bytes) GetPages(long offset, long length)
    {
        RequireInside(offset, length);
        if (length == 0)
        {
            return default;
        }

        int page = MemorySystem.Current.PageSize;
        nint first = _address + (nint)offset;
        nint start = first - first % page;
        return (start, (first + (nint)length - start + page - 1) / page * page);
    }

    private void RequireWholePages(long offset, long length)
    {
        long page = MemorySystem.Current.PageSize;
        nint start = _address + (nint)offset;
        if ((offset != 0 && start % page != 0) || (offset + length != Length && (start + length) % page != 0))
        {
            throw new ArgumentException(
                $"The range must begin and end at multiples of {page} in memory or at the region's own ends (was {length} bytes "
                + $"at {offset}).",
                nameof(offset));
        }
    }
}
