using Mapwire.Server.Http;
using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Playback;
using Mapwire.Server.Rtmp;
using Mapwire.Server.Sending;
using Mapwire.Server.Statistics;
using Mapwire.Server.Strips;
using Microsoft.Extensions.Logging;

namespace Mapwire.Server.Hosting;

/// <summary>What all workers of a server share.</summary>
/// <param name="Options">Validated.</param>
/// <param name="Titles">What is served.</param>
/// <param name="Reels">Opens what players name.</param>
/// <param name="Log">Where lines go.</param>
internal sealed record ServerContext(RtmpServerOptions Options, TitleCatalog Titles, ReelOpener Reels, ILogger Log)
{
    /// <summary>What all conversations of RTMP share.</summary>
    public RtmpContext Rtmp { get; } = new(
        new PlayerContext(Options.ToPlayerOptions(), Reels, Log) { Limits = Options.ToPlayerLimits() },
        Options.HandshakeTimeout, Options.IdleTimeout, Options.MaxPause, Options.MaxConnectionBytes,
        Options.NameOf(nameof(RtmpServerOptions.MaxConnectionBytes)),
        new HeldBytes(Options.MaxHeldBytes, Options.NameOf(nameof(RtmpServerOptions.MaxHeldBytes))));

    /// <summary>
    /// What all conversations of HTTP share. First asked for when the statistics are published, by the thread that starts.
    /// </summary>
    public HttpContext Http => _http ??= new HttpContext(
        Options.Application, Titles, Rtmp.Players.Openings, Options.HandshakeTimeout, Options.IdleTimeout, Options.SegmentDuration,
        Options.HasViewerIds, Log, Rtmp.Players)
    {
        ListsTitles = Options.ListsTitles,
        Viewers = new ViewerRegistry(Rtmp.Players.Limits, Statistics?.ForViewers()),
    };

    private HttpContext? _http;

    /// <summary>What others are shown, published when the server starts; null for nothing.</summary>
    public ServerStatistics? Statistics { get; set; }
}
