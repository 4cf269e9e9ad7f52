using System.Buffers;

namespace Mapwire.Rtmp.Chunks;

/// <summary>Writes whole messages as chunks: a type 0 header, then type 3 headers at every chunk size.</summary>
/// <remarks>
/// Always type 0: a message then stands for itself, whatever another writer (a gather send) put on the wire before it. The few
/// bytes that types 1 and 2 would save matter nowhere that this writer is used.
/// </remarks>
/// <param name="output">Where the bytes go.</param>
public sealed class ChunkWriter(IBufferWriter<byte> output)
{
    /// <summary>The chunk size before any Set Chunk Size (RTMP 1.0, section 5.4.1).</summary>
    public const int DefaultChunkSize = 128;

    /// <summary>Where the bytes go.</summary>
    public IBufferWriter<byte> Output { get; } = output;

    /// <summary>Bytes of a chunk's payload, 1 to 2^31-1. The caller announces a change with Set Chunk Size before setting it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public int ChunkSize
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = DefaultChunkSize;

    /// <summary>Writes one message.</summary>
    /// <param name="chunkStreamId">2-65599.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="typeId">The message type id.</param>
    /// <param name="streamId">The message stream id.</param>
    /// <param name="payload">The message's body, at most 0xFFFFFF bytes.</param>
    public void Write(int chunkStreamId, uint timestamp, byte typeId, uint streamId, ReadOnlySpan<byte> payload)
    {
        int piece = Math.Min(payload.Length, ChunkSize);
        Span<byte> destination = Output.GetSpan(ChunkHeader.MaxLength + piece);
        int at = ChunkHeader.WriteType0(destination, chunkStreamId, timestamp, payload.Length, typeId, streamId);
        while (true)
        {
            payload[..piece].CopyTo(destination[at..]);
            Output.Advance(at + piece);
            payload = payload[piece..];
            if (payload.IsEmpty)
            {
                return;
            }

            piece = Math.Min(payload.Length, ChunkSize);
            destination = Output.GetSpan(ChunkHeader.MaxLength + piece);
            at = ChunkHeader.WriteType3(destination, chunkStreamId, timestamp);
        }
    }
}
