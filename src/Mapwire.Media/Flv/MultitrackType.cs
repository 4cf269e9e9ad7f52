namespace Mapwire.Media.Flv;

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
