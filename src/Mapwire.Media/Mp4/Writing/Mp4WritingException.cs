using System.Globalization;

namespace Mapwire.Media.Mp4.Writing;

/// <summary>
/// A movie cannot be written in the way that was asked for, though it can be read. The message says which track, why, and the limit, a
/// clause without a full stop; it names no file.
/// </summary>
public sealed class Mp4WritingException : Exception
{
    internal Mp4WritingException(Mp4WritingError error, string reason)
        : base(reason) => Error = error;

    /// <summary>What stands in the way.</summary>
    public Mp4WritingError Error { get; }

    internal static Mp4WritingException OfTrack(Mp4WritingError error, Track track, string reason) =>
        new(error, string.Create(CultureInfo.InvariantCulture, $"track {track.Id}: {reason}"));
}

/// <summary>Why a movie cannot be written in the way that was asked for.</summary>
public enum Mp4WritingError
{
    /// <summary>No track of those that were chosen has a sample in the piece that was asked for.</summary>
    NoSamples,

    /// <summary>The codec has no sample entry in MP4: it is one of FLV alone.</summary>
    CodecNotInMp4,

    /// <summary>A time, a duration or a composition offset does not fit into the field that fragments have for it.</summary>
    TimeOutOfRange,

    /// <summary>A later edit begins behind pictures that it needs: only an edit list could hide them.</summary>
    HiddenPictures,

    /// <summary>The sample description of a track changes where no segment can begin.</summary>
    DescriptionInsideSegment,

    /// <summary>
    /// A segment has more bytes or samples, or a movie more segments or headers, than <see cref="WritingLimits"/> allows.
    /// </summary>
    LimitExceeded,

    /// <summary>Films that were to become one differ in what one init segment says of all of them.</summary>
    DifferentFilms,

    /// <summary>Qualities of one film have too few sync samples in common, or are not as long as each other.</summary>
    NotAligned,
}
