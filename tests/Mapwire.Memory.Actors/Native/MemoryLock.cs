using System.Runtime.InteropServices;

namespace Mapwire.Memory.Actors.Native;

internal static partial class MemoryLock
{
    private const int MCL_FUTURE = 2;

    /// <summary>Whatever this process maps from now on is locked in memory.</summary>
    public static void LockFuture()
    {
        if (LockAll(MCL_FUTURE) != 0)
        {
            throw new InvalidOperationException("mlockall failed: it needs CAP_IPC_LOCK.");
        }
    }

    [DllImport("libc", EntryPoint = "mlockall")]
    private static extern int LockAll(int flags);
}
