using Mapwire.Memory;
using Mapwire.Server.Loop;
using Mapwire.Server.Sources;

namespace Mapwire.Server.Files;

/// <summary>What is known of a file that is being played.</summary>
internal enum FileState
{
    /// <summary>It holds what was read of it, and may have grown.</summary>
    Unchanged,

    /// <summary>Its length or time has changed and its bytes are being compared: nothing of it is sent meanwhile.</summary>
    Unknown,

    /// <summary>It holds something else, or can no longer be read.</summary>
    Lost,
}

/// <summary>
/// Watches an open file for others that overwrite, cut or only touch it. The system says when its length or time has changed; whether it is
/// still the same recording then, its bytes say: they are compared with what was read of it, off the thread that plays it.
/// </summary>
/// <remarks>Any thread may look. docs/adr/0004-the-file-system-is-the-catalog.md has the reasons.</remarks>
internal sealed class FileWatch
{
    /// <summary>
    /// How long a comparison counts for a file that goes on growing, in milliseconds: without it a recording that is written all the time
    /// would never be sent.
    /// </summary>
    private const long GrowthCounts = 250;

    /// <summary>
    /// How long a file that was touched is compared again and again, in milliseconds: who writes into it may not have come to the bytes
    /// that are compared yet, and several writes can have one time.
    /// </summary>
    private const long UnsettledTime = 3000;

    private const long CompareInterval = 500;

    /// <summary>How long a look counts where looking may take a while, in milliseconds.</summary>
    private const long LookCounts = 250;

    /// <summary>
    /// How long it counts that a path has no link on it, in milliseconds: what comes of one that was put there meanwhile is a wait for
    /// another file system, and no other file.
    /// </summary>
    private const long PathCounts = 1000;

    private readonly MappedFile _file;
    private readonly Func<FileIdentity> _look;
    private readonly MappedRegion _region;
    private FileIdentity _opened; // or read again, when it has grown
    private Fingerprint _fingerprint;
    private readonly FileThreads? _threads;
    private readonly Lock _gate = new();
    private readonly HashSet<Action> _waiting = []; // who asks again at every turn is in it once
    private FileIdentity _known;
    private int _generation; // how often it was read on: what was looked at before says nothing of it any more
    private bool _isLooking;
    private long _lookedAt = long.MinValue / 2; // the last moment at which nothing had changed
    private long _comparedAt = long.MinValue / 2; // a time can be taken from another
    private long _unsettledUntil = long.MinValue;
    private bool _isComparing;
    private volatile string? _lost;
    private volatile ReachedPath? _reached;

    /// <param name="file">The open file.</param>
    /// <param name="region">All of it, mapped when it was opened.</param>
    /// <param name="identity">What it was when it was opened.</param>
    /// <param name="fingerprint">What was read of it.</param>
    /// <param name="threads">Where its bytes are compared; null for the caller's thread.</param>
    /// <param name="patience">How long the file system may take to answer.</param>
    /// <param name="isLocal">Whether looking at the file never waits; null to ask the system.</param>
    /// <param name="look">Says what the file is now; null for a look at <paramref name="file"/>.</param>
    public FileWatch(
        MappedFile file, MappedRegion region, FileIdentity identity, Fingerprint fingerprint, FileThreads? threads, TimeLimit patience,
        bool? isLocal = null, Func<FileIdentity>? look = null)
    {
        Patience = patience;
        _file = file;
        _region = region;
        _opened = identity;
        _known = identity;
        _fingerprint = fingerprint;
        _threads = threads;
        IsLocal = isLocal ?? LocalFileSystem.Holds(file.Path);
        _look = look ?? (() => file.Identity);
        _lookedAt = Environment.TickCount64;
    }

    /// <summary>Whether looking at it costs microseconds, always: else that is done on other threads.</summary>
    public bool IsLocal { get; }

    /// <summary>How long its players wait for the file system, here and for the bytes that they are sent.</summary>
    public TimeLimit Patience { get; }

    /// <summary>Why nothing more of it can be sent, in words for its players; null while there is no reason.</summary>
    public string? Lost => _lost;

    /// <summary>
    /// Whether a path has no link on it and leads to this file, so that looking at what is there costs microseconds. False where that is
    /// unknown (network file systems; all but Linux).
    /// </summary>
    public bool IsReachedAtOnceBy(string path)
    {
        long now = LoopClock.Milliseconds;
        if (!IsLocal)
        {
            return false;
        }

        if (_reached is { } reached && now - reached.At < PathCounts && reached.Path == path)
        {
            return true;
        }

        if (Names.ServedFolder.PathNow(_file) != path)
        {
            return false;
        }

        _reached = new ReachedPath(path, now);
        return true;
    }

    /// <summary>
    /// What the file is now. All who look in one millisecond share one look: a look for each send was a fifth of what sending cost.
    /// </summary>
    /// <remarks>
    /// By the clock itself, not by the time at which a loop's round began: a round that sends to thousands takes long enough for all of a
    /// film to be overwritten.
    /// </remarks>
    public FileState Look() => Look(LoopClock.Milliseconds);

    /// <summary>What the file is at a moment.</summary>
    /// <param name="now">Milliseconds of the system's clock that never goes back.</param>
    internal FileState Look(long now)
    {
        if (_lost is not null)
        {
            return FileState.Lost;
        }

        long lookedAt = Volatile.Read(ref _lookedAt);
        if (lookedAt == now)
        {
            return FileState.Unchanged;
        }

        if (!IsLocal && _threads is not null)
        {
            return LookElsewhere(now, lookedAt);
        }

        int generation = Volatile.Read(ref _generation);
        FileIdentity identity;
        try
        {
            identity = _look();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Lose(Unreadable(exception.Message));
            return FileState.Lost;
        }

        lock (_gate)
        {
            return Judge(identity, generation, now);
        }
    }

    /// <summary>Has someone called once, on any thread, when <see cref="FileState.Unknown"/> is over; at once when it is already.</summary>
    public void CallWhenKnown(Action known)
    {
        lock (_gate)
        {
            if (_isLooking || _isComparing)
            {
                _waiting.Add(known);
                return;
            }
        }

        known();
    }

    /// <summary>
    /// A file system that has to ask a server or a daemon is looked at on another thread, often enough that the answer is at most
    /// <see cref="LookCounts"/> old when something is sent.
    /// </summary>
    private FileState LookElsewhere(long now, long lookedAt)
    {
        long age = now - lookedAt;
        if (age <= LookCounts / 2)
        {
            return FileState.Unchanged;
        }

        lock (_gate)
        {
            if (!_isLooking)
            {
                _isLooking = true;
                _ = LookAsync(_generation);
            }

            return _lost is not null ? FileState.Lost : age > LookCounts ? FileState.Unknown : FileState.Unchanged;
        }
    }

    private async Task LookAsync(int generation)
    {
        FileIdentity identity = default;
        string? lost = null;
        try
        {
            identity = await _threads!.RunAsync($"look {_file.Path}", _ => _look(), limit: Patience).ConfigureAwait(false);
        }
        catch (Exception exception) // a dead mount, a server that does not answer, or the title was let go meanwhile
        {
            lost = Unreadable(exception.Message);
        }

        lock (_gate)
        {
            _isLooking = false;
            _lost ??= lost;
            if (_lost is null && Judge(identity, generation, Environment.TickCount64) == FileState.Unknown)
            {
                return; // whoever waits does so until the bytes are compared
            }
        }

        Tell();
    }

    /// <summary>Judges a look. Under the gate.</summary>
    /// <param name="identity">What was seen.</param>
    /// <param name="generation">The one before the look.</param>
    /// <param name="now">Milliseconds of the system's clock that never goes back.</param>
    private FileState Judge(FileIdentity identity, int generation, long now)
    {
        if (generation != _generation)
        {
            return _lost is null ? FileState.Unchanged : FileState.Lost; // it was read on meanwhile, and found to be the same
        }

        if (identity == _known)
        {
            if (now < _unsettledUntil && now - _comparedAt >= CompareInterval)
            {
                Compare(identity);
            }

            Volatile.Write(ref _lookedAt, now);
            return _lost is null ? FileState.Unchanged : FileState.Lost;
        }

        if (!identity.IsSameFile(_opened) || identity.Length < _opened.Length)
        {
            _lost ??= Changed;
            return FileState.Lost;
        }

        if (identity.Length > _known.Length && now - _comparedAt < GrowthCounts)
        {
            Volatile.Write(ref _lookedAt, now);
            return FileState.Unchanged;
        }

        Compare(identity);
        if (_lost is not null)
        {
            return FileState.Lost;
        }

        if (identity != _known)
        {
            return FileState.Unknown;
        }

        Volatile.Write(ref _lookedAt, now);
        return FileState.Unchanged; // compared on this thread
    }

    /// <summary>Compares the bytes with what was read, once at a time. Under the gate.</summary>
    private void Compare(FileIdentity identity)
    {
        if (_isComparing)
        {
            return;
        }

        if (_threads is null)
        {
            Take(identity, _fingerprint.Matches(_region) ? null : Changed);
            return;
        }

        _isComparing = true;
        _ = CompareAsync(identity, _fingerprint, _generation);
    }

    private async Task CompareAsync(FileIdentity identity, Fingerprint fingerprint, int generation)
    {
        string? lost;
        try
        {
            bool matches = await _threads!.RunAsync($"compare {_file.Path}", _ => fingerprint.Matches(_region), limit: Patience)
                .ConfigureAwait(false);
            lost = matches ? null : Changed;
        }
        catch (Exception exception) // a file system that does not answer, or the title was let go meanwhile
        {
            lost = Unreadable(exception.Message);
        }

        lock (_gate)
        {
            _isComparing = false;
            if (generation == _generation)
            {
                Take(identity, lost);
            }
        }

        Tell();
    }

    /// <summary>The file was found to be the same, longer, and has been read up to its new end.</summary>
    /// <param name="identity">What it is now.</param>
    /// <param name="fingerprint">What was read of it.</param>
    public void Extend(FileIdentity identity, Fingerprint fingerprint)
    {
        lock (_gate)
        {
            _generation++;
            _opened = identity;
            _fingerprint = fingerprint;
            Take(identity, lost: null);
        }
    }

    /// <summary>Tells all who wait that they may look again.</summary>
    private void Tell()
    {
        Action[] waiting;
        lock (_gate)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (Action known in waiting)
        {
            known();
        }
    }

    private static string Changed => "the file changed";

    private string Unreadable(string fault) => $"the file can no longer be read: {TitleException.WithoutFolder(fault, _file.Path)}";

    /// <summary>Takes note of a comparison. Under the gate.</summary>
    private void Take(FileIdentity identity, string? lost)
    {
        _comparedAt = Environment.TickCount64;
        _unsettledUntil = identity == _known ? _unsettledUntil : _comparedAt + UnsettledTime;
        _known = identity;
        Volatile.Write(ref _lookedAt, _comparedAt);
        _lost ??= lost;
    }

    /// <summary>
    /// A part of the file could not be read: it is lost, for the reason that the file itself gives, or else for this one.
    /// </summary>
    public void Fail(string reason)
    {
        int generation = Volatile.Read(ref _generation);
        FileIdentity identity;
        try
        {
            identity = _look();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Lose(Unreadable(exception.Message));
            return;
        }

        lock (_gate)
        {
            bool isSame = generation != _generation || (identity.IsSameFile(_opened) && identity.Length >= _opened.Length);
            _lost ??= isSame ? Unreadable(reason) : Changed;
        }
    }

    /// <summary>A path that led to the file without a link on it.</summary>
    private sealed record ReachedPath(string Path, long At);

    private void Lose(string reason)
    {
        lock (_gate)
        {
            _lost ??= reason;
        }
    }
}
