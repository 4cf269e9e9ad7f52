using Mapwire.Server.Http.Viewers;
using Mapwire.Server.Live;
using Mapwire.Server.Loop;
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
    private PlayerContext? _players;
    private LiveStreams? _live;
    private LoopPhases? _phases;

    /// <summary>What all players share.</summary>
    public PlayerContext Players => _players ??= CreatePlayers();

    /// <summary>The live streams.</summary>
    public LiveStreams Live => _live ??= new(
        Options.ToLiveOptions(), () => _phases ?? throw new InvalidOperationException("Nothing is live before the server has started."),
        fault => Server.Log.LoopFault(Log, fault));

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

    /// <summary>The loops of the workers, before the first of them runs.</summary>
    public void SetLoops(IReadOnlyList<EventLoop> loops) => _phases = new LoopPhases(loops);

    /// <summary>Ends what is shared; the statistics are their publisher's to end.</summary>
    public void Dispose()
    {
        _viewers?.Dispose();
        _live?.Stop();
    }

    /// <summary>Gives back what workers may use to their last moment: none of them runs any more.</summary>
    public void DisposeBehindWorkers()
    {
        Statistics?.Dispose();
        _live?.Dispose();
    }

    private PlayerContext CreatePlayers()
    {
        PublishKeys keys = Options.ToPublishKeys();
        return new PlayerContext(Options.ToPlayerOptions(), Reels, Log)
        {
            Limits = Options.ToPlayerLimits(),
            Live = Live,
            Keys = keys,
            Challenges = new PublisherChallenges(keys, Options.PublisherAuthentication),
        };
    }
}
