namespace Mapwire.Media.Flv;

/// <summary>What the body of an AVC video tag is (FLV 10.1, E.4.3.2).</summary>
public enum AvcPacketType : byte
{
    /// <summary>A decoder configuration record.</summary>
    SequenceHeader = 0,

    /// <summary>NAL units, each with its length.</summary>
    NalUnits = 1,

    /// <summary>Nothing: the stream ends.</summary>
    EndOfSequence = 2,
}
