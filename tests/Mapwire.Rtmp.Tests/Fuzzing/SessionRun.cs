using System.Buffers;
using Mapwire.Fuzzing;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;
using Mapwire.Rtmp.Sessions;

namespace Mapwire.Rtmp.Tests.Fuzzing;

/// <summary>Runs a session of either side on bytes, whole or in pieces, and says what came of them.</summary>
internal sealed class SessionRun
{
    private const int HandshakeLength = 1 + 2 * 1536;

    private static readonly ServerSessionOptions ServerOptions = new();
    private static readonly ClientSessionOptions[] ClientOptions =
        [.. Enum.GetValues<HandshakeKind>().Select(kind => new ClientSessionOptions { Handshake = kind })];

    private static readonly ClientSessionOptions StreamedOptions = new() { StreamMedia = true };
    private static readonly ConnectCommand Connect = ClientSessionOptions.DefaultConnect("vod", "rtmp://h/vod");
    private static readonly byte[] Hello = [3, .. new byte[2 * 1536]];
    private static readonly byte[] Welcome = [3, .. new byte[1536 + 8], .. ClientOptions[0].HandshakeRandom[..1528].Span];

    private readonly ArrayBufferWriter<byte> _output = new(1 << 14);
    private readonly byte[] _piece = new byte[1 << 16];

    /// <summary>What the session said, its handshake included.</summary>
    public ReadOnlySpan<byte> Output => _output.WrittenSpan;

    /// <summary>A server's session.</summary>
    /// <param name="bytes">What the client sends.</param>
    /// <param name="isGreeted">Whether the handshake is over before.</param>
    /// <param name="isCut">Whether they come in pieces.</param>
    /// <param name="features">Told what was reached.</param>
    public Outcome RunServer(ReadOnlySpan<byte> bytes, bool isGreeted, bool isCut, FeatureSet? features)
    {
        _output.ResetWrittenCount();
        SessionTrace trace = new(features);
        ServerSession session = trace.Server = new ServerSession(ServerOptions, trace, _output);
        if (isGreeted)
        {
            session.Receive(Hello);
        }

        RtmpProtocolException? refusal = Give(bytes, isCut, session.Receive);
        if (refusal is null)
        {
            Assert.Equal(bytes.Length + (isGreeted ? HandshakeLength : 0), session.BytesReceived);
        }
        else
        {
            Assert.Throws<InvalidOperationException>(() => session.Receive([]));
        }

        ulong state =
            session.BytesAcknowledged + ((ulong)(session.LastPong ?? 7) << 3) + (session.IsOpen ? 1u : 0) + (session.IsClosing ? 2u : 0);
        return Describe(trace, refusal, state, features);
    }

    /// <summary>A client's session.</summary>
    /// <param name="bytes">What the server sends.</param>
    /// <param name="handshake">The handshake that the client speaks, which is over before when <paramref name="isWelcome"/>.</param>
    /// <param name="isWelcome">Whether the handshake is over before.</param>
    /// <param name="isStreamed">Whether media is given on in pieces.</param>
    /// <param name="isCut">Whether the bytes come in pieces.</param>
    /// <param name="features">Told what was reached.</param>
    public Outcome RunClient(ReadOnlySpan<byte> bytes, int handshake, bool isWelcome, bool isStreamed, bool isCut, FeatureSet? features)
    {
        _output.ResetWrittenCount();
        SessionTrace trace = new(features);
        ClientSession session = trace.Client =
            new ClientSession(isStreamed ? StreamedOptions : ClientOptions[handshake], Connect, trace, _output);
        if (isWelcome)
        {
            session.Receive(Welcome);
        }

        RtmpProtocolException? refusal = Give(bytes, isCut, session.Receive);
        return Describe(trace, refusal, (ulong)session.IncomingChunkSize, features);
    }

    /// <summary>The messages that the session sent, without acknowledgements: when those go out depends on how bytes arrive.</summary>
    /// <remarks>What a session sends is always whole and sound.</remarks>
    public byte[] ReadOutput()
    {
        ReadOnlySpan<byte> rest = Output[Math.Min(HandshakeLength, Output.Length)..];
        int length = rest.Length;
        ChunkReader reader = new(ChunkReaderLimits.Client);
        ArrayBufferWriter<byte> messages = new();
        while (reader.TryRead(ref rest, out RtmpMessage message))
        {
            Check(in message);
            if (message.TypeId == MessageType.Acknowledgement)
            {
                continue;
            }

            messages.Write(BitConverter.GetBytes(message.TypeId + ((ulong)message.StreamId << 8) + ((ulong)message.Timestamp << 40)));
            messages.Write(message.Payload);
        }

        Assert.Equal(0, reader.BufferedBytes);
        Assert.Equal(length, reader.Position);
        return messages.WrittenSpan.ToArray();
    }

    private static void Check(in RtmpMessage message)
    {
        switch (message.TypeId)
        {
            case MessageType.UserControl:
                UserControl.Parse(message.Payload);
                break;
            case MessageType.CommandAmf0 or MessageType.CommandAmf3:
                CommandReader command = new(message.TypeId, message.Payload);
                while (!command.IsAtEnd)
                {
                    command.ReadValue();
                }

                break;
            case MessageType.Audio or MessageType.Video or MessageType.DataAmf0:
                break;
            default:
                ProtocolControl.Parse(message.TypeId, message.Payload);
                break;
        }
    }

    private delegate void Receiver(ReadOnlySpan<byte> bytes);

    private RtmpProtocolException? Give(ReadOnlySpan<byte> bytes, bool isCut, Receiver receive)
    {
        Cuts cuts = new(bytes);
        try
        {
            while (!bytes.IsEmpty)
            {
                // A piece is wiped after use: a session that keeps a span into it is caught.
                int count = isCut ? Math.Min(cuts.Take(bytes.Length), _piece.Length) : Math.Min(bytes.Length, _piece.Length);
                Span<byte> piece = _piece.AsSpan(0, count);
                bytes[..count].CopyTo(piece);
                bytes = bytes[count..];
                receive(piece);
                piece.Fill(0xDB);
            }

            return null;
        }
        catch (RtmpProtocolException e)
        {
            return e;
        }
    }

    private static Outcome Describe(SessionTrace trace, RtmpProtocolException? refusal, ulong state, FeatureSet? features)
    {
        if (refusal is not null)
        {
            features?.AddMessage(refusal.Message);
        }

        return new Outcome(trace.Calls, trace.Count, refusal?.Error, refusal?.Offset ?? 0, refusal?.MessageType, state);
    }
}
