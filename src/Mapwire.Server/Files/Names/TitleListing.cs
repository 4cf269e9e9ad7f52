namespace Mapwire.Server.Files.Names;

/// <summary>The titles and folders in one folder, by their names.</summary>
/// <param name="Folders">Names of folders, sorted.</param>
/// <param name="Titles">Names of titles, sorted.</param>
/// <param name="IsWhole">Whether these are all.</param>
internal sealed record TitleListing(IReadOnlyList<string> Folders, IReadOnlyList<string> Titles, bool IsWhole)
{
    /// <summary>
    /// The most entries that are listed of a folder: 1 MB of JSON, about, and a tenth of a second of a disk. A folder with more of them
    /// needs a catalogue of its own.
    /// </summary>
    public const int MaxEntries = 10_000;

    /// <summary>Lists a folder; it may take as long as the file system likes.</summary>
    /// <param name="folder">The served folder.</param>
    /// <param name="name">The folder's path below it; empty for itself.</param>
    /// <exception cref="TitleException">There is none, or it cannot be read.</exception>
    public static TitleListing Read(ServedFolder folder, string name)
    {
        Visitor visitor = new();
        try
        {
            IReadOnlyCollection<string> folders =
                (name.Length == 0 || TitleName.Normalize(name, OperatingSystem.IsWindows()) == name
                ? TitleWalk.RunOne(folder, name, visitor) : null)
                ?? throw new TitleException(TitleError.NotFound, $"no folder {TerminalText.Clean(name)}");
            string[] inner = [.. folders.Select(path => path[(path.LastIndexOf('/') + 1)..]).Take(MaxEntries)];
            Array.Sort(inner, StringComparer.Ordinal);
            visitor.Titles.Sort(StringComparer.Ordinal);
            return new TitleListing(inner, visitor.Titles, !visitor.IsStopped && inner.Length == folders.Count);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw TitleException.Unreadable(folder.PathOf(name), exception);
        }
    }

    private sealed class Visitor : ITitleVisitor
    {
        public List<string> Titles { get; } = [];

        public bool IsStopped => Titles.Count == MaxEntries;

        public void EnterFolder(string path)
        {
        }

        public void AddTitle(string name) => Titles.Add(name[(name.LastIndexOf('/') + 1)..]);

        public void AddQualities(string name) => AddTitle(name);

        public void AddUnreadable(string path, string reason)
        {
        }

        public void AddUnnamed(string path, string reason)
        {
        }
    }
}
