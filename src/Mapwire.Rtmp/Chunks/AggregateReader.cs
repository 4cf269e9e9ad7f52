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
        ReadOnlySpan<byte> rest = _aggregate.Payload[_at..];
        if (rest.IsEmpty)
        {
            message = default;
            return false;
        }

        if (rest.Length < HeaderLength)
        {
            throw Malformed("ends inside a header");
        }

        byte type = (byte)(rest[0] & 0x1F);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest) & 0xFFFFFF;
        uint time = (uint)(rest[4] << 16 | rest[5] << 8 | rest[6] | rest[7] << 24);
        if (length > (uint)(rest.Length - HeaderLength))
        {
            throw Malformed("holds a part that reaches past its end");
        }

        if (type is MessageType.Aggregate or < MessageType.Audio)
        {
            throw Malformed($"holds a message of type {type}");
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

    private readonly RtmpProtocolException Malformed(string what) =>
        new(RtmpError.MalformedMessage, $"an aggregate {what}", _at, MessageType.Aggregate);
}
