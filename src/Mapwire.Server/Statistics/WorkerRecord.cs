namespace Mapwire.Server.Statistics;

/// <summary>What a worker has done. Times are milliseconds of <see cref="Environment.TickCount64"/>.</summary>
internal struct WorkerRecord
{
    public long Bytes;

    /// <summary>Bytes a second at <see cref="SentAt"/>.</summary>
    public double Rate;
    public long SentAt;
    public long Plays;
    public int Connections;
    public int Stalls;
}
