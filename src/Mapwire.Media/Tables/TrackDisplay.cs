using System.Collections.Immutable;

namespace Mapwire.Media.Tables;

/// <summary>How a track is put on the screen (<c>tkhd</c>, ISO/IEC 14496-12, 8.3.2): phones turn their films with it.</summary>
/// <param name="Matrix">36 bytes, as the file has them.</param>
/// <param name="Width">In 16.16 fixed point; 0 for sound.</param>
/// <param name="Height">In 16.16 fixed point; 0 for sound.</param>
internal sealed record TrackDisplay(ImmutableArray<byte> Matrix, uint Width, uint Height)
{
    internal const int MatrixLength = 36;
}
