using Mapwire.Memory;
using Mapwire.Server.Sources;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Catalog;

/// <summary>
/// From a client's words to an open title. Titles are opened once for all their players, kept for the next ones within a budget,
/// and looked at anew at every play: the file system says what there is, so new, changed and deleted files need no watching.
/// </summary>
internal sealed class TitleCatalog : IDisposable
{
    /// <summary>Files that are read at once to open them: they wait for disks, and share the processors among them.</summary>
    private const int ReadsAtOnce = 16;

    private readonly ServedFolder _folder;
    private readonly long _maxBytes;
    private readonly int _maxTitles;
    private readonly IndexCache? _cache;
    private readonly ILogger _log;
    private readonly TitleLimits _limits;
    private readonly PresenceThreads? _presence;
    private readonly Dictionary<(string Path, TrackChoice Choice), Entry> _entries = [];
    private readonly FileThreads _openings;
    private long _clock;

    /// <param name="folder">Where the titles are.</param>
    /// <param name="maxBytes">The most that the indices of titles nobody plays may take, in bytes.</param>
    /// <param name="maxTitles">The most titles kept open that nobody plays: each holds a descriptor.</param>
    /// <param name="cache">Where indices are kept between runs; null for nowhere.</param>
    /// <param name="log">What was opened, and what of it is left out.</param>
    /// <param name="limits">What a file may cost before it is refused; null for the defaults.</param>
    /// <param name="presence">They bring what players will be sent into memory, and end with the catalog; null when sending may wait for it.</param>
    public TitleCatalog(ServedFolder folder, long maxBytes, int maxTitles, IndexCache? cache, ILogger log, TitleLimits? limits = null, PresenceThreads? presence = null)
    {
        _presence = presence;
        _limits = limits ?? TitleLimits.Default;
        _cache = cache;
        _log = log;
        _folder = folder;
        _maxBytes = maxBytes;
        _maxTitles = maxTitles;
        _openings = new FileThreads("mapwire opening", ReadsAtOnce, _limits);
        Lookups = new FileThreads("mapwire lookup", FileThreads.MostStuck, _limits);
    }

    /// <summary>Where names are looked up and short files read: it takes the system microseconds, or it hangs.</summary>
    public FileThreads Lookups { get; }

    /// <inheritdoc cref="TitleCounter.CountAsync"/>
    public Task<TitleCount> CountAsync(TimeSpan timeLimit) => TitleCounter.CountAsync(_folder, timeLimit);

    /// <summary>Finds the file that a client names, not on the caller's thread.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The file as it is now.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public Task<FoundTitle> FindAsync(PlayName name) => Lookups.RunAsync(name.ToString(), _ => Find(name));

    /// <summary>Finds the file that a client names.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The file as it is now.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public FoundTitle Find(PlayName name)
    {
        foreach (string candidate in name.GetCandidates())
        {
            if (_folder.Find(candidate) is { } path)
            {
                try
                {
                    return new FoundTitle(path, candidate, MappedFile.GetIdentity(path));
                }
                catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
                {
                    break;
                }
            }
        }

        throw new TitleException(TitleError.NotFound, $"no title {TerminalText.Clean(name.ToString())}");
    }

    /// <summary>Opens a recording, not on the caller's thread.</summary>
    /// <param name="found">From <see cref="FindAsync"/>.</param>
    /// <param name="choice">What of it is wanted.</param>
    /// <returns>The title, held for the caller, who releases it.</returns>
    /// <exception cref="TitleException">It is gone, cannot be played, or was not opened in time.</exception>
    public async Task<Title> OpenAsync(FoundTitle found, TrackChoice choice)
    {
        while (true)
        {
            Entry entry = EntryFor(found, choice);
            Title title = await entry.Opening.ConfigureAwait(false);
            if (title.TryAcquire())
            {
                return title;
            }
        }
    }

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
        _presence?.Dispose();
        Lookups.Dispose();
    }

    private Entry EntryFor(FoundTitle found, TrackChoice choice)
    {
        lock (_entries)
        {
            if (_entries.TryGetValue((found.Path, choice), out Entry? entry))
            {
                if (entry.Identity == found.Identity && !entry.HasFailedForNow)
                {
                    entry.LastUse = ++_clock;
                    return entry;
                }

                _entries.Remove((found.Path, choice));
                Drop(entry);
            }

            Task<Title> opening = _openings.RunAsync(found.Path, work => Open(found, choice, work), static tooLate => tooLate.Release());
            entry = new Entry(found.Identity, opening) { LastUse = ++_clock };
            _entries.Add((found.Path, choice), entry);
            DropIdle();
            return entry;
        }
    }

    private Title Open(FoundTitle found, TrackChoice choice, FileWork work)
    {
        Title title = Title.Open(found.Path, found.Name, _folder, _cache, choice, _limits, work, Lookups, _presence);
        Log.TitleOpened(_log, found.Name, title.Strip.Count, title.Duration.TotalSeconds);
        foreach (string track in title.LeftOut)
        {
            Log.TrackLeftOut(_log, found.Name, track);
        }

        return title;
    }

    /// <summary>Drops the titles least recently used until the rest fits the budget; those being played live on with their players.</summary>
    private void DropIdle()
    {
        long bytes = _entries.Values.Sum(static entry => entry.ByteSize);
        while (_entries.Count > 1 && (bytes > _maxBytes || _entries.Count > _maxTitles))
        {
            ((string Path, TrackChoice Choice) key, Entry oldest) = _entries.MinBy(static pair => pair.Value.LastUse);
            bytes -= oldest.ByteSize;
            _entries.Remove(key);
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
