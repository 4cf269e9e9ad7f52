using System.Net;

namespace Mapwire.Server.Statistics;

/// <summary>Places of players in the shared memory that one thread at a time writes, and what these players add up to.</summary>
internal class PlayerPlaces
{
    private readonly ServerStatistics _server;
    private readonly int _index;
    private readonly int _owners;
    private readonly Stack<PlayerStatistics> _free = new();
    private readonly Stack<PublisherStatistics> _freePublishers = new();
    private long _entered;

    /// <param name="server">The server's.</param>
    /// <param name="index">Whose places they are, of all owners.</param>
    /// <param name="owners">How many owners there are.</param>
    public PlayerPlaces(ServerStatistics server, int index, int owners)
    {
        _server = server;
        _index = index;
        _owners = owners;
    }

    /// <summary>Bytes that went out.</summary>
    protected long TotalBytes { get; private set; }

    /// <summary>Plays that began.</summary>
    protected long TotalPlays { get; private set; }

    /// <summary>How often players ran out of media.</summary>
    protected int TotalStalls { get; private set; }

    /// <summary>A place for a new player; null when there is no room for more.</summary>
    public PlayerStatistics? Enter(EndPoint? peer, long now, PlayerProtocol protocol = PlayerProtocol.Rtmp)
    {
        if (_free.Count == 0)
        {
            _server.AddPlayers(this, _free);
        }

        if (!_free.TryPop(out PlayerStatistics? player))
        {
            return null;
        }

        player.Enter((++_entered * _owners) + _index, peer, protocol, now);
        return player;
    }

    /// <summary>A place for a publisher; null when there is no room for more.</summary>
    public PublisherStatistics? EnterPublisher()
    {
        if (_freePublishers.Count == 0)
        {
            _server.AddPublishers(this, _freePublishers);
        }

        return _freePublishers.TryPop(out PublisherStatistics? publisher) ? publisher : null;
    }

    /// <summary>Bytes went out.</summary>
    public void Sent(long bytes) => TotalBytes += bytes;

    /// <summary>Plays began.</summary>
    public void Played(int plays) => TotalPlays += plays;

    /// <summary>A player ran out of media.</summary>
    public void Stalled() => TotalStalls++;

    /// <summary>Takes a place back.</summary>
    public void Return(PlayerStatistics player) => _free.Push(player);

    /// <summary>Takes a publisher's place back.</summary>
    public void Return(PublisherStatistics publisher) => _freePublishers.Push(publisher);

    /// <inheritdoc cref="ServerStatistics.Enter"/>
    public TitleStatistics? EnterTitle(in PlayedTitle title) => _server.Enter(in title);

    /// <inheritdoc cref="ServerStatistics.Leave"/>
    public void LeaveTitle(TitleStatistics title, long bytes, int stalls) => _server.Leave(title, bytes, stalls);
}
