using Mapwire.Media;
using Mapwire.Media.Mp4;
using Mapwire.Memory;

namespace Mapwire.Server.Files;

/// <summary>The outermost boxes of a mapped file, walked by guarded reads.</summary>
internal static class TopLevelBoxes
{
    /// <summary>
    /// The most boxes that are walked. Progressive files have fewer than ten; the bound keeps a file of tiny boxes from costing more
    /// than some milliseconds.
    /// </summary>
    private const int MaxBoxes = 16_384;

    /// <summary>The boxes in the order of the file.</summary>
    /// <exception cref="Mp4FormatException">A header is malformed, or its box reaches past the end of the file.</exception>
    /// <exception cref="TitleException">The file could not be read, ends inside a header or has too many boxes.</exception>
    public static IEnumerable<BoxHeader> Walk(MappedRegion region)
    {
        byte[] bytes = new byte[BoxHeader.MaxLength];
        long offset = 0;
        for (int i = 0; offset < region.Length; i++)
        {
            if (i == MaxBoxes)
            {
                throw new TitleException(TitleError.NotPlayable, $"more than {MaxBoxes} boxes before offset {offset}");
            }

            int available = (int)Math.Min(BoxHeader.MaxLength, region.Length - offset);
            Read(region, offset, bytes.AsSpan(0, available), new FileLocation("box header", offset));
            if (!BoxHeader.TryParse(bytes.AsSpan(0, available), offset, region.Length, out BoxHeader box))
            {
                throw new TitleException(TitleError.NotPlayable, $"the file ends inside a box header at offset {offset}");
            }

            yield return box;
            offset = box.End;
        }
    }

    /// <summary>Reads bytes of a file that others may truncate meanwhile.</summary>
    /// <param name="region">The file.</param>
    /// <param name="offset">Of the first byte.</param>
    /// <param name="destination">As many as it holds.</param>
    /// <param name="place">What they belong to.</param>
    /// <exception cref="TitleException">The bytes are gone, or an input error.</exception>
    public static void Read(MappedRegion region, long offset, Span<byte> destination, FileLocation place)
    {
        if (!region.TryRead(offset, destination))
        {
            throw new TitleException(
                TitleError.Unreadable,
                $"the file could not be read from offset {offset} on: truncated meanwhile, or an input error ({place})");
        }
    }
}
