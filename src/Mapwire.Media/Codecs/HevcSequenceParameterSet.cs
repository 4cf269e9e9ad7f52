namespace Mapwire.Media.Codecs;

/// <summary>The picture size and the colours in an HEVC sequence parameter set (ITU-T H.265, 7.3.2.2).</summary>
internal static class HevcSequenceParameterSet
{
    private const int MaxReferenceSets = 64;
    private const int MaxLongTermPictures = 32;

    /// <summary>sps_max_dec_pic_buffering_minus1 is at most this, and no set has more pictures.</summary>
    private const int MaxReferences = 16;

    /// <param name="nalUnit">With its two header bytes, emulation prevention bytes in place.</param>
    /// <param name="width">In pixels, after the conformance window.</param>
    /// <param name="height">In pixels, after the conformance window.</param>
    /// <param name="color">What it says of colours; null when it does not, or is not understood so far.</param>
    /// <returns>False when it ends early or says what cannot be.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> nalUnit, out int width, out int height, out VideoColor? color)
    {
        (width, height, color) = (0, 0, null);
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
        color = TrySkipToUsability(ref bits, subLayers) ? VideoUsability.ReadColor(ref bits) : null;
        return true;
    }

    /// <summary>Skips what stands between the conformance window and the usability information (7.3.2.2.1).</summary>
    /// <returns>False when it ends early or says what cannot be.</returns>
    private static bool TrySkipToUsability(ref BitReader bits, int subLayers)
    {
        bits.ReadExpGolomb(); // bit_depth_luma_minus8
        bits.ReadExpGolomb(); // bit_depth_chroma_minus8
        uint orderBits = bits.ReadExpGolomb() + 4;
        for (int layer = bits.ReadFlag() ? 0 : subLayers; layer <= subLayers; layer++)
        {
            bits.ReadExpGolomb();
            bits.ReadExpGolomb();
            bits.ReadExpGolomb();
        }

        for (int i = 0; i < 6; i++)
        {
            bits.ReadExpGolomb(); // sizes of coding and transform blocks, depths of hierarchies
        }

        if (bits.ReadFlag() && bits.ReadFlag())
        {
            SkipScalingLists(ref bits);
        }

        bits.Skip(2); // amp, sample_adaptive_offset
        if (bits.ReadFlag())
        {
            bits.Skip(4 + 4);
            bits.ReadExpGolomb();
            bits.ReadExpGolomb();
            bits.Skip(1);
        }

        if (orderBits > 16 || !TrySkipReferenceSets(ref bits))
        {
            return false;
        }

        if (bits.ReadFlag())
        {
            uint pictures = bits.ReadExpGolomb();
            if (pictures > MaxLongTermPictures)
            {
                return false;
            }

            bits.Skip((int)(pictures * (orderBits + 1)));
        }

        bits.Skip(2); // temporal_mvp, strong_intra_smoothing
        return !bits.IsPastEnd;
    }

    /// <summary>7.3.4.</summary>
    private static void SkipScalingLists(ref BitReader bits)
    {
        for (int size = 0; size < 4; size++)
        {
            for (int matrix = 0; matrix < 6 && !bits.IsPastEnd; matrix += size == 3 ? 3 : 1)
            {
                if (!bits.ReadFlag())
                {
                    bits.ReadExpGolomb(); // the same as another one
                    continue;
                }

                int coefficients = Math.Min(64, 16 << (2 * size)) + (size > 1 ? 1 : 0);
                for (int i = 0; i < coefficients && !bits.IsPastEnd; i++)
                {
                    bits.ReadSignedExpGolomb();
                }
            }
        }
    }

    /// <summary>The short-term reference picture sets (7.3.7), of which one may be told by the one before it.</summary>
    private static bool TrySkipReferenceSets(ref BitReader bits)
    {
        uint sets = bits.ReadExpGolomb();
        if (sets > MaxReferenceSets)
        {
            return false;
        }

        Span<int> before = stackalloc int[2 * MaxReferences + 1]; // how far its pictures are from this one: those before it, nearest first
        Span<int> next = stackalloc int[before.Length];
        (int negatives, int positives) = (0, 0);
        for (uint set = 0; set < sets && !bits.IsPastEnd; set++)
        {
            if (set > 0 && bits.ReadFlag())
            {
                bool isBack = bits.ReadFlag();
                uint distance = bits.ReadExpGolomb() + 1;
                if (distance > 1 << 15)
                {
                    return false;
                }

                (negatives, positives) = Predict(ref bits, before, negatives, positives, isBack ? -(int)distance : (int)distance, next);
            }
            else
            {
                uint negativeCount = bits.ReadExpGolomb();
                uint positiveCount = bits.ReadExpGolomb();
                if (negativeCount > MaxReferences || positiveCount > MaxReferences)
                {
                    return false;
                }

                (negatives, positives) = ((int)negativeCount, (int)positiveCount);
                ReadDistances(ref bits, next[..negatives], -1);
                ReadDistances(ref bits, next[negatives..(negatives + positives)], 1);
            }

            if (negatives > MaxReferences || positives > MaxReferences)
            {
                return false;
            }

            next[..(negatives + positives)].CopyTo(before);
        }

        return true;
    }

    private static void ReadDistances(ref BitReader bits, scoped Span<int> distances, int sign)
    {
        int distance = 0;
        for (int i = 0; i < distances.Length; i++)
        {
            distance += sign * (int)((bits.ReadExpGolomb() & ushort.MaxValue) + 1);
            distances[i] = distance;
            bits.Skip(1); // used_by_curr_pic
        }
    }

    /// <summary>A set that has pictures of the one before it, seen from another picture (7-61 and 7-62).</summary>
    /// <param name="bits">Where the flags of its pictures stand.</param>
    /// <param name="before">The distances of the set before, those of earlier pictures first.</param>
    /// <param name="negatives">How many of them there are.</param>
    /// <param name="positives">How many of later pictures.</param>
    /// <param name="delta">What is added to distances; itself one.</param>
    /// <param name="next">The distances of the set.</param>
    private static (int Negatives, int Positives) Predict(
        ref BitReader bits, scoped ReadOnlySpan<int> before, int negatives, int positives, int delta, scoped Span<int> next)
    {
        int count = negatives + positives;
        ulong taken = 0;
        for (int i = 0; i <= count; i++)
        {
            taken |= bits.ReadFlag() || bits.ReadFlag() ? 1UL << i : 0; // used now, or else kept for later
        }

        int found = 0;
        for (int i = count - 1; i >= negatives; i--)
        {
            Take(before[i] + delta, i, isEarlier: true, next);
        }

        Take(delta, count, isEarlier: true, next);
        for (int i = 0; i < negatives; i++)
        {
            Take(before[i] + delta, i, isEarlier: true, next);
        }

        int earlier = found;
        for (int i = negatives - 1; i >= 0; i--)
        {
            Take(before[i] + delta, i, isEarlier: false, next);
        }

        Take(delta, count, isEarlier: false, next);
        for (int i = negatives; i < count; i++)
        {
            Take(before[i] + delta, i, isEarlier: false, next);
        }

        return (earlier, found - earlier);

        void Take(int distance, int place, bool isEarlier, Span<int> next)
        {
            if ((taken >> place & 1) != 0 && distance != 0 && distance < 0 == isEarlier)
            {
                next[found++] = distance;
            }
        }
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
