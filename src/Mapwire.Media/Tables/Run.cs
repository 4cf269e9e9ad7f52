namespace Mapwire.Media.Tables;

/// <summary>So many samples in a row that last equally long.</summary>
/// <param name="Count">Samples, at least 1.</param>
/// <param name="Delta">Ticks from one sample's decode time to the next one's, at least 0; past 32 bits only between fragments.</param>
internal readonly record struct TimeRun(uint Count, long Delta);

/// <summary>So many samples in a row that are presented equally long after their decode time.</summary>
/// <param name="Count">Samples, at least 1.</param>
/// <param name="Offset">Ticks, negative too.</param>
internal readonly record struct CompositionRun(uint Count, int Offset);

/// <summary>Chunks in a row that hold equally many samples of one description.</summary>
/// <param name="FirstChunk">Counted from 0.</param>
/// <param name="Samples">In each chunk, at least 1.</param>
/// <param name="Description">Counted from 0.</param>
internal readonly record struct ChunkRun(int FirstChunk, uint Samples, int Description);
