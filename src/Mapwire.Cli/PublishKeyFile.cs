using System.Buffers.Text;
using System.Security.Cryptography;

namespace Mapwire.Cli;

/// <summary>
/// The key that lets publish where none is given on the command line: made once, and kept in a file that only its user can read, so that
/// encoders keep it over restarts.
/// </summary>
internal static class PublishKeyFile
{
    /// <summary>Bytes of chance in a key.</summary>
    private const int KeyLength = 16;

    /// <summary>The most that is read of the file: a key, and what an editor puts behind it.</summary>
    private const int MaxLength = 4096;

    /// <summary>
    /// Where this user's programs keep what they cannot make again (XDG Base Directory Specification; Windows: local application data).
    /// Null where there is no such place.
    /// </summary>
    public static string? GetPath()
    {
        string? states = OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(states) && Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home)
        {
            states = Path.Combine(home, OperatingSystem.IsMacOS() ? "Library/Application Support" : ".local/state");
        }

        return string.IsNullOrEmpty(states) ? null : Path.Combine(states, "mapwire", "publish-key");
    }

    /// <summary>Reads the key, or makes one where there is no file yet.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The key.</returns>
    /// <exception cref="IOException">The file cannot be read or made, others can read it, or no key is in it.</exception>
    /// <exception cref="UnauthorizedAccessException">The system does not allow it.</exception>
    public static string ReadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            Create(path);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0)
        {
            throw new IOException($"{path} can be read by other users: take their rights away (chmod 600), or delete it for a new key");
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Span<byte> bytes = stackalloc byte[MaxLength];
        int length = file.ReadAtLeast(bytes, MaxLength, throwOnEndOfStream: false);
        string text = System.Text.Encoding.UTF8.GetString(bytes[..length]);
        return text.Split('\n', 2)[0].Trim() is { Length: > 0 } key
            ? key
            : throw new IOException($"there is no key in the first line of {path}: delete it for a new one");
    }

    private static void Create(string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder); // the user's own, which others do not see
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using FileStream file = new(path, options);
            file.Write(System.Text.Encoding.ASCII.GetBytes(
                Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyLength)) + "\n"));
        }
        catch (IOException) when (File.Exists(path))
        {
            // another server has made it a moment ago
        }
    }
}
