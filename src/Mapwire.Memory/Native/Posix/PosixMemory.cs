using System.Runtime.InteropServices;
using Mapwire.Memory.Formats;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Posix;

/// <summary>What Linux and macOS do alike; their numbers differ.</summary>
internal abstract class PosixMemory : MemorySystem
{
    // Numbers that Linux and macOS have in common.
    protected const int EPERM = 1;
    protected const int EINTR = 4;
    protected const int ENOMEM = 12;
    private const int EACCES = 13;
    protected const int EFAULT = 14;
    private const int EBUSY = 16;
    private const int EEXIST = 17;
    protected const int EINVAL = 22;
    private const int MS_ASYNC = 1;
    private const int MS_INVALIDATE = 2;
    private const int LOCK_UN = 8;
    private const int RLIMIT_FSIZE = 1;
    protected const int PROT_NONE = 0;
    protected const int MAP_SHARED = 0x01;
    protected const int MAP_PRIVATE = 0x02;
    protected const int MAP_FIXED = 0x10;
    private const long HugePageSize = 1 << 21; // what munmap wants whole, and what LinuxMemory asks for
    private const long WorthLooking = 4 << 20; // bytes of empty pages from which it is looked whether they take memory
    private static readonly Lock Appending = new();

    public override int Granularity => PageSize;

    public override long MaxFileLength =>
        PosixCalls.GetLimit(RLIMIT_FSIZE, out ResourceLimit limit) == 0 && limit.Current < long.MaxValue
        ? (long)limit.Current
        : long.MaxValue;

    /// <summary>What a lock held elsewhere gives, besides EACCES.</summary>
    protected abstract int EAGAIN { get; }

    protected abstract int MS_SYNC { get; }

    protected abstract int MAP_ANONYMOUS { get; }

    protected abstract int MAP_NORESERVE { get; }

    /// <summary>0 where the system takes an address without MAP_FIXED as a wish: a wish not granted is
    /// given back and reported.</summary>
    protected abstract int MAP_FIXED_NOREPLACE { get; }

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
            nint only = MapAnywhere(file, request, mapped);
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
                MapOnce(file, request, pages.Base, mapped, MAP_FIXED);
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
            FlushMode.Visible or FlushMode.Started => MS_ASYNC,
            FlushMode.Durable => MS_SYNC, // without MS_INVALIDATE, which fails for locked pages
            FlushMode.Invalidate => MS_INVALIDATE,
            _ => throw Unknown.Value(nameof(mode), mode),
        };
        while (PosixCalls.Sync(address, (nuint)length, flags) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != EINTR)
            {
                throw SystemError.From($"Flushing {length} bytes ({mode})", error,
                    error == EBUSY ? "Pages of the range are locked in memory." : null);
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
            if (error == EAGAIN || error == EACCES)
            {
                return false;
            }

            if (error != EINTR)
            {
                throw SystemError.From($"Locking {length} bytes at {offset}", error);
            }
        }

        return true;
    }

    public sealed override void UnlockRange(SafeFileHandle owner, long offset, long length)
    {
        while (!TryLockRange(owner, offset, length, LockKind.None, wait: false, out int error))
        {
            if (error != EINTR)
            {
                throw SystemError.From($"Unlocking {length} bytes at {offset}", error);
            }
        }
    }

    /// <summary>One fcntl on a lock of the open file description, which unlike a lock of the process is not lost when some other
    /// code closes the same file.</summary>
    protected abstract bool TryLockRange(
        SafeFileHandle owner, long offset, long length, LockKind kind, bool wait, out int error);

    /// <summary>Puts <paramref name="length"/> bytes of a mapping over reserved address space.</summary>
    public void MapOver(SafeFileHandle? file, in MapRequest request, nint address, long length) =>
        MapOnce(file, request, address, length, MAP_FIXED);

    /// <summary>Writes zeros behind the file's end, which needs space as no hole does. Of several that lengthen the same file, one at a
    /// time writes: zeros of the slower must not go over what the faster has stored since.</summary>
    protected void AppendZeros(SafeFileHandle file, long end)
    {
        lock (Appending)
        {
            bool locked = TryLockLengthening(file);
            try
            {
                long from = RandomAccess.GetLength(file);
                var zeros = new byte[(int)Math.Clamp(end - from, 0, 1 << 20)];
                for (long at = from; at < end; at += zeros.Length)
                {
                    RandomAccess.Write(file, zeros.AsSpan(0, (int)Math.Min(zeros.Length, end - at)), at);
                }
            }
            finally
            {
                if (locked)
                {
                    UnlockRange(file, LockBytes.Lengthening, 1);
                }
            }
        }
    }

    /// <returns>False if the file system has no locks: then nothing keeps two processes apart.</returns>
    private bool TryLockLengthening(SafeFileHandle file)
    {
        try
        {
            return TryLockRange(file, LockBytes.Lengthening, 1, exclusive: true, wait: true);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Turns pages into reserved address space again.</summary>
    public void UnmapOver(nint address, long length)
    {
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        if (PosixCalls.MapAnonymous(address, (nuint)length, PROT_NONE, flags, -1, 0) == PosixCalls.Failed)
        {
            throw SystemError.From($"Giving back {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Replaces pages by empty ones at the same addresses. Loads find zeros there; stores, where they were allowed, are
    /// lost.</summary>
    /// <returns>False if the system has no room for them: the pages are then as they were, or take memory that is not worth it.</returns>
    public bool TryEmpty(nint address, long length, MemoryAccess access)
    {
        int protection = Protection(access & MemoryAccess.ReadWrite | MemoryAccess.Read);
        int flags = MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED;
        return length > 0
            && ((Zeros is SafeFileHandle zeros && PosixCalls.Map(address, (nuint)length, protection, flags, zeros, 0) != PosixCalls.Failed)
                || PosixCalls.MapAnonymous(address, (nuint)length, protection, flags | MAP_ANONYMOUS, -1, 0) != PosixCalls.Failed)
            && !(length >= WorthLooking && IsPresent(address) && IsPresent(address + (nint)length - PageSize));
    }

    /// <summary>Whether a page of new empty ones is in memory, as after mlockall(MCL_FUTURE), which fills whatever is mapped.</summary>
    private bool IsPresent(nint page)
    {
        Span<byte> present = stackalloc byte[1];
        return PosixCalls.InCore(page, (nuint)PageSize, present) == 0 && (present[0] & 1) != 0;
    }

    /// <summary>A file whose private pages are empty memory, or null for anonymous pages.</summary>
    protected virtual SafeFileHandle? Zeros => null;

    protected static long RoundUp(long value, long unit) => checked(value + unit - 1) / unit * unit;

    /// <summary>PROT_*: the same three bits on both systems as in <see cref="MemoryAccess"/>.</summary>
    protected static int Protection(MemoryAccess access) => (int)access;

    /// <summary>More flags for one mapping, such as MAP_HUGETLB.</summary>
    protected virtual int ExtraFlags(in MapRequest request) => 0;

    /// <summary>What to tell the user about an error of mmap.</summary>
    protected virtual string? Hint(in MapRequest request, int error) => null;

    private nint Reserve(nint wish, long length)
    {
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (wish == 0 ? 0 : MAP_FIXED_NOREPLACE);
        while (true)
        {
            nint start = PosixCalls.MapAnonymous(wish, (nuint)length, PROT_NONE, flags, -1, 0);
            if (IsWhereWished(start, wish, length))
            {
                return start;
            }

            int error = Marshal.GetLastPInvokeError();
            if (!AddressQuarantine.GiveBackAll())
            {
                throw start == PosixCalls.Failed && error != EEXIST
                    ? SystemError.From($"Reserving {length} bytes of address space", error)
                    : AddressTaken(wish);
            }
        }
    }

    /// <summary>Maps where the request says, else where the system has room.</summary>
    private nint MapAnywhere(SafeFileHandle? file, in MapRequest request, long length)
    {
        if (request.Address != 0)
        {
            return MapOnce(file, request, request.Address, length, MAP_FIXED_NOREPLACE);
        }

        if (request.HugePages != HugePages.None || !AddressQuarantine.TryTakeOldest(length, out nint former))
        {
            return MapOnce(file, request, 0, length, fixedFlag: 0);
        }

        try
        {
            return MapOnce(file, request, former, length, MAP_FIXED);
        }
        catch
        {
            _ = PosixCalls.Unmap(former, (nuint)length);
            throw;
        }
    }

    private nint MapOnce(SafeFileHandle? file, in MapRequest request, nint address, long length, int fixedFlag)
    {
        int flags = fixedFlag | ExtraFlags(request);
        while (true)
        {
            nint start = file is null
                ? PosixCalls.MapAnonymous(address, (nuint)length, Protection(request.Access), flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                : PosixCalls.Map(address, (nuint)length, Protection(request.Access),
                    flags | (request.IsPrivate ? MAP_PRIVATE : MAP_SHARED), file, request.Offset);
            if (IsWhereWished(start, address, length))
            {
                return start;
            }

            // What keeps the address, or the address space, may be a range in quarantine.
            int error = Marshal.GetLastPInvokeError();
            if ((start == PosixCalls.Failed && error is not (ENOMEM or EEXIST)) || !AddressQuarantine.GiveBackAll())
            {
                throw start == PosixCalls.Failed && error != EEXIST
                    ? SystemError.From($"Mapping {length} bytes at offset {request.Offset}", error, Hint(request, error))
                    : AddressTaken(address);
            }
        }
    }

    /// <summary>Whether a mapping was made, at the address asked for if one was; one made elsewhere is undone.</summary>
    private static bool IsWhereWished(nint start, nint wish, long length)
    {
        if (start == PosixCalls.Failed)
        {
            return false;
        }

        if (wish == 0 || start == wish)
        {
            return true;
        }

        _ = PosixCalls.Unmap(start, (nuint)length); // only ours: the system had just made it
        return false;
    }

    private static IOException AddressTaken(nint address) =>
        new($"Mapping at address 0x{address:x} failed: something is mapped there, or the system keeps it.");

    /// <summary>Takes back the shared flock that .NET puts on every file it opens, even one that shares everything: another .NET
    /// program that wants to overwrite the file would be told that it is in use.</summary>
    protected static void Unlock(SafeFileHandle file) => _ = PosixCalls.LockFile(file, LOCK_UN); // none to take back is as well
}

/// <summary>F_RDLCK, F_WRLCK and F_UNLCK, which each system numbers its own way.</summary>
internal enum LockKind
{
    Shared,
    Exclusive,
    None,
}
