using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Codecs;

/// <summary>A VP8 or VP9 codec configuration record, inside <c>vpcC</c> (VP Codec ISO Media File Format Binding, 2.2).</summary>
public sealed class VpConfiguration : CodecConfiguration
{
    private VpConfiguration(ImmutableArray<byte> raw)
        : base(raw)
    {
    }

    /// <summary>Whether this is VP9, or else VP8.</summary>
    public bool IsVp9 { get; private init; }

    /// <summary>The bitstream's profile, 0 to 3.</summary>
    public int Profile { get; private init; }

    /// <summary>Ten times the level; 0 when not known.</summary>
    public int Level { get; private init; }

    /// <inheritdoc/>
    public override FourCc FourCc => new(IsVp9 ? "vp09" : "vp08");

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

        return new VpConfiguration([.. record[..(8 + length)]])
        {
            IsVp9 = isVp9,
            Profile = record[0],
            Level = record[1],
            BitDepth = record[2] >> 4,
        };
    }

    /// <inheritdoc/>
    internal override (int Width, int Height)? ReadPicture(ReadOnlySpan<byte> frame) =>
        IsVp9 ? PictureSize.ReadVp9(frame) : PictureSize.ReadVp8(frame);
}
