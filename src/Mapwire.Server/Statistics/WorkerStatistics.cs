using Mapwire.Memory.Sharing;

namespace Mapwire.Server.Statistics;

/// <summary>A worker's figures and the places of its connections. Used by the worker's thread alone.</summary>
internal sealed class WorkerStatistics : PlayerPlaces
{
    private readonly SharedMemory _memory;
    private readonly SharedCell<WorkerRecord> _cell;
    private readonly long _seenAt;
    private WorkerRecord _record;

    public WorkerStatistics(ServerStatistics server, SharedMemory memory, int index, int workers)
        : base(server, index, workers + 1)
    {
        _memory = memory;
        long place = StatisticsLayout.WorkersAt + ((long)index * StatisticsLayout.WorkerSize);
        _cell = SharedCell.Open<WorkerRecord>(memory, place);
        _seenAt = place + StatisticsLayout.SeenAt;
        _record.SentAt = Environment.TickCount64;
    }

    /// <summary>How long a worker may wait for something to happen, in milliseconds: it gives a sign of life each time it wakes.</summary>
    public const int LongestWait = 1000;

    /// <summary>The worker is there, and begins a round of its loop.</summary>
    public void BeginRound(long now) => _memory.At<long>(_seenAt) = now;

    /// <summary>The round is over.</summary>
    /// <param name="connections">Connections of the worker.</param>
    /// <param name="now">The worker's clock.</param>
    public void EndRound(int connections, long now)
    {
        if (TotalBytes == _record.Bytes && _record.Connections == connections)
        {
            return;
        }

        if (TotalBytes != _record.Bytes)
        {
            _record.Rate = ByteRate.After(_record.Rate, TotalBytes - _record.Bytes, now - _record.SentAt);
            _record.SentAt = now;
        }

        _record.Connections = connections;
        _record.Bytes = TotalBytes;
        _record.Plays = TotalPlays;
        _record.Stalls = TotalStalls;
        _cell.WriteSingleWriter(in _record);
    }
}
