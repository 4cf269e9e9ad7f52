using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Server.Loop;

/// <summary>How many descriptors (sockets, files, pipes) this process may have, and what of them connections leave to others.</summary>
/// <remarks>
/// A thread of the runtime needs two for a pipe when it starts, and the runtime ends the process when it cannot have them. So what
/// clients can use up ends before the limit does. Systems give a new descriptor the lowest free number (POSIX, open()): the number of a
/// new socket says whether the reserve has been reached, whoever holds the others.
/// </remarks>
internal static unsafe partial class DescriptorLimit
{
    /// <summary>The most that is kept back: more threads than a server ever starts at once, and files.</summary>
    private const long MaxReserve = 512;

    private const long MaxPrepared = 1 << 20;

    private const ulong MostOfMacOS = 10_240; // OPEN_MAX: setrlimit takes no more, though the limit says unlimited

    private const int CloseOnExecDuplicate = 1030; // F_DUPFD_CLOEXEC of Linux

    /// <summary>RLIMIT_NOFILE.</summary>
    private static int Resource => OperatingSystem.IsLinux() ? 7 : 8;

    /// <summary>The limit of this process; null where the system has none (Windows) or does not say.</summary>
    public static long? Get()
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        Limit limit;

        // SAFETY: two 64-bit words of this frame, which is what struct rlimit is on 64-bit Linux and macOS.
        return GetResourceLimit(Resource, &limit) != 0 ? null
            : limit.Current > long.MaxValue ? null // RLIM_INFINITY
            : (long)limit.Current;
    }

    /// <inheritdoc cref="Hosting.ProcessLimits.RaiseDescriptors"/>
    public static void Raise()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Limit limit;

        // SAFETY: as in Get. A system that refuses leaves the limit as it is.
        if (GetResourceLimit(Resource, &limit) == 0)
        {
            limit.Current = OperatingSystem.IsLinux() ? limit.Maximum : Math.Min(limit.Maximum, MostOfMacOS);
            _ = SetResourceLimit(Resource, &limit);
        }
    }

    /// <summary>How many descriptors of a limit are kept back from connections.</summary>
    public static long ReserveOf(long limit) => Math.Min(MaxReserve, limit / 4);

    /// <summary>How many files may be open of those wished for, whatever connections use: an eighth of the limit at most.</summary>
    public static int FilesOf(long? limit, int wished) => limit is { } known ? (int)Math.Clamp(wished, 1, Math.Max(1, known / 8)) : wished;

    /// <summary>How many connections there is room for, when nothing but them and files opens anything more.</summary>
    /// <param name="limit">What <see cref="Get"/> says.</param>
    /// <param name="open">Descriptors that are open now.</param>
    /// <param name="files">Those kept back for files.</param>
    /// <returns>At least 1.</returns>
    public static long RoomFor(long limit, long open, int files) => Math.Max(1, limit - ReserveOf(limit) - files - open);

    /// <summary>Whether a new descriptor lies in the reserve, so that it is to be closed again.</summary>
    public static bool IsInReserve(SafeHandle descriptor, long? limit) =>
        limit is { } known && descriptor.DangerousGetHandle() >= known - ReserveOf(known);

    /// <summary>Descriptors that are open now; an estimate where the system does not list them.</summary>
    public static int CountOpen()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries("/dev/fd").Count();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 64; // what a runtime that has just started holds
        }
    }

    /// <summary>
    /// Has the system enlarge this process's table of descriptors now, once. Linux enlarges it by doubling, and the thread that needs the
    /// next descriptor then sleeps for 10 ms and more, until no processor reads the old table (expand_files() waits for RCU): who connects
    /// as number 256, 512 and so on, and all behind them, waited for that.
    /// </summary>
    /// <param name="count">
    /// Descriptors that there will be; 8 bytes of the kernel's each. More than the limit, and more than a million, are not prepared for.
    /// </param>
    public static void Prepare(long count)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        long highest = Math.Min(Math.Min(count, MaxPrepared), Get() ?? count) - 1;
        try
        {
            using SafeFileHandle file = File.OpenHandle("/dev/null");
            if (highest is >= 0 and <= int.MaxValue && Duplicate(file, CloseOnExecDuplicate, (nint)highest) is >= 0 and int number)
            {
                new SystemHandle(number).Dispose(); // the table stays as large as it was
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nothing to duplicate: the table grows when it has to.
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Duplicate(SafeHandle descriptor, int command, nint lowest);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetResourceLimit(int resource, Limit* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetResourceLimit(int resource, Limit* limit);

    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
