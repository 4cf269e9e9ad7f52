using Mapwire.Memory;
using Mapwire.Server.Files.Names;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Files;

/// <summary>
/// From a client's words to an open media file. Files are opened once for all their players, kept for the next ones within a budget,
/// and looked at anew at every play: the file system says what there is, so new, changed and deleted files need no watching.
/// </summary>
internal sealed class FileCatalog : IDisposable
{
    /// <summary>Files that are read at once to open them: they wait for disks, and share the processors among them.</summary>
    private const int ReadsAtOnce = 16;

    /// <summary>
    /// How often a file is opened for one player. One that was open in another state takes two; more take others who change or replace it,
    /// or let it go to make room, between its opening and its use, each time.
    /// </summary>
    private const int MaxAttempts = 16;

    private readonly ServedFolder _folder;
    private readonly FileBudget _budget;
    private readonly IndexCache? _cache;
    private readonly TitleLimits _limits;
    private readonly PresenceThreads? _presence;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly FileThreads _openings;
    private readonly SubtitleNames _subtitles;
    private long _clock;

    /// <param name="folder">Where the files are.</param>
    /// <param name="budget">How many files are open, and what is kept of them.</param>
    /// <param name="cache">Where structures are kept between runs; null for nowhere.</param>
    /// <param name="limits">What a file may cost before it is refused; null for the defaults.</param>
    /// <param name="presence">They bring what players will be sent into memory, and end with the catalog; null when sending may wait for
    /// it.</param>
    public FileCatalog(ServedFolder folder, FileBudget budget, IndexCache? cache = null, TitleLimits? limits = null,
        PresenceThreads? presence = null)
    {
        _folder = folder;
        _subtitles = new SubtitleNames(folder);
        _budget = budget;
        _cache = cache;
        _limits = limits ?? TitleLimits.Default;
        _presence = presence;
        _openings = new FileThreads("mapwire opening", ReadsAtOnce, _limits);
        Lookups = new FileThreads("mapwire lookup", FileThreads.MostStuck, _limits);
    }

    /// <summary>Where names are looked up and short files read: it takes the system microseconds, or it hangs.</summary>
    public FileThreads Lookups { get; }

    /// <inheritdoc cref="TitleCounter.CountAsync"/>
    public Task<TitleCount> CountAsync(TimeSpan timeLimit) => TitleCounter.CountAsync(_folder, timeLimit);

    /// <summary>Lists the titles of a folder, not on the caller's thread.</summary>
    /// <param name="name">The folder's path below the served one; empty for itself.</param>
    /// <exception cref="TitleException">There is none, it cannot be read, or it does not answer.</exception>
    public Task<TitleListing> ListAsync(string name) =>
        Lookups.RunAsync($"list /{name}", _ => TitleListing.Read(_folder, name));

    /// <summary>Finds the file that a title's name leads to, or where there is none the qualities by that name.</summary>
    /// <param name="name">The title's.</param>
    /// <returns>The file; or, the smallest pictures first, at least two qualities.</returns>
    /// <exception cref="TitleException">There is none, or the folder does not answer.</exception>
    public async Task<(FoundFile File, List<FoundFile>? Qualities)> FindTitleAsync(PlayName name)
    {
        try
        {
            return (await FindAsync(name).ConfigureAwait(false), null);
        }
        catch (TitleException refusal) when (refusal.Error == TitleError.NotFound && name.GetCandidates().FirstOrDefault() is { } path)
        {
            List<FoundFile> qualities = await FindQualitiesAsync(path).ConfigureAwait(false);
            if (qualities.Count < 2)
            {
                throw;
            }

            return (default, qualities);
        }
    }

    /// <summary>Finds qualities of a film by their names, <c>film.360p.mp4</c> for <c>film.mp4</c>; not on the caller's thread.</summary>
    /// <param name="name">The path of the film below the served folder; there is no such file.</param>
    /// <returns>Those that are there, the smallest pictures first.</returns>
    public Task<List<FoundFile>> FindQualitiesAsync(string name) =>
        Lookups.RunAsync($"qualities {name}", _ => QualityNames.Of(name).Where(IsThere).Select(Find).ToList());

    /// <summary>Finds the subtitles that lie beside a film, not on the caller's thread.</summary>
    /// <param name="name">The film's path below the served folder.</param>
    /// <returns>The files, with their languages.</returns>
    /// <exception cref="TitleException">The folder cannot be read, or does not answer.</exception>
    public Task<List<(FoundFile File, string Tag)>> FindSubtitlesAsync(string name) => Lookups.RunAsync($"subtitles {name}", _ =>
    {
        List<(FoundFile File, string Tag)> found = [];
        foreach (SubtitleName subtitles in _subtitles.Find(name))
        {
            try
            {
                if (_folder.Find(subtitles.Name) is { } path)
                {
                    found.Add((new FoundFile(path, subtitles.Name, MappedFile.GetIdentity(path)), subtitles.Tag));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It went between two looks: the film has one less.
            }
        }

        return found;
    });

    /// <summary>Reads a file of text that lies beside a film; not on a worker's thread.</summary>
    /// <param name="found">The file.</param>
    /// <param name="maxBytes">Of a longer one a byte more is read.</param>
    /// <exception cref="TitleException">It cannot be read.</exception>
    public byte[] ReadText(FoundFile found, int maxBytes) => ShortFile.Read(found.Path, found.Name, _folder, maxBytes);

    /// <summary>How long a title is, if it is open; null where it would have to be opened to say so.</summary>
    /// <param name="name">The title's path below the served folder.</param>
    public TimeSpan? FindDuration(string name)
    {
        string path = _folder.PathOf(name);
        lock (_entries)
        {
            return _entries.TryGetValue(path, out Entry? entry) && entry.Opening.IsCompletedSuccessfully
                && entry.Opening.Result.Watch.Lost is null
                ? entry.Opening.Result.Content.Movie.Duration
                : null;
        }
    }

    /// <summary>
    /// Finds the file that a client names: not on the caller's thread, unless it is open already and can be looked at without waiting.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <returns>The file as it is now.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public Task<FoundFile> FindAsync(PlayName name) =>
        FindOpen(name) is { } found ? Task.FromResult(found) : Lookups.RunAsync(name.ToString(), _ => Find(name));

    /// <summary>Finds the file that a client names.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The file as it is now.</returns>
    /// <exception cref="TitleException">There is none.</exception>
    public FoundFile Find(PlayName name)
    {
        foreach (string candidate in name.GetCandidates())
        {
            if (_folder.Find(candidate) is { } path)
            {
                try
                {
                    return new FoundFile(path, candidate, MappedFile.GetIdentity(path));
                }
                catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
                {
                    break;
                }
            }
        }

        string what = $"no title {TerminalText.Clean(name.ToString())}";
        throw new TitleException(
            TitleError.NotFound,
            TitleName.IsOtherMedia(name.Path) && TitleName.GetRefusal(Path.GetFileName(name.Path)) is { } refusal
                ? $"{what}: {refusal}"
                : what);
    }

    private bool IsThere(PlayName name) => name.GetCandidates().Any(candidate => _folder.Find(candidate) is not null);

    /// <summary>Opens a recording, not on the caller's thread.</summary>
    /// <param name="found">From <see cref="FindAsync"/>.</param>
    /// <returns>The file, held for the caller, who releases it.</returns>
    /// <exception cref="TitleException">It is gone, cannot be played, was not opened in time, or too much is open.</exception>
    public async Task<MediaFile> OpenAsync(FoundFile found)
    {
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await TryOpenAsync(found).ConfigureAwait(false) is { } file)
            {
                return file;
            }
        }

        throw new TitleException(TitleError.Unavailable,
            $"the file changed or was closed each of the {MaxAttempts} times that it was opened: try again later");
    }

    /// <summary>Opens a recording as it is open already, or anew.</summary>
    /// <returns>The file, held for the caller; null when what was open is not right for this viewer, and is let go.</returns>
    private async Task<MediaFile?> TryOpenAsync(FoundFile found)
    {
        Entry entry = EntryFor(found, out bool isUndecided);
        MediaFile file;
        try
        {
            file = await entry.Opening.ConfigureAwait(false);
        }
        catch (Exception) when (isUndecided)
        {
            Forget(found.Path, entry); // another state of the file could not be played
            return null;
        }

        if (!file.TryAcquire())
        {
            return null; // it was let go meanwhile; the entry is gone, too
        }

        bool isRight = false;
        try
        {
            isRight = file.Watch.Lost is null // since it was opened
                && (!isUndecided || entry.Serves(found.Identity))
                && (found.Identity.Length <= file.Identity.Length || !file.Content.MayGrow
                || await RunAsync($"grow {found.Path}", file.TryGrow).ConfigureAwait(false));
        }
        finally
        {
            if (!isRight)
            {
                file.Release();
            }
        }

        if (isRight)
        {
            return file;
        }

        Forget(found.Path, entry);
        return null;
    }

    /// <summary>Does something with a file on a thread that opens files, for which others wait no longer than for an opening.</summary>
    /// <param name="key">What it is about: of one key, one is done at a time.</param>
    /// <param name="work">Does it.</param>
    public Task<T> RunAsync<T>(string key, Func<FileWork, T> work) => _openings.RunAsync(key, work);

    /// <summary>Computes something of a file that is open, on a thread that opens files: it reads none.</summary>
    /// <param name="key">What it is about: of one key, one is done at a time.</param>
    /// <param name="make">Computes it.</param>
    public Task<T> ComputeAsync<T>(string key, Func<T> make) => _openings.ComputeAsync(key, make);

    /// <summary>What is made of a file for its viewers: what others have made of it by the same key, or a new one.</summary>
    /// <param name="file">Held by the caller.</param>
    /// <param name="key">What tells it from others of the file.</param>
    /// <param name="make">Makes it, on a thread that opens files.</param>
    /// <exception cref="TitleException">It cannot be made, or too much is open.</exception>
    public async Task<T> DeriveAsync<T>(MediaFile file, object key, Func<FileWork, T> make)
        where T : class, IDerived
    {
        Task<IDerived>? derived;
        lock (_entries)
        {
            if (!file.Derived.TryGetValue(key, out derived) || derived.IsFaulted)
            {
                RequireMemory();
                derived = _openings.RunAsync<IDerived>($"index {file.Name}", make);
                file.Derived[key] = derived;
            }
        }

        return (T)await derived.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Entry[] entries;
        lock (_entries)
        {
            entries = [.. _entries.Values];
            _entries.Clear();
        }

        Array.ForEach(entries, Drop);
        _openings.Dispose();
        _presence?.Dispose();
        Lookups.Dispose();
    }

    /// <summary>
    /// The file that a name means first of all, if it is open, unchanged, not lost and lies on a local file system: the folders on the way
    /// to an open file are held in memory, so to look whether its path still leads to it costs microseconds. The way over two other threads
    /// costs a player that begins a third of the time to its first frame.
    /// </summary>
    private FoundFile? FindOpen(PlayName name) =>
        FindEntry(name, out string path, out string candidate) is { } entry && LeadsTo(path, entry.Opening.Result)
            ? new FoundFile(path, candidate, entry.Opening.Result.Identity)
            : null;

    /// <summary>The file that a name means first of all, where it can be had at once, as <see cref="FindOpen"/> finds it.</summary>
    /// <returns>The file, held for the caller, who releases it; null where it has to be looked up or opened.</returns>
    public MediaFile? TryHold(PlayName name)
    {
        if (FindEntry(name, out string path, out _) is not { } entry || !entry.Opening.Result.TryAcquire())
        {
            return null;
        }

        MediaFile file = entry.Opening.Result;
        if (LeadsTo(path, file))
        {
            return file;
        }

        file.Release();
        return null;
    }

    /// <summary>What was opened by the first path that a name means; null where nothing was yet.</summary>
    private Entry? FindEntry(PlayName name, out string path, out string candidate)
    {
        candidate = name.GetCandidates().FirstOrDefault() ?? "";
        path = candidate.Length == 0 ? "" : _folder.PathOf(candidate);
        lock (_entries)
        {
            if (!_entries.TryGetValue(path, out Entry? entry) || !entry.Opening.IsCompletedSuccessfully)
            {
                return null;
            }

            entry.LastUse = ++_clock;
            return entry;
        }
    }

    /// <summary>Whether a path still leads to an open file that is as it was; false where that cannot be told at once.</summary>
    private static bool LeadsTo(string path, MediaFile file)
    {
        try
        {
            return file.Watch.Lost is null && file.Watch.IsReachedAtOnceBy(path) && MappedFile.GetIdentity(path) == file.Identity;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <param name="found">What is to be opened.</param>
    /// <param name="isUndecided">
    /// Whether the file is just being opened in another state, so that what comes of it says whether it is right for this viewer.
    /// </param>
    private Entry EntryFor(FoundFile found, out bool isUndecided)
    {
        isUndecided = false;
        List<Entry> dropped = [];
        try
        {
            lock (_entries)
            {
                if (_entries.TryGetValue(found.Path, out Entry? entry))
                {
                    entry.LastUse = ++_clock;
                    isUndecided = entry.IsOpening(found.Identity);
                    if (isUndecided || entry.Serves(found.Identity))
                    {
                        return entry;
                    }

                    Remove(found.Path, entry);
                    dropped.Add(entry);
                }

                DropIdle(dropped, adding: 1);
                if (_entries.Count >= _budget.MaxFiles)
                {
                    throw new TitleException(TitleError.Unavailable,
                        $"{_entries.Count} files are open and being played, the most this server opens: try again later");
                }

                RequireMemory();
                Task<MediaFile> opening = _openings.RunAsync(
                    found.Path,
                    work => MediaFile.Open(found.Path, found.Name, _folder, _cache, _limits, work, Lookups, _presence),
                    static tooLate => tooLate.Release());
                entry = new Entry(found.Identity, opening) { LastUse = ++_clock };
                _entries.Add(found.Path, entry);
                return entry;
            }
        }
        finally
        {
            dropped.ForEach(Drop); // closing takes long for large mappings, and for ever on a dead file system
        }
    }

    /// <summary>Lets go of a file that holds something else now; its viewers hold it as long as they stay.</summary>
    private void Forget(string path, Entry entry)
    {
        lock (_entries)
        {
            if (!_entries.TryGetValue(path, out Entry? now) || now != entry)
            {
                return; // someone else came before
            }

            Remove(path, entry);
        }

        Drop(entry);
    }

    /// <summary>
    /// Takes out a file. Where it was lost, other bytes can have its length and time, so what is cached of it is forgotten before it is
    /// opened again: of one path, one thing is done after the other. Under the lock.
    /// </summary>
    private void Remove(string path, Entry entry)
    {
        _entries.Remove(path);
        if (_cache is { } cache && entry is { Opening: { IsCompletedSuccessfully: true, Result: { Watch.Lost: not null } lost } })
        {
            Task<bool> forgetting = _openings.RunAsync(path, _ =>
            {
                cache.Remove(lost.Identity);
                return true;
            });
            _ = forgetting.ContinueWith(
                static refused => _ = refused.Exception, // then the path is not opened either
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
        }
    }

    /// <summary>Under the lock.</summary>
    private void RequireMemory()
    {
        long bytes = _entries.Values.Sum(static entry => entry.ByteSize);
        if (bytes > _budget.MaxBytes)
        {
            throw new TitleException(
                TitleError.Unavailable,
                $"the indices of what is played take {bytes} bytes, more than the {_budget.MaxBytes} that this server gives them: "
                + "try again later");
        }
    }

    /// <summary>Takes out the files least recently used that nobody plays, until the rest fits the budget. Under the lock.</summary>
    private void DropIdle(List<Entry> dropped, int adding)
    {
        long bytes = _entries.Values.Sum(static entry => entry.ByteSize);
        if (bytes <= _budget.KeptBytes && _entries.Count + adding <= _budget.KeptFiles)
        {
            return;
        }

        foreach ((string path, Entry idle) in _entries.Where(static pair => pair.Value.IsIdle).OrderBy(static pair => pair.Value.LastUse)
            .ToArray())
        {
            if (bytes <= _budget.KeptBytes && _entries.Count + adding <= _budget.KeptFiles)
            {
                break;
            }

            bytes -= idle.ByteSize;
            Remove(path, idle);
            dropped.Add(idle);
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

    /// <summary>A file that is open or being opened, held by the catalog.</summary>
    private sealed class Entry(FileIdentity identity, Task<MediaFile> opening)
    {
        /// <summary>
        /// How long a file that grows is served as it was where its mapping cannot grow with it (Windows), in milliseconds for each of its
        /// samples: a tenth of a processor opens it anew then.
        /// </summary>
        private const double GrowthInterval = 0.01;

        private readonly long _openedAt = Environment.TickCount64;

        public Task<MediaFile> Opening { get; } = opening;

        public long LastUse { get; set; }

        /// <summary>Nobody plays it, and nobody waits for it.</summary>
        public bool IsIdle => Opening.IsCompleted && (!Opening.IsCompletedSuccessfully || !Opening.Result.IsShared);

        /// <summary>What its tables and all that was made of them take in memory, in bytes. Under the lock.</summary>
        public long ByteSize => Opening.IsCompletedSuccessfully
            ? Opening.Result.ByteSize
            + Opening.Result.Derived.Values.Sum(static made => made.IsCompletedSuccessfully ? made.Result.ByteSize : 0)
            : 0;

        /// <summary>Whether the file is still being opened, and is the one that was found, in another state.</summary>
        public bool IsOpening(FileIdentity found) => !Opening.IsCompleted && found != identity && found.IsSameFile(identity);

        /// <summary>Whether whoever found the file in some state can have what was opened.</summary>
        public bool Serves(FileIdentity found)
        {
            if (Opening.IsFaulted && Opening.Exception.InnerException is not TitleException { Error: TitleError.NotPlayable })
            {
                return false; // for a reason that is not in the file's bytes, so that the next player should try again
            }

            if (Opening.IsCompletedSuccessfully && Opening.Result.Watch.Lost is not null)
            {
                return false; // even if it looks as it was: it may have been written anew, or can be read again
            }

            FileIdentity opened = Opening.IsCompletedSuccessfully ? Opening.Result.Identity : identity;
            if (found == opened || (Opening.IsFaulted && found == identity))
            {
                return true;
            }

            if (!found.IsSameFile(opened) || !Opening.IsCompletedSuccessfully || !Opening.Result.Content.Movie.MayGrow)
            {
                return false;
            }

            // A recording that grows was looked at before it was read last, or has grown since: then it is read on.
            FileContent content = Opening.Result.Content;
            bool isOlder = found.Length <= opened.Length && found.LastWriteTicks <= opened.LastWriteTicks;
            return isOlder || (found.Length > opened.Length
                && (content.MayGrow || Environment.TickCount64 - _openedAt < content.Samples * GrowthInterval));
        }
    }
}
