using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mapwire.Memory.Native;

namespace Mapwire.Memory;

// Plain access: values, spans, memory, sequences. As fast as memory, and a page that is gone is a fault.
public sealed partial class MappedRegion
{
    /// <summary>The longest piece of a <see cref="ReadOnlySequence{T}"/>: a power of two below the limit of a span.</summary>
    private const int MaxSegment = 1 << 30;

    /// <summary>Reads a value in the machine's byte order. A plain load: see the remarks on the class. For a loop over many values
    /// <see cref="OpenReader"/> or a span is faster: each of these calls checks bounds before the load and life after it.</summary>
    /// <typeparam name="T">Any type without references; alignment does not matter.</typeparam>
    /// <param name="offset">Where it starts, in bytes from the start of the region.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Read<T>(long offset) where T : unmanaged
    {
        if (RawMemory.SizeOf<T>() <= FastMargin && (ulong)offset < (ulong)_fastLength)
        {
            T value = RawMemory.Read<T>(_address + (nint)offset);
            Volatile.ReadBarrier(); // the look after the load: only a region still mapped has given a value of its own
            if (_fastLength != 0)
            {
                return value;
            }
        }

        return ReadNearEnd<T>(offset);
    }

    /// <summary>Writes a value in the machine's byte order. A plain store: see the remarks on the class.</summary>
    /// <typeparam name="T">Any type without references; alignment does not matter.</typeparam>
    /// <param name="offset">Where it starts, in bytes from the start of the region.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write<T>(long offset, T value) where T : unmanaged
    {
        RequireWrite();
        long length = _length;
        if (offset < 0 || offset > length - RawMemory.SizeOf<T>())
        {
            ThrowOutside(offset, RawMemory.SizeOf<T>());
        }

        RawMemory.Write(_address + (nint)offset, value);
        if (_length != length)
        {
            ObjectDisposedException.ThrowIf(_pages.IsClosed, this);
        }
    }

    /// <summary>A reference to a value in the region, to read and write in place: an atomic counter, a field of a structure.</summary>
    /// <typeparam name="T">Any type without references. Its layout should be explicit or sequential, so that all readers of the bytes
    /// agree on it.</typeparam>
    /// <param name="offset">Where it starts, in bytes from the start of the region. The address has to be aligned for
    /// <see cref="Interlocked"/>: a multiple of the value's size up to 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not inside the region.</exception>
    /// <exception cref="ArgumentException">The address is not aligned.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped. A reference used after that is as a span used after
    /// it.</exception>
    public ref T At<T>(long offset) where T : unmanaged
    {
        Span<byte> bytes = AsSpan(offset, RawMemory.SizeOf<T>());
        int alignment = RawMemory.AlignmentOf<T>();
        if ((_address + offset) % alignment != 0)
        {
            throw new ArgumentException($"The address of a {typeof(T).Name} must be a multiple of {alignment} (was offset {offset}).",
                nameof(offset));
        }

        return ref MemoryMarshal.AsRef<T>(bytes);
    }

    /// <summary>A part of the region as a span to read and write.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Span<byte> AsSpan(long offset, int length) => Window(offset, length, writable: true);

    /// <summary>The whole region as a span to read and write.</summary>
    /// <exception cref="InvalidOperationException">The region is not writable, or longer than a span can be.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Span<byte> AsSpan() => Window(0, SpanLength(), writable: true);

    /// <summary>A part of the region as a span to read.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySpan<byte> AsReadOnlySpan(long offset, int length) => Window(offset, length, writable: false);

    /// <summary>The whole region as a span to read.</summary>
    /// <exception cref="InvalidOperationException">The region is longer than a span can be.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySpan<byte> AsReadOnlySpan() => Window(0, SpanLength(), writable: false);

    /// <summary>A part of the region as memory to read and write. Pinning it holds a lease.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Memory<byte> AsMemory(long offset, int length)
    {
        Window(offset, length, writable: true);
        return new RegionWindow(this, _pages, offset, length, writable: true).Memory;
    }

    /// <summary>A part of the region as memory to read. Pinning it holds a lease.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlyMemory<byte> AsReadOnlyMemory(long offset, int length)
    {
        Window(offset, length, writable: false);
        return new RegionWindow(this, _pages, offset, length, writable: false).Memory;
    }

    /// <summary>A part of the region as values to read and write in place.</summary>
    /// <typeparam name="T">Any type without references. Its layout should be explicit or sequential, so that all readers of the bytes
    /// agree on it.</typeparam>
    /// <param name="offset">The offset of the first value, in bytes from the start of the region.</param>
    /// <param name="count">The number of values.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region, or longer than a span of bytes can be.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Span<T> AsSpan<T>(long offset, int count) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(Window(offset, GetBytes<T>(count), writable: true));

    /// <summary>A part of the region as values to read in place; otherwise like <see cref="AsSpan{T}"/>.</summary>
    /// <typeparam name="T">Any type without references.</typeparam>
    /// <param name="offset">The offset of the first value, in bytes from the start of the region.</param>
    /// <param name="count">The number of values.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region, or longer than a span of bytes can be.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySpan<T> AsReadOnlySpan<T>(long offset, int count) where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(Window(offset, GetBytes<T>(count), writable: false));

    /// <summary>A part of the region as memory with an owner, for code that takes an <see cref="IMemoryOwner{T}"/>: the region stays
    /// mapped until the owner is disposed of.</summary>
    /// <param name="offset">The offset of the first byte in the region.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="InvalidOperationException">The region is not writable.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public IMemoryOwner<byte> AsMemoryOwner(long offset, int length)
    {
        RequireWrite();
        RegionLease lease = Lease();
        try
        {
            return new RegionMemoryOwner(lease, AsMemory(offset, length));
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The region as a stream, with a position of its own. Reads and writes are guarded copies: what another program truncates
    /// is an <see cref="IOException"/>. It ends where the region ends, and holds a lease until it is disposed of.</summary>
    /// <returns>A stream that can seek, read and, if the region is writable, write. One thread at a time may use it.</returns>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public Stream AsStream() => new RegionStream(this, (Access & MemoryAccess.Write) != 0);

    /// <summary>The region, of any length, as a sequence of pieces of at most 1 GiB.</summary>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySequence<byte> AsSequence() => AsSequence(0, Length);

    /// <summary>A part of the region, of any length, as a sequence of pieces of at most 1 GiB.</summary>
    /// <param name="offset">The offset of the first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is unmapped.</exception>
    public ReadOnlySequence<byte> AsSequence(long offset, long length)
    {
        RequireInside(offset, length);
        RegionSegment first = new(AsReadOnlyMemory(offset, (int)Math.Min(length, MaxSegment)), previous: null);
        RegionSegment last = first;
        for (long done = first.Memory.Length; done < length; done += last.Memory.Length)
        {
            last = new RegionSegment(AsReadOnlyMemory(offset + done, (int)Math.Min(length - done, MaxSegment)), last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static int GetBytes<T>(int count) where T : unmanaged
    {
        long bytes = (long)count * RawMemory.SizeOf<T>();
        return bytes is >= 0 and <= int.MaxValue
            ? (int)bytes
            : throw new ArgumentOutOfRangeException(nameof(count), count,
            $"The span must have at most {int.MaxValue} bytes (was {bytes}).");
    }

    private T ReadNearEnd<T>(long offset) where T : unmanaged
    {
        long length = _length;
        if (offset < 0 || offset > length - RawMemory.SizeOf<T>())
        {
            ThrowOutside(offset, RawMemory.SizeOf<T>());
        }

        T value = RawMemory.Read<T>(_address + (nint)offset);
        Volatile.ReadBarrier();
        ObjectDisposedException.ThrowIf(_length == 0, this);
        return value;
    }

    internal Span<byte> Window(long offset, int length, bool writable)
    {
        if (writable)
        {
            RequireWrite();
        }

        RequireInside(offset, length);
        return RawMemory.Span(_address + (nint)offset, length);
    }

    private int SpanLength() =>
        Length <= int.MaxValue ? (int)Length : throw new InvalidOperationException("The region is longer than a span can be.");
}
