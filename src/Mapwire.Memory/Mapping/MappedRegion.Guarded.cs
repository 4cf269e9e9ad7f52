using Mapwire.Memory.Native;

namespace Mapwire.Memory;

// Guarded copies, which report a page that is gone instead of faulting.
public sealed partial class MappedRegion
{
    /// <summary>Copies bytes out and survives pages that are gone. Costs a system call, about a microsecond. On Linux it
    /// runs near the speed of a plain copy while the <see cref="MappedFile"/> of shared pages is open; else at about half of it. From
    /// 16 MiB on up to four threads of the pool share the work.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="destination">Where to; all of it is filled. Its content is undefined if the result is false.</param>
    /// <returns>False if a page of the range is gone: the file was cut, or its device failed. What is left of a file's last page
    /// after a cut reads as zero, as it does by a plain load; only whole pages can be missing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public bool TryRead(long offset, Span<byte> destination)
    {
        using RegionPin pin = new(_pages);
        RequireInside(offset, destination.Length);
        int done = GuardedRead.ReadFromFile(_pages.ReadableFile, Offset + offset, destination);
        return done == destination.Length || MemorySystem.Current.TryRead(_address + (nint)(offset + done), destination[done..]);
    }

    /// <summary>Copies bytes in and survives pages that are gone; otherwise like <see cref="TryRead"/>.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="source">What to write.</param>
    /// <returns>False if a page of the range is gone; what is before it may have been written.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public bool TryWrite(long offset, ReadOnlySpan<byte> source)
    {
        RequireWrite();
        using RegionPin pin = new(_pages);
        RequireInside(offset, source.Length);
        return MemorySystem.Current.TryWrite(source, _address + (nint)offset);
    }

    /// <summary>Copies bytes of any number into another region and survives pages that are gone in either.</summary>
    /// <param name="offset">The first byte here.</param>
    /// <param name="destination">Where to: another region, or a range of this one that does not overlap.</param>
    /// <param name="destinationOffset">The first byte there.</param>
    /// <param name="length">The length in bytes.</param>
    /// <returns>False if a page of either range is gone; what is before it may have been copied.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A range is not inside its region.</exception>
    /// <exception cref="InvalidOperationException">The destination is not writable.</exception>
    /// <exception cref="ObjectDisposedException">A region is unmapped.</exception>
    public bool TryCopyTo(long offset, MappedRegion destination, long destinationOffset, long length)
    {
        ArgumentNullException.ThrowIfNull(destination);
        destination.RequireWrite();
        using RegionPin pin = new(_pages);
        using RegionPin otherPin = new(destination._pages);
        RequireInside(offset, length);
        destination.RequireInside(destinationOffset, length);
        return BulkCopy.TryCopy(
            MemorySystem.Current, _address + (nint)offset, destination._address + (nint)destinationOffset, length);
    }
}
