namespace Mapwire.Media.Mp4.Writing;

/// <summary>How much may be written of one movie before it is refused. Immutable.</summary>
public sealed record WritingLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static WritingLimits Default { get; } = new();

    /// <summary>
    /// Bytes of a segment with its headers. Default and most 2^31 - 1: the offset of a run (<c>trun</c>) is a signed number of 32 bits, and
    /// players take no 64-bit <c>mdat</c>. That is 2.8 Gbit/s for 6 s.
    /// </summary>
    public int SegmentBytes { get; init; } = int.MaxValue;

    /// <summary>Samples of a segment, all tracks together. Default 1,048,576: a <c>moof</c> of 16 MiB at most.</summary>
    public int SegmentSamples { get; init; } = 1 << 20;

    /// <summary>Segments of a movie. Default 131,072: a day of one a second is 86,400.</summary>
    public int Segments { get; init; } = 1 << 17;

    /// <summary>
    /// Bytes of the <c>moov</c> of a clip. Default 64 MiB: five hours of 60 pictures a second with all tables at their largest.
    /// </summary>
    public int MovieBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Pictures before the first that is shown, which a decoder needs. Default 65,536: eighteen minutes between key frames at 60 a second.
    /// </summary>
    public int HiddenPictures { get; init; } = 1 << 16;
}
