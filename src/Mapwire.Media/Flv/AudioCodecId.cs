namespace Mapwire.Media.Flv;

/// <summary>The codec of an audio tag (FLV 10.1, E.4.2.1).</summary>
public enum AudioCodecId : byte
{
    /// <summary>Linear PCM in the writer's byte order.</summary>
    PcmNative = 0,

    /// <summary>ADPCM.</summary>
    Adpcm = 1,

    /// <summary>MP3.</summary>
    Mp3 = 2,

    /// <summary>Linear PCM, little endian.</summary>
    PcmLittleEndian = 3,

    /// <summary>Nellymoser at 16 kHz, mono.</summary>
    Nellymoser16 = 4,

    /// <summary>Nellymoser at 8 kHz, mono.</summary>
    Nellymoser8 = 5,

    /// <summary>Nellymoser.</summary>
    Nellymoser = 6,

    /// <summary>G.711 A-law.</summary>
    ALaw = 7,

    /// <summary>G.711 mu-law.</summary>
    MuLaw = 8,

    /// <summary>Not a codec: the tag has a header of Enhanced RTMP.</summary>
    Extended = 9,

    /// <summary>AAC.</summary>
    Aac = 10,

    /// <summary>Speex.</summary>
    Speex = 11,

    /// <summary>MP3 at 8 kHz.</summary>
    Mp3At8 = 14,

    /// <summary>Device-specific sound.</summary>
    Device = 15,
}
