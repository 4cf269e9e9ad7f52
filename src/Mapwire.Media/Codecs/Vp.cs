using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Codecs;

/// <summary>A VP8 or VP9 codec configuration record, inside <c>vpcC</c> (VP Codec ISO Media File Format Binding, 2.2).</summary>
public sealed class VpConfiguration : CodecConfiguration
{
    private VpConfiguration(Codec codec, ImmutableArray<byte> raw)
        : base(codec, raw)
    {
    }

    /// <summary>Whether this is VP9, or else VP8.</summary>
    public bool IsVp9 => Codec is Vp9Codec;

    /// <summary>The bitstream's profile, 0 to 3.</summary>
    public int Profile { get; private init; }

    /// <summary>Ten times the level; 0 when not known.</summary>
    public int Level { get; private init; }

    /// <inheritdoc/>
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"{(IsVp9 ? "VP9" : "VP8")} profile {Profile}");

    /// <inheritdoc/>
    public override string Rfc6381 =>
        string.Create(CultureInfo.InvariantCulture, $"{FourCc}.{Profile:00}.{Level:00}.{BitDepth:00}");

    /// <summary>Parses the record.</summary>
    /// <param name="record">What follows version and flags in <c>vpcC</c> of version 1.</param>
    /// <param name="isVp9">Whether the sample entry is <c>vp09</c>, or else <c>vp08</c>.</param>
    /// <exception cref="CodecFormatException">It ends early.</exception>
    public static VpConfiguration Parse(ReadOnlySpan<byte> record, bool isVp9)
    {
        // profile(8) | level(8) | bitDepth(4) chromaSubsampling(3) videoFullRangeFlag(1) | colourPrimaries(8)
        // | transferCharacteristics(8) | matrixCoefficients(8) | codecInitializationDataSize(16) | data
        if (record.Length < 8)
        {
            throw new CodecFormatException($"a VP configuration of {record.Length} bytes is too short", record.Length);
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(record[6..]);
        if (length > record.Length - 8)
        {
            throw new CodecFormatException($"initialization data of {length} bytes reaches past the VP configuration", 6);
        }

        return new VpConfiguration(isVp9 ? Vp9Codec.Instance : Vp8Codec.Instance, [.. record[..(8 + length)]])
        {
            Profile = record[0],
            Level = record[1],
            BitDepth = record[2] >> 4,
            Color = new VideoColor(record[3], record[4], record[5], (record[2] & 1) != 0),
        };
    }

    /// <inheritdoc/>
    internal override (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) =>
        IsVp9 ? ReadVp9(frame) : ReadVp8(frame);

    /// <summary>
    /// RFC 6386, 9.1 and 19.1: a frame tag of three bytes, a start code, and two times 14 bits with two of scale above them.
    /// </summary>
    private static (int Width, int Height)? ReadVp8(ReadOnlySpan<byte> frame) =>
        frame.Length < 10 || (frame[0] & 1) != 0 || frame[3..6] is not [0x9D, 0x01, 0x2A]
            ? null
            : PictureSize.From((frame[7] << 8 | frame[6]) & 0x3FFF, (frame[9] << 8 | frame[8]) & 0x3FFF);

    /// <summary>The uncompressed header (VP9 Bitstream and Decoding Process, 6.2).</summary>
    private static (int Width, int Height)? ReadVp9(ReadOnlySpan<byte> frame)
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
        return bits.IsPastEnd ? null : PictureSize.From(width, height);
    }
}

/// <summary>VP9 (VP9 Bitstream and Decoding Process).</summary>
internal sealed class Vp9Codec : Codec
{
    private Vp9Codec()
        : base(TrackKind.Video, "vp09")
    {
    }

    internal static Vp9Codec Instance { get; } = new()
    {
        SampleEntries = ["vp09"],
        ConfigurationBox = new FourCc("vpcC"),
        BoxVersion = 1,
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => VpConfiguration.Parse(record, isVp9: true);
}

/// <summary>VP8 (RFC 6386).</summary>
internal sealed class Vp8Codec : Codec
{
    private Vp8Codec()
        : base(TrackKind.Video, "vp08")
    {
    }

    internal static Vp8Codec Instance { get; } = new()
    {
        NeedsSequenceHeader = false,
        SampleEntries = ["vp08"],
        ConfigurationBox = new FourCc("vpcC"),
        BoxVersion = 1,
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => VpConfiguration.Parse(record, isVp9: false);
}
