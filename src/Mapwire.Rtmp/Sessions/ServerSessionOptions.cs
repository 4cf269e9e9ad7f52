using System.Collections.Immutable;
using Mapwire.Rtmp.Amf;
using Mapwire.Rtmp.Chunks;
using Mapwire.Rtmp.Handshakes;
using Mapwire.Rtmp.Messages;

namespace Mapwire.Rtmp.Sessions;

/// <summary>What all sessions of a server share.</summary>
public sealed class ServerSessionOptions
{
    /// <summary>
    /// Bytes of payload in a chunk that the server sends, announced at connect; default 1 MiB. Almost every frame is one chunk
    /// then, without headers inside; players take any size up to 16 MiB, and a larger one saves nothing more.
    /// </summary>
    public int OutgoingChunkSize { get; init; } = 1024 * 1024;

    /// <summary>Window Acknowledgement Size announced at connect, in bytes; default 2,500,000, as Flash Media Server's.</summary>
    public uint WindowAcknowledgementSize { get; init; } = 2_500_000;

    /// <summary>
    /// Set Peer Bandwidth announced at connect, in bytes, as a dynamic limit; default 2,500,000, as Flash Media Server's.
    /// </summary>
    public uint PeerBandwidth { get; init; } = 2_500_000;

    /// <summary>Message streams that a client may have at once, 1-32; default 8. Players use one.</summary>
    public int MaxMessageStreams { get; init; } = 8;

    /// <summary>
    /// fmsVer in the answer to connect; default that of a Flash Media Server 3.5, from which on players expect H.264 and play2.
    /// </summary>
    public string ServerVersion { get; init; } = "FMS/3,5,7,7009";

    /// <summary>
    /// Four-character codes of the video codecs that the server passes on, told to clients of Enhanced RTMP; default none.
    /// </summary>
    public ImmutableArray<string> VideoCodes { get; init; } = [];

    /// <summary>
    /// Four-character codes of the audio codecs that the server passes on, told to clients of Enhanced RTMP; default none.
    /// </summary>
    public ImmutableArray<string> AudioCodes { get; init; } = [];

    /// <summary>capsEx, told to clients of Enhanced RTMP; default nothing.</summary>
    public EnhancedCapabilities Extended { get; init; }

    /// <summary>What the client's chunks may hold.</summary>
    public ChunkReaderLimits ChunkLimits { get; init; } = ChunkReaderLimits.Server;

    /// <summary>
    /// What the client's chunks may hold once a publish of it was accepted, where that is more than <see cref="ChunkLimits"/>.
    /// </summary>
    public ChunkReaderLimits PublisherLimits { get; init; } = ChunkReaderLimits.Publisher;

    /// <summary>What the client's AMF may hold.</summary>
    public AmfLimits AmfLimits { get; init; } = AmfLimits.Default;

    /// <summary>Filling of the handshake, <see cref="HandshakeRandom.Length"/> bytes; default a constant one, which harms nobody.</summary>
    public ReadOnlyMemory<byte> HandshakeRandom { get; init; } = DefaultRandom;

    private static ReadOnlyMemory<byte> DefaultRandom { get; } = Handshakes.HandshakeRandom.Expand(1);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(OutgoingChunkSize, 128);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(OutgoingChunkSize, ChunkHeader.MaxMessageLength);
        ArgumentOutOfRangeException.ThrowIfZero(WindowAcknowledgementSize);
        ArgumentOutOfRangeException.ThrowIfZero(PeerBandwidth);
        PublisherLimits.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageStreams, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageStreams, 32);
    }
}
