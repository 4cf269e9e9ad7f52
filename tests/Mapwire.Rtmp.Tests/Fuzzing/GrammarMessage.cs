namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>A message that the grammar made, before it is cut into chunks.</summary>
/// <param name="ChunkStream">The chunk stream that carries it.</param>
/// <param name="TypeId">Its type.</param>
/// <param name="Stream">Its message stream.</param>
/// <param name="Timestamp">In milliseconds.</param>
/// <param name="Payload">Its body.</param>
internal sealed record GrammarMessage(int ChunkStream, byte TypeId, uint Stream, uint Timestamp, byte[] Payload);
