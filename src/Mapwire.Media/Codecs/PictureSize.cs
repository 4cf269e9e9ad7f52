namespace Mapwire.Media.Codecs;

/// <summary>The size of pictures, of all that says something of it.</summary>
internal static class PictureSize
{
    /// <summary>
    /// Decoders work in blocks of this many pixels; encoders that do not crop in their own headers leave it to the container.
    /// </summary>
    private const int Block = 16;

    /// <summary>
    /// The size that is shown. The sample entry has the cropped one (ISO/IEC 14496-15, 5.4.2.1), and counts where it crops no more than a
    /// block: other writers put there what they like.
    /// </summary>
    /// <param name="entry">Of the sample entry, or 0.</param>
    /// <param name="coded">Of the parameter sets; null when they do not say.</param>
    internal static (int Width, int Height) Choose((int Width, int Height) entry, (int Width, int Height)? coded) =>
        coded is not { } picture || (IsCropOf(entry.Width, picture.Width) && IsCropOf(entry.Height, picture.Height)) ? entry : picture;

    private static bool IsCropOf(int entry, int coded) =>
        entry > 0 && entry <= coded && (entry + Block - 1) / Block == (coded + Block - 1) / Block;

    /// <summary>A size that was read; null where it is none.</summary>
    internal static (int Width, int Height)? From(int width, int height) => width > 0 && height > 0 ? (width, height) : null;
}
