using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Playback;
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
internal sealed record ServerContext(MediaServerOptions Options, TitleCatalog Titles, ReelOpener Reels, ILogger Log) : IDisposable
{
    private ViewerRegistry? _viewers;

    /// <summary>What all players share.</summary>
    public PlayerContext Players { get; } = new(Options.ToPlayerOptions(), Reels, Log) { Limits = Options.ToPlayerLimits() };

    /// <summary>What all connections make the server hold.</summary>
    public HeldBytes Held { get; } = new(Options.MaxHeldBytes, Options.NameOf(nameof(MediaServerOptions.MaxHeldBytes)));

    /// <summary>Who watches by requests.</summary>
    /// <exception cref="InvalidOperationException">The server has not started.</exception>
    public ViewerRegistry Viewers => _viewers ?? throw new InvalidOperationException("Nobody watches before the server has started.");

    /// <summary>What others are shown, published when the server starts; null for nothing.</summary>
    public ServerStatistics? Statistics { get; private set; }

    /// <summary>The server starts, before any worker does.</summary>
    /// <param name="statistics">What others are shown; null for nothing.</param>
    /// <exception cref="InvalidOperationException">It has started before: viewers would be counted in two places.</exception>
    public void Start(ServerStatistics? statistics)
    {
        if (_viewers is not null)
        {
            throw new InvalidOperationException("A server starts once.");
        }

        Statistics = statistics;
        _viewers = new ViewerRegistry(Players.Limits, statistics?.ForViewers());
    }

    /// <summary>Ends what is shared; the statistics are their publisher's to end.</summary>
    public void Dispose() => _viewers?.Dispose();
}
