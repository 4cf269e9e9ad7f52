using Mapwire.Media;

namespace Mapwire.Server.Files.Playlists;

/// <summary>One item of a playlist file.</summary>
/// <param name="Name">A recording, seen from the playlist's folder; may have a query as a play command's name has.</param>
/// <param name="In">Where it begins, in milliseconds of the recording; null for what the query says.</param>
/// <param name="Out">Where it ends, in milliseconds of the recording; null for what the query says.</param>
/// <param name="Place">Where the list says so.</param>
internal readonly record struct PlaylistItem(string Name, long? In, long? Out, FileLocation Place);
