namespace Mapwire.Media.Flv;

/// <summary>A sample of an FLV file whose time is not settled yet.</summary>
/// <param name="Track">Its track.</param>
/// <param name="Timestamp">Its tag's, of 32 bits.</param>
/// <param name="Composition">In milliseconds.</param>
/// <param name="Tag">The offset of the tag around it.</param>
/// <param name="Headers">From there to its first byte.</param>
/// <param name="Size">In bytes.</param>
/// <param name="IsSync">Whether decoding can start here.</param>
/// <param name="Description">The track's configuration that is in force.</param>
internal readonly record struct FlvSample(
    FlvTrack Track, uint Timestamp, int Composition, long Tag, int Headers, uint Size, bool IsSync, int Description);
