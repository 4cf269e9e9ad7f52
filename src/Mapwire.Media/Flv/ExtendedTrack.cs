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

/// <summary>How an extended message holds tracks (Enhanced RTMP v2, <c>AvMultitrackType</c>).</summary>
public enum MultitrackType : byte
{
    /// <summary>One, with its number.</summary>
    OneTrack = 0,

    /// <summary>Several of one codec, each with its number and size.</summary>
    ManyTracks = 1,

    /// <summary>Several, each with its codec, number and size.</summary>
    ManyTracksManyCodecs = 2,
}
