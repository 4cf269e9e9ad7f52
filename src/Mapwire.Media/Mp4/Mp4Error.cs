namespace Mapwire.Media.Mp4;

/// <summary>What is wrong with an MP4 file.</summary>
public enum Mp4Error
{
    /// <summary>A box ends before its fields do.</summary>
    Truncated,

    /// <summary>A box declares a size that no box can have: smaller than its own header, or past 2^63.</summary>
    BadBoxSize,

    /// <summary>A box reaches past the end of the box or file that holds it.</summary>
    PastEnd,

    /// <summary>A box has a version that is not defined for it.</summary>
    UnsupportedVersion,

    /// <summary>A timescale is 0.</summary>
    BadTimescale,

    /// <summary>A box that the standard demands is not there.</summary>
    MissingBox,

    /// <summary>The file does not begin with a box of MP4, nor is it anything else that is read.</summary>
    NotMedia,

    /// <summary>A table contradicts itself or another one.</summary>
    BadTable,

    /// <summary>A sample lies outside the file.</summary>
    SampleOutsideFile,

    /// <summary>An edit list cannot be followed.</summary>
    BadEditList,

    /// <summary>A codec configuration is malformed.</summary>
    BadCodecConfiguration,

    /// <summary>The file is larger or deeper than <see cref="MediaLimits"/> allows.</summary>
    LimitExceeded,
}
