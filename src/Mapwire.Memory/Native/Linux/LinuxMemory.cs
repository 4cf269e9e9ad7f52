using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Linux;

/// <summary>Linux, from kernel 5.14 for everything; older kernels refuse by name what they lack.</summary>
internal sealed unsafe class LinuxMemory : PosixMemory
{
    private SafeFileHandle? _zeros;

    private const int ESPIPE = 29;
    private const int ENOSYS = 38;
    private const int EOPNOTSUPP = 95;
    private const int MAP_HUGETLB = 0x40000;
    private const int MAP_HUGE_2MB = 21 << 26;
    private const int MAP_POPULATE = 0x8000;
    private const int MADV_NORMAL = 0;
    private const int MADV_RANDOM = 1;
    private const int MADV_SEQUENTIAL = 2;
    private const int MADV_WILLNEED = 3;
    private const int MADV_DONTNEED = 4;
    private const int MADV_FREE = 8;
    private const int MADV_REMOVE = 9;
    private const int MADV_HUGEPAGE = 14;
    private const int MADV_NOHUGEPAGE = 15;
    private const int MADV_DONTDUMP = 16;
    private const int MADV_DODUMP = 17;
    private const int MADV_COLD = 20;
    private const int MADV_PAGEOUT = 21;
    private const int MADV_POPULATE_READ = 22;
    private const int MADV_POPULATE_WRITE = 23;
    private const int POSIX_FADV_DONTNEED = 4;
    private const uint SYNC_FILE_RANGE_WRITE = 2;
    private const int FALLOC_FL_KEEP_SIZE = 1;
    private const int FALLOC_FL_PUNCH_HOLE = 2;
    private const int F_OFD_SETLK = 37;
    private const int F_OFD_SETLKW = 38;
    private const int AT_EACCESS = 0x200;
    private const int W_OK = 2;
    private const int LargestTransfer = 1 << 30; // the kernel cuts at 2 GiB less a page

    private static readonly int Self = Environment.ProcessId;
    private readonly LinuxKernel _kernel = new();

    public override bool CanMapPopulated => true;

    protected override int MAP_ANONYMOUS => 0x20;

    protected override int MAP_NORESERVE => 0x4000;

    protected override int MAP_FIXED_NOREPLACE => 0x100000;

    protected override int MS_SYNC => 4;

    protected override int EAGAIN => 11;

    public override string? GetUnsupportedReason(MemoryCapability capability) => _kernel.GetUnsupportedReason(capability);

    public override MappedFileTraits GetTraits(SafeFileHandle file, bool canWrite) =>
        new(LinuxFileSystem.HasOneCache(file), IsResidencyHidden: !canWrite && !MayAskForResidency(file));

    public override FileStatus Stat(SafeFileHandle file)
    {
        if (!LinuxCalls.TryStat(file, out StatxBuffer buffer))
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
            || PosixCalls.Advise(pages.Base, (nuint)pages.MappedBytes, MADV_HUGEPAGE) == 0)
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
        int number = Number(advice);
        while (PosixCalls.Advise(address, (nuint)length, number) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != EINTR)
            {
                throw SystemError.From($"Advising {advice} for {length} bytes", error, error switch
                {
                    EFAULT => "A page cannot be read: the file was cut or its device fails.",
                    EINVAL => "The kernel or the kind of memory does not know this advice.",
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

        if (LinuxCalls.SyncFileRange(file, offset, length, SYNC_FILE_RANGE_WRITE) != 0) // MS_ASYNC starts nothing on Linux
        {
            int error = Marshal.GetLastPInvokeError();
            throw SystemError.From("Starting the write-back", error,
                error == ESPIPE ? "The file system of this file does not write back." : null);
        }
    }

    public override void Discard(nint address, long length, MemoryAccess access, bool isFile, bool isPrivate)
    {
        if (PosixCalls.Advise(address, (nuint)length, isFile && !isPrivate ? MADV_REMOVE : MADV_DONTNEED) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        throw NotForThisFileSystem(error)
            ? new PlatformNotSupportedException("The file system cannot free blocks inside a file (MADV_REMOVE).")
            : SystemError.From($"Discarding {length} bytes", error, error == EINVAL ? "Are the pages locked?" : null);
    }

    public override void Allocate(SafeFileHandle file, long offset, long length)
    {
        // The space first, then the length: what fails has changed no length.
        if (TryAllocate(file, FALLOC_FL_KEEP_SIZE, offset, length))
        {
            TryAllocate(file, 0, offset, length);
        }
        else
        {
            AppendZeros(file, offset + length);
        }
    }

    public override void PunchHole(SafeFileHandle file, long offset, long length)
    {
        while (LinuxCalls.Allocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (NotForThisFileSystem(error))
            {
                throw new PlatformNotSupportedException("The file system cannot free blocks inside a file (fallocate).");
            }

            if (error != EINTR)
            {
                throw SystemError.From($"Punching a hole of {length} bytes at {offset}", error);
            }
        }
    }

    public override void Evict(SafeFileHandle file, long offset, long length)
    {
        // Unlike its kin this call returns the error itself.
        if (LinuxCalls.AdviseFile(file, offset, length, POSIX_FADV_DONTNEED) is int error and not 0)
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
        bool done = PosixCalls.FileControl(owner, wait ? F_OFD_SETLKW : F_OFD_SETLK, (nint)(&range)) == 0;
        error = done ? 0 : Marshal.GetLastPInvokeError();
        return done;
    }

    /// <summary>Anonymous neighbours become one mapping, which costs twice the call to split and to join again; neighbours of a file do
    /// not, since each begins at the file's start.</summary>
    protected override SafeFileHandle? Zeros
    {
        get
        {
            if (_zeros is null)
            {
                try
                {
                    SafeFileHandle opened = Open("/dev/zero", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, execute: false);
                    if (Interlocked.CompareExchange(ref _zeros, opened, null) is not null)
                    {
                        opened.Dispose();
                    }
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    return null; // no descriptor is left, or there is no such device here
                }
            }

            return _zeros;
        }
    }

    protected override int ExtraFlags(in MapRequest request) =>
        (request.HugePages == HugePages.Explicit ? MAP_HUGETLB | MAP_HUGE_2MB : 0) | (request.Populate ? MAP_POPULATE : 0);

    protected override string? Hint(in MapRequest request, int error) =>
        error == ENOMEM && request.HugePages == HugePages.Explicit
            ? "Too few huge pages are set aside: see vm.nr_hugepages."
            : null;

    /// <summary>The kernel's number of an advice.</summary>
    internal static int Number(MemoryAdvice advice) => advice switch
    {
        MemoryAdvice.Normal => MADV_NORMAL,
        MemoryAdvice.Random => MADV_RANDOM,
        MemoryAdvice.Sequential => MADV_SEQUENTIAL,
        MemoryAdvice.WillNeed => MADV_WILLNEED,
        MemoryAdvice.DontNeed => MADV_DONTNEED,
        MemoryAdvice.Free => MADV_FREE,
        MemoryAdvice.Cold => MADV_COLD,
        MemoryAdvice.PageOut => MADV_PAGEOUT,
        MemoryAdvice.PopulateRead => MADV_POPULATE_READ,
        MemoryAdvice.PopulateWrite => MADV_POPULATE_WRITE,
        MemoryAdvice.HugePages => MADV_HUGEPAGE,
        MemoryAdvice.NoHugePages => MADV_NOHUGEPAGE,
        MemoryAdvice.DontDump => MADV_DONTDUMP,
        MemoryAdvice.DoDump => MADV_DODUMP,
        _ => throw Unknown.Value(nameof(advice), advice),
    };

    /// <summary>Whether mincore answers: to all others than the owner and those who may write it says that every page is there.</summary>
    private static bool MayAskForResidency(SafeFileHandle file)
    {
        if (LinuxCalls.TryStat(file, out StatxBuffer status)
            && status.User == LinuxCalls.EffectiveUser())
        {
            return true;
        }

        bool added = false;
        file.DangerousAddRef(ref added);
        try
        {
            return LinuxCalls.Access(LinuxCalls.AtCurrentFolder, $"/proc/self/fd/{file.DangerousGetHandle()}", W_OK, AT_EACCESS) == 0;
        }
        finally
        {
            file.DangerousRelease();
        }
    }

    /// <returns>False if the file system cannot set space aside.</returns>
    private static bool TryAllocate(SafeFileHandle file, int mode, long offset, long length)
    {
        while (LinuxCalls.Allocate(file, mode, offset, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (NotForThisFileSystem(error))
            {
                return false;
            }

            if (error != EINTR) // any signal may interrupt it on tmpfs
            {
                throw SystemError.From($"Setting aside {length} bytes at {offset}", error);
            }
        }

        return true;
    }

    /// <summary>False for a page that is gone; true to try again; anything else is not about pages and throws.</summary>
    private static bool Retry(int error) => error switch
    {
        EFAULT => false,
        11 or EINTR => true,
        ENOSYS or EPERM => throw new PlatformNotSupportedException(
            $"Guarded access needs process_vm_readv on the own process, which a filter of this container forbids (error {error})."),
        _ => throw SystemError.From("Copying memory", error),
    };

    private static bool NotForThisFileSystem(int error) => error is EOPNOTSUPP or ENOSYS;

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
