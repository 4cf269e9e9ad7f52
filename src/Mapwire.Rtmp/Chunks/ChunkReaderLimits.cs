namespace Mapwire.Rtmp.Chunks;

/// <summary>What one peer may make a <see cref="ChunkReader"/> hold.</summary>
public sealed class ChunkReaderLimits
{
    /// <summary>The limits of a server for players.</summary>
    public static ChunkReaderLimits Server { get; } = new();

    /// <summary>The limits of a client that receives media: messages up to what 24 bits can announce.</summary>
    public static ChunkReaderLimits Client { get; } = new()
    {
        MaxMessageLength = 0xFFFFFF,
        MaxBufferedBytes = 2 * 0xFFFFFF,
        MaxChunkStreams = 64,
    };

    /// <summary>
    /// The limits of a server for a publisher that was accepted: a picture as large as 24 bits can announce, and the sound that is sent
    /// between its chunks. Encoders that take a new chunk stream for each track stay below 64.
    /// </summary>
    public static ChunkReaderLimits Publisher { get; } = new()
    {
        MaxMessageLength = 0xFFFFFF,
        MaxBufferedBytes = 2 * 0xFFFFFF,
        MaxChunkStreams = 64,
    };

    /// <summary>
    /// Bytes that one message may announce; default 64 KiB. A player sends commands only, a few hundred bytes each; the largest
    /// in practice is connect with a token in its URL, a few KiB. A publisher sends larger ones once it was accepted, and has
    /// <see cref="Publisher"/> from then on.
    /// </summary>
    public int MaxMessageLength { get; init; } = 64 * 1024;

    /// <summary>
    /// Bytes that all incomplete messages of a connection may hold together; default 128 KiB, so that a peer cannot open every
    /// chunk stream with a message that never ends.
    /// </summary>
    public int MaxBufferedBytes { get; init; } = 128 * 1024;

    /// <summary>Chunk streams that a peer may use; default 16. Known players use at most five.</summary>
    public int MaxChunkStreams { get; init; } = 16;

    /// <summary>The larger of two limits, each by itself.</summary>
    internal ChunkReaderLimits RaisedTo(ChunkReaderLimits other) => new()
    {
        MaxMessageLength = Math.Max(MaxMessageLength, other.MaxMessageLength),
        MaxBufferedBytes = Math.Max(MaxBufferedBytes, other.MaxBufferedBytes),
        MaxChunkStreams = Math.Max(MaxChunkStreams, other.MaxChunkStreams),
    };

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxMessageLength);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxBufferedBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChunkStreams, 1);
    }
}
