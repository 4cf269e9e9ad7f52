using System.Buffers.Text;
using System.Security.Cryptography;
using Mapwire.Http.Heads;

namespace Mapwire.Http.WebSockets;

/// <summary>Why a request to upgrade is refused.</summary>
public enum WebSocketRefusal
{
    /// <summary>It is not refused.</summary>
    None,

    /// <summary>It asks for no WebSocket: no GET, no <c>Upgrade: websocket</c> or no <c>Connection: upgrade</c>. Status 400.</summary>
    NoUpgrade,

    /// <summary>No Sec-WebSocket-Version of 13. Status 426 with <c>Sec-WebSocket-Version: 13</c> (RFC 6455, section 4.4).</summary>
    Version,

    /// <summary>No Sec-WebSocket-Key of 16 bytes in base64. Status 400.</summary>
    Key,
}

/// <summary>The server's side of the opening handshake (RFC 6455, section 4.2). Subprotocols and extensions are not agreed on.</summary>
public static class WebSocketHandshake
{
    /// <summary>The length of Sec-WebSocket-Accept in bytes: 20 bytes in base64.</summary>
    public const int AcceptLength = 28;

    private const int KeyLength = 16;

    private const int EncodedKeyLength = 24;

    /// <summary>Checks a request to upgrade.</summary>
    /// <param name="head">The request.</param>
    /// <param name="key">The value of Sec-WebSocket-Key, for <see cref="WriteAccept"/>; empty when it is refused.</param>
    public static WebSocketRefusal Check(in RequestHead head, out ReadOnlySpan<byte> key)
    {
        key = default;
        if (!head.IsWebSocketUpgrade)
        {
            return WebSocketRefusal.NoUpgrade;
        }

        if (!head.TryGetField("Sec-WebSocket-Version"u8, out ReadOnlySpan<byte> version) || !version.SequenceEqual("13"u8))
        {
            return WebSocketRefusal.Version;
        }

        if (!head.TryGetField("Sec-WebSocket-Key"u8, out ReadOnlySpan<byte> sent) || !IsKey(sent))
        {
            return WebSocketRefusal.Key;
        }

        key = sent;
        return WebSocketRefusal.None;
    }

    /// <summary>Writes the value of Sec-WebSocket-Accept.</summary>
    /// <param name="key">The key that was checked.</param>
    /// <param name="destination">At least <see cref="AcceptLength"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteAccept(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        // base64(SHA-1(key + GUID)) (RFC 6455, section 4.2.2): SHA-1 proves that the request was understood and protects nothing
        ReadOnlySpan<byte> suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;
        Span<byte> text = stackalloc byte[EncodedKeyLength + suffix.Length];
        key.CopyTo(text);
        suffix.CopyTo(text[EncodedKeyLength..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // the protocol's own
        SHA1.HashData(text, hash);
#pragma warning restore CA5350
        Base64.EncodeToUtf8(hash, destination, out _, out int count);
        return count;
    }

    private static bool IsKey(ReadOnlySpan<byte> sent)
    {
        Span<byte> key = stackalloc byte[KeyLength + 2];
        return sent.Length == EncodedKeyLength
            && !sent.ContainsAny((byte)' ', (byte)'\t') // which the decoder would pass over
            && Base64.DecodeFromUtf8(sent, key, out _, out int count) == System.Buffers.OperationStatus.Done
            && count == KeyLength;
    }
}
