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

    /// <summary>What all conversations of HTTP share; null until the server has started.</summary>
    public HttpContext? Http { get; private set; }

    /// <summary>What others are shown, published when the server starts; null for nothing.</summary>
    public ServerStatistics? Statistics { get; private set; }

    /// <summary>The server starts, before any worker does.</summary>
    /// <param name="statistics">What others are shown; null for nothing.</param>
    /// <exception cref="InvalidOperationException">It has started before: viewers would be counted in two places.</exception>
    public void Start(ServerStatistics? statistics)
    {
        if (Http is not null)
        {
            throw new InvalidOperationException("A server starts once.");
        }

        Statistics = statistics;
        Http = new HttpContext(
            Options.Application, Titles, Rtmp.Players.Openings, Options.HandshakeTimeout, Options.IdleTimeout, Options.SegmentDuration,
            Options.HasViewerIds, Log, Rtmp.Players)
        {
            ListsTitles = Options.ListsTitles,
            Viewers = new ViewerRegistry(Rtmp.Players.Limits, statistics?.ForViewers()),
        };
    }
}
