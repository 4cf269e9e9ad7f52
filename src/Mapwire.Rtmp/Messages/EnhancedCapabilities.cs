namespace Mapwire.Rtmp.Messages;

/// <summary>capsEx (Enhanced RTMP v2, CapsExMask).</summary>
[Flags]
public enum EnhancedCapabilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Understands NetConnection.Connect.ReconnectRequest.</summary>
    Reconnect = 1,

    /// <summary>Understands multitrack messages.</summary>
    Multitrack = 2,

    /// <summary>Understands the ModEx signal.</summary>
    ModEx = 4,

    /// <summary>Understands ModEx's nanosecond offsets.</summary>
    TimestampNanoOffset = 8,
}
