namespace Mapwire.Media.Tables;

/// <summary>A place in <see cref="MediaTables"/>: one sample, and how to get to the next without looking anything up.</summary>
internal struct TableCursor
{
    private int _timeRun;
    private uint _timeLeft;
    private int _compositionRun;
    private uint _compositionLeft;
    private int _chunk;
    private int _chunkRun;
    private uint _chunkLeft;
    private int _sync;

    /// <summary>The sample, counted from 0.</summary>
    internal int Index { get; private set; }

    /// <summary>Its decode time in the media, in ticks.</summary>
    internal long Time { get; private set; }

    /// <summary>Ticks to the next sample's decode time.</summary>
    internal long Duration { get; private set; }

    /// <summary>Its composition offset as the file has it.</summary>
    internal int Composition { get; private set; }

    /// <summary>Of its first byte in the file.</summary>
    internal long Offset { get; private set; }

    /// <summary>Its bytes.</summary>
    internal uint Size { get; private set; }

    /// <summary>Its sample description, counted from 0.</summary>
    internal int Description { get; private set; }

    /// <summary>Whether decoding can start here.</summary>
    internal bool IsSync { get; private set; }

    /// <summary>Whether the chunks hold fewer samples than there are sizes.</summary>
    internal readonly bool IsPastChunks => _chunkLeft == 0;

    /// <summary>The first sample. The tables must have one, one time run and one chunk run.</summary>
    internal static TableCursor Start(MediaTables tables)
    {
        TableCursor cursor = default;
        if (tables.Count == 0)
        {
            return cursor;
        }

        cursor._timeLeft = tables.TimeRuns[0].Count;
        cursor._compositionLeft = tables.CompositionRuns.Length > 0 ? tables.CompositionRuns[0].Count : 0;
        cursor._chunk = -1;
        cursor.NextChunk(tables);
        cursor.Load(tables);
        return cursor;
    }

    /// <summary>Goes to the next sample; past the last one only <see cref="Index"/> and <see cref="Time"/> mean anything.</summary>
    internal void Advance(MediaTables tables)
    {
        Time += Duration;
        Offset += Size;
        Index++;
        if (--_timeLeft == 0 && _timeRun + 1 < tables.TimeRuns.Length)
        {
            _timeLeft = tables.TimeRuns[++_timeRun].Count;
        }

        if (_compositionLeft > 0 && --_compositionLeft == 0 && _compositionRun + 1 < tables.CompositionRuns.Length)
        {
            _compositionLeft = tables.CompositionRuns[++_compositionRun].Count;
        }

        if (_chunkLeft > 0 && --_chunkLeft == 0)
        {
            NextChunk(tables);
        }

        if (IsSync)
        {
            _sync++;
        }

        if (Index < tables.Count)
        {
            Load(tables);
        }
    }

    private void NextChunk(MediaTables tables)
    {
        if (++_chunk >= tables.Chunks.Count)
        {
            return;
        }

        ChunkRun[] runs = tables.ChunkRuns;
        if (_chunkRun + 1 < runs.Length && runs[_chunkRun + 1].FirstChunk == _chunk)
        {
            _chunkRun++;
        }

        _chunkLeft = runs[_chunkRun].Samples;
        Description = runs[_chunkRun].Description;
        Offset = tables.Chunks[_chunk];
    }

    private void Load(MediaTables tables)
    {
        Duration = tables.TimeRuns[_timeRun].Delta;
        Composition = _compositionLeft > 0 ? tables.CompositionRuns[_compositionRun].Offset : 0;
        Size = tables.Sizes[Index];
        int[]? sync = tables.SyncSamples;
        IsSync = sync is null || (_sync < sync.Length && sync[_sync] == Index);
    }
}
