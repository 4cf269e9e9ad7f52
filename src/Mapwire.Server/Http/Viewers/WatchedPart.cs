using Mapwire.Server.Statistics;

namespace Mapwire.Server.Http.Viewers;

/// <summary>What of a title a request is for, as far as it is about its viewer.</summary>
/// <param name="Title">The title.</param>
/// <param name="Protocol">By what it is watched; null for what HLS and DASH have in common.</param>
/// <param name="Id">The id in the address; null for none.</param>
/// <param name="TargetDuration">How long a segment is at most, in milliseconds.</param>
internal sealed record WatchedPart(PlayedTitle Title, PlayerProtocol? Protocol, string? Id, long TargetDuration)
{
    /// <summary>Whether who asks for it watches. Not yet who is only told its id: players ask for that more than once.</summary>
    public bool IsWatching { get; init; } = true;

    /// <summary>
    /// Whether it is about several titles, of which this is the first: who watches another one of them already goes on with that.
    /// </summary>
    public bool IsOfOthers { get; init; }

    /// <summary>Whether a body of all the times begins again when it is over.</summary>
    public bool IsLooping { get; init; }

    /// <summary>When what it holds begins and ends, in milliseconds of the title; null where it holds no media.</summary>
    public (long Start, long End)? Times { get; init; }

    /// <summary>
    /// Whether it is a body of all the times, read from any byte to another on one connection, in place of a segment that is sent at once.
    /// </summary>
    public bool IsWhole => Protocol is PlayerProtocol.Mp4 or PlayerProtocol.File;
}
