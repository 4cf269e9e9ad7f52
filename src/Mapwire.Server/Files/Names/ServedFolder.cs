using System.IO.Enumeration;
using Mapwire.Memory;

namespace Mapwire.Server.Files.Names;

/// <summary>The folder whose recordings are served, and nothing outside it.</summary>
internal sealed class ServedFolder
{
    /// <summary>The most links followed for one path, as Linux does; more is a loop.</summary>
    private const int MaxLinks = 40;

    private readonly string _path;

    /// <param name="path">The folder. Links on the way to it are followed anew at each look, so that it may be switched to another
    /// one.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not list it or not enter it.</exception>
    public ServedFolder(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"no folder {path}");
        }

        _path = full;
        RequireAccess(GetRoot() ?? throw new DirectoryNotFoundException($"the links of {path} run in a circle"), path);
    }

    /// <summary>The folder itself, free of links; the path as it was given while a link on it leads nowhere.</summary>
    public string Root => GetRoot() ?? _path;

    /// <summary>The real path of a title, free of links; null when there is no such file, or it lies outside the folder.</summary>
    /// <param name="candidate">A path of <see cref="PlayName.GetCandidates()"/>.</param>
    public string? Find(string candidate)
    {
        string path = PathOf(candidate);
        return File.Exists(path) && WithoutLinks(path) is { } real && IsInside(real) ? real : null;
    }

    /// <summary>The real path of a folder, free of links; null when there is none, or it lies outside the served one.</summary>
    /// <param name="name">A path as <see cref="TitleName.Normalize"/> writes it; empty for the served folder itself.</param>
    public string? FindFolder(string name)
    {
        if (name.Length == 0)
        {
            return Root;
        }

        string path = PathOf(name);
        return Directory.Exists(path) && WithoutLinks(path) is { } real && IsInside(real) ? real : null;
    }

    /// <summary>The path of a title as it is named, whatever is there and wherever its links lead.</summary>
    /// <param name="candidate">A path of <see cref="PlayName.GetCandidates()"/>.</param>
    public string PathOf(string candidate) => Path.Join(_path, candidate);

    /// <summary>Whether a real path lies in the folder.</summary>
    public bool IsInside(string realPath)
    {
        string root = Root;
        return realPath.Length > root.Length
            && realPath.StartsWith(root, StringComparison.Ordinal)
            && (Path.EndsInDirectorySeparator(root) || realPath[root.Length] == Path.DirectorySeparatorChar);
    }

    /// <summary>
    /// Insists that an open file itself lies in the folder, so that a link put in place after its path was checked is seen.
    /// </summary>
    /// <param name="file">The file. Where its path is not told, nothing is checked.</param>
    /// <param name="name">The path below the folder, for the refusal.</param>
    /// <exception cref="TitleException">It does not.</exception>
    public void RequireInside(MappedFile file, string name)
    {
        if (PathNow(file) is { } real && !IsInside(real))
        {
            throw new TitleException(TitleError.NotFound, $"no title {TerminalText.Clean(name)}");
        }
    }

    /// <summary>The path by which an open file can be reached now, free of links (Linux, proc_pid_fd(5)); elsewhere null.</summary>
    public static string? PathNow(MappedFile file) =>
        OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{file.Handle.DangerousGetHandle()}").LinkTarget : null;

    /// <summary>Whether an entry is a link: to a folder, it is not walked, so that a circle of links ends.</summary>
    internal static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    /// <summary>Says which right is missing, before a server comes up that has no title to serve.</summary>
    private static void RequireAccess(string root, string path)
    {
        try
        {
            using IEnumerator<string> entries = Directory.EnumerateFileSystemEntries(root).GetEnumerator();
            if (entries.MoveNext())
            {
                File.GetAttributes(entries.Current);
            }
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new UnauthorizedAccessException(
                $"cannot serve {path}: this user ({Environment.UserName}) needs the rights to list and to enter it (chmod o+rx, "
                + "or run as its owner)", exception);
        }
        catch (IOException)
        {
            // It does not answer now; plays are refused with the reason, and go on when it does.
        }
    }

    private string? GetRoot() => WithoutLinks(_path);

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
