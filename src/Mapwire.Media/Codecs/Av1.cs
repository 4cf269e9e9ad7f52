using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Codecs;

/// <summary>An AV1 codec configuration record, the body of <c>av1C</c> (AV1 Codec ISO Media File Format Binding, 2.3.3).</summary>
public sealed class Av1Configuration : CodecConfiguration
{
    private const int HeaderLength = 4;
    private const int SequenceHeader = 1; // type of an OBU

    private Av1Configuration(ImmutableArray<byte> raw)
        : base(Av1Codec.Instance, raw)
    {
    }

    /// <summary><c>seq_profile</c>: 0 Main, 1 High, 2 Professional.</summary>
    public int Profile { get; private init; }

    /// <summary><c>seq_level_idx_0</c>: four for each whole level from 2 on.</summary>
    public int Level { get; private init; }

    /// <summary>Whether the stream is of the High tier.</summary>
    public bool IsHighTier { get; private init; }

    /// <summary>Whether there is no colour.</summary>
    public bool IsMonochrome { get; private init; }

    /// <inheritdoc/>
    public override string Name
    {
        get
        {
            string profile = Profile switch
            {
                0 => "Main",
                1 => "High",
                2 => "Professional",
                _ => string.Create(CultureInfo.InvariantCulture, $"profile {Profile}"),
            };
            return Level == 31
                ? $"AV1 {profile}"
                : string.Create(CultureInfo.InvariantCulture, $"AV1 {profile} {2 + Level / 4}.{Level % 4}");
        }
    }

    /// <inheritdoc/>
    public override string Rfc6381 =>
        string.Create(CultureInfo.InvariantCulture, $"av01.{Profile}.{Level:00}{(IsHighTier ? 'H' : 'M')}.{BitDepth:00}");

    /// <summary>Parses the record.</summary>
    /// <param name="record">The body of <c>av1C</c>; the OBUs at its end are kept but not read.</param>
    /// <exception cref="CodecFormatException">It ends early or has an unknown version.</exception>
    public static Av1Configuration Parse(ReadOnlySpan<byte> record)
    {
        // marker(1)=1 version(7)=1 | seq_profile(3) seq_level_idx_0(5)
        // | seq_tier_0(1) high_bitdepth(1) twelve_bit(1) monochrome(1) chroma_subsampling_x(1) y(1) chroma_sample_position(2)
        // | reserved(3) initial_presentation_delay_present(1) initial_presentation_delay_minus_one(4) | configOBUs
        if (record.Length < HeaderLength)
        {
            throw new CodecFormatException($"an AV1 configuration of {record.Length} bytes is too short", record.Length);
        }

        if (record[0] != 0x81)
        {
            throw new CodecFormatException($"AV1 configuration version 0x{record[0]:X2} is not known", 0);
        }

        SequenceFacts? sequence = ReadUnits(record[HeaderLength..]);
        bool isHighDepth = (record[2] & 0x40) != 0;
        bool isTwelveBit = (record[2] & 0x20) != 0;
        return new Av1Configuration([.. record])
        {
            Profile = record[1] >> 5,
            Level = record[1] & 0x1F,
            IsHighTier = (record[2] & 0x80) != 0,
            BitDepth = !isHighDepth ? 8 : isTwelveBit ? 12 : 10,
            IsMonochrome = (record[2] & 0x10) != 0,
            Picture = sequence?.Picture,
            Color = sequence?.Color,
        };
    }

    /// <inheritdoc/>
    internal override (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) => ReadUnits(frame)?.Picture;

    /// <summary>Reads the sequence header among OBUs (AV1 Bitstream and Decoding Process, 5.3 and 5.5).</summary>
    /// <param name="units">Those of <c>av1C</c>, or of a key frame.</param>
    private static SequenceFacts? ReadUnits(ReadOnlySpan<byte> units)
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

    private static SequenceFacts? ReadSequence(ReadOnlySpan<byte> header)
    {
        BitReader bits = new(header);
        uint profile = bits.ReadBits(3);
        bits.Skip(1); // still_picture
        bool isReduced = bits.ReadFlag();
        if (isReduced)
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
        if (bits.IsPastEnd)
        {
            return null;
        }

        if (!isReduced && bits.ReadFlag())
        {
            bits.Skip(4 + 3); // lengths of frame ids
        }

        SkipTools(ref bits, isReduced);
        VideoColor color = ReadColor(ref bits, profile);
        return new SequenceFacts(PictureSize.From(width, height), bits.IsPastEnd ? null : color);
    }

    /// <summary>Which tools frames may use (5.5.1).</summary>
    private static void SkipTools(ref BitReader bits, bool isReduced)
    {
        bits.Skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
        if (!isReduced)
        {
            bits.Skip(4); // interintra and masked compounds, warped motion, dual filter
            bool hasOrder = bits.ReadFlag();
            bits.Skip(hasOrder ? 2 : 0); // jnt_comp, ref_frame_mvs
            bool mayBeScreen = bits.ReadFlag() || bits.ReadFlag(); // chosen a frame, or forced to
            if (mayBeScreen && !bits.ReadFlag())
            {
                bits.Skip(1); // seq_force_integer_mv
            }

            bits.Skip(hasOrder ? 3 : 0); // order_hint_bits_minus_1
        }

        bits.Skip(3); // superres, cdef, restoration
    }

    /// <summary>The beginning of color_config (5.5.2).</summary>
    private static VideoColor ReadColor(ref BitReader bits, uint profile)
    {
        if (bits.ReadFlag() && profile == 2)
        {
            bits.Skip(1); // twelve_bit
        }

        bool isMonochrome = profile != 1 && bits.ReadFlag();
        VideoColor color = bits.ReadFlag()
            ? new VideoColor((int)bits.ReadBits(8), (int)bits.ReadBits(8), (int)bits.ReadBits(8), IsFullRange: false)
            : VideoColor.Unknown;
        bool isRgb = !isMonochrome && color is { Primaries: 1, Transfer: 13, Matrix: 0 }; // of which nothing more is said
        return color with { IsFullRange = isRgb || bits.ReadFlag() };
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

    /// <summary>What matters here of a sequence header.</summary>
    private readonly record struct SequenceFacts((int Width, int Height)? Picture, VideoColor? Color);

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
}

/// <summary>AV1 (AV1 Bitstream and Decoding Process).</summary>
internal sealed class Av1Codec : Codec
{
    private Av1Codec()
        : base(TrackKind.Video, "av01")
    {
    }

    internal static Av1Codec Instance { get; } = new()
    {
        SampleEntries = ["av01", "dav1"],
        DolbyVisionEntries = ["dav1"],
        ConfigurationBox = new FourCc("av1C"),
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => Av1Configuration.Parse(record);
}
