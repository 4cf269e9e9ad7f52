namespace Mapwire.Media.Flv;

/// <summary>What the body of an extended video message is (Enhanced RTMP v2, "Enhanced Video").</summary>
public enum VideoPacketType : byte
{
    /// <summary>A decoder configuration record.</summary>
    SequenceStart = 0,

    /// <summary>A picture; with AVC, HEVC and VVC after its composition time.</summary>
    CodedFrames = 1,

    /// <summary>Nothing: the sequence ends.</summary>
    SequenceEnd = 2,

    /// <summary>A picture of AVC, HEVC or VVC that is presented when it is decoded.</summary>
    CodedFramesX = 3,

    /// <summary>Pairs of name and value in AMF, such as <c>colorInfo</c>; the frame type says nothing.</summary>
    Metadata = 4,

    /// <summary>A decoder configuration as MPEG-2 transport streams have it.</summary>
    Mpeg2TsSequenceStart = 5,

    /// <summary>Not a type of its own: the message is of one of several tracks, or of several.</summary>
    Multitrack = 6,

    /// <summary>Not a type of its own: more about the message follows.</summary>
    ModEx = 7,
}
