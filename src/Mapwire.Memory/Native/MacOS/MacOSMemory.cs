using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.MacOS;

/// <summary>macOS 12 and later, x64 and arm64.</summary>
internal sealed unsafe class MacOSMemory : PosixMemory
{
    private const int ENOTTY = 25;
    private const int ENOTSUP = 45;
    private const int F_PREALLOCATE = 42;
    private const int F_FULLFSYNC = 51;
    private const int F_OFD_SETLK = 90;
    private const int F_OFD_SETLKW = 91;
    private const int F_PUNCHHOLE = 99;
    private const uint F_ALLOCATEALL = 4;
    private const int F_PEOFPOSMODE = 3;
    private const int LargestTransfer = 1 << 30;

    private readonly uint _self = MacOSCalls.TaskSelf();

    protected override int MAP_ANONYMOUS => 0x1000;

    protected override int MAP_NORESERVE => 0x40;

    protected override int MS_SYNC => 0x10;

    protected override int EAGAIN => 35;

    protected override int MAP_FIXED_NOREPLACE => 0; // an address without MAP_FIXED is a wish, which the base class checks

    public override string? GetUnsupportedReason(MemoryCapability capability) => capability switch
    {
        MemoryCapability.MapDevice => "macOS does not map /dev/zero; use anonymous memory.",
        MemoryCapability.TransparentHugePages => "macOS chooses page sizes by itself and takes no advice on it.",
        MemoryCapability.ExplicitHugePages => "macOS has huge pages on no processor it still supports.",
        MemoryCapability.AdviseCold or MemoryCapability.AdvisePageOut => "macOS takes no advice on which pages to reclaim first.",
        MemoryCapability.AdviseHugePages =>
            "macOS chooses page sizes by itself and takes no advice on it.",
        MemoryCapability.AdviseDontDump => "macOS takes no advice on core dumps.",
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
            if (result != 0) // KERN_INVALID_ADDRESS, KERN_MEMORY_ERROR and what a pager may answer: the page cannot be had
            {
                return false;
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
            _ => throw Unknown.Value(nameof(advice), advice),
        };
        if (PosixCalls.Advise(address, (nuint)length, number) != 0)
        {
            throw SystemError.From($"Advising {advice} for {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void Flush(nint address, long length, FlushMode mode, SafeFileHandle file, long offset)
    {
        base.Flush(address, length, mode, file, offset);
        if (mode != FlushMode.Durable || PosixCalls.FileControl(file, F_FULLFSYNC, 0) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error is not (ENOTSUP or ENOTTY or EINVAL))
        {
            throw SystemError.From("Flushing the device's own cache", error);
        }

        RandomAccess.FlushToDisk(file); // a file system without that call: fsync is all it has
    }

    public override void Discard(nint address, long length, MemoryAccess access, bool isFile, bool isPrivate)
    {
        // Fresh anonymous pages over the old ones; files never get here.
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
        if (PosixCalls.MapAnonymous(address, (nuint)length, Protection(access), flags, -1, 0) == PosixCalls.Failed)
        {
            throw SystemError.From($"Discarding {length} bytes", Marshal.GetLastPInvokeError());
        }
    }

    public override void Allocate(SafeFileHandle file, long offset, long length)
    {
        // The system sets space aside behind a file's last block only; what holes it has before stay.
        long end = offset + length;
        long size = RandomAccess.GetLength(file);
        if (end <= size)
        {
            return;
        }

        SpaceRequest request = new() { Flags = F_ALLOCATEALL, Position = F_PEOFPOSMODE, Length = end - size };
        if (PosixCalls.FileControl(file, F_PREALLOCATE, (nint)(&request)) == 0)
        {
            RandomAccess.SetLength(file, end);
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        if (error is not (ENOTSUP or EINVAL))
        {
            throw SystemError.From($"Setting aside {length} bytes at {offset}", error);
        }

        AppendZeros(file, end);
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
        if (PosixCalls.FileControl(file, F_PUNCHHOLE, (nint)(&hole)) == 0)
        {
            return;
        }

        int error = Marshal.GetLastPInvokeError();
        throw error == ENOTSUP
            ? new PlatformNotSupportedException("The file system cannot free blocks inside a file (F_PUNCHHOLE).")
            : SystemError.From($"Punching a hole of {length} bytes at {offset}", error);
    }

    public override void Evict(SafeFileHandle file, long offset, long length) =>
        throw new PlatformNotSupportedException(GetUnsupportedReason(MemoryCapability.EvictFile));

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
        bool done = PosixCalls.FileControl(owner, wait ? F_OFD_SETLKW : F_OFD_SETLK, (nint)(&range)) == 0;
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
