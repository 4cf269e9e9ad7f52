namespace Mapwire.Media.Flv;

/// <summary>The codec of a video tag (FLV 10.1, E.4.3.1). Newer codecs have four-character codes instead.</summary>
public enum VideoCodecId : byte
{
    /// <summary>Sorenson H.263.</summary>
    SorensonH263 = 2,

    /// <summary>Screen video.</summary>
    Screen = 3,

    /// <summary>On2 VP6.</summary>
    Vp6 = 4,

    /// <summary>On2 VP6 with an alpha channel.</summary>
    Vp6Alpha = 5,

    /// <summary>Screen video, version 2.</summary>
    Screen2 = 6,

    /// <summary>AVC, H.264.</summary>
    Avc = 7,

    /// <summary>HEVC: never in the specification, but what several players and encoders agreed on before Enhanced RTMP.</summary>
    Hevc = 12,
}
