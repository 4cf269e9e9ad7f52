using Mapwire.Media.Codecs;
using Mapwire.Media.Mp4.Writing;

namespace Mapwire.Server.Live.Segments;

/// <summary>What a player needs before the segments of a track, until its configuration changes. Immutable.</summary>
/// <param name="Number">Of the first segment that needs it: no other one of the track has it.</param>
/// <param name="Codec">The configuration.</param>
/// <param name="Fragments">Writes the boxes.</param>
internal sealed record LiveInit(long Number, CodecConfiguration Codec, TrackFragments Fragments)
{
    /// <summary>The init segment.</summary>
    public byte[] Bytes { get; } = TrackFragments.CreateInit(Fragments).ToArray();
}
