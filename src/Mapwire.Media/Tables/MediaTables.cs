namespace Mapwire.Media.Tables;

/// <summary>A track's samples as its media has them, before any edit list, as compact as the file itself has them.</summary>
internal sealed class MediaTables
{
    /// <summary>A cursor is kept for every so many samples, so that any sample is found in that many steps.</summary>
    internal const int CheckpointInterval = 4096;

    internal static readonly MediaTables Empty = new()
    {
        TimeRuns = [],
        CompositionRuns = [],
        Chunks = new ChunkOffsets(Array.Empty<uint>()),
        ChunkRuns = [],
        Sizes = SampleSizes.Constant(0, 0),
    };

    private TableCursor[] _checkpoints = [];

    /// <summary>Run-length decode times; the last run goes on where they cover too few samples.</summary>
    internal required TimeRun[] TimeRuns { get; init; }

    /// <summary>Run-length composition offsets; samples past them have offset 0.</summary>
    internal required CompositionRun[] CompositionRuns { get; init; }

    internal required ChunkOffsets Chunks { get; init; }

    internal required ChunkRun[] ChunkRuns { get; init; }

    internal required SampleSizes Sizes { get; init; }

    /// <summary>The sync samples in ascending order, counted from 0; null when every sample is one.</summary>
    internal int[]? SyncSamples { get; init; }

    /// <summary>
    /// By how much decode times are moved back so that no sample is presented before it is decoded: the largest negative composition
    /// offset, as a positive number.
    /// </summary>
    internal long DecodeShift { get; init; }

    /// <summary>How many samples the file announces behind these, and ends before.</summary>
    internal int Missing { get; private init; }

    /// <summary>Where the file says all this, for messages; null without samples.</summary>
    internal SamplePlaces? Places { get; init; }

    internal int Count => Sizes.Count;

    /// <summary>The sum of the sample sizes; known after <see cref="Check"/>.</summary>
    internal long Bytes { get; private set; }

    /// <summary>The sum of the sample durations; known after <see cref="Check"/>.</summary>
    internal long Duration { get; private set; }

    /// <summary>Walks all samples once: takes the sums, and the checkpoints that make <see cref="Seek"/> quick.</summary>
    /// <param name="fileLength">No sample may end past it.</param>
    /// <param name="sample">The first sample that does, when the answer is false.</param>
    /// <returns>Whether all samples are in the file and in a chunk.</returns>
    internal bool Check(long fileLength, out int sample)
    {
        _checkpoints = new TableCursor[(Count + CheckpointInterval - 1) / CheckpointInterval];
        TableCursor cursor = TableCursor.Start(this);
        for (sample = 0; sample < Count; sample++)
        {
            if (sample % CheckpointInterval == 0)
            {
                _checkpoints[sample / CheckpointInterval] = cursor;
            }

            // A size that stands for all samples costs nothing to declare: together they cannot have more bytes than the file.
            if (cursor.IsPastChunks || cursor.Offset > fileLength - cursor.Size || (Sizes.IsConstant && Bytes > fileLength - cursor.Size))
            {
                return false;
            }

            Bytes += cursor.Size;
            cursor.Advance(this);
        }

        Duration = cursor.Time;
        return true;
    }

    /// <summary>The tables of the first samples alone, which are all in the file.</summary>
    /// <param name="count">How many; at least 0.</param>
    /// <param name="fileLength">As <see cref="Check"/> was told.</param>
    internal MediaTables Take(int count, long fileLength)
    {
        MediaTables tables = new()
        {
            TimeRuns = TimeRuns,
            CompositionRuns = CompositionRuns,
            Chunks = Chunks,
            ChunkRuns = ChunkRuns,
            Sizes = Sizes.Take(count),
            SyncSamples = SyncSamples is null ? null : [.. SyncSamples.TakeWhile(sample => sample < count)],
            DecodeShift = DecodeShift,
            Places = Places,
            Missing = Count - count,
        };
        tables.Check(fileLength, out _);
        return tables;
    }

    /// <summary>
    /// The cursor at a sample of tables that <see cref="Check"/> may have refused: a walk from the start, for the message.
    /// </summary>
    internal TableCursor Locate(int sample)
    {
        TableCursor cursor = TableCursor.Start(this);
        while (cursor.Index < sample)
        {
            cursor.Advance(this);
        }

        return cursor;
    }

    /// <summary>The number of checkpoints: blocks of <see cref="CheckpointInterval"/> samples.</summary>
    internal int Blocks => _checkpoints.Length;

    /// <summary>The cursor at the first sample of a block.</summary>
    internal TableCursor BlockStart(int block) => _checkpoints[block];

    /// <summary>The last block that begins at or before a decode time; 0 when none does.</summary>
    internal int BlockAt(long time)
    {
        int low = 0;
        int high = _checkpoints.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_checkpoints[middle].Time <= time)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return Math.Max(0, low - 1);
    }

    /// <summary>The last sample at or before another that decoding can start with; -1 when there is none.</summary>
    internal int SyncAtOrBefore(int sample)
    {
        if (SyncSamples is null)
        {
            return sample;
        }

        int place = Array.BinarySearch(SyncSamples, sample);
        place = place < 0 ? ~place - 1 : place;
        return place < 0 ? -1 : SyncSamples[place];
    }

    /// <summary>The cursor at a sample.</summary>
    internal TableCursor Seek(int sample)
    {
        TableCursor cursor = _checkpoints[sample / CheckpointInterval];
        while (cursor.Index < sample)
        {
            cursor.Advance(this);
        }

        return cursor;
    }
}
