using Mapwire.Media.Codecs;

namespace Mapwire.Media;

/// <summary>What the file says about colour, as numbers of ITU-T H.273, and about the display that the film was made for.</summary>
/// <param name="Primaries">Colour primaries: 1 is BT.709, 9 is BT.2020; 2 when not known.</param>
/// <param name="Transfer">Transfer characteristics: 1 is BT.709, 16 is PQ, 18 is HLG; 2 when not known.</param>
/// <param name="Matrix">Matrix coefficients: 1 is BT.709, 9 is BT.2020; 2 when not known.</param>
/// <param name="IsFullRange">Whether samples use all values, or else those of broadcast.</param>
public sealed record VideoColor(int Primaries, int Transfer, int Matrix, bool IsFullRange)
{
    private const int NotKnown = 2;
    private const int Pq = 16;
    private const int Hlg = 18;

    /// <summary>Colour of which nothing is known.</summary>
    public static VideoColor Unknown { get; } = new(NotKnown, NotKnown, NotKnown, false);

    /// <summary>The display that the film was mastered on; null when the file does not say.</summary>
    public MasteringDisplay? Mastering { get; init; }

    /// <summary>The brightest pixel, in candela a square metre; 0 when not known.</summary>
    public int MaxContentLight { get; init; }

    /// <summary>The brightest picture's average, in candela a square metre; 0 when not known.</summary>
    public int MaxPictureLight { get; init; }

    /// <summary>Whether the transfer is one of high dynamic range: PQ or HLG.</summary>
    public bool IsHdr => Transfer is Pq or Hlg;

    /// <summary>What playlists call the range of pictures (RFC 8216bis, VIDEO-RANGE): <c>SDR</c>, <c>PQ</c> or <c>HLG</c>.</summary>
    /// <param name="said">What is said of them beside their configuration; null for nothing.</param>
    /// <param name="codec">Their configuration, which counts where the transfer is not said; null where there is none.</param>
    public static string GetRange(VideoColor? said, CodecConfiguration? codec) =>
        (said is { Transfer: not NotKnown } ? said : codec?.Color)?.Transfer switch
        {
            Pq => "PQ",
            Hlg => "HLG",
            _ => "SDR",
        };
}

/// <summary>
/// The display that a film was mastered on (SMPTE ST 2086): CIE 1931 chromaticities, and luminances in candela a square metre.
/// </summary>
/// <param name="RedX">0 to 1.</param>
/// <param name="RedY">0 to 1.</param>
/// <param name="GreenX">0 to 1.</param>
/// <param name="GreenY">0 to 1.</param>
/// <param name="BlueX">0 to 1.</param>
/// <param name="BlueY">0 to 1.</param>
/// <param name="WhiteX">0 to 1.</param>
/// <param name="WhiteY">0 to 1.</param>
/// <param name="MaxLuminance">At least 0.</param>
/// <param name="MinLuminance">At least 0.</param>
public readonly record struct MasteringDisplay(
    double RedX,
    double RedY,
    double GreenX,
    double GreenY,
    double BlueX,
    double BlueY,
    double WhiteX,
    double WhiteY,
    double MaxLuminance,
    double MinLuminance);
