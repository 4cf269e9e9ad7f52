using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>Where in a title a player is, by the worker's clock: runs with it, and stands while paused.</summary>
internal struct PlaybackClock
{
    private TitleTime _position;
    private long _since;
    private bool _runs;

    /// <summary>Puts the clock on a position of the title.</summary>
    /// <param name="position">Where in the title.</param>
    /// <param name="now">Milliseconds of the worker's clock.</param>
    /// <param name="runs">False: stand there.</param>
    public void Set(TitleTime position, long now, bool runs)
    {
        _position = position;
        _since = now;
        _runs = runs;
    }

    /// <summary>The position in the title.</summary>
    public readonly TitleTime PositionAt(long now) => _runs ? _position + (now - _since) : _position;

    /// <summary>The moment at which the position is reached, on the worker's clock; meaningful while it runs.</summary>
    public readonly long WhenAt(TitleTime position) => _since + (position - _position);

    /// <summary>
    /// The next moment that is a whole number of intervals after the clock was set. A wake that is late delays none after it, so players
    /// stay as far apart as they came: counted from now, those that were served in one late round would be served together for good, in
    /// ever longer rounds that newcomers wait for.
    /// </summary>
    /// <param name="now">The worker's clock.</param>
    /// <param name="interval">Positive, in milliseconds.</param>
    public readonly long NextBeat(long now, long interval) => now + interval - ((now - _since) % interval);

    /// <summary>Stops.</summary>
    public void Pause(long now) => Set(PositionAt(now), now, runs: false);

    /// <summary>Goes on from where it stopped.</summary>
    public void Resume(long now) => Set(PositionAt(now), now, runs: true);
}
