namespace Mapwire.Media;

/// <summary>What a track holds.</summary>
public enum TrackKind
{
    /// <summary>Anything that is neither picture nor sound: subtitles, time code, hints, metadata. Never played, only listed.</summary>
    Other,

    /// <summary>Pictures.</summary>
    Video,

    /// <summary>Sound.</summary>
    Audio,
}
