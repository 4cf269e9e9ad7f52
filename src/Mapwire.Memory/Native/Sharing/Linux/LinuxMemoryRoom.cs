using System.Globalization;
using Mapwire.Memory.Native.Linux;
using Microsoft.Win32.SafeHandles;

namespace Mapwire.Memory.Native.Sharing.Linux;

/// <summary>Tells how much memory the machine can still give to files that live in memory: those of memfd_create and of tmpfs.</summary>
/// <remarks>The system does not ask. A file of memfd_create may have any size, and the limit of a tmpfs may be all memory that there is:
/// setting the space aside takes page after page until the OOM killer ends processes, not always this one.</remarks>
internal static class LinuxMemoryRoom
{
    private const long TMPFS_MAGIC = 0x01021994;

    /// <summary>Less than that is not what a machine falls over, and asking costs several reads of /proc.</summary>
    private const long WorthAsking = 16 << 20;

    /// <summary>A limit that is none; sums with it are numbers still.</summary>
    private const long NoLimit = 1L << 60;

    /// <exception cref="IOException">The file lives in memory, and there is less than this many bytes.</exception>
    public static void Require(SafeFileHandle file, long bytes)
    {
        if (bytes < WorthAsking || LinuxCalls.StatFileSystem(file, out StatfsBuffer status) != 0
            || (status.Type & 0xffffffff) != TMPFS_MAGIC)
        {
            return;
        }

        long available = GetAvailable("/proc", "/sys/fs/cgroup");
        if (bytes > available)
        {
            throw new IOException(
                $"Cannot set aside {bytes} bytes of memory: the machine has {available} bytes available (MemAvailable of /proc/meminfo, "
                + "memory.max of the control group).");
        }
    }

    /// <summary>Bytes that are free or that the system can free, swap included, within the limits of the process' control groups.
    /// <see cref="long.MaxValue"/> where the system does not tell.</summary>
    /// <param name="processes">The folder of the proc file system.</param>
    /// <param name="groups">The folder of the control groups, version 2 or 1.</param>
    public static long GetAvailable(string processes, string groups)
    {
        Dictionary<string, long> memory = ReadFields(Path.Combine(processes, "meminfo"), unit: 1024);
        if (!memory.TryGetValue("MemAvailable", out long available))
        {
            return long.MaxValue;
        }

        long swap = memory.GetValueOrDefault("SwapFree");
        available += swap;
        foreach (string line in ReadLines(Path.Combine(processes, "self", "cgroup")))
        {
            // hierarchy:controllers:/path; version 2 is hierarchy 0 without controllers
            if (line.Split(':', 3) is not [_, string controllers, string path])
            {
                continue;
            }

            bool isUnified = controllers.Length == 0;
            if (!isUnified && !controllers.Split(',').Contains("memory"))
            {
                continue;
            }

            string root = isUnified ? groups : Path.Combine(groups, "memory");
            for (string group = path.Trim('/'); ; group = Path.GetDirectoryName(group) ?? "")
            {
                available = Math.Min(available, GetAvailableInGroup(Path.Combine(root, group), isUnified, swap));
                if (group.Length == 0)
                {
                    break;
                }
            }
        }

        return available;
    }

    /// <summary>What is left of a group's limit: files that only are in the page cache give way.</summary>
    private static long GetAvailableInGroup(string folder, bool isUnified, long swap)
    {
        long? limit = ReadNumber(Path.Combine(folder, isUnified ? "memory.max" : "memory.limit_in_bytes"));
        long? used = ReadNumber(Path.Combine(folder, isUnified ? "memory.current" : "memory.usage_in_bytes"));
        if (limit is null || used is null)
        {
            return long.MaxValue; // "max", or no such group here
        }

        Dictionary<string, long> parts = ReadFields(Path.Combine(folder, "memory.stat"), unit: 1);
        string total = isUnified ? "" : "total_";
        long files = parts.GetValueOrDefault(isUnified ? "file" : "total_cache") - parts.GetValueOrDefault($"{total}shmem");
        return Math.Max(0, Math.Min(limit.Value, NoLimit) - used.Value) + Math.Max(0, files) + swap;
    }

    private static long? ReadNumber(string path) =>
        ReadLines(path) is [string line] && long.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : null;

    /// <summary>Lines of a name, a colon or not, a number and perhaps a unit.</summary>
    private static Dictionary<string, long> ReadFields(string path, long unit)
    {
        Dictionary<string, long> fields = new(StringComparer.Ordinal);
        foreach (string line in ReadLines(path))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [string name, string number, ..]
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= long.MaxValue / 1024)
            {
                fields[name.TrimEnd(':')] = value * unit;
            }
        }

        return fields;
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return []; // then there is no limit that we know of
        }
    }
}
