using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.MacOS;

/// <summary>macOS 12 and later, x64 and arm64.</summary>
internal sealed unsafe class MacOSMemory : PosixMemory
{
    private const int NotSupported = 45; // ENOTSUP
    private const int NotATerminal = 25; // ENOTTY
    private const int InvalidArgument = 22; // EINVAL
    private const int FullSync = 51; // F_FULLFSYNC
    private const int SetLock = 90; // F_OFD_SETLK
    private const int SetLockWaiting = 91; // F_OFD_SETLKW
    private const int PunchHoleCommand = 99; // F_PUNCHHOLE
    private const int InvalidAddress = 1; // KERN_INVALID_ADDRESS
    private const int ProtectionFailure = 2; // KERN_PROTECTION_FAILURE
    private const int MemoryFailure = 9; // KERN_MEMORY_FAILURE
    private const int MemoryError = 10; // KERN_MEMORY_ERROR
    private const int LargestTransfer = 1 << 30;

    private readonly uint _self = MacOSCalls.TaskSelf();

    protected override int MapAnonymous => 0x1000;

    protected override int MapNoReserve => 0x40;

    protected override int SyncFlag => 0x10;

    protected override int TakenElsewhere => 35;

    protected override int MapFixedNoReplace => 0; // an address without MAP_FIXED is a wish, which the base class checks

    public override string? WhyNot(MemoryCapability capability) => capability switch
    {
        MemoryCapability.MapDevice => "macOS does not map /dev/zero; use anonymous memory.",
        MemoryCapability.TransparentHugePages => "macOS chooses page sizes by itself and takes no advice on it.",
        MemoryCapability.ExplicitHugePages => "macOS has huge pages on no processor it still supports.",
        MemoryCapability.AdviseCold or MemoryCapability.AdvisePageOut => "macOS takes no advice on which pages to reclaim first.",
        MemoryCapability.AdvisePopulateWrite => "macOS cannot map pages for stores without storing to them.",
        MemoryCapability.DiscardPrivateFile => "macOS does not take back private copies of a file's pages; map it again.",
        MemoryCapability.DiscardShared => "macOS frees no blocks through a mapping; MappedFile.PunchHole frees them through the file.",
        MemoryCapability.EvictFile => "macOS has no call that drops one file from its cache.",
        _ => null,
    };

    public override FileStatus Stat(SafeFileHandle file)
    {
        StatBuffer buffer;
        int result = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? MacOSCalls.StatArm64(file, out buffer)
            : MacOSCalls.StatX64(file, out buffer);
        return result == 0 ? Status(buffer) : throw SystemError.From("Asking for the state of a file", Marshal.GetLastPInvokeError());
    }

    public override FileStatus Stat(string path)
    {
        StatBuffer buffer;
        int result = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? MacOSCalls.StatArm64(path, out buffer)
            : MacOSCalls.StatX64(path, out buffer);
        return result == 0
            ? Status(buffer)
            : throw SystemError.From($"Asking for the state of '{path}'", Marshal.GetLastPInvokeError(), path: path);
    }

    public override bool TryCopy(nint source, nint destination, long length)
    {
        while (length > 0)
        {
            // SAFETY: both ranges are the caller's; either may be gone, which the kernel reports instead of raising a signal.
            long part = Math.Min(length, LargestTransfer);
            int result = MacOSCalls.ReadTask(_self, (ulong)source, (ulong)part, (void*)destination, out _);
            if (result is InvalidAddress or ProtectionFailure or MemoryFailure or MemoryError)
            {
                return false;
            }

            if (result != 0)
            {
                throw new IOException($"Copying memory failed: mach_vm_read_overwrite returned {result}.");
            }

            source += (nint)part;
            destination += (nint)part;
            length -= part;
        }

        return true;
    }

    public override void Advise(nint address, long length, MemoryAdvice advice)
    {
        if (advice == MemoryAdvice.PopulateRead)
        {
            Span<byte> one = stackalloc byte[1];
            for (long page = 0; page < length; page += PageSize)
            {
                if (!TryRead(address + (nint)page, one))
                {
                    throw new IOException($"The page at byte {page} of the range cannot be read.");
                }
            }

            return;
        }

        int number = advice switch
        {
            MemoryAdvice.Normal => 0,
            MemoryAdvice.Random => 1,
            MemoryAdvice.Sequential => 2,
            MemoryAdvice.WillNeed => 3,
            MemoryAdvice.DontNeed => 4,
            MemoryAdvice.Free => 5,
            _ => throw new ArgumentOutOfRangeException(nameof(advice), advice, "Not an advice."),
        };
        if (PosixCalls.Advise(address, (nuint)length, number) != 0)
        {
            throw SystemError.From($"Advising {advice} for {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void Flush(nint address, long length, FlushMode mode, SafeFileHandle file, long offset)
    {
        base.Flush(address, length, mode, file, offset);
        if (mode != FlushMode.Durable || PosixCalls.FileControl(file, FullSync, 0) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error is not (NotSupported or NotATerminal or InvalidArgument))
        {
            throw SystemError.From("Flushing the device's own cache", error);
        }

        RandomAccess.FlushToDisk(file); // a file system without that call: fsync is all it has
    }

    public override void Discard(nint address, long length, MemoryAccess access, bool isFile, bool isPrivate)
    {
        // Fresh anonymous pages over the old ones; files never get here.
        const int flags = MapPrivate | 0x1000 | MapFixed;
        if (PosixCalls.MapAnonymous(address, (nuint)length, Protection(access), flags, -1, 0) == PosixCalls.Failed)
        {
            throw SystemError.From($"Discarding {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void PunchHole(SafeFileHandle file, long offset, long length)
    {
        // Only whole blocks can be freed; the bytes beside them are written as zeros.
        long first = (offset + PageSize - 1) / PageSize * PageSize;
        long last = (offset + length) / PageSize * PageSize;
        if (first >= last)
        {
            Zero(file, offset, offset + length);
            return;
        }

        Zero(file, offset, first);
        Zero(file, last, offset + length);
        HoleRange hole = new() { Offset = first, Length = last - first };
        if (PosixCalls.FileControl(file, PunchHoleCommand, (nint)(&hole)) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        throw error == NotSupported
            ? new PlatformNotSupportedException("The file system cannot free blocks inside a file (F_PUNCHHOLE).")
            : SystemError.From($"Punching a hole of {length} bytes at {offset}", error);
    }

    public override void Evict(SafeFileHandle file, long offset, long length) =>
        throw new PlatformNotSupportedException(WhyNot(MemoryCapability.EvictFile));

    public override SafeFileHandle LockOwner(MappedFile file)
    {
        SafeFileHandle owner = Open(file.Path, FileMode.Open,
            file.CanWrite ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, execute: false);
        if (Stat(owner).Identity.IsSameFile(file.Identity))
        {
            return owner;
        }

        owner.Dispose();
        throw new IOException($"'{file.Path}' names another file by now, so the open one cannot be locked.");
    }

    protected override bool TryLockRange(SafeFileHandle owner, long offset, long length, LockKind kind, bool wait, out int error)
    {
        MacOSLock range = new()
        {
            Kind = kind switch { LockKind.Shared => 1, LockKind.Exclusive => 3, _ => 2 }, // F_RDLCK, F_WRLCK, F_UNLCK
            Start = offset,
            Length = length,
        };
        bool done = PosixCalls.FileControl(owner, wait ? SetLockWaiting : SetLock, (nint)(&range)) == 0;
        error = done ? 0 : Marshal.GetLastPInvokeError();
        return done;
    }

    private static void Zero(SafeFileHandle file, long from, long to)
    {
        if (from < to)
        {
            RandomAccess.Write(file, new byte[to - from], from);
        }
    }

    private static FileStatus Status(in StatBuffer buffer)
    {
        FileKind kind = (buffer.Mode & 0xf000) switch
        {
            0x8000 => FileKind.Regular,
            0x4000 => FileKind.Directory,
            0x2000 or 0x6000 => FileKind.Device,
            _ => FileKind.Stream,
        };
        long ticks = DateTime.UnixEpoch.Ticks + buffer.ModifiedSeconds * TimeSpan.TicksPerSecond + buffer.ModifiedNanoseconds / 100;
        return new FileStatus(new FileIdentity((uint)buffer.Device, buffer.Inode, buffer.Size, ticks), kind);
    }
}
