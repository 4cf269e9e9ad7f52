using System.Runtime.InteropServices;

namespace Mapwire.Memory.Native.Sharing.Linux;

/// <summary>futex without FUTEX_PRIVATE_FLAG (the word is known by its page, not its address), and membarrier.</summary>
internal sealed class LinuxWordWait : WordWait
{
    private const int FutexWait = 0;
    private const int FutexWake = 1;
    private const int GlobalExpedited = 1 << 1; // MEMBARRIER_CMD_GLOBAL_EXPEDITED
    private const int RegisterGlobalExpedited = 1 << 2;

    private static readonly (nint Futex, nint Barrier) Numbers = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (202, 324),
        Architecture.Arm64 or Architecture.RiscV64 or Architecture.LoongArch64 => (98, 283),
        Architecture processor => throw new PlatformNotSupportedException($"The system call numbers of {processor} are not known here."),
    };

    /// <summary>Every process with a segment open takes part, so that a fence reaches all of them.</summary>
    private static readonly bool Registered = LinuxSharingCalls.System(Numbers.Barrier, RegisterGlobalExpedited, 0, 0) == 0;

    public override bool FencesOthers => Registered;

    public override void Sleep(nint address, long offset, uint expected, int milliseconds)
    {
        TimeSpec time = new() { Seconds = milliseconds / 1000, Nanoseconds = milliseconds % 1000 * 1_000_000L };
        // EAGAIN (another value), ETIMEDOUT and EINTR all mean: look again.
        _ = LinuxSharingCalls.Futex(Numbers.Futex, address, FutexWait, (nint)expected, in time, 0, 0);
    }

    public override void Wake(nint address, long offset, int count) =>
        LinuxSharingCalls.System(Numbers.Futex, address, FutexWake, count);

    public override void FenceOthers()
    {
        Interlocked.MemoryBarrier();
        if (Registered)
        {
            _ = LinuxSharingCalls.System(Numbers.Barrier, GlobalExpedited, 0, 0);
        }
    }
}
