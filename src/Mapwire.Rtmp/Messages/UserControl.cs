using System.Buffers.Binary;
using Mapwire.Rtmp.Chunks;

namespace Mapwire.Rtmp.Messages;

/// <summary>A User Control message (RTMP 1.0, sections 6.2 and 7.1.7).</summary>
/// <param name="Event">What happens.</param>
/// <param name="Value">The message stream id; of pings, the time in milliseconds.</param>
/// <param name="BufferMilliseconds">Set Buffer Length only.</param>
public readonly record struct UserControl(UserControlEvent Event, uint Value, uint BufferMilliseconds = 0)
{
    /// <summary>Bytes of the longest body.</summary>
    public const int MaxLength = 10;

    /// <summary>Bytes of this body.</summary>
    public int Length => Event == UserControlEvent.SetBufferLength ? 10 : 6;

    /// <summary>
    /// Parses a body. Events that are not named in <see cref="UserControlEvent"/> keep their number, and the value if there is one.
    /// </summary>
    /// <exception cref="RtmpProtocolException">The body is too short for its event.</exception>
    public static UserControl Parse(ReadOnlySpan<byte> body)
    {
        // event(16) value(32) | buffer length(32), Set Buffer Length only
        if (body.Length < 2)
        {
            throw TooShort(body);
        }

        UserControlEvent type = (UserControlEvent)BinaryPrimitives.ReadUInt16BigEndian(body);
        bool known = type is <= UserControlEvent.PingResponse or UserControlEvent.BufferEmpty or UserControlEvent.BufferReady
            && (ushort)type != 5;
        int length = type == UserControlEvent.SetBufferLength ? 10 : known ? 6 : 2;
        if (body.Length < length)
        {
            throw TooShort(body);
        }

        return new UserControl(
            type,
            body.Length >= 6 ? BinaryPrimitives.ReadUInt32BigEndian(body[2..]) : 0,
            length == 10 ? BinaryPrimitives.ReadUInt32BigEndian(body[6..]) : 0);
    }

    /// <summary>Writes the body. Returns its bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The destination is too short.</exception>
    public int WriteTo(Span<byte> destination)
    {
        if (Event == UserControlEvent.SetBufferLength)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination[6..], BufferMilliseconds);
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], Value);
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)Event);
        return Length;
    }

    private static RtmpProtocolException TooShort(ReadOnlySpan<byte> body) =>
        new(RtmpError.MalformedMessage, $"a body of {body.Length} bytes", body.Length, MessageType.UserControl);
}
