using System.Runtime.InteropServices;

namespace Mapwire.Media.Tables;

/// <summary>Makes <see cref="MediaTables"/> of samples that come one by one, as they do from fragments and from FLV tags.</summary>
/// <param name="places">Where they are described; whoever adds samples keeps it.</param>
internal sealed class TableBuilder(SamplePlaces places)
{
    private readonly List<TimeRun> _times = [];
    private readonly List<CompositionRun> _compositions = [];
    private readonly List<long> _chunks = [];
    private readonly List<ChunkRun> _chunkRuns = [];
    private readonly List<uint> _sizes = [];
    private readonly List<int> _sync = [];
    private uint _samplesInChunk;
    private int _description;
    private long _chunkEnd;
    private long _lastTime;
    private long _lastDuration;

    /// <summary>How many samples there are.</summary>
    internal int Count => _sizes.Count;

    /// <summary>The first sample's decode time; the tables themselves begin at 0.</summary>
    internal long FirstTime { get; private set; }

    /// <summary>The largest negative composition offset that was given, as a positive number.</summary>
    internal long DecodeShift { get; private set; }

    /// <summary>When the last sample to be presented ends.</summary>
    internal long End { get; private set; } = long.MinValue;

    /// <summary>The sum of the sizes.</summary>
    internal long Bytes { get; private set; }

    /// <summary>Adds a sample. One that is earlier than the one before is decoded with it, and presented when it says.</summary>
    /// <param name="time">Its decode time, in ticks.</param>
    /// <param name="duration">In ticks.</param>
    /// <param name="composition">Its composition offset, in ticks.</param>
    /// <param name="offset">Of its first byte in the file.</param>
    /// <param name="size">In bytes.</param>
    /// <param name="isSync">Whether decoding can start here.</param>
    /// <param name="description">Its sample description, counted from 0.</param>
    /// <returns>False when it is so much earlier that the distance does not fit into 32 bits.</returns>
    internal bool TryAdd(long time, long duration, long composition, long offset, uint size, bool isSync, int description)
    {
        if (Count == 0)
        {
            FirstTime = _lastTime = time;
        }
        else
        {
            long delta = Math.Max(0, time - _lastTime);
            AddTime(delta);
            _lastTime += delta;
        }

        long held = time + composition - _lastTime;
        if (held is > int.MaxValue or < int.MinValue)
        {
            return false;
        }

        DecodeShift = Math.Max(DecodeShift, -composition);
        End = Math.Max(End, time + composition + duration);
        AddComposition((int)held);
        if (isSync)
        {
            _sync.Add(Count);
        }

        if (Count == 0 || offset != _chunkEnd || description != _description)
        {
            CloseChunk();
            _chunks.Add(offset);
            _description = description;
        }

        _samplesInChunk++;
        _chunkEnd = offset + size;
        _lastDuration = duration;
        _sizes.Add(size);
        Bytes += size;
        return true;
    }

    /// <summary>The tables of all samples that were added so far.</summary>
    /// <param name="fileLength">All samples must end in it.</param>
    /// <param name="decodeShift">See <see cref="MediaTables.DecodeShift"/>.</param>
    /// <param name="lastDuration">How long the last sample lasts, in ticks; null for what it was added with.</param>
    internal MediaTables Build(long fileLength, long decodeShift, long? lastDuration = null)
    {
        if (Count == 0)
        {
            return MediaTables.Empty;
        }

        int timeRuns = _times.Count;
        int chunkRuns = _chunkRuns.Count;
        uint samplesInChunk = _samplesInChunk;
        AddTime(lastDuration ?? _lastDuration);
        CloseChunk();
        bool isNarrow = _chunks.TrueForAll(offset => offset <= uint.MaxValue);
        MediaTables tables = new()
        {
            TimeRuns = [.. _times],
            CompositionRuns = _compositions is [{ Offset: 0 }] ? [] : [.. _compositions],
            Chunks = isNarrow ? new ChunkOffsets([.. _chunks.Select(offset => (uint)offset)]) : new ChunkOffsets([.. _chunks]),
            ChunkRuns = [.. _chunkRuns],
            Sizes = SampleSizes.From(CollectionsMarshal.AsSpan(_sizes)),
            SyncSamples = _sync.Count == Count ? null : [.. _sync],
            DecodeShift = decodeShift,
            Places = places,
        };
        // What was closed for the tables is open again for what is added next.
        _times[^1] = new TimeRun(_times[^1].Count - 1, _times[^1].Delta);
        _times.RemoveRange(timeRuns, _times.Count - timeRuns);
        _chunkRuns.RemoveRange(chunkRuns, _chunkRuns.Count - chunkRuns);
        _samplesInChunk = samplesInChunk;
        if (!tables.Check(fileLength, out int sample))
        {
            throw new InvalidOperationException($"Sample {sample} was added outside the file.");
        }

        return tables;
    }

    /// <summary>The step between decode times that most samples have, the shorter one of two; 0 when there is none but 0.</summary>
    internal long MostFrequentStep()
    {
        Dictionary<long, long> counts = [];
        long best = 0;
        foreach (TimeRun run in _times)
        {
            counts[run.Delta] = counts.GetValueOrDefault(run.Delta) + run.Count;
        }

        foreach ((long step, long count) in counts)
        {
            if (step > 0 && (best == 0 || count > counts[best] || (count == counts[best] && step < best)))
            {
                best = step;
            }
        }

        return best;
    }

    private void AddTime(long delta)
    {
        if (_times.Count > 0 && _times[^1].Delta == delta)
        {
            _times[^1] = new TimeRun(_times[^1].Count + 1, delta);
        }
        else
        {
            _times.Add(new TimeRun(1, delta));
        }
    }

    private void AddComposition(int offset)
    {
        if (_compositions.Count > 0 && _compositions[^1].Offset == offset)
        {
            _compositions[^1] = new CompositionRun(_compositions[^1].Count + 1, offset);
        }
        else
        {
            _compositions.Add(new CompositionRun(1, offset));
        }
    }

    private void CloseChunk()
    {
        if (_samplesInChunk > 0
            && (_chunkRuns.Count == 0 || _chunkRuns[^1].Samples != _samplesInChunk || _chunkRuns[^1].Description != _description))
        {
            _chunkRuns.Add(new ChunkRun(_chunks.Count - 1, _samplesInChunk, _description));
        }

        _samplesInChunk = 0;
    }
}
