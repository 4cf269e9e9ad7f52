using Mapwire.Server.Files.Names;
using Mapwire.Server.Strips;

namespace Mapwire.Server.Playback;

/// <summary>A play command whose titles are open and wait for their turn.</summary>
/// <param name="Reel">Held for this play.</param>
/// <param name="Name">What the player named.</param>
/// <param name="Start">Where in the reel to start.</param>
/// <param name="Duration">How much to play, in milliseconds; negative: to the end.</param>
internal readonly record struct PendingPlay(Reel Reel, PlayName Name, ReelTime Start, long Duration)
{
    /// <summary>What it takes in memory besides what all viewers of its titles share, in bytes.</summary>
    public int ByteSize => Name.ByteSize + Reel.ByteSize;
}
