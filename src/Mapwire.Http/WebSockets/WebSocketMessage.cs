using System.Buffers.Binary;
using System.Text;

namespace Mapwire.Http.WebSockets;

/// <summary>What a client sent: a whole message, or a control frame. A view that holds until the reader is used again.</summary>
/// <remarks>Never a <see cref="WebSocketOpcode.Continuation"/>: pieces are put together.</remarks>
public readonly ref struct WebSocketMessage
{
    internal WebSocketMessage(WebSocketOpcode opcode, ReadOnlySpan<byte> payload)
    {
        Opcode = opcode;
        Payload = payload;
    }

    /// <summary>What it is.</summary>
    public WebSocketOpcode Opcode { get; }

    /// <summary>The bytes, unmasked. Of a close frame its code and reason, of text UTF-8 that was checked.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>
    /// The code of a close frame; <see cref="WebSocketCloseCode.None"/> where it has none. It may be one that has no name here.
    /// </summary>
    public WebSocketCloseCode CloseCode =>
        Opcode == WebSocketOpcode.Close && Payload.Length >= 2
            ? (WebSocketCloseCode)BinaryPrimitives.ReadUInt16BigEndian(Payload)
            : WebSocketCloseCode.None;

    /// <summary>The reason of a close frame; empty where it has none. The client's own text: clean it before it is shown.</summary>
    public string CloseReason =>
        Opcode == WebSocketOpcode.Close && Payload.Length > 2 ? Encoding.UTF8.GetString(Payload[2..]) : "";
}
