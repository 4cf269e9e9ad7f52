using System.IO.Enumeration;
using Mapwire.Memory;

namespace Mapwire.Server.Catalog;

/// <summary>The folder whose recordings are served, and nothing outside it.</summary>
internal sealed class ServedFolder
{
    /// <summary>The most links followed for one path, as Linux does; more is a loop.</summary>
    private const int MaxLinks = 40;

    private readonly string _root;

    /// <param name="path">The folder; links on the way to it are followed once, now.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public ServedFolder(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"no folder {path}");
        }

        _root = WithoutLinks(full) ?? throw new DirectoryNotFoundException($"the links of {path} run in a circle");
    }

    /// <summary>The titles in the folder and its subfolders, as paths below the folder with '/' between segments.</summary>
    /// <remarks>Links to folders are not walked, so that a circle of them ends; titles behind them can be played all the same.</remarks>
    public IEnumerable<string> Titles()
    {
        EnumerationOptions walk = new()
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
        };
        FileSystemEnumerable<(string Path, bool IsLink)> files = new(_root, static (ref entry) => (entry.ToFullPath(), IsLink(ref entry)), walk)
        {
            ShouldIncludePredicate = static (ref entry) => !entry.IsDirectory && TitleName.HasTitleExtension(entry.FileName),
            ShouldRecursePredicate = static (ref entry) => !IsLink(ref entry),
        };
        foreach ((string path, bool isLink) in files)
        {
            string title = Path.GetRelativePath(_root, path).Replace('\\', '/');
            if (!isLink || Find(title) is not null)
            {
                yield return title; // a link may lead out
            }
        }

        static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;
    }

    /// <summary>The real path of a title, free of links; null when there is no such file, or it lies outside the folder.</summary>
    /// <param name="candidate">A path of <see cref="TitleName.Candidates"/>.</param>
    public string? Find(string candidate)
    {
        string path = Path.Join(_root, candidate);
        if (!File.Exists(path))
        {
            return null;
        }

        string? real = WithoutLinks(path);
        return real is not null && IsInside(real) ? real : null;
    }

    /// <summary>Whether a real path lies in the folder.</summary>
    public bool IsInside(string realPath) =>
        realPath.Length > _root.Length + 1
        && realPath.StartsWith(_root, StringComparison.Ordinal)
        && (Path.EndsInDirectorySeparator(_root) || realPath[_root.Length] == Path.DirectorySeparatorChar);

    /// <summary>Insists that an open file itself lies in the folder, so that a link put in place after its path was checked is seen.</summary>
    /// <param name="file">The file. Linux tells its path, free of links (proc_pid_fd(5)); elsewhere nothing is checked.</param>
    /// <param name="name">The path below the folder, for the refusal.</param>
    /// <exception cref="TitleException">It does not.</exception>
    public void RequireInside(MappedFile file, string name)
    {
        if (OperatingSystem.IsLinux()
            && new FileInfo($"/proc/self/fd/{file.Handle.DangerousGetHandle()}").LinkTarget is { } real
            && !IsInside(real))
        {
            throw new TitleException(TitleError.NotFound, $"no title {LogText.Clean(name)}");
        }
    }

    internal static string? WithoutLinks(string path)
    {
        Stack<string> rest = new(Segments(path));
        string real = Path.GetPathRoot(path)!;
        int links = 0;
        while (rest.TryPop(out string? segment))
        {
            if (segment == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }

            string next = Path.Join(real, segment);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MaxLinks)
            {
                return null;
            }

            if (Path.IsPathRooted(target))
            {
                real = Path.GetPathRoot(target)!;
            }

            foreach (string part in Segments(target))
            {
                rest.Push(part);
            }
        }

        return real;
    }

    /// <summary>The names of a path below its root, last first.</summary>
    private static IEnumerable<string> Segments(string path) =>
        path[(Path.GetPathRoot(path)?.Length ?? 0)..]
            .Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries)
            .Where(static name => name != ".")
            .Reverse();
}
