using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Codecs;

/// <summary>An AVC (H.264) decoder configuration record, the body of <c>avcC</c> (ISO/IEC 14496-15, 5.3.3.1).</summary>
public sealed class AvcConfiguration : CodecConfiguration
{
    private const int SliceTypes = 5; // 1 to 5
    private const int SequenceSetType = 7;
    private const int PictureSetType = 8;
    private const int ExtensionSetType = 13;

    private AvcConfiguration(ImmutableArray<byte> raw)
        : base(AvcCodec.Instance, raw)
    {
    }

    /// <summary><c>AVCProfileIndication</c>: 66 Baseline, 77 Main, 100 High.</summary>
    public byte Profile { get; private init; }

    /// <summary><c>profile_compatibility</c>: the constraint flags.</summary>
    public byte ProfileCompatibility { get; private init; }

    /// <summary><c>AVCLevelIndication</c>: ten times the level.</summary>
    public byte Level { get; private init; }

    /// <summary>Bytes of the length in front of each NAL unit: 1, 2 or 4.</summary>
    public int NalLengthSize { get; private init; }

    /// <summary>
    /// The sequence parameter sets, NAL header included; empty when they are only in the samples (<c>avc3</c>) and were not found there.
    /// </summary>
    public ImmutableArray<ImmutableArray<byte>> SequenceParameterSets { get; private init; } = [];

    /// <summary>The picture parameter sets, NAL header included.</summary>
    public ImmutableArray<ImmutableArray<byte>> PictureParameterSets { get; private init; } = [];

    /// <summary>What the first sequence parameter set says; null when there is none, or none that can be understood.</summary>
    public AvcSequenceParameterSet? Sequence { get; private init; }

    /// <inheritdoc/>
    public override string Name
    {
        get
        {
            string profile = Profile switch
            {
                66 when (ProfileCompatibility & 0x40) != 0 => "Constrained Baseline",
                66 => "Baseline",
                77 => "Main",
                88 => "Extended",
                100 => "High",
                110 => "High 10",
                122 => "High 4:2:2",
                244 => "High 4:4:4 Predictive",
                _ => string.Create(CultureInfo.InvariantCulture, $"profile {Profile}"),
            };
            return string.Create(CultureInfo.InvariantCulture, $"H.264 {profile} {Level / 10}.{Level % 10}");
        }
    }

    /// <inheritdoc/>
    public override string Rfc6381 =>
        string.Create(CultureInfo.InvariantCulture, $"avc1.{Profile:x2}{ProfileCompatibility:x2}{Level:x2}");

    /// <inheritdoc/>
    public override ImmutableArray<(string Name, double Value)> Metadata => [("avcprofile", Profile), ("avclevel", Level)];

    /// <summary>Parses the record.</summary>
    /// <param name="record">The body of <c>avcC</c>; what follows the parameter sets (chroma format, extensions) is kept but not
    /// read.</param>
    /// <exception cref="CodecFormatException">It ends early, has an unknown version, or a NAL length of 3 bytes.</exception>
    public static AvcConfiguration Parse(ReadOnlySpan<byte> record)
    {
        // version(8)=1 | profile(8) | compatibility(8) | level(8) | 1s(6) lengthSizeMinusOne(2) | 1s(3) numOfSPS(5)
        // | { length(16) | NAL } * numOfSPS | numOfPPS(8) | { length(16) | NAL } * numOfPPS
        if (record.Length < 7)
        {
            throw new CodecFormatException($"an AVC configuration of {record.Length} bytes is too short", record.Length);
        }

        if (record[0] != 1)
        {
            throw new CodecFormatException($"AVC configuration version {record[0]} is not known", 0);
        }

        int lengthSize = (record[4] & 3) + 1;
        if (lengthSize == 3)
        {
            throw new CodecFormatException("NAL units with a length of 3 bytes are not allowed", 4);
        }

        int position = 5;
        int count = record[position++] & 0x1F;
        ImmutableArray<ImmutableArray<byte>> sequenceSets = ReadSets(record, ref position, count);
        if (position >= record.Length)
        {
            throw new CodecFormatException("the AVC configuration ends before its picture parameter sets", position);
        }

        count = record[position++];
        ImmutableArray<ImmutableArray<byte>> pictureSets = ReadSets(record, ref position, count);
        AvcSequenceParameterSet? sequence =
            sequenceSets.Length > 0 && AvcSequenceParameterSet.TryParse(sequenceSets[0].AsSpan(), out AvcSequenceParameterSet? set)
            ? set
            : null;

        return new AvcConfiguration([.. record])
        {
            Profile = record[1],
            ProfileCompatibility = record[2],
            Level = record[3],
            NalLengthSize = lengthSize,
            SequenceParameterSets = sequenceSets,
            PictureParameterSets = pictureSets,
            Sequence = sequence,
            Picture = sequence is null ? null : (sequence.Width, sequence.Height),
            BitDepth = sequence?.BitDepth ?? 0,
            Color = sequence?.Color,
        };
    }

    /// <summary>Entries with sets in the samples become plain ones where the record has them all, as most players want it.</summary>
    internal override FourCc GetSampleEntry(FourCc source) => (source.ToString(), IsIncomplete) switch
    {
        ("avc2" or "avc4", _) => source,
        (_, true) => new FourCc("avc3"),
        _ => FourCc,
    };

    /// <inheritdoc/>
    internal override bool IsIncomplete => SequenceParameterSets.IsEmpty || PictureParameterSets.IsEmpty;

    /// <inheritdoc/>
    internal override CodecConfiguration? CompleteFrom(ReadOnlySpan<byte> sample)
    {
        ParameterSets sequences = new(31);
        ParameterSets pictures = new(255);
        ParameterSets extensions = new(255);
        foreach (ImmutableArray<byte> set in SequenceParameterSets)
        {
            sequences.Add(set.AsSpan());
        }

        foreach (ImmutableArray<byte> set in PictureParameterSets)
        {
            pictures.Add(set.AsSpan());
        }

        NalUnitReader units = new(sample, NalLengthSize);
        while (units.TryRead(out ReadOnlySpan<byte> unit) && (unit[0] & 0x1F) is not (>= 1 and <= SliceTypes))
        {
            switch (unit[0] & 0x1F)
            {
                case SequenceSetType when unit.Length >= 4 && SequenceParameterSets.IsEmpty:
                    sequences.Add(unit);
                    break;
                case PictureSetType when unit.Length >= 2 && PictureParameterSets.IsEmpty:
                    pictures.Add(unit);
                    break;
                case ExtensionSetType when unit.Length >= 2 && SequenceParameterSets.IsEmpty:
                    extensions.Add(unit);
                    break;
            }
        }

        if (sequences.Count == 0 || sequences[0].Length < 4 || pictures.Count == 0)
        {
            return null;
        }

        // The record repeats what the first set begins with: profile(8) | compatibility(8) | level(8).
        ImmutableArray<byte> first = sequences[0];
        List<byte> record = [1, .. first.AsSpan(1, 3), (byte)(0xFC | NalLengthSize - 1), (byte)(0xE0 | sequences.Count)];
        sequences.WriteTo(record);
        record.Add((byte)pictures.Count);
        pictures.WriteTo(record);
        if (first[1] is not (66 or 77 or 88) && AvcSequenceParameterSet.TryParse(first.AsSpan(), out AvcSequenceParameterSet? sequence))
        {
            // 1s(6) chroma_format(2) | 1s(5) luma depth-8(3) | 1s(5) chroma depth-8(3) | numOfSPSExt(8) | { length(16) | NAL } *
            // numOfSPSExt
            record.AddRange(
                [(byte)(0xFC | sequence.ChromaFormat), (byte)(0xF8 | sequence.BitDepth - 8), (byte)(0xF8 | sequence.ChromaBitDepth - 8),
                (byte)extensions.Count]);
            extensions.WriteTo(record);
        }

        return Parse(record.ToArray());
    }

    private static ImmutableArray<ImmutableArray<byte>> ReadSets(ReadOnlySpan<byte> record, ref int position, int count)
    {
        ImmutableArray<ImmutableArray<byte>>.Builder sets = ImmutableArray.CreateBuilder<ImmutableArray<byte>>(count);
        for (int i = 0; i < count; i++)
        {
            if (record.Length - position < 2)
            {
                throw new CodecFormatException("the AVC configuration ends inside its parameter sets", position);
            }

            int length = record[position] << 8 | record[position + 1];
            position += 2;
            if (record.Length - position < length)
            {
                throw new CodecFormatException($"a parameter set of {length} bytes reaches past the AVC configuration", position - 2);
            }

            sets.Add([.. record.Slice(position, length)]);
            position += length;
        }

        return sets.DrainToImmutable();
    }
}

/// <summary>AVC, H.264 (ISO/IEC 14496-10).</summary>
internal sealed class AvcCodec : Codec
{
    private AvcCodec()
        : base(TrackKind.Video, "avc1")
    {
    }

    internal static AvcCodec Instance { get; } = new()
    {
        HasCompositionTime = true,
        PlainNumbers = [7],
        HasPlainHeader = true,
        SampleEntries = ["avc1", "avc2", "avc3", "avc4", "dva1", "dvav"],
        DolbyVisionEntries = ["dva1", "dvav"],
        ConfigurationBox = new FourCc("avcC"),
        HasParameterSets = true,
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => AvcConfiguration.Parse(record);
}
