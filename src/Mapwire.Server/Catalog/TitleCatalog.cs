using Mapwire.Memory;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Catalog;

/// <summary>
/// From a client's words to an open title. Titles are opened once for all their players, kept for the next ones within a budget,
/// and looked at anew at every play: the file system says what there is, so new, changed and deleted files need no watching.
/// </summary>
internal sealed class TitleCatalog : IDisposable
{
    private readonly ServedFolder _folder;
    private readonly long _maxBytes;
    private readonly int _maxTitles;
    private readonly IndexCache? _cache;
    private readonly ILogger _log;
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly SemaphoreSlim _openings = new(Environment.ProcessorCount);
    private long _clock;

    /// <param name="folder">Where the titles are.</param>
    /// <param name="maxBytes">The most that the indices of titles nobody plays may take, in bytes.</param>
    /// <param name="maxTitles">The most titles kept open that nobody plays: each holds a descriptor.</param>
    /// <param name="cache">Where indices are kept between runs; null for nowhere.</param>
    /// <param name="log">What was opened, and what of it is left out.</param>
    public TitleCatalog(ServedFolder folder, long maxBytes, int maxTitles, IndexCache? cache, ILogger log)
    {
        _cache = cache;
        _log = log;
        _folder = folder;
        _maxBytes = maxBytes;
        _maxTitles = maxTitles;
    }

    /// <summary>The titles in the folder now.</summary>
    public int Count() => _folder.Titles().Count();

    /// <summary>Opens the title that a client names, off the caller's thread.</summary>
    /// <param name="folder">What follows the application's own name, possibly empty.</param>
    /// <param name="name">The name as sent.</param>
    /// <returns>The title, held for the caller, who releases it.</returns>
    /// <exception cref="TitleException">There is none, or it cannot be played.</exception>
    public Task<Title> OpenAsync(string folder, string name) => Task.Run(() => FindAndOpenAsync(folder, name));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_entries)
        {
            foreach (Entry entry in _entries.Values)
            {
                Drop(entry);
            }

            _entries.Clear();
        }

        _openings.Dispose();
    }

    private async Task<Title> FindAndOpenAsync(string folder, string name)
    {
        foreach (string candidate in TitleName.Candidates(folder, name))
        {
            if (_folder.Find(candidate) is not { } path)
            {
                continue;
            }

            while (true)
            {
                Entry entry = EntryFor(path, candidate);
                Title title = await entry.Opening.ConfigureAwait(false);
                if (title.TryAcquire())
                {
                    return title;
                }
            }
        }

        throw new TitleException(TitleError.NotFound, $"no title {name}");
    }

    private Entry EntryFor(string path, string name)
    {
        FileIdentity identity;
        try
        {
            identity = MappedFile.IdentityOf(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            throw new TitleException(TitleError.NotFound, $"no title {name}");
        }

        lock (_entries)
        {
            if (_entries.TryGetValue(path, out Entry? entry))
            {
                if (entry.Identity == identity && !entry.HasFailedForNow)
                {
                    entry.LastUse = ++_clock;
                    return entry;
                }

                _entries.Remove(path);
                Drop(entry);
            }

            entry = new Entry(identity, OpenOneAsync(path, name)) { LastUse = ++_clock };
            _entries.Add(path, entry);
            DropIdle();
            return entry;
        }
    }

    private async Task<Title> OpenOneAsync(string path, string name)
    {
        await Task.Yield(); // never under the caller's lock
        await _openings.WaitAsync().ConfigureAwait(false);
        try
        {
            Title title = Title.Open(path, name, _folder, _cache);
            Log.TitleOpened(_log, name, title.Strip.Count, title.Duration.TotalSeconds);
            foreach (string track in title.LeftOut)
            {
                Log.TrackLeftOut(_log, name, track);
            }

            return title;
        }
        finally
        {
            _openings.Release();
        }
    }

    /// <summary>Drops the titles least recently used until the rest fits the budget; those being played live on with their players.</summary>
    private void DropIdle()
    {
        long bytes = _entries.Values.Sum(static entry => entry.ByteSize);
        while (_entries.Count > 1 && (bytes > _maxBytes || _entries.Count > _maxTitles))
        {
            (string path, Entry oldest) = _entries.MinBy(static pair => pair.Value.LastUse);
            bytes -= oldest.ByteSize;
            _entries.Remove(path);
            Drop(oldest);
        }
    }

    private static void Drop(Entry entry) =>
        entry.Opening.ContinueWith(
            static opening =>
            {
                if (opening.IsCompletedSuccessfully)
                {
                    opening.Result.Release();
                }
                else
                {
                    _ = opening.Exception; // told to the players who asked
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private sealed class Entry(FileIdentity identity, Task<Title> opening)
    {
        public FileIdentity Identity { get; } = identity;

        public Task<Title> Opening { get; } = opening;

        public long LastUse { get; set; }

        public long ByteSize => Opening.IsCompletedSuccessfully ? Opening.Result.ByteSize : 0;

        /// <summary>The opening failed for a reason that is not in the file's bytes, so that the next player should try again.</summary>
        public bool HasFailedForNow => Opening.IsFaulted && Opening.Exception.InnerException is not TitleException { Error: TitleError.NotPlayable };
    }
}
