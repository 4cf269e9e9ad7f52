using System.Globalization;

namespace Mapwire.Memory.Tests.Linux;

/// <summary>How much of a mapping the kernel still holds as dirty, from /proc/self/smaps.</summary>
internal static class DirtyPages
{
    public static int Kilobytes(string path)
    {
        int sum = 0;
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.Length > 0 && char.IsAsciiHexDigitLower(line[0]) && line.Contains('-'))
            {
                inside = line.EndsWith(path, StringComparison.Ordinal);
            }
            else if (inside && (line.StartsWith("Shared_Dirty:", StringComparison.Ordinal)
                || line.StartsWith("Private_Dirty:", StringComparison.Ordinal)))
            {
                sum += int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            }
        }

        return sum;
    }
}
