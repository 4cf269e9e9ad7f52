using System.Globalization;

namespace Mapwire.Load.Measuring;

/// <summary>What processes of this machine have used (Linux, from /proc).</summary>
/// <param name="CpuSeconds">User and system time since they started, threads included, children not.</param>
/// <param name="ProportionalBytes">PSS: pages of their own, and their share of shared ones.</param>
/// <param name="KernelSocketBytes">What TCP sockets of the whole machine hold in buffers.</param>
internal readonly record struct ProcessUsage(double CpuSeconds, long ProportionalBytes, long KernelSocketBytes)
{
    /// <summary>What /proc counts processor time in, on every architecture (USER_HZ).</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Looks at processes; those that are gone count as nothing. All zero where there is no /proc.</summary>
    public static ProcessUsage Of(IReadOnlyList<int> processes)
    {
        if (!OperatingSystem.IsLinux() || processes.Count == 0)
        {
            return default;
        }

        double cpu = 0;
        long proportional = 0;
        foreach (int process in processes)
        {
            try
            {
                cpu += ParseCpuSeconds(File.ReadAllText($"/proc/{process}/stat"));
                proportional += ParseProportional(File.ReadAllText($"/proc/{process}/smaps_rollup"));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
            }
        }

        return new ProcessUsage(cpu, proportional, ParseSocketPages(File.ReadAllText("/proc/net/sockstat")) * Environment.SystemPageSize);
    }

    /// <summary>utime and stime, fields 14 and 15 of /proc/PID/stat (proc(5)); field 2 is a name that may hold anything.</summary>
    internal static double ParseCpuSeconds(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>The line <c>Pss: N kB</c> of smaps_rollup, in bytes; 0 when there is none.</summary>
    internal static long ParseProportional(string rollup) => Number(rollup, "\nPss:") * 1024;

    /// <summary><c>TCP: ... mem N</c> of sockstat: pages.</summary>
    internal static long ParseSocketPages(string sockstat)
    {
        int line = sockstat.IndexOf("TCP:", StringComparison.Ordinal);
        return line < 0 ? 0 : Number(sockstat[line..].Split('\n')[0], " mem ");
    }

    private static long Number(string text, string after)
    {
        int at = text.IndexOf(after, StringComparison.Ordinal);
        if (at < 0)
        {
            return 0;
        }

        ReadOnlySpan<char> rest = text.AsSpan(at + after.Length).TrimStart();
        int end = rest.IndexOfAnyExceptInRange('0', '9');
        return long.Parse(end < 0 ? rest : rest[..end], CultureInfo.InvariantCulture);
    }
}
