namespace Mapwire.Media.Tables;

/// <summary>Samples in a row that an edit presents, with what a decoder needs before them.</summary>
/// <param name="First">The first sample in the media.</param>
/// <param name="Count">How many.</param>
/// <param name="Shift">What is added to a decode time in the media to get the one in the presentation.</param>
internal readonly record struct Segment(int First, int Count, long Shift);
