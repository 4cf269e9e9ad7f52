using System.Runtime.InteropServices;

namespace Mapwire.Cli;

/// <summary>
/// Has a file that would grow beyond the limit of this process (ulimit -f, LimitFSIZE) fail with an error, as a full disk does. The system
/// ends a process for it unless the signal is handled (setrlimit(2), RLIMIT_FSIZE): with all its players, for an index that is not kept.
/// </summary>
internal static class FileSizeLimit
{
    /// <summary>SIGXFSZ of Linux and macOS, for which .NET has no name.</summary>
    private const PosixSignal Exceeded = (PosixSignal)25;

    private static PosixSignalRegistration? _registration;

    /// <summary>From here to the end of the process, whose last lines meet the limit, too.</summary>
    public static void Heed() => _registration ??=
        OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(Exceeded, static signal => signal.Cancel = true);
}
