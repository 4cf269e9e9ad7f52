using System.Collections.Immutable;
using Mapwire.Media.Codecs;

namespace Mapwire.Media.Mp4;

/// <summary>
/// What a sample entry of a file holds besides its codec, kept for writing it again: its fields, and the boxes in it that players use.
/// </summary>
internal sealed class SampleEntrySource
{
    /// <summary>
    /// Bytes of boxes that are kept. 64 KiB: codec configurations have some hundred, and a colour profile a few thousand.
    /// </summary>
    private const int MaxBytes = 1 << 16;

    /// <summary>Sound: the configurations of all codecs that are played. Pictures: shape, colour, light, bit rate.</summary>
    private static readonly HashSet<uint> Kept =
    [
        .. CodecList.All.Where(static codec => codec is { Kind: TrackKind.Audio, ConfigurationBox: not null })
            .Select(static codec => codec.ConfigurationBox!.Value.Value),
        BoxType.Esds, BoxType.DvcC, BoxType.DvvC, .. Codes("pasp", "clap", "colr", "mdcv", "clli", "SmDm", "CoLL", "btrt"),
    ];

    private SampleEntrySource(ImmutableArray<byte> fields, ImmutableArray<(FourCc Type, ImmutableArray<byte> Body)> boxes) =>
        (Fields, Boxes) = (fields, boxes);

    /// <summary>
    /// The entry's fields as ISO/IEC 14496-12 has them, from the one behind <c>data_reference_index</c>: 70 bytes of a picture, 20 of
    /// sound.
    /// </summary>
    internal ImmutableArray<byte> Fields { get; }

    /// <summary>The boxes that were kept, in the order of the file.</summary>
    internal ImmutableArray<(FourCc Type, ImmutableArray<byte> Body)> Boxes { get; }

    /// <param name="fields">The first bytes of the entry's body.</param>
    /// <param name="entry">The boxes behind them, and behind what QuickTime adds.</param>
    internal static SampleEntrySource Read(ReadOnlySpan<byte> fields, BoxReader entry)
    {
        ImmutableArray<(FourCc Type, ImmutableArray<byte> Body)>.Builder boxes =
            ImmutableArray.CreateBuilder<(FourCc Type, ImmutableArray<byte> Body)>();
        int left = MaxBytes;
        Add(entry, boxes, ref left);
        return new SampleEntrySource([.. fields], boxes.ToImmutable());
    }

    private static void Add(BoxReader parent, ImmutableArray<(FourCc Type, ImmutableArray<byte> Body)>.Builder boxes, ref int left)
    {
        try
        {
            while (parent.TryReadBox(out BoxHeader header, out BoxReader box))
            {
                if (header.Type.Value == BoxType.Wave && parent.Type.Value != BoxType.Wave)
                {
                    Add(box, boxes, ref left); // in QuickTime files a sound's configuration is in here
                }
                else if (Kept.Contains(header.Type.Value) && box.Remaining <= left && boxes.All(kept => kept.Type != header.Type))
                {
                    left -= box.Remaining;
                    boxes.Add((header.Type, [.. box.ReadRemaining()]));
                }
            }
        }
        catch (Mp4FormatException)
        {
            // as far as it could be read: what a decoder needs was read before
        }
    }

    private static uint[] Codes(params string[] types) => [.. types.Select(static type => new FourCc(type).Value)];
}
