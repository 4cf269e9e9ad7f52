using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>What all sessions of a client program share.</summary>
public sealed class ClientSessionOptions
{
    /// <summary>The handshake to speak; default the simple one.</summary>
    public HandshakeKind Handshake { get; init; } = HandshakeKind.Simple;

    /// <summary>Filling of the handshake, <see cref="HandshakeRandom.Length"/> bytes; default a constant one.</summary>
    public ReadOnlyMemory<byte> HandshakeRandom { get; init; } = DefaultRandom;

    /// <summary>Give audio and video on in pieces as they arrive, without collecting messages; default no.</summary>
    public bool StreamMedia { get; init; }

    /// <summary>What the server's chunks may hold.</summary>
    public ChunkReaderLimits ChunkLimits { get; init; } = ChunkReaderLimits.Client;

    /// <summary>What the server's AMF may hold.</summary>
    public AmfLimits AmfLimits { get; init; } = AmfLimits.Client;

    private static ReadOnlyMemory<byte> DefaultRandom { get; } = Handshakes.HandshakeRandom.Expand("Mapwire client"u8);

    /// <summary>A connect command with what players send: app, tcUrl and the legacy codec masks.</summary>
    /// <param name="app">The application.</param>
    /// <param name="tcUrl">The URL, application included.</param>
    /// <param name="objectEncoding">0 or 3.</param>
    public static ConnectCommand DefaultConnect(string app, string tcUrl, int objectEncoding = 0) => new(1, AmfValue.Object(
        ("app", AmfValue.String(app)),
        ("flashVer", AmfValue.String("LNX 9,0,124,2")),
        ("tcUrl", AmfValue.String(tcUrl)),
        ("fpad", AmfValue.False),
        ("capabilities", AmfValue.Number(15)),
        ("audioCodecs", AmfValue.Number(4071)),
        ("videoCodecs", AmfValue.Number(252)),
        ("videoFunction", AmfValue.Number(1)),
        ("objectEncoding", AmfValue.Number(objectEncoding))));
}
