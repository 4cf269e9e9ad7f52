namespace Mapwire.Rtmp.Handshakes;

/// <summary>Filling for handshake packets.</summary>
/// <remarks>
/// The bytes protect nothing: they only let one end tell its own connections apart (RTMP 1.0, section 5.2.3). They are passed in,
/// never drawn here, so that a session's bytes can be reproduced.
/// </remarks>
public static class HandshakeRandom
{
    /// <summary>Bytes that a handshake needs: 1528 for each of the two packets.</summary>
    public const int Length = 2 * (HandshakeDigest.PacketLength - 8);

    /// <summary>Filling grown from a seed: the same for the same seed.</summary>
    public static ReadOnlyMemory<byte> Expand(int seed)
    {
        byte[] filling = new byte[Length];
        new Random(seed).NextBytes(filling);
        return filling;
    }

    internal static void Validate(ReadOnlyMemory<byte> random)
    {
        if (random.Length < Length)
        {
            throw new ArgumentException($"A handshake needs {Length} bytes of filling.", nameof(random));
        }
    }
}
