namespace Mapwire.Media.Mp4.Writing;

/// <summary>A sample with its times on a <see cref="Timeline"/>, in ticks of its track.</summary>
/// <param name="DecodeTime">At least 0, never smaller than that of the sample before.</param>
/// <param name="Duration">From its decode time to the next sample's, at least 0.</param>
/// <param name="CompositionOffset">Presentation time minus decode time; at least 0 on a <see cref="Timeline"/>.</param>
/// <param name="Offset">Of the first byte, in the file.</param>
/// <param name="Size">In bytes; may be 0.</param>
/// <param name="IsSync">Whether decoding can start here.</param>
/// <param name="Description">Which of the track's sample descriptions its decoder needs.</param>
public readonly record struct TimedSample(
    long DecodeTime, long Duration, long CompositionOffset, long Offset, uint Size, bool IsSync, int Description)
{
    /// <summary>When the sample is presented.</summary>
    public long PresentationTime => DecodeTime + CompositionOffset;
}
