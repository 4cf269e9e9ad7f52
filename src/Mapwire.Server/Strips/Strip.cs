using System.Runtime.CompilerServices;

namespace Mapwire.Server.Strips;

/// <summary>
/// A title in the order it is sent, as it was at one moment: one entry a sample, all tracks merged by decode time. Immutable and shared by
/// all players. The entries are those of all moments of the same growing file, but for the last few: what is sent before or after them is
/// known only when more of the other tracks has come, so each moment has these for itself.
/// </summary>
internal sealed class Strip
{
    private readonly Blocks<StripEntry> _entries;
    private readonly StripEntry[] _tail;
    private readonly Blocks<int> _nanoseconds;
    private readonly int[] _tailNanoseconds;
    private readonly Blocks<int> _syncPoints;
    private readonly int[] _tailSyncPoints;
    private readonly int _settledSyncPoints;
    private readonly int[] _changes;
    private readonly bool _hidesPictures;

    /// <param name="settled">What the moments of a growing file share; all of it that is published now is a part of the strip.</param>
    /// <param name="tail">The entries behind it.</param>
    /// <param name="times">When the presentation begins and ends.</param>
    public Strip(StripBlocks settled, StripTail tail, StripTimes times)
    {
        _entries = settled.Entries;
        _nanoseconds = settled.Nanoseconds;
        _syncPoints = settled.SyncPoints;
        SettledCount = settled.Entries.Count;
        _settledSyncPoints = settled.SyncPoints.Count;
        _changes = [.. settled.Changes, .. tail.Changes];
        _tail = tail.Entries;
        _tailNanoseconds = tail.Nanoseconds;
        _tailSyncPoints = tail.SyncPoints;
        HasNanoseconds = _nanoseconds.Count + _tailNanoseconds.Length > 0;
        StartTime = times.Start;
        EndTime = times.End;
        _hidesPictures = times.HidesPictures;
    }

    /// <summary>The number of samples.</summary>
    public int Count => SettledCount + _tail.Length;

    /// <summary>How many entries are shared with later moments of a growing file: all of a finished one.</summary>
    public int SettledCount { get; }

    /// <summary>What is shared with later moments of a growing file.</summary>
    public Blocks<StripEntry> Settled => _entries;

    /// <summary>When the presentation begins: what reordered pictures and a sound decoder's run-up take lies before it.</summary>
    public TitleTime StartTime { get; }

    /// <summary>
    /// When the run-up is over that an edit list hides; zero where there is none. A run-up is pictures that nobody is to see, without which
    /// the first one that is shown cannot be decoded. They are sent at the time of the first one, without sound. The times in names,
    /// playlists and metadata count from here.
    /// </summary>
    public TitleTime RunUpEnd => _hidesPictures ? StartTime : TitleTime.Zero;

    /// <summary>How long the presentation takes, in milliseconds: what is announced, sent and shown.</summary>
    public long Length => EndTime - StartTime;

    /// <summary>When the last sample has been shown.</summary>
    public TitleTime EndTime { get; }

    /// <summary>How many entries a seek may land on: sync samples of the video, or of the audio where there is no video.</summary>
    public int SyncPointCount => _settledSyncPoints + _tailSyncPoints.Length;

    /// <summary>Whether entries have nanoseconds that players are told.</summary>
    public bool HasNanoseconds { get; }

    /// <summary>An entry.</summary>
    /// <param name="index">Less than <see cref="Count"/>.</param>
    public ref readonly StripEntry this[int index] =>
        ref (index < SettledCount ? ref _entries[index] : ref _tail[index - SettledCount]);

    /// <summary>Entries that lie one behind the other, one of which is wanted.</summary>
    /// <param name="index">Less than <see cref="Count"/>.</param>
    /// <param name="first">The index of the first of them.</param>
    /// <param name="count">How many of them are a part of the strip there.</param>
    public StripEntry[] BlockOf(int index, out int first, out int count)
    {
        if (index < SettledCount)
        {
            StripEntry[] block = _entries.BlockOf(index, out first);
            count = Math.Min(block.Length, SettledCount - first);
            return block;
        }

        first = SettledCount;
        count = _tail.Length;
        return _tail;
    }

    /// <summary>What an entry's time is short of, in nanoseconds; 0 where nobody is told.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NanosecondsOf(int index) => HasNanoseconds ? FindNanosecondsOf(index) : 0;

    private int FindNanosecondsOf(int index) => index < SettledCount ? _nanoseconds[index] : _tailNanoseconds[index - SettledCount];

    /// <summary>The entry of a sync point.</summary>
    /// <param name="number">Less than <see cref="SyncPointCount"/>.</param>
    public int SyncPoint(int number) =>
        number < _settledSyncPoints ? _syncPoints[number] : _tailSyncPoints[number - _settledSyncPoints];

    /// <summary>The change of a lane's configuration that counts at an entry; null when it still is the first one.</summary>
    public StripEntry? ChangeBefore(int index, int lane)
    {
        for (int i = _changes.Length - 1; i >= 0; i--)
        {
            if (_changes[i] < index && this[_changes[i]].Lane == lane)
            {
                return this[_changes[i]];
            }
        }

        return null;
    }

    /// <summary>The last sync point at or before a time, in O(log n); the first one when all are later.</summary>
    public int SyncPointAt(TitleTime time)
    {
        int low = 0;
        int high = SyncPointCount - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (this[SyncPoint(middle)].Time <= time)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return SyncPoint(low);
    }

    /// <summary>The first sync point at or after an entry; the number of entries when there is none.</summary>
    public int SyncPointFrom(int index)
    {
        int low = 0;
        int high = SyncPointCount;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (SyncPoint(middle) < index)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < SyncPointCount ? SyncPoint(low) : Count;
    }

    /// <summary>The first entry at or after a time, in O(log n); the number of entries when there is none.</summary>
    public int IndexAt(TitleTime time)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (this[middle].Time < time)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

/// <summary>When the presentation of a strip begins and ends.</summary>
/// <param name="Start">What lies before is for decoders.</param>
/// <param name="End">When the last sample has been shown.</param>
/// <param name="HidesPictures">Whether pictures before <paramref name="Start"/> are for decoders alone.</param>
internal readonly record struct StripTimes(TitleTime Start, TitleTime End, bool HidesPictures = false);
