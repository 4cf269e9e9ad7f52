namespace Mapwire.Server.Statistics;

/// <summary>What of a server stays as it is. Written once, before anybody can read it.</summary>
internal struct ServerFacts
{
    public int ProcessId;
    public int Workers;

    /// <summary>100 ns ticks, UTC.</summary>
    public long StartedTicks;

    /// <summary>The same moment of <see cref="Environment.TickCount64"/>, which is the same for all processes of a machine.</summary>
    public long StartedAt;

    /// <summary>The address that players connect to.</summary>
    public int AddressLength;
    public int FolderLength;
    public Text64 Address;
    public Text2048 Folder;
}
