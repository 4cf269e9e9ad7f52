using Mapwire.Server.Catalog;

namespace Mapwire.Server.Playback;

/// <summary>A play command whose title is open and waits for its turn.</summary>
/// <param name="Title">Held for this play.</param>
/// <param name="Name">The name as the player sent it.</param>
/// <param name="Start">The title's time to start at, in milliseconds.</param>
/// <param name="Duration">How much to play, in milliseconds; negative: to the end.</param>
internal readonly record struct PendingPlay(Title Title, string Name, long Start, long Duration);
