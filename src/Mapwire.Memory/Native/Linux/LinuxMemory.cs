using System.Runtime.InteropServices;
using Mapwire.Memory.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Linux;

/// <summary>Linux, from kernel 5.14 for everything; older kernels refuse by name what they lack.</summary>
internal sealed unsafe class LinuxMemory : PosixMemory
{
    private const int Again = 11; // EAGAIN
    private const int Interrupted = 4; // EINTR
    private const int BadAddress = 14; // EFAULT
    private const int NoSuchCall = 38; // ENOSYS
    private const int NotPermitted = 1; // EPERM
    private const int OutOfMemory = 12; // ENOMEM
    private const int InvalidArgument = 22; // EINVAL
    private const int MapHugePages = 0x40000; // MAP_HUGETLB
    private const int HugePageShift = 21 << 26; // MAP_HUGE_2MB
    private const int JoinPages = 14; // MADV_HUGEPAGE
    private const int LargestTransfer = 1 << 30; // the kernel cuts at 2 GiB less a page

    private static readonly int Self = Environment.ProcessId;

    protected override int MapAnonymous => 0x20;

    protected override int MapNoReserve => 0x4000;

    protected override int MapFixedNoReplace => 0x100000;

    public override string? WhyNot(MemoryCapability capability) => null;

    public override FileStatus Stat(SafeFileHandle file)
    {
        if (LinuxCalls.Statx(file, "", LinuxCalls.AtEmptyPath, LinuxCalls.StatxBasic, out StatxBuffer buffer) != 0)
            throw SystemError.From("Asking for the state of a file", Marshal.GetLastPInvokeError());
        return Status(buffer);
    }

    public override FileStatus Stat(string path)
    {
        if (LinuxCalls.Statx(LinuxCalls.AtCurrentFolder, path, 0, LinuxCalls.StatxBasic, out StatxBuffer buffer) != 0)
            throw SystemError.From($"Asking for the state of '{path}'", Marshal.GetLastPInvokeError(), path: path);
        return Status(buffer);
    }

    public override SafePages Map(SafeFileHandle? file, in MapRequest request)
    {
        SafePages pages = base.Map(file, request);
        if (request.HugePages != HugePages.Transparent
            || PosixCalls.Advise(pages.Base, (nuint)pages.MappedBytes, JoinPages) == 0)
            return pages;
        int error = Marshal.GetLastPInvokeError();
        pages.Dispose();
        throw SystemError.From("Asking for transparent huge pages", error, "The kernel may be built without them.");
    }

    public override bool TryRead(nint address, Span<byte> destination)
    {
        // SAFETY: the local side is the caller's span, pinned here; the remote side is our own process, where the kernel checks
        // every page itself and answers EFAULT instead of raising a signal.
        fixed (byte* start = destination)
        {
            int done = 0;
            while (done < destination.Length)
            {
                var length = (nuint)Math.Min(destination.Length - done, LargestTransfer);
                var local = new IoVector(start + done, length);
                var remote = new IoVector((void*)(address + done), length);
                nint count = LinuxCalls.ReadProcess(Self, &local, 1, &remote, 1, 0);
                if (count > 0)
                    done += (int)count; // short: the page after it is gone, which the next round says
                else if (!Retry(Marshal.GetLastPInvokeError(), "process_vm_readv"))
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
            if (error is not (Again or Interrupted))
                throw SystemError.From($"Advising {advice} for {length} bytes", error, error switch
                {
                    BadAddress => "A page cannot be read: the file was cut or its device fails.",
                    InvalidArgument => "The kernel or the kind of memory does not know this advice.",
                    _ => null,
                });
        }
    }

    protected override int ExtraFlags(in MapRequest request) =>
        request.HugePages == HugePages.Explicit ? MapHugePages | HugePageShift : 0;

    protected override string? Hint(in MapRequest request, int error) =>
        error == OutOfMemory && request.HugePages == HugePages.Explicit
            ? "Too few huge pages are set aside: see vm.nr_hugepages."
            : null;

    /// <summary>False for a page that is gone; true to try again; anything else is not about pages and throws.</summary>
    private static bool Retry(int error, string call) => error switch
    {
        BadAddress => false,
        Again or Interrupted => true,
        NoSuchCall or NotPermitted => throw new PlatformNotSupportedException(
            $"Guarded access needs {call} on the own process, and a filter of this container or kernel forbids it (errno {error})."),
        _ => throw SystemError.From(call, error),
    };

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
