using System.Buffers;

namespace Mapwire.Memory.Native;

/// <summary>A part of a region as <see cref="Memory{T}"/>. Holds the region, and while pinned its pages.</summary>
internal sealed unsafe class RegionWindow(MappedRegion region, SafePages pages, long offset, int length, bool writable)
    : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => region.Window(offset, length, writable);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length, nameof(elementIndex));
        pages.BeginCall(); // Unpin is its twin; mapped memory does not move, it only may go
        // SAFETY: the address is inside the region, which the reference just taken keeps mapped.
        return new MemoryHandle((void*)(region.DangerousAddress + (nint)(offset + elementIndex)), default, this);
    }

    public override void Unpin() => pages.EndCall();

    protected override void Dispose(bool disposing) { }
}
