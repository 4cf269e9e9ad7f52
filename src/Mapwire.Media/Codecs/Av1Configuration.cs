using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Codecs;

/// <summary>An AV1 codec configuration record, the body of <c>av1C</c> (AV1 Codec ISO Media File Format Binding, 2.3.3).</summary>
public sealed class Av1Configuration : CodecConfiguration
{
    private const int HeaderLength = 4;

    private Av1Configuration(ImmutableArray<byte> raw)
        : base(raw)
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
    public override FourCc FourCc => new("av01");

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

        bool isHighDepth = (record[2] & 0x40) != 0;
        bool isTwelveBit = (record[2] & 0x20) != 0;
        return new Av1Configuration([.. record])
        {
            Profile = record[1] >> 5,
            Level = record[1] & 0x1F,
            IsHighTier = (record[2] & 0x80) != 0,
            BitDepth = !isHighDepth ? 8 : isTwelveBit ? 12 : 10,
            IsMonochrome = (record[2] & 0x10) != 0,
            Picture = PictureSize.ReadAv1(record[HeaderLength..]),
        };
    }

    /// <inheritdoc/>
    internal override (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) => PictureSize.ReadAv1(frame);
}
