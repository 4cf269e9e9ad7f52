using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>An arena in a file, mapped privately: nothing that was not committed can reach the file, whatever pages the system writes
/// back and when. A commit goes to the log, which is synced, and from there to the file, which is synced before the log is used
/// again.</summary>
/// <remarks>A reference that was taken to write may be stored through while another thread commits. Such a store is in that commit or in
/// the next one: the lines of a commit are compared once more when the next one begins, and their pages keep their private copy until
/// then.</remarks>
internal sealed class DurableSpace : ArenaSpace
{
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly FileLocks _locks;
    private readonly DurableFile _home;
    private readonly DurableProgress _progress;
    private readonly DurabilitySettings _settings;
    private HashSet<long> _copied = []; // pages that have a private copy of what the file has by now
    private CommitRecord _record = new();
    private CommitRecord _last = new(); // the commit before, for the stores that came beside it
    private CommitLog? _log;
    private ulong _sequence;
    private bool _failed;

    public DurableSpace(
        MappedFile file, MappedRegion region, long maxLength, FileLocks locks, DurableFile home, DurableProgress progress,
        ArenaOptions options)
        : base(file.Path, region.DangerousAddress, region.Length, maxLength)
    {
        _file = file;
        _region = region;
        _locks = locks;
        _home = home;
        _progress = progress;
        _settings = options.Settings;
        _sequence = progress.Applied;
        IsReadOnly = options.ReadOnly;
    }

    public override ChangedLines Changes { get; } = new();

    public override bool IsReadOnly { get; }

    public override void Grow(long length)
    {
        if (length > MaxLength)
        {
            throw Full(length);
        }

        SegmentSpace.Extend(_file, _file.Length, length);
        _home.SetLength(length);
        _home.Sync(); // before any commit tells of it
        _region.Resize(length);
        Length = length;
    }

    public override void Commit()
    {
        if (IsReadOnly)
        {
            throw new InvalidOperationException($"Arena '{Name}' is open for reading only.");
        }

        if (_failed)
        {
            throw new IOException($"A previous commit of arena '{Name}' failed; reopen the arena to recover.");
        }

        _last.MarkDifferences(this, Changes);
        List<(long Offset, int Length)> ranges = Changes.GetRanges(Length);
        if (ranges.Count == 0)
        {
            return;
        }

        CommitLog log = _log ??= CreateLog();
        _record.Copy(log.Id, _sequence + 1, ranges, this);
        log.Append(_record); // if it fails, nothing is decided and it can be tried again
        _failed = true; // until the file has it too: what is in the log is committed, and must not be written over
        _sequence++;
        int at = 0;
        for (int i = 0; i < _record.RangeCount; i++)
        {
            (long offset, ReadOnlyMemory<byte> bytes) = _record.Range(i, ref at);
            _home.Write(offset, bytes.Span);
        }

        Changes.Clear();
        (_record, _last) = (_last, _record);
        HashSet<long> pages = PagesOf(ranges);
        if (log.IsFull)
        {
            Checkpoint(log, pages);
        }

        _copied.UnionWith(pages);
        _failed = false;
    }

    protected override void Close()
    {
        try
        {
            if (_log is not null && !_failed)
            {
                _home.Sync();
                _progress.Write(_sequence, 0);
                _log.Remove();
            }
        }
        finally
        {
            _log?.Dispose();
            _region.Dispose();
            _locks.Dispose();
            _file.Dispose();
        }
    }

    /// <summary>The log first, then the word in the file that it is needed.</summary>
    private CommitLog CreateLog()
    {
        CommitLog log = CommitLog.Create(
            _file.Path, Word(ArenaHeader.ArenaIdAt), (ulong)Random.Shared.NextInt64(1, long.MaxValue), _settings);
        try
        {
            _progress.Write(_sequence, log.Id);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Gives back the private copies of pages that the file has too, but for those of the commit under way: references into
    /// these may still be stored through.</summary>
    private void Checkpoint(CommitLog log, HashSet<long> inUse)
    {
        _home.Sync();
        _progress.Write(_sequence, log.Id);
        log.Restart();
        _copied.ExceptWith(inUse);
        try
        {
            if (PlatformCapabilities.Supports(MemoryCapability.DiscardPrivateFile))
            {
                foreach (long page in _copied)
                {
                    _region.Discard(page, Math.Min(PlatformCapabilities.PageSize, Length - page));
                }
            }
        }
        catch (IOException)
        {
            // Pages that the program has locked stay (EINVAL). They hold what the file has, so only their memory is not given back.
        }

        _copied = [];
    }

    private static HashSet<long> PagesOf(List<(long Offset, int Length)> ranges)
    {
        HashSet<long> pages = [];
        long page = PlatformCapabilities.PageSize;
        foreach ((long offset, int length) in ranges)
        {
            for (long at = offset / page * page; at < offset + length; at += page)
            {
                pages.Add(at);
            }
        }

        return pages;
    }
}
