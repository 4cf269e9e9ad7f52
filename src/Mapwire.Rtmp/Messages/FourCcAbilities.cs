namespace Mapwire.Rtmp.Messages;

/// <summary>What a client can do with a codec (Enhanced RTMP v2, FourCcInfoMask).</summary>
[Flags]
public enum FourCcAbilities
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Decode it.</summary>
    Decode = 1,

    /// <summary>Encode it.</summary>
    Encode = 2,

    /// <summary>Pass it on.</summary>
    Forward = 4,
}
