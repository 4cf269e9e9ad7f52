namespace Mapwire.Media;

/// <summary>One of the things that a file says of a sample; see <see cref="SampleTable.FindLocation"/>.</summary>
public enum SampleField
{
    /// <summary>How many bytes it has.</summary>
    Size,

    /// <summary>Where its bytes are.</summary>
    Offset,

    /// <summary>When it is decoded.</summary>
    DecodeTime,

    /// <summary>How long after that it is presented.</summary>
    Composition,

    /// <summary>Whether decoding can start with it.</summary>
    Sync,

    /// <summary>Which configuration its decoder needs.</summary>
    Description,
}
