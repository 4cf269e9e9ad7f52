namespace Mapwire.Media.Flv;

/// <summary>Where an extended message belongs among several tracks of a kind.</summary>
/// <param name="Type">How the message holds tracks.</param>
/// <param name="Id">The track's number; 0 is the one that most players want.</param>
/// <param name="Length">
/// Bytes of the track's part, from just behind this field to the next track's: composition time and payload. Not there, and 0, with
/// <see cref="MultitrackType.OneTrack"/>.
/// </param>
public readonly record struct ExtendedTrack(MultitrackType Type, byte Id, int Length)
{
    /// <summary>The largest <see cref="Length"/>.</summary>
    public const int MaxLength = 0xFF_FFFF;
}
