namespace Mapwire.Rtmp.Handshakes;

/// <summary>Which handshake a client speaks.</summary>
public enum HandshakeKind
{
    /// <summary>Echoes only (RTMP 1.0, section 5.2): rtmpdump, OBS, GStreamer.</summary>
    Simple,

    /// <summary>
    /// Digests in both halves, the digest block before the key block: ffmpeg. Flash Player wants digests for H.264 and AAC.
    /// </summary>
    ComplexScheme0,

    /// <summary>Digests in both halves, the digest block behind the key block.</summary>
    ComplexScheme1,
}
