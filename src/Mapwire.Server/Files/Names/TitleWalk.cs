using System.IO.Enumeration;

namespace Mapwire.Server.Files.Names;

/// <summary>
/// Finds the titles of a folder as they can be played, for whoever counts or lists them: links to folders are not followed, a link to a
/// file only where it stays in the folder, hidden files and folders are passed over, and so is what no name leads to.
/// </summary>
internal static class TitleWalk
{
    /// <summary>Walks until all is found, or the visitor has enough.</summary>
    public static void Run(ServedFolder folder, ITitleVisitor visitor)
    {
        string root = folder.Root;
        Stack<string> names = new([""]);
        while (!visitor.IsStopped && names.TryPop(out string? name))
        {
            string path = Path.Join(root, name);
            visitor.EnterFolder(path);
            try
            {
                WalkFolder(folder, path, name, names, visitor);
            }
            // Whatever a file system answers: it is one folder's matter, and what leaves a thread would end the process.
            catch (Exception exception)
            {
                visitor.AddUnreadable(path, exception.Message);
            }
        }
    }

    /// <summary>Finds the titles and folders of one folder alone.</summary>
    /// <param name="folder">The served folder.</param>
    /// <param name="name">The folder's path below it; empty for itself.</param>
    /// <param name="visitor">Told of the titles.</param>
    /// <returns>The folders in it, by their paths below the served one; null where there is no such folder, or it lies elsewhere.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static IReadOnlyCollection<string>? RunOne(ServedFolder folder, string name, ITitleVisitor visitor)
    {
        if (folder.FindFolder(name) is not { } path)
        {
            return null;
        }

        Stack<string> folders = new();
        WalkFolder(folder, path, name, folders, visitor);
        return folders;
    }

    private static void WalkFolder(ServedFolder folder, string path, string name, Stack<string> names, ITitleVisitor visitor)
    {
        FileSystemEnumerable<(string Name, bool IsFolder, bool IsLink)> entries = new(
            path,
            static (ref entry) => (entry.FileName.ToString(), entry.IsDirectory, ServedFolder.IsLink(ref entry)),
            new EnumerationOptions { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System })
        {
            ShouldIncludePredicate = static (ref entry) =>
                entry.IsDirectory ? !ServedFolder.IsLink(ref entry) : TitleName.HasTitleExtension(entry.FileName),
        };
        Dictionary<string, int> qualities = new(StringComparer.Ordinal);
        foreach ((string inner, bool isFolder, bool isLink) in entries)
        {
            if (visitor.IsStopped)
            {
                return;
            }

            string candidate = name.Length == 0 ? inner : $"{name}/{inner}";
            string full = Path.Join(path, inner);
            if (TitleName.IsUndecodable(full))
            {
                visitor.AddUnnamed(full, "its name is not UTF-8");
            }
            else if (isFolder)
            {
                names.Push(candidate);
            }
            else if (TitleName.Normalize(candidate, OperatingSystem.IsWindows()) is null)
            {
                visitor.AddUnnamed(full, "its path is too long or too deep, or means something else to this system");
            }
            else if (!isLink || folder.Find(candidate) is not null) // a link may lead out
            {
                visitor.AddTitle(candidate);
                if (QualityNames.FilmOf(candidate) is { } film)
                {
                    qualities[film] = qualities.GetValueOrDefault(film) + 1;
                }
            }
        }

        foreach (string film in qualities.Where(static pair => pair.Value > 1).Select(static pair => pair.Key))
        {
            if (!visitor.IsStopped && folder.Find(film) is null) // else it is the film itself
            {
                visitor.AddQualities(film);
            }
        }
    }
}

/// <summary>What is done with the titles of a folder as they are found.</summary>
internal interface ITitleVisitor
{
    /// <summary>Whether no more are wanted.</summary>
    bool IsStopped { get; }

    /// <summary>A folder is read next, which may take long.</summary>
    void EnterFolder(string path);

    /// <summary>A title was found.</summary>
    /// <param name="name">The path below the walked folder, with '/' between its parts.</param>
    void AddTitle(string name);

    /// <summary>Files that were found are qualities of one title, which has no file.</summary>
    /// <param name="name">The title's path below the walked folder, with '/' between its parts.</param>
    void AddQualities(string name);

    /// <summary>A folder's titles were not found, or not all of them.</summary>
    void AddUnreadable(string path, string reason);

    /// <summary>A file or folder that no player can name was passed over.</summary>
    void AddUnnamed(string path, string reason);
}
