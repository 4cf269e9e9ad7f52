using System.Buffers.Binary;

namespace Mapwire.Rtmp.Chunks;

/// <summary>Splits an aggregate message (RTMP 1.0, section 7.1.6) into the messages that it holds.</summary>
/// <remarks>
/// A body is: type(8) length(24) time(24) time's upper 8 bits(8) stream id(24) data back-pointer(32), repeated; as FLV tags.
/// The times are renumbered so that the first has the aggregate's own, and all belong to the aggregate's message stream.
/// </remarks>
public ref struct AggregateReader
{
    private const int HeaderLength = 11;
    private const int BackPointerLength = 4;

    private readonly RtmpMessage _aggregate;
    private int _at;
    private uint _shift;

    /// <summary>Starts to read.</summary>
    /// <param name="aggregate">A message of type 22, whole.</param>
    public AggregateReader(in RtmpMessage aggregate) => _aggregate = aggregate;

    /// <summary>The next message inside.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="RtmpProtocolException">A part reaches past the aggregate's end, or is an aggregate itself.</exception>
    public bool TryRead(out RtmpMessage message)
    {
        if (TryRead(out message, out string? fault))
        {
            return true;
        }

        return fault is null
            ? false
            : throw new RtmpProtocolException(RtmpError.MalformedMessage, $"an aggregate {fault}", _at, MessageType.Aggregate);
    }

    /// <summary>The next message inside, without an exception for an aggregate that is malformed.</summary>
    /// <param name="message">The message when the answer is true.</param>
    /// <param name="fault">What is wrong from here on; null at the end.</param>
    internal bool TryRead(out RtmpMessage message, out string? fault)
    {
        message = default;
        fault = null;
        ReadOnlySpan<byte> rest = _aggregate.Payload[_at..];
        if (rest.IsEmpty)
        {
            return false;
        }

        if (rest.Length < HeaderLength)
        {
            fault = "ends inside a header";
            return false;
        }

        byte type = (byte)(rest[0] & 0x1F);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest) & 0xFFFFFF;
        uint time = (uint)(rest[4] << 16 | rest[5] << 8 | rest[6] | rest[7] << 24);
        if (length > (uint)(rest.Length - HeaderLength))
        {
            fault = "holds a part that reaches past its end";
            return false;
        }

        if (type is MessageType.Aggregate or < MessageType.Audio)
        {
            fault = $"holds a message of type {type}";
            return false;
        }

        if (_at == 0)
        {
            _shift = _aggregate.Timestamp - time;
        }

        message = new RtmpMessage(
            _aggregate.ChunkStreamId, type, _aggregate.StreamId, time + _shift, rest.Slice(HeaderLength, (int)length));
        // Writers that drop the last back pointer exist; it carries nothing that is not known.
        _at += Math.Min(rest.Length, HeaderLength + (int)length + BackPointerLength);
        return true;
    }
}
