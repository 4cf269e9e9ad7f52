namespace Mapwire.Server.Statistics;

/// <summary>A title that is played or was played lately.</summary>
internal struct TitleRecord
{
    /// <summary>Never given twice by one server; 0: the place is free.</summary>
    public long Id;

    /// <summary>How often it was begun, by itself or in a playlist.</summary>
    public long Plays;

    /// <summary>Bytes sent to players that are done with it. Those of the others are with the players.</summary>
    public long PastBytes;

    /// <summary>Stalls of players that are done with it.</summary>
    public long PastStalls;

    /// <summary>Milliseconds.</summary>
    public long Duration;

    /// <summary>Bytes of the file.</summary>
    public long FileLength;

    /// <summary>The path below the served folder.</summary>
    public int NameLength;
    public Text512 Name;
}
