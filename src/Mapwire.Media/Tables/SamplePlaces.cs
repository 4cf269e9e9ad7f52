namespace Mapwire.Media.Tables;

/// <summary>Where a file says what it says of a track's samples: looked up for a message, and not before.</summary>
internal abstract class SamplePlaces
{
    /// <summary>The box or tag that says something of a sample.</summary>
    /// <param name="sample">The cursor at the sample.</param>
    /// <param name="fact">What is asked about.</param>
    internal abstract FileLocation Of(in TableCursor sample, SampleField fact);
}
