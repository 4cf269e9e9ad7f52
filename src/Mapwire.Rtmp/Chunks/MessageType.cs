namespace Mapwire.Rtmp.Chunks;

/// <summary>Message type ids (RTMP 1.0, sections 5.4, 6.2 and 7.1).</summary>
public static class MessageType
{
    /// <summary>Set Chunk Size.</summary>
    public const byte SetChunkSize = 1;

    /// <summary>Abort Message.</summary>
    public const byte Abort = 2;

    /// <summary>Acknowledgement.</summary>
    public const byte Acknowledgement = 3;

    /// <summary>User Control Message.</summary>
    public const byte UserControl = 4;

    /// <summary>Window Acknowledgement Size.</summary>
    public const byte WindowAcknowledgementSize = 5;

    /// <summary>Set Peer Bandwidth.</summary>
    public const byte SetPeerBandwidth = 6;

    /// <summary>Audio.</summary>
    public const byte Audio = 8;

    /// <summary>Video.</summary>
    public const byte Video = 9;

    /// <summary>Data in AMF3 (a format byte, then AMF0 that may switch to AMF3).</summary>
    public const byte DataAmf3 = 15;

    /// <summary>Shared object in AMF3.</summary>
    public const byte SharedObjectAmf3 = 16;

    /// <summary>Command in AMF3 (a format byte, then AMF0 that may switch to AMF3).</summary>
    public const byte CommandAmf3 = 17;

    /// <summary>Data in AMF0.</summary>
    public const byte DataAmf0 = 18;

    /// <summary>Shared object in AMF0.</summary>
    public const byte SharedObjectAmf0 = 19;

    /// <summary>Command in AMF0.</summary>
    public const byte CommandAmf0 = 20;

    /// <summary>Aggregate.</summary>
    public const byte Aggregate = 22;
}
