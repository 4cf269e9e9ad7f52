using System.Net;
using Mapwire.Memory.Sharing;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Statistics;

/// <summary>A worker's figures and the places of its connections. Used by the worker's thread alone.</summary>
internal sealed class WorkerStatistics
{
    private readonly ServerStatistics _server;
    private readonly SharedMemory _memory;
    private readonly SharedCell<WorkerRecord> _cell;
    private readonly long _seenAt;
    private readonly int _index;
    private readonly int _workers;
    private readonly Stack<PlayerStatistics> _free = new();
    private WorkerRecord _record;
    private long _entered;
    private long _written; // the bytes of the last record that was written

    public WorkerStatistics(ServerStatistics server, SharedMemory memory, int index, int workers)
    {
        _server = server;
        _memory = memory;
        _index = index;
        _workers = workers;
        long place = StatisticsLayout.WorkersAt + ((long)index * StatisticsLayout.WorkerSize);
        _cell = SharedCell.Open<WorkerRecord>(memory, place);
        _seenAt = place + StatisticsLayout.SeenAt;
        _record.SentAt = Environment.TickCount64;
    }

    /// <summary>A place for a new connection; null when there is no room for more.</summary>
    public PlayerStatistics? Enter(EndPoint? peer, long now)
    {
        if (_free.Count == 0)
        {
            _server.AddPlayers(this, _free);
        }

        if (!_free.TryPop(out PlayerStatistics? player))
        {
            return null;
        }

        player.Enter((++_entered * _workers) + _index, peer, now);
        return player;
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
        if (_record.Bytes == _written && _record.Connections == connections)
        {
            return;
        }

        if (_record.Bytes != _written)
        {
            _record.Rate = ByteRate.After(_record.Rate, _record.Bytes - _written, now - _record.SentAt);
            _record.SentAt = now;
        }

        _record.Connections = connections;
        _written = _record.Bytes;
        _cell.WriteSingleWriter(in _record);
    }

    /// <summary>Bytes went out.</summary>
    public void Sent(long bytes) => _record.Bytes += bytes;

    /// <summary>Plays began.</summary>
    public void Played(int plays) => _record.Plays += plays;

    /// <summary>A player ran out of media.</summary>
    public void Stalled() => _record.Stalls++;

    /// <summary>Takes a place back.</summary>
    public void Return(PlayerStatistics player) => _free.Push(player);

    /// <inheritdoc cref="ServerStatistics.Enter"/>
    public TitleStatistics? EnterTitle(Title title) => _server.Enter(title);

    /// <inheritdoc cref="ServerStatistics.Leave"/>
    public void LeaveTitle(TitleStatistics title, long bytes, int stalls) => _server.Leave(title, bytes, stalls);
}
