using Mapwire.Media;
using Mapwire.Media.Codecs;
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

    private static readonly string[] VideoCodes = [.. CodecList.Enhanced(TrackKind.Video).Select(static codec => codec.FourCc.ToString())];
    private static readonly string[] AudioCodes = [.. CodecList.Enhanced(TrackKind.Audio).Select(static codec => codec.FourCc.ToString())];

    private static ReadOnlyMemory<byte> DefaultRandom { get; } = Handshakes.HandshakeRandom.Expand(2);

    /// <summary>A connect command with what players send: app, tcUrl and the legacy codec masks.</summary>
    /// <param name="app">The application.</param>
    /// <param name="tcUrl">The URL, application included.</param>
    /// <param name="objectEncoding">0 or 3.</param>
    public static ConnectCommand DefaultConnect(string app, string tcUrl, int objectEncoding = 0) =>
        new(1, AmfValue.Object([.. Properties(app, tcUrl, objectEncoding)]));

    /// <summary>A connect command that also offers every codec of Enhanced RTMP, as its version 1 and as its version 2 has it.</summary>
    /// <param name="app">The application.</param>
    /// <param name="tcUrl">The URL, application included.</param>
    /// <param name="extended">What else the client takes.</param>
    public static ConnectCommand EnhancedConnect(string app, string tcUrl, EnhancedCapabilities extended = EnhancedCapabilities.None) =>
        new(1, AmfValue.Object(
    [
        .. Properties(app, tcUrl, objectEncoding: 0),
        new AmfProperty("fourCcList", AmfValue.StrictArray([.. VideoCodes.Concat(AudioCodes).Select(AmfValue.String)])),
        new AmfProperty("videoFourCcInfoMap", InfoMap(VideoCodes)),
        new AmfProperty("audioFourCcInfoMap", InfoMap(AudioCodes)),
        new AmfProperty("capsEx", AmfValue.Number((double)extended)),
    ]));

    private static AmfValue InfoMap(string[] codes) =>
        AmfValue.Object([.. codes.Select(static code => new AmfProperty(code, AmfValue.Number((double)FourCcAbilities.Decode)))]);

    private static AmfProperty[] Properties(string app, string tcUrl, int objectEncoding) =>
    [
        new("app", AmfValue.String(app)),
        new("flashVer", AmfValue.String("LNX 9,0,124,2")),
        new("tcUrl", AmfValue.String(tcUrl)),
        new("fpad", AmfValue.False),
        new("capabilities", AmfValue.Number(15)),
        new("audioCodecs", AmfValue.Number(4071)),
        new("videoCodecs", AmfValue.Number(252)),
        new("videoFunction", AmfValue.Number(1)),
        new("objectEncoding", AmfValue.Number(objectEncoding)),
    ];
}
