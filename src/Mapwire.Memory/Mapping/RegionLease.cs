using System.Runtime.CompilerServices;
using Mapwire.Memory.Native;

namespace Mapwire.Memory;

/// <summary>Keeps the pages of a <see cref="MappedRegion"/> mapped until the lease is disposed of, whatever else disposes of the
/// region meanwhile. A lease that is dropped without <see cref="Dispose"/> ends when it is garbage collected.</summary>
public sealed class RegionLease : IDisposable
{
    private SafePages? _pages;

    internal RegionLease(MappedRegion region, SafePages pages)
    {
        Region = region;
        pages.BeginLease();
        _pages = pages;
    }

    /// <summary>Ends a lease that was dropped. The pages are a critical finalizer's, so they are still there.</summary>
    ~RegionLease() => Interlocked.Exchange(ref _pages, null)?.EndLease();

    /// <summary>The region, which works as before as long as this lease is held.</summary>
    public MappedRegion Region { get; }

    /// <summary>Ends the lease; the last one to end after the region's own disposal unmaps the pages.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _pages, null)?.EndLease();
        GC.SuppressFinalize(this);
    }
}

/// <summary>A lease for the time of a loop, with checked reads that cost what a pointer's cost.</summary>
/// <remarks>It keeps the pages of the region mapped until it is disposed of, so nothing has to be looked at after a load, and a loop
/// keeps address and length in registers. Used after <see cref="Dispose"/> it is as a span used after the region's disposal: the process
/// may end. Its length is the region's at the time it was opened: a region must not be shortened while a reader of it is in use. A page
/// that is gone because another program truncated the file is a fault, as with <see cref="MappedRegion.Read{T}"/>.</remarks>
/// <example><code>
/// using RegionReader reader = region.OpenReader();
/// for (long offset = 0; offset &lt; reader.Length; offset += 8)
/// {
///     sum += reader.Read&lt;long&gt;(offset);
/// }
/// </code></example>
public readonly ref struct RegionReader : IDisposable
{
    /// <summary>The size of values that one comparison checks; what is nearer to the end takes more.</summary>
    private const int Margin = 64;

    private readonly RegionLease? _lease;
    private readonly nint _address;
    private readonly long _length;
    private readonly ulong _fastLength; // offsets below it have Margin bytes before the end

    internal RegionReader(MappedRegion region, SafePages pages, nint address)
    {
        _lease = new RegionLease(region, pages);
        _address = address;
        _length = region.Length;
        _fastLength = (ulong)Math.Max(0, _length - Margin);
    }

    /// <summary>Bytes in the region when the reader was opened.</summary>
    public long Length => _length;

    /// <summary>Reads a value in the machine's byte order. A plain load.</summary>
    /// <typeparam name="T">Any type without references; alignment does not matter.</typeparam>
    /// <param name="offset">The offset of its first byte in the region.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is not inside the region.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(long offset) where T : unmanaged
    {
        if (RawMemory.SizeOf<T>() > Margin || (ulong)offset >= _fastLength)
        {
            RequireInside(offset, RawMemory.SizeOf<T>(), _length);
        }

        return RawMemory.Read<T>(_address + (nint)offset);
    }

    /// <summary>Ends the lease, of all copies of the reader.</summary>
    public void Dispose() => _lease?.Dispose();

    /// <summary>Static: a call that takes the reader by reference would keep it on the stack, and each read would load it anew.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RequireInside(long offset, int size, long length)
    {
        if (offset < 0 || offset > length - size)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{size} bytes at offset {offset} are not inside the region, which has {length}.");
        }
    }
}

/// <summary>A lease for the time of one call, without an allocation: a concurrent disposal must not let the addresses be used
/// for something else meanwhile.</summary>
internal readonly ref struct RegionPin : IDisposable
{
    private readonly SafePages _pages;

    /// <exception cref="ObjectDisposedException">The pages are disposed of, and nobody holds a lease.</exception>
    public RegionPin(SafePages pages)
    {
        pages.BeginCall();
        _pages = pages;
    }

    public void Dispose() => _pages.EndCall();
}
