namespace Mapwire.Server.Statistics;

/// <summary>Who a player is and what it plays: written when it comes, when a title begins and when it goes. Times are milliseconds of
/// <see cref="Environment.TickCount64"/>.</summary>
internal struct PlayerFacts
{
    /// <summary>Never given twice by one server; 0: the place is free.</summary>
    public long Id;

    /// <summary>What is or was played last; 0 for nothing.</summary>
    public long TitleId;

    /// <summary>The bytes of the connection that came before the title.</summary>
    public long BytesBefore;
    public long OpenedAt;
    public long PlayedAt;
    public ulong AddressLow;
    public ulong AddressHigh;
    public ushort Port;

    /// <summary>Bytes of the address: 4, 16, or 0 if it was gone before it was looked at.</summary>
    public byte AddressLength;
}
