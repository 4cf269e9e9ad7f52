namespace Mapwire.Server.Strips;

/// <summary>
/// What of a player's words at connect makes a difference to what it is sent. None is a player of plain RTMP, who takes AVC, AAC and MP3;
/// so does everyone else.
/// </summary>
[Flags]
internal enum PlayerAbilities
{
    /// <summary>Plain RTMP.</summary>
    None = 0,

    /// <summary>AVC by its four-character code; kept only where its header has to be extended.</summary>
    Avc = 1,

    /// <summary>HEVC by its four-character code.</summary>
    Hevc = 1 << 1,

    /// <summary>AV1.</summary>
    Av1 = 1 << 2,

    /// <summary>VP9.</summary>
    Vp9 = 1 << 3,

    /// <summary>VP8.</summary>
    Vp8 = 1 << 4,

    /// <summary>AAC by its four-character code; kept only where its header has to be extended.</summary>
    Aac = 1 << 5,

    /// <summary>MP3 by its four-character code; kept only where its header has to be extended.</summary>
    Mp3 = 1 << 6,

    /// <summary>Opus.</summary>
    Opus = 1 << 7,

    /// <summary>FLAC.</summary>
    Flac = 1 << 8,

    /// <summary>AC-3.</summary>
    Ac3 = 1 << 9,

    /// <summary>E-AC-3.</summary>
    Eac3 = 1 << 10,

    /// <summary>
    /// HEVC with the number 12 that players agreed on before Enhanced RTMP; the server's option, for players that offer nothing.
    /// </summary>
    PlainHevc = 1 << 16,

    /// <summary>Several audio tracks at once.</summary>
    ManyTracks = 1 << 17,

    /// <summary>Times to the nanosecond.</summary>
    Nanoseconds = 1 << 18,
}
