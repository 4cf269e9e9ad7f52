using System.Diagnostics.CodeAnalysis;

namespace Mapwire.Media.Codecs;

/// <summary>
/// What matters here of an AVC sequence parameter set (ITU-T H.264, 7.3.2.1.1): the picture that comes out of the decoder.
/// </summary>
public sealed class AvcSequenceParameterSet
{
    private const uint MaxMacroblocks = 1 << 15;

    private AvcSequenceParameterSet()
    {
    }

    /// <summary>Width in pixels after cropping.</summary>
    public int Width { get; private init; }

    /// <summary>Height in pixels after cropping.</summary>
    public int Height { get; private init; }

    /// <summary><c>chroma_format_idc</c>: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormat { get; private init; }

    /// <summary>Bits of a luma sample, 8 to 14.</summary>
    public int BitDepth { get; private init; }

    /// <summary>Bits of a chroma sample, 8 to 14.</summary>
    public int ChromaBitDepth { get; private init; }

    /// <summary>Reference frames that the decoder keeps.</summary>
    public int ReferenceFrames { get; private init; }

    /// <summary>What it says of colours; null when it does not.</summary>
    public VideoColor? Color { get; private init; }

    /// <summary>Parses a NAL unit.</summary>
    /// <param name="nalUnit">With its header byte, emulation prevention bytes in place.</param>
    /// <param name="set">The set when the answer is true.</param>
    /// <returns>False when it ends early or says what cannot be; a decoder may still know what to do with it.</returns>
    public static bool TryParse(ReadOnlySpan<byte> nalUnit, [NotNullWhen(true)] out AvcSequenceParameterSet? set)
    {
        set = null;
        if (nalUnit.Length < 4 || (nalUnit[0] & 0x1F) != 7)
        {
            return false;
        }

        BitReader bits = new(nalUnit[1..], removesEmulation: true);
        uint profile = bits.ReadBits(8);
        bits.Skip(16); // constraint flags and level
        bits.ReadExpGolomb(); // seq_parameter_set_id
        uint chroma = 1;
        uint depth = 8;
        uint chromaDepth = 8;
        bool separatePlanes = false;
        if (profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135)
        {
            chroma = bits.ReadExpGolomb();
            if (chroma == 3)
            {
                separatePlanes = bits.ReadFlag();
            }

            depth = bits.ReadExpGolomb() + 8;
            chromaDepth = bits.ReadExpGolomb() + 8;
            bits.Skip(1); // qpprime_y_zero_transform_bypass_flag
            if (bits.ReadFlag())
            {
                SkipScalingLists(ref bits, chroma == 3 ? 12 : 8);
            }
        }

        bits.ReadExpGolomb(); // log2_max_frame_num_minus4
        uint orderType = bits.ReadExpGolomb();
        if (orderType == 0)
        {
            bits.ReadExpGolomb(); // log2_max_pic_order_cnt_lsb_minus4
        }
        else if (orderType == 1)
        {
            bits.Skip(1);
            bits.ReadSignedExpGolomb();
            bits.ReadSignedExpGolomb();
            uint cycle = bits.ReadExpGolomb();
            if (cycle > 255)
            {
                return false;
            }

            for (uint i = 0; i < cycle; i++)
            {
                bits.ReadSignedExpGolomb();
            }
        }

        uint references = bits.ReadExpGolomb();
        bits.Skip(1); // gaps_in_frame_num_value_allowed_flag
        uint widthInMacroblocks = bits.ReadExpGolomb() + 1;
        uint heightInMapUnits = bits.ReadExpGolomb() + 1;
        bool framesOnly = bits.ReadFlag();
        if (!framesOnly)
        {
            bits.Skip(1); // mb_adaptive_frame_field_flag
        }

        bits.Skip(1); // direct_8x8_inference_flag
        (long left, long right, long top, long bottom) = (0, 0, 0, 0);
        if (bits.ReadFlag())
        {
            left = bits.ReadExpGolomb();
            right = bits.ReadExpGolomb();
            top = bits.ReadExpGolomb();
            bottom = bits.ReadExpGolomb();
        }

        if (bits.IsPastEnd || chroma > 3 || depth > 14 || chromaDepth > 14 || references > 16
            || widthInMacroblocks > MaxMacroblocks || heightInMapUnits > MaxMacroblocks)
        {
            return false;
        }

        // Cropping counts in chroma samples, and in field lines where there are fields (7-19 to 7-22).
        int fieldFactor = framesOnly ? 1 : 2;
        bool subsampled = !separatePlanes;
        int cropX = subsampled && chroma is 1 or 2 ? 2 : 1;
        int cropY = (subsampled && chroma == 1 ? 2 : 1) * fieldFactor;
        long width = widthInMacroblocks * 16L - (left + right) * cropX;
        long height = heightInMapUnits * 16L * fieldFactor - (top + bottom) * cropY;
        if (width <= 0 || height <= 0)
        {
            return false;
        }

        set = new AvcSequenceParameterSet
        {
            Width = (int)width,
            Height = (int)height,
            ChromaFormat = (int)chroma,
            BitDepth = (int)depth,
            ChromaBitDepth = (int)chromaDepth,
            ReferenceFrames = (int)references,
            Color = VideoUsability.ReadColor(ref bits),
        };
        return true;
    }

    private static void SkipScalingLists(ref BitReader bits, int lists)
    {
        for (int list = 0; list < lists; list++)
        {
            if (!bits.ReadFlag())
            {
                continue;
            }

            int size = list < 6 ? 16 : 64;
            int last = 8;
            int next = 8;
            for (int i = 0; i < size && !bits.IsPastEnd; i++)
            {
                if (next != 0)
                {
                    next = (last + bits.ReadSignedExpGolomb() + 256) & 255;
                }

                if (next != 0)
                {
                    last = next;
                }
            }
        }
    }
}
