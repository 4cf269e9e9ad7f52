namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>One chunk among others on the wire, as far as it could be made out.</summary>
/// <param name="Start">Of its basic header.</param>
/// <param name="Header">Of its message header, behind the chunk stream id.</param>
/// <param name="Body">Of its payload.</param>
/// <param name="End">Just past it.</param>
/// <param name="Format">The type of its header, 0 to 3.</param>
/// <param name="ChunkStream">The chunk stream's id.</param>
/// <param name="TypeId">The type of its message.</param>
/// <param name="IsExtended">Whether 32 bits of timestamp follow the header.</param>
/// <param name="IsFirst">Whether it begins a message.</param>
internal readonly record struct ChunkSpan(
    int Start, int Header, int Body, int End, int Format, int ChunkStream, byte TypeId, bool IsExtended, bool IsFirst);
