using Mapwire.Server.Files.Names;

namespace Mapwire.Server.Reports;

/// <summary>The titles of a folder: what a server finds that serves it, and what it cannot find.</summary>
public sealed class FolderReport : ITitleVisitor
{
    private readonly string _path;
    private readonly List<string> _titles = [];
    private readonly List<string> _qualities = [];
    private readonly List<string> _faults = [];

    private FolderReport(string path) => _path = path;

    /// <summary>
    /// The paths of the titles, sorted, below the folder as it was named; a link to another title of the folder is one more.
    /// </summary>
    public IReadOnlyList<string> Titles => _titles;

    /// <summary>
    /// The paths of titles that have no file, since files that are titles, too, are named as their qualities; sorted, below the folder as
    /// it was named.
    /// </summary>
    public IReadOnlyList<string> Qualities => _qualities;

    /// <summary>Folders that could not be read and files that no player can name, a line each with the reason.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <inheritdoc/>
    bool ITitleVisitor.IsStopped => false;

    /// <summary>Looks for the titles of a folder, subfolders included.</summary>
    /// <param name="path">The folder.</param>
    public static FolderReport Of(string path)
    {
        FolderReport report = new(path);
        try
        {
            TitleWalk.Run(new ServedFolder(path), report);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            report._faults.Add(TerminalText.Clean(exception.Message, int.MaxValue));
        }

        report._titles.Sort(StringComparer.Ordinal);
        report._qualities.Sort(StringComparer.Ordinal);
        return report;
    }

    /// <summary>
    /// Words behind a message that there is no such file, where the reason is that its name is not UTF-8; else empty.
    /// </summary>
    /// <param name="path">The file, by the name that the system or a folder's list gave.</param>
    public static string ExplainName(string path) => TitleName.IsUndecodable(path) ? " (a name that is not UTF-8 cannot be opened)" : "";

    /// <inheritdoc/>
    void ITitleVisitor.EnterFolder(string path)
    {
    }

    /// <inheritdoc/>
    void ITitleVisitor.AddTitle(string name) => _titles.Add(Path.Join(_path, name));

    /// <inheritdoc/>
    void ITitleVisitor.AddQualities(string name) => _qualities.Add(Path.Join(_path, name));

    /// <inheritdoc/>
    void ITitleVisitor.AddUnreadable(string path, string reason) =>
        _faults.Add($"{TerminalText.Clean(path)}: {TerminalText.Clean(reason)}");

    /// <inheritdoc/>
    void ITitleVisitor.AddUnnamed(string path, string reason) =>
        _faults.Add($"{TerminalText.Clean(path)}: {reason}");
}
