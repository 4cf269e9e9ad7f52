using Mapwire.Memory.Sharing;

namespace Mapwire.Memory.Arenas;

/// <summary>An arena in a file, mapped privately: nothing that was not committed can reach the file, whatever pages the system writes
/// back and when. A commit goes to the log, which is synced, and from there to the file, which is synced before the log is used
/// again.</summary>
internal sealed class DurableSpace : ArenaSpace
{
    private readonly MappedFile _file;
    private readonly MappedRegion _region;
    private readonly RangeLock _life;
    private readonly DurableFile _home;
    private readonly DurableProgress _progress;
    private readonly HashSet<long> _copied = []; // pages that have a private copy of what the file has by now
    private CommitLog? _log;
    private ulong _sequence;
    private bool _failed;

    public DurableSpace(
        MappedFile file, MappedRegion region, long maxLength, RangeLock life, DurableFile home, DurableProgress progress, bool readOnly)
        : base(file.Path, region.DangerousAddress, region.Length, maxLength)
    {
        _file = file;
        _region = region;
        _life = life;
        _home = home;
        _progress = progress;
        _sequence = progress.Applied;
        IsReadOnly = readOnly;
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
            throw new IOException($"An earlier commit of arena '{Name}' failed half way: open it anew.");
        }

        List<(long Offset, int Length)> ranges = Changes.Ranges();
        if (ranges.Count == 0)
        {
            return;
        }

        if (_log is null)
        {
            Start();
        }

        _log!.Append(_sequence + 1, ranges, this); // if it fails, nothing is decided and it can be tried again
        _failed = true; // until the file has it too: what is in the log is committed, and must not be written over
        _sequence++;
        foreach ((long offset, int length) in ranges)
        {
            _home.Write(offset, Bytes(offset, length));
        }

        Note(ranges);
        Changes.Clear();
        if (_log.IsFull)
        {
            Checkpoint();
        }

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
            _life.Dispose();
            _file.Dispose();
        }
    }

    /// <summary>The log first, then the word in the file that it is needed.</summary>
    private void Start()
    {
        ulong id = (ulong)Random.Shared.NextInt64(1, long.MaxValue);
        CommitLog log = CommitLog.Make(_file.Path, id);
        try
        {
            _progress.Write(_sequence, id);
        }
        catch
        {
            log.Dispose();
            throw;
        }

        _log = log;
    }

    private void Checkpoint()
    {
        _home.Sync();
        _progress.Write(_sequence, _progress.LogId);
        _log!.Restart();
        if (PlatformCapabilities.Supports(MemoryCapability.DiscardPrivateFile))
        {
            foreach (long page in _copied)
            {
                _region.Discard(page, PlatformCapabilities.PageSize); // the file has the same bytes
            }
        }

        _copied.Clear();
    }

    private void Note(List<(long Offset, int Length)> ranges)
    {
        long page = PlatformCapabilities.PageSize;
        foreach ((long offset, int length) in ranges)
        {
            for (long at = offset / page * page; at < offset + length; at += page)
            {
                _copied.Add(at);
            }
        }
    }
}
