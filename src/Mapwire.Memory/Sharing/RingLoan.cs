namespace Mapwire.Memory.Sharing;

/// <summary>Room in a ring for one message, lent to a producer, who writes it in place and commits it.</summary>
/// <remarks>Whether it was committed is known by the ring, not by this value: copies of it, as <c>using</c> makes them, are alike.</remarks>
public readonly ref struct RingLoan
{
    private readonly RingProducer _producer;
    private readonly ulong _position;

    internal RingLoan(RingProducer producer, Span<byte> bytes, ulong position)
    {
        _producer = producer;
        Bytes = bytes;
        _position = position;
    }

    /// <summary>Where the message goes. What is in it before is anything.</summary>
    public Span<byte> Bytes { get; }

    /// <summary>Hands the message to the consumer.</summary>
    /// <exception cref="InvalidOperationException">It was committed or given back before.</exception>
    public void Commit() => _producer.Commit(_position, Bytes.Length);

    /// <summary>Gives the room back if the message was not committed.</summary>
    public void Dispose() => _producer?.Abort(_position, Bytes.Length);
}
