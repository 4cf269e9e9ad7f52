namespace Mapwire.Rtmp.Chunks;

/// <summary>What a reader remembers of one chunk stream: the header to inherit, and the message under way.</summary>
internal struct ChunkStream
{
    public int Id;
    public uint MessageStreamId;

    /// <summary>The absolute time of the message, ms modulo 2^32.</summary>
    public uint Timestamp;

    /// <summary>The timestamp field as sent: a type 3 chunk that starts a message adds it again, also after a type 0.</summary>
    public uint Field;

    public int Length;

    /// <summary>Bytes of the message received so far.</summary>
    public int Received;

    /// <summary>Bytes of <see cref="Received"/> that lie in <see cref="Buffer"/>.</summary>
    public int Buffered;

    public byte[]? Buffer;
    public byte TypeId;
    public bool Extended;

    /// <summary>A message is under way: its header came and its last byte did not.</summary>
    public bool Active;
}
