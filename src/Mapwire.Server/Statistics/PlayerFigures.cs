namespace Mapwire.Server.Statistics;

/// <summary>
/// How a player stands: one cache line, stored field by field each time something happened to it. Times are milliseconds of
/// <see cref="Environment.TickCount64"/>, unless they are the title's.
/// </summary>
/// <remarks>
/// A worker meets each of thousands of players once a second, long after the processor's caches have forgotten it, so what counts is
/// how many lines are touched: this one is only written, and nobody waits for that. A reader looks at the version before and after. One
/// whose writer was killed in between may have fields of two moments, a second apart.
/// </remarks>
internal struct PlayerFigures
{
    public const int Size = 64;

    /// <summary>Odd while the rest is being written.</summary>
    public uint Version;
    public byte State;

    /// <summary>Whether its socket is full.</summary>
    public byte IsBlocked;

    /// <summary>Of the title at hand.</summary>
    public ushort Stalls;

    /// <summary>Bytes sent on the connection, headers and answers included.</summary>
    public long Bytes;

    /// <summary>Bytes a second at <see cref="SentAt"/>.</summary>
    public double Rate;
    public long SentAt;

    /// <summary>When <see cref="Position"/> was so.</summary>
    public long UpdatedAt;

    /// <summary>
    /// Where the player's clock is, in milliseconds of the title; before its beginning while the one before is still in hand.
    /// </summary>
    public long Position;

    /// <summary>Up to where the title was sent, in milliseconds of it.</summary>
    public long MediaTime;
}
