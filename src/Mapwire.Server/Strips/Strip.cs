namespace Mapwire.Server.Strips;

/// <summary>
/// A title in the order it is sent: one entry a sample, all tracks merged by decode time. Immutable and shared by all players.
/// </summary>
internal sealed class Strip
{
    private readonly StripEntry[] _entries;
    private readonly int[] _syncPoints;
    private readonly int[] _nanoseconds;
    private readonly int[] _changes;
    private readonly bool _hidesPictures;

    /// <param name="entries">In ascending time.</param>
    /// <param name="syncPoints">The indices of the entries that a seek may land on, ascending.</param>
    /// <param name="nanoseconds">What each entry's time is short of; empty when nobody is told.</param>
    /// <param name="startTime">When the presentation begins, in milliseconds; what lies before is for decoders.</param>
    /// <param name="endTime">When the last sample has been shown, in milliseconds.</param>
    /// <param name="hidesPictures">Whether pictures before <paramref name="startTime"/> are for decoders alone.</param>
    public Strip(StripEntry[] entries, int[] syncPoints, int[] nanoseconds, long startTime, long endTime, bool hidesPictures = false)
    {
        _hidesPictures = hidesPictures;
        StartTime = startTime;
        EndTime = endTime;
        _entries = entries;
        _syncPoints = syncPoints;
        _nanoseconds = nanoseconds;
        List<int> changes = [];
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i] is { IsChange: true, IsCommand: false })
            {
                changes.Add(i);
            }
        }

        _changes = [.. changes];
    }

    /// <summary>The samples in send order.</summary>
    public ReadOnlySpan<StripEntry> Entries => _entries;

    /// <summary>
    /// When the presentation begins, in milliseconds from the start: what reordered pictures and a sound decoder's run-up take before it.
    /// </summary>
    public long StartTime { get; }

    /// <summary>
    /// How long the run-up takes that an edit list hides, in milliseconds: pictures that nobody is to see, without which the first one that
    /// is shown cannot be decoded. They are sent at the time of the first one, without sound.
    /// </summary>
    public long RunUp => _hidesPictures ? StartTime : 0;

    /// <summary>How long the presentation takes, in milliseconds: what is announced, sent and shown.</summary>
    public long Length => EndTime - StartTime;

    /// <summary>When the last sample has been shown, in milliseconds from the start.</summary>
    public long EndTime { get; }

    /// <summary>The number of samples.</summary>
    public int Count => _entries.Length;

    /// <summary>The entries that a seek may land on: sync samples of the video, or of the audio where there is no video.</summary>
    public ReadOnlySpan<int> SyncPoints => _syncPoints;

    /// <summary>What each entry's time is short of, in nanoseconds; empty when nobody is told.</summary>
    public ReadOnlySpan<int> Nanoseconds => _nanoseconds;

    /// <summary>What the index takes in memory, in bytes.</summary>
    public long ByteSize =>
        ((long)_entries.Length * 16) + ((long)(_syncPoints.Length + _nanoseconds.Length + _changes.Length) * sizeof(int));

    /// <summary>The change of a lane's configuration that counts at an entry; null when it still is the first one.</summary>
    public StripEntry? ChangeBefore(int index, int lane)
    {
        for (int i = _changes.Length - 1; i >= 0; i--)
        {
            if (_changes[i] < index && _entries[_changes[i]].Lane == lane)
            {
                return _entries[_changes[i]];
            }
        }

        return null;
    }

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
