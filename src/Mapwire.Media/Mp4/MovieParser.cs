namespace Mapwire.Media.Mp4;

/// <summary>Reads a <c>moov</c> box (ISO/IEC 14496-12, 8.2) into a <see cref="Movie"/>.</summary>
public static class MovieParser
{
    /// <summary>Parses and checks everything that playing needs. For files with fragments see <see cref="Mp4FileReader"/>.</summary>
    /// <param name="moov">The whole box with its header.</param>
    /// <param name="moovOffset">Of the box in its file, for error messages.</param>
    /// <param name="fileLength">No sample may end past it.</param>
    /// <param name="limits">What is refused as too large; null for <see cref="MediaLimits.Default"/>.</param>
    /// <exception cref="Mp4FormatException">The box, or a track of it that would be played, is malformed.</exception>
    public static Movie Parse(ReadOnlySpan<byte> moov, long moovOffset, long fileLength, MediaLimits? limits = null) =>
        new MovieBuilder(moov, moovOffset, fileLength, limits).ToMovie();
}
