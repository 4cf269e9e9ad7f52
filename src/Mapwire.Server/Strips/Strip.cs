namespace Mapwire.Server.Strips;

/// <summary>
/// A title in the order it is sent: one entry a sample, all tracks merged by decode time. Immutable and shared by all players.
/// </summary>
internal sealed class Strip
{
    private readonly StripEntry[] _entries;
    private readonly int[] _syncPoints;

    /// <param name="entries">In ascending time.</param>
    /// <param name="syncPoints">The indices of the entries that a seek may land on, ascending.</param>
    /// <param name="endTime">When the last sample has been shown, in milliseconds.</param>
    public Strip(StripEntry[] entries, int[] syncPoints, long endTime)
    {
        EndTime = endTime;
        _entries = entries;
        _syncPoints = syncPoints;
    }

    /// <summary>The samples in send order.</summary>
    public ReadOnlySpan<StripEntry> Entries => _entries;

    /// <summary>When the last sample has been shown, in milliseconds from the start.</summary>
    public long EndTime { get; }

    /// <summary>The number of samples.</summary>
    public int Count => _entries.Length;

    /// <summary>The entries that a seek may land on: sync samples of the video, or of the audio where there is no video.</summary>
    public ReadOnlySpan<int> SyncPoints => _syncPoints;

    /// <summary>What the index takes in memory, in bytes.</summary>
    public long ByteSize => ((long)_entries.Length * 16) + ((long)_syncPoints.Length * sizeof(int));

    /// <summary>The last sync point at or before a time, in O(log n); the first one when all are later.</summary>
    /// <param name="time">Milliseconds from the start of the title.</param>
    public int SyncPointAt(long time)
    {
        int low = 0;
        int high = _syncPoints.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_entries[_syncPoints[middle]].Time <= time)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return _syncPoints[low];
    }

    /// <summary>The first sync point at or after an entry; the number of entries when there is none.</summary>
    public int SyncPointFrom(int index)
    {
        int place = Array.BinarySearch(_syncPoints, index);
        place = place < 0 ? ~place : place;
        return place < _syncPoints.Length ? _syncPoints[place] : _entries.Length;
    }

    /// <summary>The first entry at or after a time, in O(log n); the number of entries when there is none.</summary>
    /// <param name="time">Milliseconds from the start of the title.</param>
    public int IndexAt(long time)
    {
        int low = 0;
        int high = _entries.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (_entries[middle].Time < time)
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
