namespace Mapwire.Conformance.Films;

/// <summary>Samples of one track that lie together.</summary>
/// <param name="Track">Its index.</param>
/// <param name="First">The index of the first sample.</param>
/// <param name="Count">At least one.</param>
/// <param name="Description">From 1 on.</param>
/// <param name="Before">Bytes between the chunk before and this one; null for none.</param>
internal readonly record struct SampleChunk(int Track, int First, int Count, int Description = 1, byte[]? Before = null);
