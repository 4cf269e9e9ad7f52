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
    /// Bytes that one message may announce; default 64 KiB. A player sends commands only, a few hundred bytes each; the largest
    /// in practice is connect with a token in its URL, a few KiB. A publisher's video never comes: publish is refused first.
    /// </summary>
    public int MaxMessageLength { get; init; } = 64 * 1024;

    /// <summary>
    /// Bytes that all incomplete messages of a connection may hold together; default 128 KiB, so that a peer cannot open every
    /// chunk stream with a message that never ends.
    /// </summary>
    public int MaxBufferedBytes { get; init; } = 128 * 1024;

    /// <summary>Chunk streams that a peer may use; default 16. Known players use at most five.</summary>
    public int MaxChunkStreams { get; init; } = 16;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxMessageLength);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxBufferedBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChunkStreams, 1);
    }
}
