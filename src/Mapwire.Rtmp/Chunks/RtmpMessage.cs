namespace Mapwire.Rtmp.Chunks;

/// <summary>One message (RTMP 1.0, section 4), or a piece of one where the reader was told to stream media.</summary>
/// <remarks>Borrows the reader's memory or the input: valid until the next call to the reader.</remarks>
public readonly ref struct RtmpMessage
{
    internal RtmpMessage(int chunkStreamId, in ChunkStream stream, ReadOnlySpan<byte> payload, int payloadOffset)
    {
        ChunkStreamId = chunkStreamId;
        TypeId = stream.TypeId;
        StreamId = stream.MessageStreamId;
        Timestamp = stream.Timestamp;
        Length = stream.Length;
        Payload = payload;
        PayloadOffset = payloadOffset;
    }

    internal RtmpMessage(int chunkStreamId, byte typeId, uint streamId, uint timestamp, ReadOnlySpan<byte> payload)
    {
        ChunkStreamId = chunkStreamId;
        TypeId = typeId;
        StreamId = streamId;
        Timestamp = timestamp;
        Length = payload.Length;
        Payload = payload;
    }

    /// <summary>The chunk stream that carried it, 2-65599.</summary>
    public int ChunkStreamId { get; }

    /// <summary>The message type id; see <see cref="MessageType"/>.</summary>
    public byte TypeId { get; }

    /// <summary>The message stream id; 0 is the connection itself.</summary>
    public uint StreamId { get; }

    /// <summary>Milliseconds, modulo 2^32; see <see cref="TimestampUnwrapper"/>.</summary>
    public uint Timestamp { get; }

    /// <summary>Bytes of the whole message.</summary>
    public int Length { get; }

    /// <summary>The message's body, or this piece of it.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Where <see cref="Payload"/> starts in the body: 0 unless the message is streamed.</summary>
    public int PayloadOffset { get; }

    /// <summary>Whether <see cref="Payload"/> starts the message.</summary>
    public bool IsFirst => PayloadOffset == 0;

    /// <summary>Whether <see cref="Payload"/> ends the message.</summary>
    public bool IsLast => PayloadOffset + Payload.Length == Length;
}
