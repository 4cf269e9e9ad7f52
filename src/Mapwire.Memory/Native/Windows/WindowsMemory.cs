using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Windows;

/// <summary>Windows 10 version 1803 and later.</summary>
internal sealed unsafe class WindowsMemory : MemorySystem
{
    private const uint Commit = 0x1000; // MEM_COMMIT
    private const uint ReserveSpace = 0x2000; // MEM_RESERVE
    private const uint LargePages = 0x2000_0000; // MEM_LARGE_PAGES
    private const uint ViewCopy = 1; // FILE_MAP_COPY
    private const uint ViewWrite = 2; // FILE_MAP_WRITE
    private const uint ViewRead = 4; // FILE_MAP_READ
    private const uint ViewExecute = 0x20; // FILE_MAP_EXECUTE
    private const uint FileTypeDisk = 1;
    private const uint AttributeDirectory = 0x10;
    private const uint ReadAttributes = 0x80;
    private const uint ShareAll = 7;
    private const uint OpenExisting = 3;
    private const uint BackupSemantics = 0x0200_0000; // opens folders too
    private const int FileIdInfo = 18;
    private const int PartialCopy = 299; // ERROR_PARTIAL_COPY
    private const int NoAccess = 998; // ERROR_NOACCESS
    private const int LargestTransfer = 1 << 30;

    private readonly nint _self = WindowsCalls.GetCurrentProcess(); // a constant that needs no closing

    public WindowsMemory()
    {
        WindowsCalls.GetSystemInfo(out SystemInfo info);
        Granularity = (int)info.AllocationGranularity;
    }

    public override int Granularity { get; }

    public override string? WhyNot(MemoryCapability capability) => capability switch
    {
        MemoryCapability.ShrinkWhileMapped =>
            "Windows does not shorten a file while anyone maps it (ERROR_USER_MAPPED_FILE).",
        MemoryCapability.MapDevice => "Windows has no character devices that can be mapped; use anonymous memory.",
        MemoryCapability.TransparentHugePages =>
            "Windows joins no pages by itself; ask for HugePages.Explicit, which needs the privilege 'Lock pages in memory'.",
        MemoryCapability.AdviseNormal or MemoryCapability.AdviseSequential or MemoryCapability.AdviseRandom =>
            "Windows takes no read-ahead advice for views, only the flags of an open file.",
        MemoryCapability.AdviseFree => "Windows has no lazy free that keeps loads defined; use RegionPages.Discard.",
        MemoryCapability.AdviseCold or MemoryCapability.AdvisePageOut =>
            "Windows ages pages by itself and takes no advice on it; MemoryAdvice.DontNeed takes them out of the working set.",
        MemoryCapability.AdvisePopulateWrite => "Windows cannot map pages for stores without storing to them.",
        MemoryCapability.GuardPagesForFile => "Windows places a view by itself, without pages around it; guard anonymous memory instead.",
        _ => null,
    };

    public override FileStatus Stat(SafeFileHandle file)
    {
        if (WindowsCalls.GetFileType(file) != FileTypeDisk)
            return new FileStatus(default, FileKind.Stream);
        if (!WindowsCalls.GetFileInformation(file, out FileInformation information))
            throw SystemError.From("Asking for the state of a file", Marshal.GetLastPInvokeError());
        long length = (long)((ulong)information.SizeHigh << 32 | information.SizeLow);
        long ticks = DateTime.FromFileTimeUtc(Math.Max(0, information.LastWriteTime)).Ticks;

        // The 128-bit id is the only unique one on ReFS; file systems without it (FAT, some servers) have the 64-bit index.
        FileIdentity identity =
            WindowsCalls.GetFileInformation(file, FileIdInfo, out FileIdInformation id, (uint)sizeof(FileIdInformation))
                ? new FileIdentity(id.VolumeSerial, new UInt128(id.IdHigh, id.IdLow), length, ticks)
                : new FileIdentity(information.VolumeSerial, (ulong)information.IndexHigh << 32 | information.IndexLow, length, ticks);
        bool isDirectory = (information.Attributes & AttributeDirectory) != 0;
        return new FileStatus(identity, isDirectory ? FileKind.Directory : FileKind.Regular);
    }

    public override FileStatus Stat(string path)
    {
        using SafeFileHandle file = WindowsCalls.CreateFile(
            Path.GetFullPath(path), ReadAttributes, ShareAll, 0, OpenExisting, BackupSemantics, 0);
        if (file.IsInvalid)
            throw SystemError.From($"Asking for the state of '{path}'", Marshal.GetLastPInvokeError(), path: path);
        return Stat(file);
    }

    public override SafePages Map(SafeFileHandle? file, in MapRequest request)
    {
        if (file is null)
            return Allocate(request);
        using SafeSectionHandle section = WindowsCalls.CreateFileMapping(file, 0, Protection(request.Access, request.IsPrivate), 0, 0, 0);
        if (section.IsInvalid)
            throw SystemError.From("Making a section of the file", Marshal.GetLastPInvokeError());
        uint access = ViewAccess(request.Access, request.IsPrivate);
        nint address = WindowsCalls.MapView(
            section, access, (uint)(request.Offset >>> 32), (uint)request.Offset, (nuint)request.Length, request.Address);
        if (address == 0)
            throw SystemError.From($"Mapping {request.Length} bytes at offset {request.Offset}", Marshal.GetLastPInvokeError());
        return WindowsPages.OfView(address, RoundUp(request.Length));
    }

    public override bool TryRead(nint address, Span<byte> destination)
    {
        // SAFETY: the target is the caller's span, pinned here; the source is read by the kernel, which reports what cannot be
        // read instead of raising an exception in this process.
        fixed (byte* start = destination)
        {
            for (int done = 0; done < destination.Length;)
            {
                int length = Math.Min(destination.Length - done, LargestTransfer);
                if (WindowsCalls.ReadProcess(_self, (void*)(address + done), start + done, (nuint)length, out _))
                    done += length;
                else if (Marshal.GetLastPInvokeError() is int error and not (PartialCopy or NoAccess))
                    throw SystemError.From("ReadProcessMemory", error);
                else
                    return false;
            }
        }

        return true;
    }

    public override void Advise(nint address, long length, MemoryAdvice advice)
    {
        switch (advice)
        {
            case MemoryAdvice.WillNeed:
                var range = new MemoryRange(address, (nuint)length);
                // SAFETY: one range, on this stack for the time of the call.
                if (!WindowsCalls.Prefetch(_self, 1, &range, 0))
                    throw SystemError.From($"Prefetching {length} bytes", Marshal.GetLastPInvokeError());
                break;
            case MemoryAdvice.DontNeed:
                // Documented: unlocking pages that are not locked takes them out of the working set; the call then "fails".
                _ = WindowsCalls.Unlock(address, (nuint)length);
                break;
            case MemoryAdvice.PopulateRead:
                Span<byte> one = stackalloc byte[1];
                for (long page = 0; page < length; page += PageSize)
                    if (!TryRead(address + (nint)page, one))
                        throw new IOException($"The page at byte {page} of the range cannot be read.");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(advice), advice, "Not an advice.");
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
            ? WindowsCalls.Allocate(wish, (nuint)mapped, ReserveSpace | Commit | LargePages, protection)
            : WindowsCalls.Allocate(wish, (nuint)checked(reserved + 2 * guard), ReserveSpace, protection);
        if (start == 0)
            throw SystemError.From($"Reserving {reserved} bytes", Marshal.GetLastPInvokeError(),
                request.HugePages == HugePages.Explicit ? "Large pages need the privilege 'Lock pages in memory', enabled." : null);
        WindowsPages pages = WindowsPages.OfAllocation(start + (nint)guard, mapped, reserved, start);
        if (request.HugePages != HugePages.Explicit
            && WindowsCalls.Allocate(pages.Base, (nuint)mapped, Commit, protection) == 0)
        {
            int error = Marshal.GetLastPInvokeError();
            pages.Dispose();
            throw SystemError.From($"Committing {mapped} bytes", error);
        }

        return pages;
    }

    private long RoundUp(long value) => checked(value + PageSize - 1) / PageSize * PageSize;

    /// <summary>PAGE_*.</summary>
    private static uint Protection(MemoryAccess access, bool isPrivate)
    {
        bool write = (access & MemoryAccess.Write) != 0;
        uint plain = access == MemoryAccess.None ? 1u : !write ? 2u : isPrivate ? 8u : 4u;
        return (access & MemoryAccess.Execute) != 0 ? plain << 4 : plain; // the executable ones follow in the same order
    }

    private static uint ViewAccess(MemoryAccess access, bool isPrivate)
    {
        bool write = (access & MemoryAccess.Write) != 0;
        uint view = isPrivate && write ? ViewCopy : write ? ViewRead | ViewWrite : ViewRead;
        return (access & MemoryAccess.Execute) != 0 ? view | ViewExecute : view;
    }
}
