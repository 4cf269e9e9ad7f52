using System.Buffers.Binary;

namespace Mapwire.Http.WebSockets;

/// <summary>Writes what a server sends: unmasked frames that are not fragmented (RFC 6455, sections 5.1 and 5.2).</summary>
public static class WebSocketFrame
{
    /// <summary>The longest header in bytes: 2, and 8 of a long length.</summary>
    public const int MaxHeaderLength = 10;

    /// <summary>The longest control frame in bytes, with its header.</summary>
    public const int MaxControlFrameLength = 2 + WebSocketReader.MaxControlLength;

    /// <summary>How many bytes <see cref="WriteHeader"/> writes: 2, 4 or 10.</summary>
    /// <param name="length">The payload's length in bytes.</param>
    public static int GetHeaderLength(long length) => length switch
    {
        < 126 => 2,
        <= ushort.MaxValue => 4,
        _ => MaxHeaderLength,
    };

    /// <summary>Writes the header of a frame; the payload follows it as it is.</summary>
    /// <param name="destination">At least <see cref="MaxHeaderLength"/> bytes.</param>
    /// <param name="opcode">What the frame is, other than a continuation.</param>
    /// <param name="length">The payload's length in bytes; at most 125 of a control frame.</param>
    /// <returns>How many bytes were written: 2, 4 or 10.</returns>
    /// <exception cref="ArgumentException">There is no such frame, or no place for it.</exception>
    public static int WriteHeader(Span<byte> destination, WebSocketOpcode opcode, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (opcode is not (WebSocketOpcode.Text or WebSocketOpcode.Binary or WebSocketOpcode.Close or WebSocketOpcode.Ping
            or WebSocketOpcode.Pong))
        {
            throw new ArgumentException($"a server's frame must be a whole message or a control frame (was {opcode})", nameof(opcode));
        }

        if (opcode >= WebSocketOpcode.Close)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, WebSocketReader.MaxControlLength);
        }

        // FIN=1 RSV=0 opcode(4) | MASK=0 length(7) | length(16 or 64)
        destination[0] = (byte)(0x80 | (int)opcode);
        switch (length)
        {
            case < 126:
                destination[1] = (byte)length;
                return 2;
            case <= ushort.MaxValue:
                destination[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)length);
                return 4;
            default:
                destination[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(destination[2..], length);
                return 10;
        }
    }

    /// <summary>Writes the answer to a ping.</summary>
    /// <param name="destination">At least <see cref="MaxControlFrameLength"/> bytes.</param>
    /// <param name="payload">The ping's payload.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WritePong(Span<byte> destination, ReadOnlySpan<byte> payload)
    {
        int header = WriteHeader(destination, WebSocketOpcode.Pong, payload.Length);
        payload.CopyTo(destination[header..]);
        return header + payload.Length;
    }

    /// <summary>Writes a close frame.</summary>
    /// <param name="destination">At least <see cref="MaxControlFrameLength"/> bytes.</param>
    /// <param name="code">The code; <see cref="WebSocketCloseCode.None"/> for a frame without one.</param>
    /// <param name="reason">The reason for people; cut between characters at 123 bytes of UTF-8. Without a code there is none.</param>
    /// <returns>How many bytes were written.</returns>
    /// <exception cref="ArgumentException">The code is none that may be sent.</exception>
    public static int WriteClose(Span<byte> destination, WebSocketCloseCode code, string reason = "")
    {
        if (code == WebSocketCloseCode.None)
        {
            return WriteHeader(destination, WebSocketOpcode.Close, 0);
        }

        if (!Enum.IsDefined(code))
        {
            throw new ArgumentException($"a close code must be one of {nameof(WebSocketCloseCode)} (was {(int)code})", nameof(code));
        }

        Span<byte> text = stackalloc byte[WebSocketReader.MaxControlLength - 2];
        System.Text.Unicode.Utf8.FromUtf16(reason, text, out _, out int count); // stops before a character that does not fit
        int header = WriteHeader(destination, WebSocketOpcode.Close, 2 + count);
        BinaryPrimitives.WriteUInt16BigEndian(destination[header..], (ushort)code);
        text[..count].CopyTo(destination[(header + 2)..]);
        return header + 2 + count;
    }
}
