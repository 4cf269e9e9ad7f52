namespace Mapwire.Media.Flv;

/// <summary>What the body of an AAC audio tag is (FLV 10.1, E.4.2.2).</summary>
public enum AacPacketType : byte
{
    /// <summary>An AudioSpecificConfig.</summary>
    SequenceHeader = 0,

    /// <summary>One raw access unit.</summary>
    Raw = 1,
}
