namespace Mapwire.Media.Flv;

/// <summary>What the body of an extended audio message is (Enhanced RTMP v2, "Enhanced Audio").</summary>
public enum AudioPacketType : byte
{
    /// <summary>A decoder configuration record.</summary>
    SequenceStart = 0,

    /// <summary>Sound.</summary>
    CodedFrames = 1,

    /// <summary>Nothing: the sequence ends, or is silent for a while.</summary>
    SequenceEnd = 2,

    /// <summary>Which channel is which speaker.</summary>
    MultichannelConfig = 4,

    /// <summary>Not a type of its own: the message is of one of several tracks, or of several.</summary>
    Multitrack = 5,

    /// <summary>Not a type of its own: more about the message follows.</summary>
    ModEx = 7,
}
