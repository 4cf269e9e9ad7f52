using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Windows;

/// <summary>One allocation with what is reserved around it, or one view of a section.</summary>
internal sealed class WindowsPages : SafePages
{
    private const uint MEM_COMMIT = 0x1000;
    private const uint MEM_DECOMMIT = 0x4000;
    private const uint MEM_RELEASE = 0x8000;

    private readonly nint _allocation;
    private readonly int _page;

    private WindowsPages(nint first, long mapped, long reserved, nint allocation, int page)
    {
        _allocation = allocation;
        _page = page;
        MappedBytes = mapped;
        ReservedBytes = reserved;
        SetHandle(first);
    }

    public static WindowsPages OfView(nint address, long mapped) => new(address, mapped, mapped, 0, 0);

    public static WindowsPages OfAllocation(nint first, long mapped, long reserved, nint allocation, int page) =>
        new(first, mapped, reserved, allocation, page);

    public override void Resize(in MapRequest request)
    {
        if (_allocation == 0)
        {
            throw new InvalidOperationException("The region was mapped without MapOptions.Reserve.");
        }

        long wanted = (request.Length + _page - 1) / _page * _page;
        bool done = wanted >= MappedBytes
            ? wanted == MappedBytes || WindowsCalls.Allocate(Base + (nint)MappedBytes, (nuint)(wanted - MappedBytes), MEM_COMMIT,
                WindowsMemory.Protection(request.Access, isPrivate: false)) != 0
            : WindowsCalls.Free(Base + (nint)wanted, (nuint)(MappedBytes - wanted), MEM_DECOMMIT);
        if (!done)
        {
            throw SystemError.From($"Resizing to {wanted} bytes", Marshal.GetLastPInvokeError());
        }

        MappedBytes = wanted;
    }

    protected override bool Unmap() =>
        _allocation == 0 ? WindowsCalls.UnmapView(handle) : WindowsCalls.Free(_allocation, 0, MEM_RELEASE);
}
