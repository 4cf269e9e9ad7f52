using Mapwire.Server.Files;

namespace Mapwire.Server.Live;

/// <summary>Says in a protocol what happens to a viewer of a live stream, before the messages that follow it.</summary>
internal interface ILiveAnnouncer
{
    /// <summary>The stream begins for this viewer: the play has its cursor.</summary>
    void Started(LivePlay play);

    /// <summary>The tracks are others from here on.</summary>
    /// <param name="play">Has its cursor where they begin.</param>
    /// <param name="before">The cursor that is over.</param>
    void Changed(LivePlay play, LiveCursor before);

    /// <summary>The viewer was too slow, or was away: it goes on with the newest picture that decoding can start with.</summary>
    void Skipped(LivePlay play);

    /// <summary>The stream is over.</summary>
    void Ended(LivePlay play);

    /// <summary>There is nothing to watch.</summary>
    void Refused(LivePlay play, TitleException fault);
}
