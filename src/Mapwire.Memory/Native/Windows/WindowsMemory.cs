using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary>Windows 10 version 1803 and later.</summary>
internal sealed unsafe class WindowsMemory : MemorySystem
{
    private const uint MEM_COMMIT = 0x1000;
    private const uint MEM_RESERVE = 0x2000;
    private const uint MEM_DECOMMIT = 0x4000;
    private const uint MEM_LARGE_PAGES = 0x2000_0000;
    private const uint FILE_MAP_COPY = 1;
    private const uint FILE_MAP_WRITE = 2;
    private const uint FILE_MAP_READ = 4;
    private const uint FILE_MAP_EXECUTE = 0x20;
    private const uint FILE_TYPE_DISK = 1;
    private const uint FILE_ATTRIBUTE_DIRECTORY = 0x10;
    private const uint FILE_READ_ATTRIBUTES = 0x80;
    private const uint ShareAll = 7;
    private const uint OPEN_EXISTING = 3;
    private const uint FILE_FLAG_BACKUP_SEMANTICS = 0x0200_0000; // opens folders too
    private const int FileIdInfo = 18;
    private const uint OPEN_ALWAYS = 4;
    private const uint GENERIC_READ = 0x8000_0000;
    private const uint GENERIC_WRITE = 0x4000_0000;
    private const uint GENERIC_EXECUTE = 0x2000_0000;
    private const uint LOCKFILE_FAIL_IMMEDIATELY = 1;
    private const uint LOCKFILE_EXCLUSIVE_LOCK = 2;
    private const uint FSCTL_SET_SPARSE = 0x900c4;
    private const uint FSCTL_SET_ZERO_DATA = 0x980c8;
    private const int ERROR_INVALID_FUNCTION = 1;
    private const int ERROR_LOCK_VIOLATION = 33;
    private const int ERROR_NOT_SUPPORTED = 50;
    private const int ERROR_IO_PENDING = 997;
    private const int LargestTransfer = 1 << 30;

    private readonly nint _self = WindowsCalls.GetCurrentProcess(); // a constant that needs no closing

    private readonly bool _hasPlaceholders;

    public WindowsMemory()
    {
        WindowsCalls.GetSystemInfo(out SystemInfo info);
        Granularity = (int)info.AllocationGranularity;
        _hasPlaceholders = WindowsGrowingPages.CanReserve(_self, Granularity);
    }

    public override int Granularity { get; }

    public override long GrowthStep => Granularity; // a view cannot grow, and the next one begins at such a multiple

    public override string? GetUnsupportedReason(MemoryCapability capability) => capability switch
    {
        MemoryCapability.ShrinkWhileMapped =>
            "Windows does not shorten a file while anyone maps it (ERROR_USER_MAPPED_FILE).",
        MemoryCapability.MapDevice => "Windows has no character devices that can be mapped; use anonymous memory.",
        MemoryCapability.TransparentHugePages =>
            "Windows joins no pages by itself; ask for HugePages.Explicit, which needs the privilege 'Lock pages in memory'.",
        MemoryCapability.AdviseNormal or MemoryCapability.AdviseSequential or MemoryCapability.AdviseRandom =>
            "Windows takes no read-ahead advice for views, only the flags of an open file.",
        MemoryCapability.AdviseFree => "Windows has no lazy free that keeps loads defined; use MappedRegion.Discard.",
        MemoryCapability.AdviseCold or MemoryCapability.AdvisePageOut =>
            "Windows ages pages by itself and takes no advice on it; MemoryAdvice.DontNeed takes them out of the working set.",
        MemoryCapability.AdviseHugePages =>
            "Windows joins no pages by itself; ask for HugePages.Explicit when allocating.",
        MemoryCapability.AdviseDontDump => "Windows takes no advice on dumps; MINIDUMP_TYPE chooses what they have.",
        MemoryCapability.AdvisePopulateWrite => "Windows cannot map pages for stores without storing to them.",
        MemoryCapability.FlushInvalidate =>
            "Windows keeps all views of a local file coherent and has no call to drop cached copies.",
        MemoryCapability.DiscardShared => "Windows frees no blocks through a view; MappedFile.PunchHole frees them through the file.",
        MemoryCapability.DiscardPrivateFile => "Windows does not take back private copies of a file's pages; map it again.",
        MemoryCapability.EvictFile => "Windows has no call that drops one file from its cache.",
        MemoryCapability.ResidencyOfPageCache => "Windows tells only what is in this process's working set.",
        MemoryCapability.ReserveForFile when !_hasPlaceholders =>
            "This Windows cannot map views into reserved address space, as versions from 10.0.17134 (1803) on can.",
        MemoryCapability.GuardPagesForFile => "Windows places a view by itself, without pages around it; guard anonymous memory instead.",
        _ => null,
    };

    public override FileStatus Stat(SafeFileHandle file)
    {
        if (WindowsCalls.GetFileType(file) != FILE_TYPE_DISK)
        {
            return new FileStatus(default, FileKind.Stream);
        }

        if (!WindowsCalls.GetFileInformation(file, out FileInformation information))
        {
            throw SystemError.From("Asking for the state of a file", Marshal.GetLastPInvokeError());
        }

        long length = (long)((ulong)information.SizeHigh << 32 | information.SizeLow);
        long ticks = DateTime.FromFileTimeUtc(Math.Max(0, information.LastWriteTime)).Ticks;

        // The 128-bit id is the only unique one on ReFS; file systems without it (FAT, some servers) have the 64-bit index.
        FileIdentity identity =
            WindowsCalls.GetFileInformation(file, FileIdInfo, out FileIdInformation id, (uint)sizeof(FileIdInformation))
                ? new FileIdentity(id.VolumeSerial, new UInt128(id.IdHigh, id.IdLow), length, ticks)
                : new FileIdentity(information.VolumeSerial, (ulong)information.IndexHigh << 32 | information.IndexLow, length, ticks);
        bool isDirectory = (information.Attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
        return new FileStatus(identity, isDirectory ? FileKind.Directory : FileKind.Regular);
    }

    public override FileStatus Stat(string path)
    {
        using SafeFileHandle file = WindowsCalls.CreateFile(
            Path.GetFullPath(path), FILE_READ_ATTRIBUTES, ShareAll, 0, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, 0);
        if (file.IsInvalid)
        {
            throw SystemError.From($"Asking for the state of '{path}'", Marshal.GetLastPInvokeError(), path: path);
        }

        return Stat(file);
    }

    public override SafePages Map(SafeFileHandle? file, in MapRequest request)
    {
        if (file is null)
        {
            return Allocate(request);
        }

        if (request.Reserve > 0)
        {
            return MapGrowing(file, request);
        }

        using SafeSectionHandle section = WindowsCalls.CreateFileMapping(file, 0, Protection(request.Access, request.IsPrivate), 0, 0, 0);
        if (section.IsInvalid)
        {
            throw SystemError.From("Making a section of the file", Marshal.GetLastPInvokeError());
        }

        uint access = ViewAccess(request.Access, request.IsPrivate);
        nint address = WindowsCalls.MapView(
            section, access, (uint)(request.Offset >>> 32), (uint)request.Offset, (nuint)request.Length, request.Address);
        if (address == 0)
        {
            throw SystemError.From($"Mapping {request.Length} bytes at offset {request.Offset}", Marshal.GetLastPInvokeError());
        }

        return WindowsPages.OfView(address, RoundUp(request.Length));
    }

    public override bool TryCopy(nint source, nint destination, long length)
    {
        while (length > 0)
        {
            // SAFETY: both ranges are the caller's; either may be gone, which the kernel reports instead of raising an exception.
            var part = (nint)Math.Min(length, LargestTransfer);
            if (!WindowsCalls.ReadProcess(_self, (void*)source, (void*)destination, (nuint)part, out _))
            {
                return false; // ERROR_PARTIAL_COPY, ERROR_NOACCESS, and what reading the page in may answer: it cannot be had
            }

            source += part;
            destination += part;
            length -= part;
        }

        return true;
    }

    public override void Advise(nint address, long length, MemoryAdvice advice)
    {
        switch (advice)
        {
            case MemoryAdvice.WillNeed:
                MemoryRange range = new(address, (nuint)length);
                // SAFETY: one range, on this stack for the time of the call.
                if (!WindowsCalls.Prefetch(_self, 1, &range, 0))
                {
                    throw SystemError.From($"Prefetching {length} bytes", Marshal.GetLastPInvokeError());
                }

                break;
            case MemoryAdvice.DontNeed:
                // Documented: unlocking pages that are not locked takes them out of the working set; the call then "fails".
                _ = WindowsCalls.Unlock(address, (nuint)length);
                break;
            case MemoryAdvice.PopulateRead:
                Span<byte> one = stackalloc byte[1];
                for (long page = 0; page < length; page += PageSize)
                {
                    if (!TryRead(address + (nint)page, one))
                    {
                        throw new IOException($"The page at byte {page} of the range cannot be read.");
                    }
                }

                break;
            default:
                throw Unknown.Value(nameof(advice), advice);
        }
    }

    public override void Flush(nint address, long length, FlushMode mode, SafeFileHandle file, long offset)
    {
        if (!WindowsCalls.FlushView(address, (nuint)length))
        {
            throw SystemError.From($"Flushing {length} bytes", Marshal.GetLastPInvokeError());
        }

        if (mode == FlushMode.Durable && !WindowsCalls.FlushFile(file)) // the view's flush stops at the device's cache
        {
            throw SystemError.From("Flushing the file to its device", Marshal.GetLastPInvokeError());
        }
    }

    public override void Protect(nint address, long length, MemoryAccess access, bool isPrivateFile)
    {
        if (!WindowsCalls.Protect(address, (nuint)length, Protection(access, isPrivateFile), out _))
        {
            throw SystemError.From($"Protecting {length} bytes ({access})", Marshal.GetLastPInvokeError());
        }
    }

    public override void Lock(nint address, long length)
    {
        if (!WindowsCalls.Lock(address, (nuint)length))
        {
            throw SystemError.From($"Locking {length} bytes in memory", Marshal.GetLastPInvokeError(),
                "The limit is the process's minimum working set (Process.MinWorkingSet).");
        }
    }

    public override void Unlock(nint address, long length)
    {
        if (!WindowsCalls.Unlock(address, (nuint)length))
        {
            throw SystemError.From($"Unlocking {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void Residency(nint address, Span<byte> pages)
    {
        Span<WorkingSetPage> batch = stackalloc WorkingSetPage[256];
        for (int done = 0; done < pages.Length; done += batch.Length)
        {
            int count = Math.Min(batch.Length, pages.Length - done);
            for (int i = 0; i < count; i++)
            {
                batch[i] = new WorkingSetPage { Address = address + (nint)(done + i) * PageSize };
            }
            // SAFETY: the batch is on this stack, its size given in bytes.
            fixed (WorkingSetPage* first = batch)
            {
                if (!WindowsCalls.QueryWorkingSet(_self, first, (uint)(count * sizeof(WorkingSetPage))))
                {
                    throw SystemError.From("Asking which pages are in memory", Marshal.GetLastPInvokeError());
                }
            }

            for (int i = 0; i < count; i++)
            {
                pages[done + i] = (byte)(batch[i].Attributes & 1);
            }
        }
    }

    public override void Discard(nint address, long length, MemoryAccess access, bool isFile, bool isPrivate)
    {
        // Files never get here. Between the two calls the pages are not there.
        if (!WindowsCalls.Free(address, (nuint)length, MEM_DECOMMIT)
            || WindowsCalls.Allocate(address, (nuint)length, MEM_COMMIT, Protection(access, isPrivate: false)) == 0)
        {
            throw SystemError.From($"Discarding {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void PunchHole(SafeFileHandle file, long offset, long length)
    {
        ZeroRange range = new(offset, offset + length);
        // SAFETY: the range is on this stack for the time of the synchronous call.
        if (!WindowsCalls.Control(file, FSCTL_SET_SPARSE, null, 0, null, 0, out _, 0)
            || !WindowsCalls.Control(file, FSCTL_SET_ZERO_DATA, &range, (uint)sizeof(ZeroRange), null, 0, out _, 0))
        {
            int error = Marshal.GetLastPInvokeError();
            throw error is ERROR_INVALID_FUNCTION or ERROR_NOT_SUPPORTED
                ? new PlatformNotSupportedException("The file system cannot free blocks inside a file (FSCTL_SET_ZERO_DATA).")
                : SystemError.From($"Punching a hole of {length} bytes at {offset}", error);
        }
    }

    public override void Allocate(SafeFileHandle file, long offset, long length)
    {
        if (RandomAccess.GetLength(file) < offset + length)
        {
            RandomAccess.SetLength(file, offset + length); // clusters are allocated with the length, but for sparse files
        }
    }

    public override void Evict(SafeFileHandle file, long offset, long length) =>
        throw new PlatformNotSupportedException(GetUnsupportedReason(MemoryCapability.EvictFile));

    public override SafeFileHandle LockOwner(MappedFile file)
    {
        // A handle of its own: through one and the same handle a shared lock may overlap an exclusive one.
        SafeFileHandle owner = WindowsCalls.Reopen(
            file.Handle, GENERIC_READ | (file.CanWrite ? GENERIC_WRITE : 0), ShareAll, 0);
        return owner.IsInvalid
            ? throw SystemError.From("Opening the file once more for a lock", Marshal.GetLastPInvokeError(),
                "It has to be open with FileShare.ReadWrite.")
            : owner;
    }

    public override bool CanWaitForLock => false; // waiting holds the file object, and with it the thread that would unlock

    public override bool TryLockRange(SafeFileHandle owner, long offset, long length, bool exclusive, bool wait)
    {
        Overlapped range = new(offset);
        // SAFETY: the range is on this stack; the handle is synchronous, so the call is over when it returns.
        if (WindowsCalls.LockFile(owner, LOCKFILE_FAIL_IMMEDIATELY | (exclusive ? LOCKFILE_EXCLUSIVE_LOCK : 0), 0, (uint)length,
            (uint)(length >>> 32), &range))
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error is ERROR_LOCK_VIOLATION or ERROR_IO_PENDING
            ? false
            : throw SystemError.From($"Locking {length} bytes at {offset}", error);
    }

    public override void UnlockRange(SafeFileHandle owner, long offset, long length)
    {
        Overlapped range = new(offset);
        // SAFETY: as above.
        if (!WindowsCalls.UnlockFile(owner, 0, (uint)length, (uint)(length >>> 32), &range))
        {
            throw SystemError.From($"Unlocking {length} bytes at {offset}", Marshal.GetLastPInvokeError());
        }
    }

    public override SafeFileHandle Open(string path, FileMode mode, FileAccess access, FileShare share, bool execute)
    {
        if (!execute)
        {
            return base.Open(path, mode, access, share, execute);
        }

        uint rights = GENERIC_READ | GENERIC_EXECUTE | ((access & FileAccess.Write) != 0 ? GENERIC_WRITE : 0);
        SafeFileHandle file = WindowsCalls.CreateFile(
            Path.GetFullPath(path), rights, (uint)share & ShareAll, 0, mode == FileMode.Open ? OPEN_EXISTING : OPEN_ALWAYS, 0, 0);
        return file.IsInvalid ? throw SystemError.From($"Opening '{path}'", Marshal.GetLastPInvokeError(), path: path) : file;
    }

    private WindowsGrowingPages MapGrowing(SafeFileHandle file, in MapRequest request)
    {
        WindowsGrowingPages pages = new(_self, Granularity, Math.Max(request.Reserve, request.Length), request.Address);
        try
        {
            if (request.Length > 0)
            {
                pages.Resize(file, request);
            }

            return pages;
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    private WindowsPages Allocate(in MapRequest request)
    {
        long page = request.HugePages == HugePages.Explicit ? (long)WindowsCalls.GetLargePageMinimum() : PageSize;
        long mapped = (request.Length + page - 1) / page * page;
        long guard = (long)request.GuardPages * PageSize;
        long reserved = Math.Max(mapped, RoundUp(request.Reserve));
        uint protection = Protection(request.Access, isPrivate: false);
        nint wish = request.Address == 0 ? 0 : request.Address - (nint)guard;
        nint start = request.HugePages == HugePages.Explicit
            ? WindowsCalls.Allocate(wish, (nuint)mapped, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, protection)
            : WindowsCalls.Allocate(wish, (nuint)checked(reserved + 2 * guard), MEM_RESERVE, protection);
        if (start == 0)
        {
            throw SystemError.From($"Reserving {reserved} bytes", Marshal.GetLastPInvokeError(),
                request.HugePages == HugePages.Explicit ? "Large pages need the privilege 'Lock pages in memory', enabled." : null);
        }

        WindowsPages pages = WindowsPages.OfAllocation(start + (nint)guard, mapped, reserved, start, PageSize);
        if (request.HugePages != HugePages.Explicit && mapped > 0
            && WindowsCalls.Allocate(pages.Base, (nuint)mapped, MEM_COMMIT, protection) == 0)
        {
            int error = Marshal.GetLastPInvokeError();
            pages.Dispose();
            throw SystemError.From($"Committing {mapped} bytes", error);
        }

        return pages;
    }

    private long RoundUp(long value) => checked(value + PageSize - 1) / PageSize * PageSize;

    /// <summary>PAGE_*.</summary>
    public static uint Protection(MemoryAccess access, bool isPrivate)
    {
        bool write = (access & MemoryAccess.Write) != 0;
        uint plain = access == MemoryAccess.None ? 1u : !write ? 2u : isPrivate ? 8u : 4u;
        return (access & MemoryAccess.Execute) != 0 ? plain << 4 : plain; // the executable ones follow in the same order
    }

    private static uint ViewAccess(MemoryAccess access, bool isPrivate)
    {
        bool write = (access & MemoryAccess.Write) != 0;
        uint view = isPrivate && write ? FILE_MAP_COPY : write ? FILE_MAP_READ | FILE_MAP_WRITE : FILE_MAP_READ;
        return (access & MemoryAccess.Execute) != 0 ? view | FILE_MAP_EXECUTE : view;
    }
}
