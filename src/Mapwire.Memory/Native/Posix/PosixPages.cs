namespace Mapwire.Memory.Native.Posix;

/// <summary>Pages and their surroundings, all within one range of addresses that a single munmap gives back.</summary>
internal sealed class PosixPages : SafePages
{
    private readonly nint _start;
    private readonly long _total;

    public PosixPages(nint first, long mapped, nint start, long total, long reserved)
    {
        _start = start;
        _total = total;
        MappedBytes = mapped;
        ReservedBytes = reserved;
        SetHandle(first);
    }

    protected override bool Unmap() => PosixCalls.Unmap(_start, (nuint)_total) == 0;
}
