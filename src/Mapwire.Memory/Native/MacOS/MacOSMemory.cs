using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.MacOS;

/// <summary>macOS 12 and later, x64 and arm64.</summary>
internal sealed unsafe class MacOSMemory : PosixMemory
{
    private const int InvalidAddress = 1; // KERN_INVALID_ADDRESS
    private const int ProtectionFailure = 2; // KERN_PROTECTION_FAILURE
    private const int MemoryFailure = 9; // KERN_MEMORY_FAILURE
    private const int MemoryError = 10; // KERN_MEMORY_ERROR
    private const int LargestTransfer = 1 << 30;

    private readonly uint _self = MacOSCalls.TaskSelf();

    protected override int MapAnonymous => 0x1000;

    protected override int MapNoReserve => 0x40;

    protected override int MapFixedNoReplace => 0; // an address without MAP_FIXED is a wish, which the base class checks

    public override string? WhyNot(MemoryCapability capability) => capability switch
    {
        MemoryCapability.MapDevice => "macOS does not map /dev/zero; use anonymous memory.",
        MemoryCapability.TransparentHugePages => "macOS chooses page sizes by itself and takes no advice on it.",
        MemoryCapability.ExplicitHugePages => "macOS has huge pages on no processor it still supports.",
        MemoryCapability.AdviseCold or MemoryCapability.AdvisePageOut => "macOS takes no advice on which pages to reclaim first.",
        MemoryCapability.AdvisePopulateWrite => "macOS cannot map pages for stores without storing to them.",
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

    public override bool TryRead(nint address, Span<byte> destination)
    {
        // SAFETY: the target is the caller's span, pinned here; the source is read by the kernel, which answers with an error for
        // pages it cannot give.
        fixed (byte* start = destination)
        {
            for (int done = 0; done < destination.Length;)
            {
                int length = Math.Min(destination.Length - done, LargestTransfer);
                int result = MacOSCalls.ReadTask(_self, (ulong)(address + done), (ulong)length, start + done, out _);
                if (result is InvalidAddress or ProtectionFailure or MemoryFailure or MemoryError)
                    return false;
                if (result != 0)
                    throw new IOException($"mach_vm_read_overwrite failed with kern_return_t {result}.");
                done += length;
            }
        }

        return true;
    }

    public override void Advise(nint address, long length, MemoryAdvice advice)
    {
        if (advice == MemoryAdvice.PopulateRead)
        {
            Span<byte> one = stackalloc byte[1];
            for (long page = 0; page < length; page += PageSize)
                if (!TryRead(address + (nint)page, one))
                    throw new IOException($"The page at byte {page} of the range cannot be read.");
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
            throw SystemError.From($"Advising {advice} for {length} bytes", Marshal.GetLastPInvokeError());
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
