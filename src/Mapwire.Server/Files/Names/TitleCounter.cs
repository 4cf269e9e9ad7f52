namespace Mapwire.Server.Files.Names;

/// <summary>
/// Counts the titles of a folder on a thread of its own: a network file system may never answer, and a tree of a million files takes long.
/// What cannot be read or played is passed over and told.
/// </summary>
internal sealed class TitleCounter : ITitleVisitor
{
    private readonly ServedFolder _folder;
    private readonly Lock _changing = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _titles;
    private int _unreadable;
    private int _unnamed;
    private string? _firstFault;
    private string? _firstUnnamed;
    private string? _pending;
    private volatile bool _isCancelled;

    private TitleCounter(ServedFolder folder) => _folder = folder;

    /// <inheritdoc/>
    public bool IsStopped => _isCancelled;

    /// <summary>Counts.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="timeLimit">After this time the result is what was found so far.</param>
    public static async Task<TitleCount> CountAsync(ServedFolder folder, TimeSpan timeLimit)
    {
        TitleCounter counter = new(folder);
        // background: a call that hangs does not hold the process
        if (!BackgroundThread.TryStart("mapwire count", counter.Run))
        {
            return new TitleCount(0, 1, "the system starts no more threads (a limit of threads or memory)", folder.Root);
        }

        await Task.WhenAny(counter._done.Task, Task.Delay(timeLimit)).ConfigureAwait(false);
        counter._isCancelled = true;
        lock (counter._changing)
        {
            return new TitleCount(counter._titles, counter._unreadable, counter._firstFault, counter._pending)
            {
                UnnamedFiles = counter._unnamed,
                FirstUnnamed = counter._firstUnnamed,
            };
        }
    }

    /// <inheritdoc/>
    public void EnterFolder(string path)
    {
        lock (_changing)
        {
            _pending = path;
        }
    }

    /// <inheritdoc/>
    public void AddTitle(string name)
    {
        lock (_changing)
        {
            _titles++;
        }
    }

    /// <inheritdoc/>
    public void AddQualities(string name) => AddTitle(name);

    /// <inheritdoc/>
    public void AddUnreadable(string path, string reason)
    {
        lock (_changing)
        {
            _unreadable++;
            _firstFault ??= $"{TerminalText.Clean(path)}: {TerminalText.Clean(reason)}";
        }
    }

    /// <inheritdoc/>
    public void AddUnnamed(string path, string reason)
    {
        lock (_changing)
        {
            _unnamed++;
            _firstUnnamed ??= $"{TerminalText.Clean(path)}: {reason}";
        }
    }

    private void Run()
    {
        TitleWalk.Run(_folder, this);
        lock (_changing)
        {
            _pending = null;
        }

        _done.SetResult();
    }
}

/// <summary>How many titles a folder has, as far as it could be read in the time given.</summary>
/// <param name="Titles">Titles found, those of subfolders included.</param>
/// <param name="UnreadableFolders">Folders whose titles are not counted, or not all of them.</param>
/// <param name="FirstFault">The first of those folders and why it could not be read; null for none.</param>
/// <param name="Pending">The folder being read when the time was over; null when the count is complete.</param>
public sealed record TitleCount(int Titles, int UnreadableFolders, string? FirstFault, string? Pending)
{
    /// <summary>Files named like titles, and folders, that no player can name: their names are not UTF-8 or too long.</summary>
    public int UnnamedFiles { get; init; }

    /// <summary>The first of those and why; null for none.</summary>
    public string? FirstUnnamed { get; init; }
}
