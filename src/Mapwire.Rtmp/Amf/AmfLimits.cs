namespace Mapwire.Rtmp.Amf;

/// <summary>What one message may make an AMF reader build.</summary>
public sealed class AmfLimits
{
    /// <summary>The defaults.</summary>
    public static AmfLimits Default { get; } = new();

    /// <summary>Levels of nesting; default 32. Players' connect commands need three.</summary>
    public int MaxDepth { get; init; } = 32;

    /// <summary>
    /// Values in one message, default 4096; a reference counts as many as what it refers to, so that a few bytes cannot unfold
    /// into a forest. Players' connect commands hold about thirty.
    /// </summary>
    public int MaxValues { get; init; } = 4096;

    /// <summary>For what a client receives: metadata with a keyframe index of a long film.</summary>
    public static AmfLimits Client { get; } = new() { MaxValues = 1 << 20 };
}
