namespace Mapwire.Media;

/// <summary>The display that a film was mastered on (SMPTE ST 2086): CIE 1931 chromaticities, and luminances in candela a square metre.</summary>
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
