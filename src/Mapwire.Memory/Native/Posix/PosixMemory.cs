using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Posix;

/// <summary>What Linux and macOS do alike; their numbers differ.</summary>
internal abstract class PosixMemory : MemorySystem
{
    protected const int Interrupted = 4; // EINTR
    private const int Denied = 13; // EACCES
    private const int Busy = 16; // EBUSY
    private const int AsyncFlag = 1; // MS_ASYNC
    private const int InvalidateFlag = 2; // MS_INVALIDATE
    private const int UnlockFile = 8; // LOCK_UN
    private const long HugePageSize = 1 << 21; // what munmap wants whole, and what LinuxMemory asks for
    protected const int NoAccess = 0;
    protected const int MapShared = 0x01;
    protected const int MapPrivate = 0x02;
    protected const int MapFixed = 0x10;

    public override int Granularity => PageSize;

    /// <summary>EAGAIN: what a lock held elsewhere gives, besides EACCES.</summary>
    protected abstract int TakenElsewhere { get; }

    /// <summary>MS_SYNC.</summary>
    protected abstract int SyncFlag { get; }

    /// <summary>MAP_ANONYMOUS.</summary>
    protected abstract int MapAnonymous { get; }

    /// <summary>MAP_NORESERVE.</summary>
    protected abstract int MapNoReserve { get; }

    /// <summary>MAP_FIXED_NOREPLACE, or 0 where the system takes an address without MAP_FIXED as a wish: a wish not granted is
    /// given back and reported.</summary>
    protected abstract int MapFixedNoReplace { get; }

    public override SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share, bool execute)
    {
        SafeFileHandle file = base.Open(path, mode, access, share, execute);
        if ((share & FileShare.ReadWrite) == FileShare.ReadWrite)
        {
            Unlock(file);
        }

        return file;
    }

    public override SafePages Map(SafeFileHandle? file, in MapRequest request)
    {
        long page = request.HugePages == HugePages.Explicit ? HugePageSize : PageSize;
        long mapped = RoundUp(request.Length, page);
        long guard = request.GuardPages * page;
        long reserved = Math.Max(mapped, RoundUp(request.Reserve, page));
        if (guard == 0 && reserved == mapped)
        {
            nint only = MapOnce(file, request, request.Address, mapped, fixedFlag: request.Address == 0 ? 0 : MapFixedNoReplace);
            return new PosixPages(this, file is null, only, mapped, only, mapped, mapped);
        }

        // One reservation for guards, pages and room to grow; the pages then replace their part of it.
        nint wish = request.Address == 0 ? 0 : request.Address - (nint)guard;
        nint start = Reserve(wish, checked(reserved + 2 * guard));
        PosixPages pages = new(this, file is null, start + (nint)guard, mapped, start, reserved + 2 * guard, reserved);
        try
        {
            if (mapped > 0)
            {
                MapOnce(file, request, pages.Base, mapped, MapFixed);
            }

            return pages;
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    public override void Flush(nint address, long length, FlushMode mode, SafeFileHandle file, long offset)
    {
        int flags = mode switch
        {
            // One cache serves mappings and reads alike, so stores are visible when made; the call still refuses what is unmapped.
            FlushMode.Visible or FlushMode.Started => AsyncFlag,
            FlushMode.Durable => SyncFlag, // without MS_INVALIDATE, which fails for locked pages
            FlushMode.Invalidate => InvalidateFlag,
            _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "Not a flush mode."),
        };
        while (PosixCalls.Sync(address, (nuint)length, flags) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw SystemError.From($"Flushing {length} bytes ({mode})", error,
                    error == Busy ? "Pages of the range are locked in memory." : null);
            }
        }
    }

    public override void Protect(nint address, long length, MemoryAccess access, bool isPrivateFile)
    {
        if (PosixCalls.Protect(address, (nuint)length, Protection(access)) != 0)
        {
            throw SystemError.From($"Protecting {length} bytes ({access})", Marshal.GetLastPInvokeError());
        }
    }

    public override void Lock(nint address, long length)
    {
        if (PosixCalls.Lock(address, (nuint)length) != 0)
        {
            throw SystemError.From($"Locking {length} bytes in memory", Marshal.GetLastPInvokeError(),
                "Either the limit of locked memory is too low (ulimit -l), or a page cannot be brought in.");
        }
    }

    public override void Unlock(nint address, long length)
    {
        if (PosixCalls.Unlock(address, (nuint)length) != 0)
        {
            throw SystemError.From($"Unlocking {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void Residency(nint address, Span<byte> pages)
    {
        if (PosixCalls.InCore(address, (nuint)pages.Length * (nuint)PageSize, pages) != 0)
        {
            throw SystemError.From("Asking which pages are in memory", Marshal.GetLastPInvokeError());
        }
    }

    public override bool CanWaitForLock => true;

    public sealed override bool TryLockRange(SafeFileHandle owner, long offset, long length, bool exclusive, bool wait)
    {
        while (!TryLockRange(owner, offset, length, exclusive ? LockKind.Exclusive : LockKind.Shared, wait, out int error))
        {
            if (error == TakenElsewhere || error == Denied)
            {
                return false;
            }

            if (error != Interrupted)
            {
                throw SystemError.From($"Locking {length} bytes at {offset}", error);
            }
        }

        return true;
    }

    public sealed override void UnlockRange(SafeFileHandle owner, long offset, long length)
    {
        if (!TryLockRange(owner, offset, length, LockKind.None, wait: false, out int error))
        {
            throw SystemError.From($"Unlocking {length} bytes at {offset}", error);
        }
    }

    /// <summary>One fcntl on a lock of the open file description, which unlike a lock of the process is not lost when some other
    /// code closes the same file.</summary>
    protected abstract bool TryLockRange(
        SafeFileHandle owner, long offset, long length, LockKind kind, bool wait, out int error);

    /// <summary>Puts <paramref name="length"/> bytes of a mapping over reserved address space.</summary>
    public void MapOver(SafeFileHandle? file, in MapRequest request, nint address, long length) =>
        MapOnce(file, request, address, length, MapFixed);

    /// <summary>Turns pages into reserved address space again.</summary>
    public void UnmapOver(nint address, long length)
    {
        int flags = MapPrivate | MapAnonymous | MapNoReserve | MapFixed;
        if (PosixCalls.MapAnonymous(address, (nuint)length, NoAccess, flags, -1, 0) == PosixCalls.Failed)
        {
            throw SystemError.From($"Giving back {length} bytes", Marshal.GetLastPInvokeError());
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
        {
            throw SystemError.From($"Reserving {length} bytes of address space", Marshal.GetLastPInvokeError());
        }

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
        {
            return start;
        }

        _ = PosixCalls.Unmap(start, (nuint)length); // only ours: the system had just made it
        throw new IOException($"Mapping at address 0x{wish:x} failed: something is mapped there, or the system keeps it.");
    }

    /// <summary>Takes back the shared flock that .NET puts on every file it opens, even one that shares everything: another .NET
    /// program that wants to overwrite the file would be told that it is in use.</summary>
    protected static void Unlock(SafeFileHandle file) => _ = PosixCalls.LockFile(file, UnlockFile); // none to take back is as well
}
