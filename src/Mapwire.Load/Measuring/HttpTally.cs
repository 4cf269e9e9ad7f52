namespace Mapwire.Load.Measuring;

/// <summary>What viewers of HTTP have seen beside what all players see. Written by the loop's thread alone.</summary>
internal sealed class HttpTally
{
    /// <summary>Requests sent.</summary>
    public long Requests;

    /// <summary>Playlists that came whole.</summary>
    public long Playlists;

    /// <summary>Segments, or bodies, that came whole; init segments are not counted.</summary>
    public long Segments;

    /// <summary>Segments that took longer to come than they play.</summary>
    public long LateSegments;

    /// <summary>Connections that the server had closed between two requests, so that another one had to be made.</summary>
    public long Reconnects;

    /// <summary>From the moment of a request to the first byte of its answer: playlists.</summary>
    public LatencyHistogram PlaylistFirstByte { get; } = new();

    /// <summary>The same of segments and bodies.</summary>
    public LatencyHistogram FirstByte { get; } = new();

    /// <summary>From the moment of a request to the last byte: segments and bodies.</summary>
    public LatencyHistogram LastByte { get; } = new();

    /// <summary>From the end of a part, by the clock on the wall, to its last byte: viewers of LL-HLS.</summary>
    public LatencyHistogram PartDelay { get; } = new();

    /// <summary>Adds what another loop's viewers have seen, once both have ended.</summary>
    public void Add(HttpTally other)
    {
        Requests += other.Requests;
        Playlists += other.Playlists;
        Segments += other.Segments;
        LateSegments += other.LateSegments;
        Reconnects += other.Reconnects;
        PlaylistFirstByte.Add(other.PlaylistFirstByte);
        FirstByte.Add(other.FirstByte);
        LastByte.Add(other.LastByte);
        PartDelay.Add(other.PartDelay);
    }
}
