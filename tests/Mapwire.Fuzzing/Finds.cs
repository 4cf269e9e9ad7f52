using System.Security.Cryptography;

namespace Mapwire.Fuzzing;

/// <summary>Cases as files.</summary>
internal static class Finds
{
    /// <summary>Writes a case that broke something where it is found again.</summary>
    public static string Write(string name, FuzzCase given) => Write(Path.GetTempPath(), $"mapwire-fuzz-{name}", given);

    /// <summary>Writes a case into a folder of others; its subject reads the kind from the name.</summary>
    public static string Keep(string folder, FuzzCase given)
    {
        Directory.CreateDirectory(folder);
        return Write(folder, null, given);
    }

    private static string Write(string folder, string? prefix, FuzzCase given)
    {
        if (prefix is not null)
        {
            folder = Path.Combine(folder, prefix);
            Directory.CreateDirectory(folder);
        }

        string hash = Convert.ToHexStringLower(SHA256.HashData(given.Bytes).AsSpan(0, 6));
        string path = Path.Combine(folder, $"{given.Kind}-{hash}.bin");
        File.WriteAllBytes(path, given.Bytes);
        return path;
    }
}
