using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>What has happened to the stores of a range when a flush returns.</summary>
public enum FlushMode
{
    /// <summary>Everyone on this machine who maps or reads the file sees them. They survive the process, not the machine.</summary>
    Visible = 0,

    /// <summary>They are on the way to the device: the write-back has been started, nothing has been waited for.</summary>
    Started = 1,

    /// <summary>They are on the device, and with them what is needed to find them there: they survive a loss of power as far as
    /// the device keeps its word.</summary>
    Durable = 2,

    /// <summary>Cached copies that other mappings of the file hold are invalid, so that they see the file as it is
    /// (<c>MS_INVALIDATE</c>). Fails with an <see cref="IOException"/> while pages of the range are locked in memory.</summary>
    Invalidate = 3,
}

// How far stores go: to the page cache, to the file, to the device.
public sealed partial class MappedRegion
{
    /// <summary>Brings the stores of the whole region where <paramref name="mode"/> says.</summary>
    /// <param name="mode">How far.</param>
    /// <exception cref="InvalidOperationException">The region is private, anonymous, or of a file open for reading only.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no such flush; the message says why.</exception>
    /// <exception cref="IOException">The device fails, or pages are locked and <see cref="FlushMode.Invalidate"/> is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Flush(FlushMode mode = FlushMode.Durable) => Flush(0, Length, mode);

    /// <summary>Brings the stores of a range where <paramref name="mode"/> says: all pages that the range touches, the last one
    /// included.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <param name="mode">How far.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is private, anonymous, or of a file open for reading only.</exception>
    /// <exception cref="PlatformNotSupportedException">The system has no such flush; the message says why.</exception>
    /// <exception cref="IOException">The device fails, or pages are locked and <see cref="FlushMode.Invalidate"/> is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public void Flush(long offset, long length, FlushMode mode = FlushMode.Durable)
    {
        if (!Enum.IsDefined(mode))
        {
            throw Unknown.Value(nameof(mode), mode);
        }

        if (mode == FlushMode.Invalidate)
        {
            PlatformCapabilities.Require(MemoryCapability.FlushInvalidate);
        }

        using RegionPin pin = new(_pages);
        (nint start, long bytes) = GetPages(offset, length);
        if (IsPrivate || (!_pages.FileWritable && IsFile))
        {
            throw new InvalidOperationException("Cannot flush: the region is private or anonymous, or its file was opened read-only.");
        }

        if (bytes > 0)
        {
            MemorySystem.Current.Flush(start, bytes, mode, _pages.File!, Offset + (start - _address));
        }
    }

    /// <summary>As <see cref="Flush(long, long, FlushMode)"/>, on a thread of the pool; the region is pinned meanwhile.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <param name="mode">How far.</param>
    /// <param name="cancellationToken">Ends it before it has begun; once begun it cannot be.</param>
    public Task FlushAsync(
        long offset, long length, FlushMode mode = FlushMode.Durable, CancellationToken cancellationToken = default)
    {
        RegionLease lease = Lease();
        return Task.Run(
            () =>
            {
                Flush(offset, length, mode);
            },
            cancellationToken).ContinueWith(
            flushed =>
            {
                lease.Dispose(); // also after a cancellation, when nothing ran
                return flushed;
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Unwrap();
    }
}
