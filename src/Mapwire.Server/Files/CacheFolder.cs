using System.Text.RegularExpressions;
using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Files;

/// <summary>
/// A folder of files that can be made again, and of no others: it has a marker, made while the folder was empty, and what lies in it under
/// any other name is never counted, changed or deleted.
/// </summary>
internal sealed partial class CacheFolder
{
    /// <summary>Says whose folder this is; without it nothing is stored.</summary>
    public const string Marker = ".mapwire-index-cache";

    /// <summary>What the folder's own files end with.</summary>
    public const string Extension = ".structure";

    private const string MarkerText =
        "mapwire keeps the structure of recordings here, and may delete files named *.structure at any time.\n";

    /// <summary>A file that is still being written is younger; an older one was left by a process that was killed.</summary>
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromMinutes(10);

    private readonly string _path;

    /// <param name="path">The folder; made when it is missing.</param>
    /// <param name="served">The folder whose recordings are served; null when there is none.</param>
    /// <exception cref="ArgumentException">It is the served folder or holds it, or it has files and is not marked.</exception>
    public CacheFolder(string path, string? served)
    {
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (served is not null && IsOrHolds(Real(_path), Real(Path.TrimEndingDirectorySeparator(Path.GetFullPath(served)))))
        {
            throw new ArgumentException(
                $"the index cache must be a folder of its own (was {path}, which is or holds the served folder {served}): "
                + "name an empty folder");
        }

        if (Path.Exists(_path) && !Directory.Exists(_path))
        {
            throw new ArgumentException($"the index cache must be a folder (was {path}, which is none): name an empty folder");
        }

        if (HasForeignFiles())
        {
            throw new ArgumentException(
                $"the index cache must be an empty folder or one that a server made (was {path}, which has files and no {Marker}): "
                + "name an empty folder");
        }
    }

    /// <summary>The path of a file in the folder.</summary>
    public string PathOf(string name) => Path.Combine(_path, name);

    /// <summary>Writes a file beside and renames it, so that a reader sees a whole file or none. A failure leaves nothing behind.</summary>
    /// <exception cref="IOException">The folder or the file cannot be written, or the folder is not marked as a cache.</exception>
    /// <exception cref="UnauthorizedAccessException">A right is missing.</exception>
    public void Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = PathOf(name);
        string temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Claim();
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(bytes);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException exception) // what .NET says of a limit of the process or the file system
        {
            Delete(temporary);
            throw new IOException($"{path} would be larger than files may be (ulimit -f, LimitFSIZE, or the file system)", exception);
        }
        catch
        {
            Delete(temporary);
            throw;
        }
    }

    /// <summary>Deletes a file that was written; one that stays is no fault.</summary>
    public void Remove(string name) => Delete(PathOf(name));

    /// <summary>
    /// Deletes the folder's own files that were written longest ago, until the rest takes no more than <paramref name="maxBytes"/>.
    /// </summary>
    public void Trim(long maxBytes)
    {
        if (!File.Exists(PathOf(Marker)))
        {
            return;
        }

        long total = 0;
        DateTime now = DateTime.UtcNow;
        foreach (FileInfo file in new DirectoryInfo(_path).EnumerateFiles().Where(IsOwn)
            .OrderByDescending(static file => file.LastWriteTimeUtc))
        {
            bool isStored = file.Name.EndsWith(Extension, StringComparison.Ordinal);
            total += isStored ? file.Length : 0;
            if (isStored ? total > maxBytes : now - file.LastWriteTimeUtc > AbandonedAfter) // old versions' files too
            {
                Delete(file.FullName);
            }
        }
    }

    /// <summary>Makes the folder and its marker where there is nothing yet.</summary>
    private void Claim()
    {
        string marker = PathOf(Marker);
        if (File.Exists(marker))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(_path); // below the user's own folder, whose rights it inherits
        }
        else
        {
            Directory.CreateDirectory(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        if (HasForeignFiles())
        {
            throw new IOException($"{_path} has files and no {Marker}: it is not used as an index cache");
        }

        try
        {
            File.WriteAllText(marker, MarkerText);
        }
        catch (IOException) when (File.Exists(marker))
        {
            // Another thread or process is just writing it: that it is there is all that counts.
        }
    }

    /// <summary>Whether something lies in the folder and nothing says that it is a cache.</summary>
    private bool HasForeignFiles()
    {
        try
        {
            return Directory.Exists(_path) && !File.Exists(PathOf(Marker))
                && !new DirectoryInfo(_path).EnumerateFileSystemInfos().All(static file => file.Name == Marker || IsOwn(file))
                && !File.Exists(PathOf(Marker)); // claimed meanwhile: a file of its new owner that is gone again cannot be told from others
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // what cannot be listed cannot be written either, and writing says why
        }
    }

    private static bool IsOwn(FileSystemInfo file) =>
        file is FileInfo && OwnName().IsMatch(file.Name) && (file.Attributes & FileAttributes.ReparsePoint) == 0;

    private static bool IsOrHolds(string folder, string other) =>
        other.StartsWith(folder, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)
        && (other.Length == folder.Length || Path.EndsInDirectorySeparator(folder) || other[folder.Length] == Path.DirectorySeparatorChar);

    private static string Real(string path) => ServedFolder.WithoutLinks(path) ?? path;

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // another process was faster, or it stays: a cache file more
        }
    }

    /// <summary>
    /// Device and file id in hexadecimal, and while it is written a random name behind. Earlier versions kept strips, of
    /// which one recording could have several.
    /// </summary>
    [GeneratedRegex("^[0-9a-f]{48}(\\.structure|(-[0-9a-f]+\\.-?[0-9]+\\.-?[0-9]+\\.[^.]*)?\\.strip)(\\.[0-9a-f]{32})?$",
        RegexOptions.CultureInvariant)]
    private static partial Regex OwnName();
}
