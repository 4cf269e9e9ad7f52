using System.Buffers.Binary;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Messages;

/// <summary>The bodies of protocol control messages (RTMP 1.0, section 5.4): one 32-bit number, and for one of them a byte.</summary>
/// <remarks>They travel on chunk stream 2 and message stream 0; see <see cref="MessageType"/> for their type ids.</remarks>
/// <param name="Type">Set Chunk Size, Abort, Acknowledgement, Window Acknowledgement Size or Set Peer Bandwidth.</param>
/// <param name="Value">A chunk size, a chunk stream id, a count of bytes (modulo 2^32) or a window in bytes.</param>
/// <param name="Limit">Set Peer Bandwidth only.</param>
public readonly record struct ProtocolControl(byte Type, uint Value, PeerBandwidthLimit Limit = PeerBandwidthLimit.Hard)
{
    /// <summary>Bytes of the longest body.</summary>
    public const int MaxLength = 5;

    /// <summary>Bytes of this body.</summary>
    public int Length => Type == MessageType.SetPeerBandwidth ? 5 : 4;

    /// <summary>Parses a body.</summary>
    /// <exception cref="RtmpProtocolException">The body has another length than its type's, or a number out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The type is not a protocol control message's.</exception>
    public static ProtocolControl Parse(byte type, ReadOnlySpan<byte> body)
    {
        // value(32) | limit type(8), Set Peer Bandwidth only
        ThrowIfOther(type);
        int length = type == MessageType.SetPeerBandwidth ? 5 : 4;
        if (body.Length != length)
        {
            throw new RtmpProtocolException(RtmpError.MalformedMessage, $"a body of {body.Length} bytes instead of {length}", 0, type);
        }

        uint value = BinaryPrimitives.ReadUInt32BigEndian(body);
        if (type == MessageType.SetChunkSize && value is 0 or > int.MaxValue)
        {
            throw new RtmpProtocolException(RtmpError.ChunkSize, $"a chunk size of {value}", 0, type);
        }

        byte limit = length == 5 ? body[4] : (byte)0;
        return limit <= (byte)PeerBandwidthLimit.Dynamic
            ? new ProtocolControl(type, value, (PeerBandwidthLimit)limit)
            : throw new RtmpProtocolException(RtmpError.MalformedMessage, $"a limit of type {limit}", 4, type);
    }

    /// <summary>Writes the body. Returns its bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The destination is too short, or the type not a protocol control
    /// message's.</exception>
    public int WriteTo(Span<byte> destination)
    {
        ThrowIfOther(Type);
        BinaryPrimitives.WriteUInt32BigEndian(destination, Value);
        if (Type == MessageType.SetPeerBandwidth)
        {
            destination[4] = (byte)Limit;
        }

        return Length;
    }

    private static void ThrowIfOther(byte type)
    {
        if (type is 0 or MessageType.UserControl or > MessageType.SetPeerBandwidth)
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Not a protocol control message.");
        }
    }
}
