using System.Buffers;
using System.Buffers.Binary;

namespace Mapwire.Rtmp.Handshakes;

/// <summary>The client's side of the handshake (RTMP 1.0, section 5.2).</summary>
public sealed class ClientHandshake
{
    private const int Length = HandshakeDigest.PacketLength;

    private readonly HandshakeKind _kind;
    private readonly ReadOnlyMemory<byte> _random;
    private byte[]? _answer = new byte[1 + 2 * Length];
    private byte[] _digest = [];
    private int _received;

    /// <summary>Creates the handshake of one connection.</summary>
    /// <param name="random">Filling, at least <see cref="HandshakeRandom.Length"/> bytes; kept, not changed.</param>
    /// <param name="kind">What to speak. The complex kinds also demand a server that answers with the right digests.</param>
    /// <exception cref="ArgumentException">The filling is too short.</exception>
    public ClientHandshake(ReadOnlyMemory<byte> random, HandshakeKind kind = HandshakeKind.Simple)
    {
        HandshakeRandom.Validate(random);
        _random = random;
        _kind = kind;
    }

    /// <summary>Whether S2 has been read to its end and C2 written.</summary>
    public bool IsComplete => _answer is null;

    private int Scheme => _kind == HandshakeKind.ComplexScheme0 ? 0 : 1;

    /// <summary>Writes C0 and C1. To be called once, first.</summary>
    public void Start(IBufferWriter<byte> output)
    {
        Span<byte> start = output.GetSpan(1 + Length)[..(1 + Length)];
        Span<byte> c1 = start[1..];
        start[0] = 3;
        c1[..8].Clear();
        _random.Span[..1528].CopyTo(c1[8..]);
        if (_kind != HandshakeKind.Simple)
        {
            BinaryPrimitives.WriteUInt32BigEndian(c1[4..], 0x09007C02); // a Flash Player 9, the first with digests
            _digest = HandshakeDigest.Place(c1, Scheme, fromServer: false).ToArray();
        }

        output.Advance(start.Length);
    }

    /// <summary>Reads on; when S2 is whole, checks both and writes C2.</summary>
    /// <param name="input">Bytes as they came; what was consumed is cut off its front.</param>
    /// <param name="output">Where C2 goes.</param>
    /// <returns>Whether the handshake is complete: what is left of the input is chunks.</returns>
    /// <exception cref="RtmpProtocolException">The server speaks another version, echoes other bytes, or its digests are wrong.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        if (_answer is null)
        {
            return true;
        }

        int count = Math.Min(input.Length, _answer.Length - _received);
        input[..count].CopyTo(_answer.AsSpan(_received));
        input = input[count..];
        _received += count;
        if (_received > 0)
        {
            ServerHandshake.CheckVersion(_answer[0]);
        }

        if (_received < _answer.Length)
        {
            return false;
        }

        Finish(_answer.AsSpan(1, Length), _answer.AsSpan(1 + Length), output);
        _answer = null;
        return true;
    }

    private void Finish(ReadOnlySpan<byte> s1, ReadOnlySpan<byte> s2, IBufferWriter<byte> output)
    {
        Span<byte> c2 = output.GetSpan(Length)[..Length];
        if (_kind == HandshakeKind.Simple)
        {
            if (!s2[8..].SequenceEqual(_random.Span[..1528]))
            {
                throw new RtmpProtocolException(RtmpError.HandshakeDigest, "S2 does not echo C1", 1 + Length + 8);
            }

            s1.CopyTo(c2);
        }
        else
        {
            ReadOnlySpan<byte> serverDigest = HandshakeDigest.Find(s1, Scheme, fromServer: true);
            if (serverDigest.IsEmpty)
            {
                throw new RtmpProtocolException(RtmpError.HandshakeDigest, "S1 carries no digest", 1);
            }

            if (!HandshakeDigest.IsAnswer(s2, _digest, fromServer: true))
            {
                throw new RtmpProtocolException(RtmpError.HandshakeDigest, "S2 does not answer C1's digest", 1 + Length);
            }

            _random.Span.Slice(1528, 1528).CopyTo(c2);
            HandshakeDigest.PlaceAnswer(c2, serverDigest, fromServer: false);
        }

        output.Advance(Length);
    }
}
