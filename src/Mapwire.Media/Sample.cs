namespace Mapwire.Media;

/// <summary>One sample: where its bytes are and when they are decoded and presented, edit list applied.</summary>
/// <param name="DecodeTime">
/// In ticks of the track's timescale on the presentation's time line. Negative for what a decoder needs before the presentation starts.
/// Never smaller than that of the sample before: where an edit list jumps back in time, decode times wait.
/// </param>
/// <param name="CompositionOffset">Presentation time minus decode time, in ticks. Negative only after such a jump, and in files that say
/// so at their very end.</param>
/// <param name="Offset">Of the first byte, in the file.</param>
/// <param name="Size">In bytes; may be 0.</param>
/// <param name="IsSync">Whether decoding can start here.</param>
public readonly record struct Sample(long DecodeTime, long CompositionOffset, long Offset, uint Size, bool IsSync)
{
    /// <summary>When the sample is presented, in ticks of the track's timescale.</summary>
    public long PresentationTime => DecodeTime + CompositionOffset;

    /// <summary>Which of the track's <see cref="Track.Codecs"/> decodes the sample.</summary>
    public int Description { get; init; }
}
