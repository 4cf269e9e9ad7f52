using System.Buffers;
using System.Buffers.Binary;

namespace Mapwire.Rtmp.Handshakes;

/// <summary>The server's side of the handshake, simple or complex as the client speaks (RTMP 1.0, section 5.2).</summary>
/// <remarks>
/// C0: version(8) | C1: time(32) version(32) random(1528 bytes) | C2: an answer to S1, 1536 bytes; S0, S1, S2 likewise. S0, S1
/// and S2 are written at once when C1 is whole. C2 is counted, not checked: nothing depends on it and players differ.
/// </remarks>
public sealed class ServerHandshake
{
    private readonly uint _time;
    private readonly ReadOnlyMemory<byte> _random;
    private byte[]? _c1;
    private int _received;

    /// <summary>Creates the handshake of one connection.</summary>
    /// <param name="random">Filling, at least <see cref="HandshakeRandom.Length"/> bytes; kept, not changed.</param>
    /// <param name="time">The epoch of the server's timestamps, in milliseconds; 0 will do.</param>
    /// <exception cref="ArgumentException">The filling is too short.</exception>
    public ServerHandshake(ReadOnlyMemory<byte> random, uint time = 0)
    {
        HandshakeRandom.Validate(random);
        _random = random;
        _time = time;
    }

    /// <summary>What the client speaks: known when C1 is whole.</summary>
    public HandshakeKind Kind { get; private set; }

    /// <summary>Whether C2 has been read to its end.</summary>
    public bool IsComplete => _received == 1 + 2 * HandshakeDigest.PacketLength;

    /// <summary>Reads on.</summary>
    /// <param name="input">Bytes as they came; what was consumed is cut off its front.</param>
    /// <param name="output">Where S0, S1 and S2 go.</param>
    /// <returns>Whether the handshake is complete: what is left of the input is chunks.</returns>
    /// <exception cref="RtmpProtocolException">The client wants another version, or encryption.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        const int End = 1 + HandshakeDigest.PacketLength;
        if (_received == 0 && !input.IsEmpty)
        {
            CheckVersion(input[0]);
            input = input[1..];
            _received = 1;
        }

        if (_received < End && !input.IsEmpty)
        {
            if (_received == 1 && input.Length >= HandshakeDigest.PacketLength)
            {
                Answer(input[..HandshakeDigest.PacketLength], output);
                input = input[HandshakeDigest.PacketLength..];
                _received = End;
            }
            else
            {
                _c1 ??= new byte[HandshakeDigest.PacketLength];
                int count = Math.Min(input.Length, End - _received);
                input[..count].CopyTo(_c1.AsSpan(_received - 1));
                input = input[count..];
                _received += count;
                if (_received == End)
                {
                    Answer(_c1, output);
                    _c1 = null;
                }
            }
        }

        if (_received >= End)
        {
            int count = Math.Min(input.Length, End + HandshakeDigest.PacketLength - _received);
            input = input[count..];
            _received += count;
        }

        return IsComplete;
    }

    internal static void CheckVersion(byte version)
    {
        if (version is 6 or 8 or 9)
        {
            throw new RtmpProtocolException(RtmpError.EncryptedHandshake, $"version {version} asks for RTMPE, which is not spoken here", 0);
        }

        if (version != 3)
        {
            throw new RtmpProtocolException(RtmpError.UnsupportedVersion, $"version {version} instead of 3", 0);
        }
    }

    private void Answer(ReadOnlySpan<byte> c1, IBufferWriter<byte> output)
    {
        const int Length = 1 + 2 * HandshakeDigest.PacketLength;
        Span<byte> answer = output.GetSpan(Length)[..Length];
        Span<byte> s1 = answer.Slice(1, HandshakeDigest.PacketLength);
        Span<byte> s2 = answer[(1 + HandshakeDigest.PacketLength)..];
        ReadOnlySpan<byte> random = _random.Span;
        answer[0] = 3;
        BinaryPrimitives.WriteUInt32BigEndian(s1, _time);
        random[..1528].CopyTo(s1[8..]);

        int scheme = FindScheme(c1, out ReadOnlySpan<byte> clientDigest);
        if (scheme < 0)
        {
            Kind = HandshakeKind.Simple;
            s1.Slice(4, 4).Clear();
            c1.CopyTo(s2);
            if (_time != 0)
            {
                BinaryPrimitives.WriteUInt32BigEndian(s2[4..], _time);
            }
        }
        else
        {
            Kind = scheme == 0 ? HandshakeKind.ComplexScheme0 : HandshakeKind.ComplexScheme1;
            // Clients take a first byte below 3 for a server without digests.
            BinaryPrimitives.WriteUInt32BigEndian(s1[4..], 0x04050001);
            HandshakeDigest.Place(s1, scheme, fromServer: true);
            random.Slice(1528, 1528).CopyTo(s2);
            HandshakeDigest.PlaceAnswer(s2, clientDigest, fromServer: true);
        }

        output.Advance(Length);
    }

    private static int FindScheme(ReadOnlySpan<byte> c1, out ReadOnlySpan<byte> digest)
    {
        digest = default;
        if (BinaryPrimitives.ReadUInt32BigEndian(c1[4..]) == 0)
        {
            return -1; // the simple handshake's zero field
        }

        for (int scheme = 0; scheme < 2; scheme++)
        {
            digest = HandshakeDigest.Find(c1, scheme, fromServer: false);
            if (!digest.IsEmpty)
            {
                return scheme;
            }
        }

        return -1;
    }
}
