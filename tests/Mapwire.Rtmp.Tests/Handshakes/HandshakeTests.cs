using System.Buffers;
using System.Security.Cryptography;
using Mapwire.Rtmp.Handshakes;

namespace Mapwire.Rtmp.Tests.Handshakes;

public sealed class HandshakeTests
{
    private const int Whole = 1 + 2 * 1536;

    private static readonly ReadOnlyMemory<byte> Filling = FillingOfTheRecording();

    private static byte[] Answer(HandshakeKind expected, uint time, params byte[][] pieces)
    {
        ServerHandshake handshake = new(Filling, time);
        ArrayBufferWriter<byte> output = new();
        foreach (byte[] piece in pieces)
        {
            ReadOnlySpan<byte> input = piece;
            handshake.TryRead(ref input, output);
            Assert.True(input.IsEmpty);
        }

        Assert.Equal(expected, handshake.Kind);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What the server sent when the players were recorded: SHA-256 of "Mapwire", over and over.</summary>
    private static byte[] FillingOfTheRecording()
    {
        byte[] filling = new byte[HandshakeRandom.Length + SHA256.HashSizeInBytes];
        byte[] state = SHA256.HashData("Mapwire"u8);
        for (int at = 0; at + state.Length <= filling.Length; at += state.Length)
        {
            state = SHA256.HashData(state);
            state.CopyTo(filling, at);
        }

        return filling[..HandshakeRandom.Length];
    }

    [Theory]
    [InlineData("rtmpdump.bin", HandshakeKind.Simple)]
    [InlineData("rtmp2src.bin", HandshakeKind.Simple)]
    [InlineData("ffmpeg.bin", HandshakeKind.ComplexScheme0)]
    public void Knows_what_real_clients_speak_wherever_their_bytes_are_cut(string recording, HandshakeKind kind)
    {
        byte[] bytes = Wire.Recording(recording)[..Whole];
        byte[] expected = Answer(kind, 0, bytes);
        Assert.Equal(Whole, expected.Length);
        foreach (byte[][] pieces in Wire.Cuts(bytes))
        {
            Assert.Equal(expected, Answer(kind, 0, pieces));
        }
    }

    [Fact]
    public void Ffmpegs_second_packet_answers_our_first()
    {
        // Recorded against this same filling: had our S1 carried no right digest, ffmpeg would have gone simple and echoed it.
        byte[] bytes = Wire.Recording("ffmpeg.bin");
        byte[] s1 = Answer(HandshakeKind.ComplexScheme0, 0, bytes[..1537])[1..1537];
        ReadOnlySpan<byte> digest = HandshakeDigest.Find(s1, 0, fromServer: true);
        Assert.Equal(32, digest.Length);
        Assert.True(HandshakeDigest.IsAnswer(bytes.AsSpan(1537, 1536), digest, fromServer: false));
    }

    [Fact]
    public void The_simple_answer_is_an_echo()
    {
        byte[] c0c1 = Wire.Recording("rtmpdump.bin")[..1537];
        byte[] answer = Answer(HandshakeKind.Simple, 0, c0c1);
        Assert.Equal(3, answer[0]);
        Assert.Equal(new byte[8], answer[1..9]);
        Assert.Equal(Filling.Span[..1528], answer.AsSpan(9, 1528));
        Assert.Equal(c0c1.AsSpan(1), answer.AsSpan(1537));

        answer = Answer(HandshakeKind.Simple, 0x01020304, c0c1);
        Assert.Equal(Wire.Hex("01020304 00000000"), answer[1..9]);
        Assert.Equal(c0c1[1..5], answer[1537..1541]);
        Assert.Equal(Wire.Hex("01020304"), answer[1541..1545]);
        Assert.Equal(c0c1[9..], answer[1545..]);
    }

    [Theory]
    [InlineData(HandshakeKind.Simple)]
    [InlineData(HandshakeKind.ComplexScheme0)]
    [InlineData(HandshakeKind.ComplexScheme1)]
    public void Both_sides_understand_each_other_at_every_cut(HandshakeKind kind)
    {
        for (int cut = 1; cut <= Whole; cut = cut < 8 ? cut + 1 : cut * 3 / 2)
        {
            ClientHandshake client = new(HandshakeRandom.Expand(2), kind);
            ServerHandshake server = new(Filling);
            ArrayBufferWriter<byte> toServer = new();
            ArrayBufferWriter<byte> toClient = new();
            client.Start(toServer);
            Feed(toServer, cut, (ref ReadOnlySpan<byte> b) => server.TryRead(ref b, toClient));
            Assert.Equal(kind, server.Kind);
            Assert.False(server.IsComplete);
            Feed(toClient, cut, (ref ReadOnlySpan<byte> b) => client.TryRead(ref b, toServer));
            Assert.True(client.IsComplete);
            Feed(toServer, cut, (ref ReadOnlySpan<byte> b) => server.TryRead(ref b, toClient));
            Assert.True(server.IsComplete);
        }
    }

    private delegate bool Reader(ref ReadOnlySpan<byte> bytes);

    private static void Feed(ArrayBufferWriter<byte> from, int cut, Reader reader)
    {
        byte[] bytes = from.WrittenSpan.ToArray();
        from.ResetWrittenCount();
        foreach (byte[] piece in bytes.Chunk(cut))
        {
            ReadOnlySpan<byte> input = piece;
            reader(ref input);
            Assert.True(input.IsEmpty);
        }
    }

    [Fact]
    public void A_changed_bit_makes_the_complex_handshake_a_simple_one()
    {
        byte[] c0c1 = Wire.Recording("ffmpeg.bin")[..1537];
        for (int bit = 9 * 8; bit < c0c1.Length * 8; bit += 7)
        {
            byte[] changed = [.. c0c1];
            changed[bit / 8] ^= (byte)(1 << bit % 8);
            byte[] answer = Answer(HandshakeKind.Simple, 0, changed);
            Assert.Equal(changed[1..], answer[1537..]);
        }
    }

    [Fact]
    public void A_client_of_the_complex_kind_detects_a_wrong_server()
    {
        for (int at = 0; at < 3072; at += 61)
        {
            ClientHandshake client = new(HandshakeRandom.Expand(2), HandshakeKind.ComplexScheme1);
            ArrayBufferWriter<byte> output = new();
            client.Start(output);
            byte[] answer = Answer(HandshakeKind.ComplexScheme1, 0, output.WrittenSpan.ToArray());
            answer[1 + at] ^= 0x10;
            Wire.Refused(
                () =>
                {
                    ReadOnlySpan<byte> input = answer;
                    client.TryRead(ref input, output);
                },
                RtmpError.HandshakeDigest);
        }
    }

    [Theory]
    [InlineData(6, RtmpError.EncryptedHandshake)]
    [InlineData(8, RtmpError.EncryptedHandshake)]
    [InlineData(9, RtmpError.EncryptedHandshake)]
    [InlineData(0, RtmpError.UnsupportedVersion)]
    [InlineData(2, RtmpError.UnsupportedVersion)]
    [InlineData(4, RtmpError.UnsupportedVersion)]
    [InlineData('G', RtmpError.UnsupportedVersion)] // an HTTP request
    [InlineData(0x16, RtmpError.UnsupportedVersion)] // a TLS hello
    [InlineData(255, RtmpError.UnsupportedVersion)]
    public void Other_versions_are_refused_at_the_first_byte(int version, RtmpError error)
    {
        ArrayBufferWriter<byte> output = new();
        RtmpProtocolException e = Wire.Refused(
            () =>
            {
                ReadOnlySpan<byte> input = [(byte)version];
                new ServerHandshake(Filling).TryRead(ref input, output);
            },
            error);
        Assert.Equal(0, e.Offset);
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void What_follows_the_handshake_is_left()
    {
        byte[] bytes = Wire.Recording("ffmpeg.bin");
        ReadOnlySpan<byte> input = bytes;
        Assert.True(new ServerHandshake(Filling).TryRead(ref input, new ArrayBufferWriter<byte>()));
        Assert.Equal(bytes.Length - Whole, input.Length);
    }

    [Fact]
    public void Filling_must_be_long_enough() =>
        Assert.Throws<ArgumentException>(() => new ServerHandshake(new byte[HandshakeRandom.Length - 1]));

    [Theory]
    [InlineData("00000000", 12, 776)]
    [InlineData("01020304", 22, 786)]
    [InlineData("FFFFFFDA", 255 * 3 + 0xDA - 728 + 12, 255 * 3 + 0xDA - 728 + 776)]
    [InlineData("FFFFFFFF", 304, 1068)]
    [InlineData("FFFFD900", 739, 1503)] // 727, the largest: the digest ends where its block does
    [InlineData("FFFFDA00", 12, 776)] // 728 is 0 again
    public void The_digest_lies_where_four_bytes_say(string bytes, int scheme0, int scheme1)
    {
        byte[] packet = new byte[1536];
        Wire.Hex(bytes).CopyTo(packet, 8);
        Wire.Hex(bytes).CopyTo(packet, 772);
        Assert.Equal(scheme0, HandshakeDigest.OffsetOf(packet, 0));
        Assert.Equal(scheme1, HandshakeDigest.OffsetOf(packet, 1));
    }
}
