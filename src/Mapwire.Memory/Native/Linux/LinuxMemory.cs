using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Linux;

/// <summary>Linux, from kernel 5.14 for everything; older kernels refuse by name what they lack.</summary>
internal sealed unsafe class LinuxMemory : PosixMemory
{
    private const int Again = 11; // EAGAIN
    private const int BadAddress = 14; // EFAULT
    private const int NoSuchCall = 38; // ENOSYS
    private const int NotPermitted = 1; // EPERM
    private const int OutOfMemory = 12; // ENOMEM
    private const int InvalidArgument = 22; // EINVAL
    private const int MapHugePages = 0x40000; // MAP_HUGETLB
    private const int HugePageShift = 21 << 26; // MAP_HUGE_2MB
    private const int IllegalSeek = 29; // ESPIPE
    private const int NotSupported = 95; // EOPNOTSUPP
    private const int DropPages = 4; // MADV_DONTNEED and POSIX_FADV_DONTNEED
    private const int RemovePages = 9; // MADV_REMOVE
    private const int JoinPages = 14; // MADV_HUGEPAGE
    private const uint StartWriting = 2; // SYNC_FILE_RANGE_WRITE
    private const int KeepSize = 1; // FALLOC_FL_KEEP_SIZE
    private const int PunchHoleMode = 2; // FALLOC_FL_PUNCH_HOLE
    private const int SetLock = 37; // F_OFD_SETLK
    private const int SetLockWaiting = 38; // F_OFD_SETLKW
    private const int LargestTransfer = 1 << 30; // the kernel cuts at 2 GiB less a page

    private static readonly int Self = Environment.ProcessId;

    public override bool ReadsSeeMappedStores => true; // one page cache serves both

    protected override int MapAnonymous => 0x20;

    protected override int MapNoReserve => 0x4000;

    protected override int MapFixedNoReplace => 0x100000;

    protected override int SyncFlag => 4;

    protected override int TakenElsewhere => Again;

    public override string? WhyNot(MemoryCapability capability) => null;

    public override FileStatus Stat(SafeFileHandle file)
    {
        if (LinuxCalls.Statx(file, "", LinuxCalls.AtEmptyPath, LinuxCalls.StatxBasic, out StatxBuffer buffer) != 0)
        {
            throw SystemError.From("Asking for the state of a file", Marshal.GetLastPInvokeError());
        }

        return Status(buffer);
    }

    public override FileStatus Stat(string path)
    {
        if (LinuxCalls.Statx(LinuxCalls.AtCurrentFolder, path, 0, LinuxCalls.StatxBasic, out StatxBuffer buffer) != 0)
        {
            throw SystemError.From($"Asking for the state of '{path}'", Marshal.GetLastPInvokeError(), path: path);
        }

        return Status(buffer);
    }

    public override SafePages Map(SafeFileHandle? file, in MapRequest request)
    {
        SafePages pages = base.Map(file, request);
        if (request.HugePages != HugePages.Transparent
            || PosixCalls.Advise(pages.Base, (nuint)pages.MappedBytes, JoinPages) == 0)
        {
            return pages;
        }

        int error = Marshal.GetLastPInvokeError();
        pages.Dispose();
        throw SystemError.From("Asking for transparent huge pages", error, "The kernel may be built without them.");
    }

    public override bool TryCopy(nint source, nint destination, long length)
    {
        while (length > 0)
        {
            // SAFETY: both vectors are on this stack and used by the one call. Their memory may be gone: the kernel checks every
            // page on both sides and answers EFAULT instead of raising a signal.
            var part = (nuint)Math.Min(length, LargestTransfer);
            IoVector remote = new((void*)source, part);
            IoVector local = new((void*)destination, part);
            nint count = LinuxCalls.ReadProcess(Self, &local, 1, &remote, 1, 0);
            if (count > 0) // short: the page after it is gone, which the next round says
            {
                source += count;
                destination += count;
                length -= count;
            }
            else if (!Retry(Marshal.GetLastPInvokeError()))
            {
                return false;
            }
        }

        return true;
    }

    public override void Advise(nint address, long length, MemoryAdvice advice)
    {
        int number = advice switch
        {
            MemoryAdvice.Normal => 0,
            MemoryAdvice.Random => 1,
            MemoryAdvice.Sequential => 2,
            MemoryAdvice.WillNeed => 3,
            MemoryAdvice.DontNeed => 4,
            MemoryAdvice.Free => 8,
            MemoryAdvice.Cold => 20,
            MemoryAdvice.PageOut => 21,
            MemoryAdvice.PopulateRead => 22,
            MemoryAdvice.PopulateWrite => 23,
            _ => throw new ArgumentOutOfRangeException(nameof(advice), advice, "Not an advice."),
        };
        while (PosixCalls.Advise(address, (nuint)length, number) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw SystemError.From($"Advising {advice} for {length} bytes", error, error switch
                {
                    BadAddress => "A page cannot be read: the file was cut or its device fails.",
                    InvalidArgument => "The kernel or the kind of memory does not know this advice.",
                    _ => null,
                });
            }
        }
    }

    public override void Flush(nint address, long length, FlushMode mode, SafeFileHandle file, long offset)
    {
        if (mode != FlushMode.Started)
        {
            base.Flush(address, length, mode, file, offset);
            return;
        }

        if (LinuxCalls.SyncFileRange(file, offset, length, StartWriting) != 0) // MS_ASYNC starts nothing on Linux
        {
            int error = Marshal.GetLastPInvokeError();
            throw SystemError.From("Starting the write-back", error,
                error == IllegalSeek ? "The file system of this file does not write back." : null);
        }
    }

    public override void Discard(nint address, long length, MemoryAccess access, bool isFile, bool isPrivate)
    {
        if (PosixCalls.Advise(address, (nuint)length, isFile && !isPrivate ? RemovePages : DropPages) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        throw NotForThisFileSystem(error)
            ? new PlatformNotSupportedException("The file system cannot free blocks inside a file (MADV_REMOVE).")
            : SystemError.From($"Discarding {length} bytes", error, error == InvalidArgument ? "Are the pages locked?" : null);
    }

    public override void PunchHole(SafeFileHandle file, long offset, long length)
    {
        while (LinuxCalls.Allocate(file, KeepSize | PunchHoleMode, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (NotForThisFileSystem(error))
            {
                throw new PlatformNotSupportedException("The file system cannot free blocks inside a file (fallocate).");
            }

            if (error != Interrupted)
            {
                throw SystemError.From($"Punching a hole of {length} bytes at {offset}", error);
            }
        }
    }

    public override void Evict(SafeFileHandle file, long offset, long length)
    {
        // Unlike its kin this call returns the error itself.
        if (LinuxCalls.AdviseFile(file, offset, length, DropPages) is int error and not 0)
        {
            throw SystemError.From($"Evicting {length} bytes", error);
        }
    }

    public override SafeFileHandle LockOwner(MappedFile file)
    {
        // The link in /proc leads to the very file that is open, whatever its path names now, and opening it makes a new open
        // file description, which is what owns locks.
        bool added = false;
        file.Handle.DangerousAddRef(ref added);
        try
        {
            return Open($"/proc/self/fd/{file.Handle.DangerousGetHandle()}", FileMode.Open,
                file.CanWrite ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, execute: false);
        }
        finally
        {
            file.Handle.DangerousRelease();
        }
    }

    protected override bool TryLockRange(SafeFileHandle owner, long offset, long length, LockKind kind, bool wait, out int error)
    {
        LinuxLock range = new()
        {
            Kind = kind switch { LockKind.Shared => 0, LockKind.Exclusive => 1, _ => 2 }, // F_RDLCK, F_WRLCK, F_UNLCK
            Start = offset,
            Length = length,
        };
        bool done = PosixCalls.FileControl(owner, wait ? SetLockWaiting : SetLock, (nint)(&range)) == 0;
        error = done ? 0 : Marshal.GetLastPInvokeError();
        return done;
    }

    protected override int ExtraFlags(in MapRequest request) =>
        request.HugePages == HugePages.Explicit ? MapHugePages | HugePageShift : 0;

    protected override string? Hint(in MapRequest request, int error) =>
        error == OutOfMemory && request.HugePages == HugePages.Explicit
            ? "Too few huge pages are set aside: see vm.nr_hugepages."
            : null;

    /// <summary>False for a page that is gone; true to try again; anything else is not about pages and throws.</summary>
    private static bool Retry(int error) => error switch
    {
        BadAddress => false,
        Again or Interrupted => true,
        NoSuchCall or NotPermitted => throw new PlatformNotSupportedException(
            $"Guarded access needs process_vm_readv on the own process, which a filter of this container forbids (error {error})."),
        _ => throw SystemError.From("Copying memory", error),
    };

    private static bool NotForThisFileSystem(int error) => error is NotSupported or NoSuchCall;

    private static FileStatus Status(in StatxBuffer buffer)
    {
        FileKind kind = (buffer.Mode & 0xf000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Directory,
            0x2000 or 0x6000 => FileKind.Device,
            _ => FileKind.Stream,
        };
        long ticks = DateTime.UnixEpoch.Ticks + buffer.ModifiedSeconds * TimeSpan.TicksPerSecond + buffer.ModifiedNanoseconds / 100;
        ulong device = (ulong)buffer.DeviceMajor << 32 | buffer.DeviceMinor;
        return new FileStatus(new FileIdentity(device, buffer.Inode, buffer.Size, ticks), kind);
    }
}
