using System.Security.Cryptography;

namespace Mapwire.Rtmp.Handshakes;

/// <summary>The digests of the complex handshake: HMAC-SHA256 with the Flash keys, hidden at a place computed from the packet.</summary>
/// <remarks>
/// packet: time(32) version(32) then two blocks of 764 bytes, key and digest, whose order is the scheme's. The digest block
/// starts with four bytes whose sum, modulo 728, says how far behind them the 32 bytes of digest lie. A digest covers the packet
/// without itself. The second packet is random, with a digest of all before its last 32 bytes there, made with a key that is
/// itself a digest of the other side's first digest.
/// </remarks>
internal static class HandshakeDigest
{
    public const int PacketLength = 1536;
    public const int Length = 32;

    private const int ServerTextLength = 36;
    private const int ClientTextLength = 30;

    // The constant tail both keys share, as in every implementation of the protocol.
    private static readonly byte[] ServerKey =
    [
        .. "Genuine Adobe Flash Media Server 001"u8,
        0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
        0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
    ];

    private static readonly byte[] ClientKey =
    [
        .. "Genuine Adobe Flash Player 001"u8,
        0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
        0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
    ];

    /// <summary>Where the digest lies in a first packet, by the scheme (0 or 1).</summary>
    public static int OffsetOf(ReadOnlySpan<byte> packet, int scheme)
    {
        int block = scheme == 0 ? 8 : 772;
        int sum = packet[block] + packet[block + 1] + packet[block + 2] + packet[block + 3];
        return block + 4 + sum % 728;
    }

    /// <summary>The digest of a first packet, if it has one that is right; else empty.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> packet, int scheme, bool fromServer)
    {
        int at = OffsetOf(packet, scheme);
        Span<byte> right = stackalloc byte[Length];
        Compute(packet, at, fromServer, right);
        ReadOnlySpan<byte> found = packet.Slice(at, Length);
        return found.SequenceEqual(right) ? found : default;
    }

    /// <summary>Puts the digest into a first packet. Returns it.</summary>
    public static ReadOnlySpan<byte> Place(Span<byte> packet, int scheme, bool fromServer)
    {
        int at = OffsetOf(packet, scheme);
        Compute(packet, at, fromServer, packet.Slice(at, Length));
        return packet.Slice(at, Length);
    }

    /// <summary>Puts the digest into a second packet, in answer to the other side's first one.</summary>
    public static void PlaceAnswer(Span<byte> packet, ReadOnlySpan<byte> peerDigest, bool fromServer) =>
        ComputeAnswer(packet, peerDigest, fromServer, packet[^Length..]);

    /// <summary>Whether a second packet answers the digest of our first one.</summary>
    public static bool IsAnswer(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> ownDigest, bool fromServer)
    {
        Span<byte> right = stackalloc byte[Length];
        ComputeAnswer(packet, ownDigest, fromServer, right);
        return packet[^Length..].SequenceEqual(right);
    }

    private static void Compute(ReadOnlySpan<byte> packet, int at, bool fromServer, Span<byte> digest)
    {
        Span<byte> covered = stackalloc byte[PacketLength - Length];
        packet[..at].CopyTo(covered);
        packet[(at + Length)..].CopyTo(covered[at..]);
        HMACSHA256.HashData(fromServer ? ServerKey.AsSpan(0, ServerTextLength) : ClientKey.AsSpan(0, ClientTextLength), covered, digest);
    }

    private static void ComputeAnswer(ReadOnlySpan<byte> packet, ReadOnlySpan<byte> peerDigest, bool fromServer, Span<byte> digest)
    {
        Span<byte> key = stackalloc byte[Length];
        HMACSHA256.HashData(fromServer ? ServerKey : ClientKey, peerDigest, key);
        HMACSHA256.HashData(key, packet[..^Length], digest);
    }
}
