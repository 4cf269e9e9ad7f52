using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Cli;

/// <summary>
/// Whether there is anything to write to. A program that is started without a standard stream (<c>&gt;&amp;-</c>) has other files under
/// its number: what the runtime opens first is a pipe of its own, whose other end obeys what is written there, and later it may be a
/// recording or a socket. Nothing is written to those.
/// </summary>
internal static class StandardStreams
{
    /// <summary>O_CLOEXEC of Linux, as proc_pid_fdinfo(5) shows it: set for what the process opened, never for what it was given.</summary>
    private const int CloseOnExec = 0x80000;

    private static readonly List<SafeFileHandle> Occupants = [];

    /// <summary>Whether the process was given a standard output.</summary>
    public static bool HasOutput { get; private set; } = true;

    /// <summary>Looks which streams there are; before anything is written or opened.</summary>
    public static void Check()
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists("/proc/self/fdinfo"))
        {
            return; // a write to what is not there fails, and what is written is told so
        }

        HasOutput = IsGiven(1);
        bool hasError = IsGiven(2);
        if (HasOutput && hasError)
        {
            return;
        }

        OccupyNumbers();
        if (!HasOutput)
        {
            Console.SetOut(new ClosedWriter("standard output is closed"));
        }

        if (!hasError)
        {
            Console.SetError(new ClosedWriter("standard error is closed"));
        }
    }

    /// <summary>Standard output for bytes.</summary>
    /// <exception cref="IOException">It is closed.</exception>
    public static Stream OpenOutput() =>
        HasOutput ? Console.OpenStandardOutput() : throw new IOException("standard output is closed");

    private static bool IsGiven(int descriptor)
    {
        try
        {
            string flags = File.ReadLines($"/proc/self/fdinfo/{descriptor.ToString(CultureInfo.InvariantCulture)}")
                .First(static line => line.StartsWith("flags:", StringComparison.Ordinal));
            return (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & CloseOnExec) == 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // the number is free
        }
    }

    /// <summary>Takes the numbers that are free, so that no recording and no socket gets one.</summary>
    private static void OccupyNumbers()
    {
        while (true)
        {
            SafeFileHandle occupant = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (occupant.DangerousGetHandle() > 2) // the lowest free number is given: 0 to 2 are taken
            {
                occupant.Dispose();
                return;
            }

            Occupants.Add(occupant);
        }
    }

    private sealed class ClosedWriter(string message) : TextWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException(message);
    }
}
