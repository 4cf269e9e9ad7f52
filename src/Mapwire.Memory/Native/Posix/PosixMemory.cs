using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Posix;

/// <summary>What Linux and macOS do alike; their numbers differ.</summary>
internal abstract class PosixMemory : MemorySystem
{
    protected const int NoAccess = 0;
    protected const int MapShared = 0x01;
    protected const int MapPrivate = 0x02;
    protected const int MapFixed = 0x10;

    public override int Granularity => PageSize;

    /// <summary>MAP_ANONYMOUS.</summary>
    protected abstract int MapAnonymous { get; }

    /// <summary>MAP_NORESERVE.</summary>
    protected abstract int MapNoReserve { get; }

    /// <summary>MAP_FIXED_NOREPLACE, or 0 where the system takes an address without MAP_FIXED as a wish: a wish not granted is
    /// given back and reported.</summary>
    protected abstract int MapFixedNoReplace { get; }

    public override SafePages Map(SafeFileHandle? file, in MapRequest request)
    {
        long page = PageSize;
        long mapped = RoundUp(request.Length, page);
        long guard = request.GuardPages * page;
        long reserved = Math.Max(mapped, RoundUp(request.Reserve, page));
        if (guard == 0 && reserved == mapped)
        {
            nint only = MapOnce(file, request, request.Address, mapped, fixedFlag: request.Address == 0 ? 0 : MapFixedNoReplace);
            return new PosixPages(only, mapped, only, mapped, mapped);
        }

        // One reservation for guards, pages and room to grow; the pages then replace their part of it.
        nint wish = request.Address == 0 ? 0 : request.Address - (nint)guard;
        nint start = Reserve(wish, checked(reserved + 2 * guard));
        var pages = new PosixPages(start + (nint)guard, mapped, start, reserved + 2 * guard, reserved);
        try
        {
            MapOnce(file, request, pages.Base, mapped, MapFixed);
            return pages;
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    protected static long RoundUp(long value, long unit) => checked(value + unit - 1) / unit * unit;

    /// <summary>PROT_*: the same three bits on both systems as in <see cref="MemoryAccess"/>.</summary>
    protected static int Protection(MemoryAccess access) => (int)access;

    /// <summary>More flags for one mapping, such as MAP_HUGETLB.</summary>
    protected virtual int ExtraFlags(in MapRequest request) => 0;

    /// <summary>What to tell the user about an error of mmap.</summary>
    protected virtual string? Hint(in MapRequest request, int error) => null;

    private nint Reserve(nint wish, long length)
    {
        nint start = PosixCalls.MapAnonymous(
            wish, (nuint)length, NoAccess, MapPrivate | MapAnonymous | MapNoReserve | (wish == 0 ? 0 : MapFixedNoReplace), -1, 0);
        if (start == PosixCalls.Failed)
            throw SystemError.From($"Reserving {length} bytes of address space", Marshal.GetLastPInvokeError());
        return RefuseOtherPlace(start, wish, length);
    }

    private nint MapOnce(SafeFileHandle? file, in MapRequest request, nint address, long length, int fixedFlag)
    {
        int flags = fixedFlag | ExtraFlags(request);
        nint start = file is null
            ? PosixCalls.MapAnonymous(address, (nuint)length, Protection(request.Access), flags | MapPrivate | MapAnonymous, -1, 0)
            : PosixCalls.Map(address, (nuint)length, Protection(request.Access),
                flags | (request.IsPrivate ? MapPrivate : MapShared), file, request.Offset);
        if (start == PosixCalls.Failed)
        {
            int error = Marshal.GetLastPInvokeError();
            throw SystemError.From($"Mapping {length} bytes at offset {request.Offset}", error, Hint(request, error));
        }

        return RefuseOtherPlace(start, address, length);
    }

    private static nint RefuseOtherPlace(nint start, nint wish, long length)
    {
        if (wish == 0 || start == wish)
            return start;
        _ = PosixCalls.Unmap(start, (nuint)length); // only ours: the system had just made it
        throw new IOException($"Mapping at address 0x{wish:x} failed: something is mapped there, or the system keeps it.");
    }
}
