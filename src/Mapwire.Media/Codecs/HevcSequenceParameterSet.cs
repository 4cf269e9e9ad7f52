namespace Mapwire.Media.Codecs;

/// <summary>The picture size in an HEVC sequence parameter set (ITU-T H.265, 7.3.2.2).</summary>
internal static class HevcSequenceParameterSet
{
    /// <param name="nalUnit">With its two header bytes, emulation prevention bytes in place.</param>
    /// <param name="width">In pixels, after the conformance window.</param>
    /// <param name="height">In pixels, after the conformance window.</param>
    /// <returns>False when it ends early or says what cannot be.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> nalUnit, out int width, out int height)
    {
        (width, height) = (0, 0);
        if (nalUnit.Length < 3)
        {
            return false;
        }

        BitReader bits = new(nalUnit[2..], removesEmulation: true);
        bits.Skip(4); // sps_video_parameter_set_id
        int subLayers = (int)bits.ReadBits(3);
        bits.Skip(1); // sps_temporal_id_nesting_flag
        SkipProfileTierLevel(ref bits, subLayers);
        bits.ReadExpGolomb(); // sps_seq_parameter_set_id
        uint chroma = bits.ReadExpGolomb();
        bool separatePlanes = chroma == 3 && bits.ReadFlag();
        long fullWidth = bits.ReadExpGolomb();
        long fullHeight = bits.ReadExpGolomb();
        (long left, long right, long top, long bottom) = (0, 0, 0, 0);
        if (bits.ReadFlag())
        {
            left = bits.ReadExpGolomb();
            right = bits.ReadExpGolomb();
            top = bits.ReadExpGolomb();
            bottom = bits.ReadExpGolomb();
        }

        if (bits.IsPastEnd || chroma > 3 || fullWidth > ushort.MaxValue || fullHeight > ushort.MaxValue)
        {
            return false;
        }

        int cropX = !separatePlanes && chroma is 1 or 2 ? 2 : 1;
        int cropY = !separatePlanes && chroma == 1 ? 2 : 1;
        long croppedWidth = fullWidth - (left + right) * cropX;
        long croppedHeight = fullHeight - (top + bottom) * cropY;
        if (croppedWidth <= 0 || croppedHeight <= 0)
        {
            return false;
        }

        (width, height) = ((int)croppedWidth, (int)croppedHeight);
        return true;
    }

    /// <summary>7.3.3: 88 bits of profile and 8 of level, then as much as is flagged of each sub-layer.</summary>
    private static void SkipProfileTierLevel(ref BitReader bits, int subLayers)
    {
        bits.Skip(88 + 8);
        uint flags = bits.ReadBits(2 * subLayers);
        if (subLayers > 0)
        {
            bits.Skip(2 * (8 - subLayers));
        }

        for (int i = subLayers - 1; i >= 0; i--)
        {
            if ((flags >> (2 * i + 1) & 1) != 0)
            {
                bits.Skip(88);
            }

            if ((flags >> (2 * i) & 1) != 0)
            {
                bits.Skip(8);
            }
        }
    }
}
