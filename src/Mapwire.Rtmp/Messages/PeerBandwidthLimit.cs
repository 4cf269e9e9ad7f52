namespace Mapwire.Rtmp.Messages;

/// <summary>How a Set Peer Bandwidth window replaces the one before (RTMP 1.0, section 5.4.5).</summary>
public enum PeerBandwidthLimit : byte
{
    /// <summary>The new window counts.</summary>
    Hard,

    /// <summary>The smaller of both counts.</summary>
    Soft,

    /// <summary>As hard if the one before was hard, else to be ignored.</summary>
    Dynamic,
}
