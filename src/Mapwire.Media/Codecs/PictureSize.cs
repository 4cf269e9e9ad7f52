namespace Mapwire.Media.Codecs;

/// <summary>Reads the size of pictures from the start of a key frame; null where it says nothing that can be understood.</summary>
internal static class PictureSize
{
    private const int SequenceHeader = 1;

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

    /// <summary>Reads the sequence header among OBUs (AV1 Bitstream and Decoding Process, 5.3 and 5.5).</summary>
    /// <param name="units">Those of <c>av1C</c>, or of a key frame.</param>
    internal static (int Width, int Height)? ReadAv1(ReadOnlySpan<byte> units)
    {
        // forbidden(1) | obu_type(4) | extension(1) | has_size(1) | reserved(1) | extension header(8) | obu_size(leb128) | payload
        while (units.Length >= 2)
        {
            int type = units[0] >> 3 & 15;
            bool hasExtension = (units[0] & 4) != 0;
            bool hasSize = (units[0] & 2) != 0;
            units = units[(hasExtension ? 2 : 1)..];
            int size = units.Length;
            if (hasSize && !TryReadLeb128(ref units, out size))
            {
                return null;
            }

            if (type == SequenceHeader)
            {
                return ReadSequence(units[..Math.Min(size, units.Length)]);
            }

            if (size > units.Length)
            {
                return null;
            }

            units = units[size..];
        }

        return null;
    }

    /// <summary>
    /// RFC 6386, 9.1 and 19.1: a frame tag of three bytes, a start code, and two times 14 bits with two of scale above them.
    /// </summary>
    internal static (int Width, int Height)? ReadVp8(ReadOnlySpan<byte> frame) =>
        frame.Length < 10 || (frame[0] & 1) != 0 || frame[3..6] is not [0x9D, 0x01, 0x2A]
            ? null
            : Sized((frame[7] << 8 | frame[6]) & 0x3FFF, (frame[9] << 8 | frame[8]) & 0x3FFF);

    /// <summary>The uncompressed header (VP9 Bitstream and Decoding Process, 6.2).</summary>
    internal static (int Width, int Height)? ReadVp9(ReadOnlySpan<byte> frame)
    {
        BitReader bits = new(frame);
        if (bits.ReadBits(2) != 2)
        {
            return null;
        }

        uint profile = bits.ReadBits(1) | bits.ReadBits(1) << 1;
        if (profile == 3)
        {
            bits.Skip(1);
        }

        if (bits.ReadFlag() || bits.ReadFlag())
        {
            return null; // shows one that exists, or is no key frame
        }

        bits.Skip(2); // show_frame, error_resilient_mode
        if (bits.ReadBits(24) != 0x498342)
        {
            return null;
        }

        if (profile >= 2)
        {
            bits.Skip(1); // ten_or_twelve_bit
        }

        const uint Rgb = 7;
        bool isRgb = bits.ReadBits(3) == Rgb;
        bits.Skip((isRgb ? 0 : 1) + (profile is 1 or 3 ? isRgb ? 1 : 3 : 0)); // range, subsampling, reserved
        int width = (int)bits.ReadBits(16) + 1;
        int height = (int)bits.ReadBits(16) + 1;
        return bits.IsPastEnd ? null : Sized(width, height);
    }

    private static (int Width, int Height)? ReadSequence(ReadOnlySpan<byte> header)
    {
        BitReader bits = new(header);
        bits.Skip(4); // seq_profile, still_picture
        if (bits.ReadFlag())
        {
            bits.Skip(5); // of a still picture nothing but its level
        }
        else
        {
            SkipOperatingPoints(ref bits);
        }

        int widthBits = (int)bits.ReadBits(4) + 1;
        int heightBits = (int)bits.ReadBits(4) + 1;
        int width = (int)bits.ReadBits(widthBits) + 1;
        int height = (int)bits.ReadBits(heightBits) + 1;
        return bits.IsPastEnd ? null : Sized(width, height);
    }

    private static void SkipOperatingPoints(ref BitReader bits)
    {
        bool hasModel = false;
        int delayBits = 0;
        if (bits.ReadFlag())
        {
            bits.Skip(64); // num_units_in_display_tick, time_scale
            if (bits.ReadFlag())
            {
                bits.ReadExpGolomb(); // num_ticks_per_picture_minus_1
            }

            hasModel = bits.ReadFlag();
            if (hasModel)
            {
                delayBits = (int)bits.ReadBits(5) + 1;
                bits.Skip(32 + 5 + 5);
            }
        }

        bool hasDelay = bits.ReadFlag();
        for (uint points = bits.ReadBits(5) + 1; points > 0; points--)
        {
            bits.Skip(12); // operating_point_idc
            if (bits.ReadBits(5) > 7)
            {
                bits.Skip(1); // seq_tier
            }

            if (hasModel && bits.ReadFlag())
            {
                bits.Skip((2 * delayBits) + 1);
            }

            if (hasDelay && bits.ReadFlag())
            {
                bits.Skip(4);
            }
        }
    }

    private static bool TryReadLeb128(ref ReadOnlySpan<byte> bytes, out int value)
    {
        value = 0;
        for (int i = 0; i < 4 && i < bytes.Length; i++) // no unit of interest has 2^28 bytes
        {
            value |= (bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }

    private static (int Width, int Height)? Sized(int width, int height) => width > 0 && height > 0 ? (width, height) : null;
}
