using Mapwire.Server.Strips;

namespace Mapwire.Server.Live;

/// <summary>Entries of a live stream that lie one behind the other.</summary>
/// <param name="first">The number of its first entry, counted from the stream's beginning.</param>
internal sealed class LiveBlock(long first)
{
    /// <summary>Entries of a block.</summary>
    public const int Length = 256;

    private LiveBlock? _next;
    private StripEntry[]? _entries;
    private uint[]? _arrivals;

    /// <summary>The number of its first entry.</summary>
    public long First { get; } = first;

    /// <summary>The entries; those behind the strip's count are not written yet.</summary>
    public StripEntry[] Entries => _entries ??= new StripEntry[Length]; // made by the writer: a stream that is only waited for has none

    /// <summary>When each of them came, in milliseconds of the loops' clock, whose lower half is enough to tell how long ago.</summary>
    public uint[] Arrivals => _arrivals ??= new uint[Length];

    /// <summary>The block behind this one; null for the last one.</summary>
    public LiveBlock? Next
    {
        get => Volatile.Read(ref _next);
        set => Volatile.Write(ref _next, value);
    }
}

/// <summary>
/// The messages of a live stream in the order in which they came, as entries. One thread at a time writes while any others read: what was
/// published neither moves nor changes; what has left the window is known by its number, before its pages are used again.
/// </summary>
/// <remarks>
/// Blocks are a chain: who stands in one keeps those that follow, too. So a viewer that is not sent anything for long lets go of its block
/// (<see cref="LiveCursor"/>).
/// </remarks>
internal sealed class LiveStrip
{
    /// <summary>Sync points that are kept though they have left the window: each keeps its block, and all that follow.</summary>
    private const int MaxDropped = 8;

    private readonly List<LiveSyncPoint> _syncPoints = []; // under the gate
    private readonly Lock _gate = new();
    private LiveBlock _first = new(0);
    private LiveBlock _last;
    private int _firstSync; // of the list: those before it have left the window
    private long _added;
    private long _count;
    private long _oldest;

    public LiveStrip() => _last = _first;

    /// <summary>How many entries there have been. The writer's stores before <see cref="Publish"/> come with it.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The first entry that is still in the window. What is before it must not be looked at in a round that begins now.</summary>
    public long Oldest => Volatile.Read(ref _oldest);

    /// <summary>The block of the oldest entry.</summary>
    public LiveBlock FirstBlock => Volatile.Read(ref _first);

    /// <summary>How many entries the window has. For the writer.</summary>
    public long Length => _added - _oldest;

    /// <summary>The oldest entry. For the writer, while there is one.</summary>
    public StripEntry OldestEntry => _first.Entries[(int)(_oldest - _first.First)];

    /// <summary>When the oldest entry came, as <see cref="LiveBlock.Arrivals"/> tell it. For the writer, while there is one.</summary>
    public uint OldestArrival => _first.Arrivals[(int)(_oldest - _first.First)];

    /// <summary>Appends an entry, which readers see when it is published. For the writer.</summary>
    /// <param name="entry">What came.</param>
    /// <param name="isSyncPoint">Whether a viewer may begin with it.</param>
    /// <param name="arrival">When it came, in milliseconds of the loops' clock.</param>
    public void Add(in StripEntry entry, bool isSyncPoint, long arrival)
    {
        if (_added - _last.First == LiveBlock.Length)
        {
            LiveBlock next = new(_added);
            _last.Next = next;
            _last = next;
            LeaveFirst(); // all before it may have been dropped
        }

        _last.Entries[(int)(_added - _last.First)] = entry;
        _last.Arrivals[(int)(_added - _last.First)] = unchecked((uint)arrival);
        if (isSyncPoint)
        {
            lock (_gate)
            {
                _syncPoints.Add(new LiveSyncPoint(_last, _added, entry.Time));
            }
        }

        _added++;
    }

    /// <summary>Lets readers see what was added. For the writer.</summary>
    /// <returns>Whether anything was.</returns>
    public bool Publish()
    {
        long added = _added;
        if (added == _count)
        {
            return false;
        }

        Volatile.Write(ref _count, added);
        return true;
    }

    /// <summary>The oldest entry leaves the window. For the writer, while there is one.</summary>
    public void DropOldest()
    {
        Volatile.Write(ref _oldest, _oldest + 1);
        LeaveFirst();
        if (_firstSync < _syncPoints.Count && _syncPoints[_firstSync].Number < _oldest)
        {
            lock (_gate)
            {
                _firstSync++;
                if (_firstSync > MaxDropped && _firstSync > _syncPoints.Count / 2)
                {
                    _syncPoints.RemoveRange(0, _firstSync);
                    _firstSync = 0;
                }
            }
        }
    }

    /// <summary>The last published sync point; null where the window has none.</summary>
    public LiveSyncPoint? NewestSyncPoint() => SyncPointAt(TitleTime.MaxValue);

    /// <summary>The last published sync point at or before a time, or the first one when all are later; null where there is none.</summary>
    public LiveSyncPoint? SyncPointAt(TitleTime time)
    {
        lock (_gate)
        {
            int end = _syncPoints.Count;
            while (end > _firstSync && _syncPoints[end - 1].Number >= Count)
            {
                end--; // added, and not published yet: those of one turn
            }

            int low = _firstSync;
            int high = end - 1;
            while (low < high)
            {
                int middle = (low + high + 1) / 2;
                (low, high) = _syncPoints[middle].Time <= time ? (middle, high) : (low, middle - 1);
            }

            return low < end ? _syncPoints[low] : null;
        }
    }

    /// <summary>An entry at or behind a block.</summary>
    /// <param name="number">Published, and not before the block.</param>
    /// <param name="block">The block to look from; becomes the entry's.</param>
    public static StripEntry EntryAt(long number, ref LiveBlock block)
    {
        while (number - block.First >= LiveBlock.Length)
        {
            block = block.Next!;
        }

        return block.Entries[(int)(number - block.First)];
    }

    /// <summary>Goes on to the block of the oldest entry, as far as there is one.</summary>
    private void LeaveFirst()
    {
        while (_oldest - _first.First >= LiveBlock.Length && _first.Next is { } next)
        {
            Volatile.Write(ref _first, next);
        }
    }
}

/// <summary>An entry that a viewer may begin with.</summary>
/// <param name="Block">Where it lies.</param>
/// <param name="Number">Its number.</param>
/// <param name="Time">Its time.</param>
internal sealed record LiveSyncPoint(LiveBlock Block, long Number, TitleTime Time);
