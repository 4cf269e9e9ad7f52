using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing;

/// <summary>Sleeping on a 32-bit word that other processes change. One for each open segment.</summary>
/// <remarks>A sleep may end for no reason, and on Windows a wake may reach a later sleeper: callers look at the word again and
/// never sleep longer than a slice (see WaitClock), so that nothing is lost when the waker dies between store and wake.</remarks>
internal abstract class WordWait : IDisposable
{
    /// <param name="segment">The segment's id.</param>
    /// <param name="file">The segment's file, whose rights what is named after the segment gets.</param>
    public static WordWait For(ulong segment, SafeFileHandle file) =>
        OperatingSystem.IsLinux() ? new Linux.LinuxWordWait()
        : OperatingSystem.IsWindows() ? new Windows.WindowsWordWait(segment, file)
        : MacOS.MacOSWordWait.IsThere ? new MacOS.MacOSWordWait()
        : throw new PlatformNotSupportedException("Waiting between processes needs Linux, Windows, or macOS 14.4 and later.");

    /// <summary>Sleeps if the word has the expected value, until woken, and no longer than told.</summary>
    /// <param name="address">The word here.</param>
    /// <param name="offset">The word in the segment, which is the same for all processes.</param>
    /// <param name="expected">The value to sleep on.</param>
    /// <param name="milliseconds">Above 0.</param>
    public abstract void Sleep(nint address, long offset, uint expected, int milliseconds);

    /// <summary>Wakes up to <paramref name="count"/> sleepers of any process.</summary>
    public abstract void Wake(nint address, long offset, int count);

    /// <summary>Makes the stores of all other threads, in all processes that have a segment open, visible before what follows
    /// here, so that those need no fence of their own. False where the system cannot do that: then both sides fence.</summary>
    public virtual bool FencesOthers => false;

    public virtual void FenceOthers() => Interlocked.MemoryBarrier();

    public virtual void Dispose() { }
}
