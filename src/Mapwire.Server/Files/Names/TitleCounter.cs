using System.Diagnostics;
using System.IO.Enumeration;

namespace Mapwire.Server.Files.Names;

/// <summary>
/// Counts the titles of a folder on a thread of its own: a network file system may never answer, and a tree of a million files takes long.
/// What cannot be read is passed over and told.
/// </summary>
internal sealed class TitleCounter
{
    private readonly ServedFolder _folder;
    private readonly Lock _changing = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _titles;
    private int _unreadable;
    private string? _firstFault;
    private string? _pending;
    private volatile bool _isCancelled;

    private TitleCounter(ServedFolder folder) => _folder = folder;

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
            return new TitleCount(counter._titles, counter._unreadable, counter._firstFault, counter._pending);
        }
    }

    private void Run()
    {
        Stack<string> folders = new([_folder.Root]);
        while (!_isCancelled && folders.TryPop(out string? folder))
        {
            lock (_changing)
            {
                _pending = folder;
            }

            try
            {
                CountFolder(folder, folders);
            }
            // Whatever a file system answers: it is one folder's matter. What leaves this thread would end the process.
            catch (Exception exception)
            {
                lock (_changing)
                {
                    _unreadable++;
                    _firstFault ??= $"{TerminalText.Clean(folder)}: {TerminalText.Clean(exception.Message)}";
                }
            }
        }

        lock (_changing)
        {
            _pending = null;
        }

        _done.SetResult();
    }

    private void CountFolder(string folder, Stack<string> folders)
    {
        FileSystemEnumerable<(string Name, bool IsFolder, bool IsLink)> entries = new(
            folder,
            static (ref entry) => (entry.FileName.ToString(), entry.IsDirectory, ServedFolder.IsLink(ref entry)),
            new EnumerationOptions { IgnoreInaccessible = false, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System })
        {
            ShouldIncludePredicate = static (ref entry) =>
                entry.IsDirectory ? !ServedFolder.IsLink(ref entry) : TitleName.HasTitleExtension(entry.FileName),
        };
        foreach ((string name, bool isFolder, bool isLink) in entries)
        {
            string path = Path.Join(folder, name);
            if (_isCancelled)
            {
                return;
            }

            if (isFolder)
            {
                folders.Push(path);
            }
            else if (!isLink || _folder.Find(Path.GetRelativePath(_folder.Root, path)) is not null) // a link may lead out
            {
                lock (_changing)
                {
                    _titles++;
                }
            }
        }
    }
}

/// <summary>How many titles a folder has, as far as it could be read in the time given.</summary>
/// <param name="Titles">Titles found, those of subfolders included.</param>
/// <param name="UnreadableFolders">Folders whose titles are not counted, or not all of them.</param>
/// <param name="FirstFault">The first of those folders and why it could not be read; null for none.</param>
/// <param name="Pending">The folder being read when the time was over; null when the count is complete.</param>
public sealed record TitleCount(int Titles, int UnreadableFolders, string? FirstFault, string? Pending);
