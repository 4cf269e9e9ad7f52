namespace Mapwire.Memory.Native.Windows;

/// <summary>One view of a section, or one allocation with what is reserved around it.</summary>
internal sealed class WindowsPages : SafePages
{
    private const uint Release = 0x8000; // MEM_RELEASE

    private readonly nint _allocation;

    private WindowsPages(nint first, long mapped, long reserved, nint allocation)
    {
        _allocation = allocation;
        MappedBytes = mapped;
        ReservedBytes = reserved;
        SetHandle(first);
    }

    public static WindowsPages OfView(nint address, long mapped) => new(address, mapped, mapped, 0);

    public static WindowsPages OfAllocation(nint first, long mapped, long reserved, nint allocation) =>
        new(first, mapped, reserved, allocation);

    protected override bool Unmap() =>
        _allocation == 0 ? WindowsCalls.UnmapView(handle) : WindowsCalls.Free(_allocation, 0, Release);
}
