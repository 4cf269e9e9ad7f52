using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Mapwire.Media.Codecs;

/// <summary>An HEVC (H.265) decoder configuration record, the body of <c>hvcC</c> (ISO/IEC 14496-15, 8.3.3.1).</summary>
public sealed class HevcConfiguration : CodecConfiguration
{
    private const int HeaderLength = 23;
    private const int FirstOtherType = 32; // those below are slices of pictures
    private const int SequenceParameterSetType = 33;

    /// <summary>The kinds of parameter sets that a decoder needs, and how many of each the standard has identifiers for.</summary>
    private static readonly ImmutableArray<(int Type, int Most)> Needed = [(32, 16), (SequenceParameterSetType, 16), (34, 64)];

    private ImmutableArray<(int Type, int Start, int End)> _arrays = [];

    private HevcConfiguration(ImmutableArray<byte> raw)
        : base(HevcCodec.Instance, raw)
    {
    }

    /// <summary><c>general_profile_space</c>, 0 in all profiles so far.</summary>
    public int ProfileSpace { get; private init; }

    /// <summary>Whether the stream is of the High tier.</summary>
    public bool IsHighTier { get; private init; }

    /// <summary><c>general_profile_idc</c>: 1 Main, 2 Main 10, 4 range extensions.</summary>
    public int Profile { get; private init; }

    /// <summary><c>general_profile_compatibility_flags</c>, first flag in the most significant bit.</summary>
    public uint ProfileCompatibility { get; private init; }

    /// <summary>The six bytes of constraint flags in the low 48 bits.</summary>
    public ulong Constraints { get; private init; }

    /// <summary><c>general_level_idc</c>: thirty times the level.</summary>
    public int Level { get; private init; }

    /// <summary>0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.</summary>
    public int ChromaFormat { get; private init; }

    /// <summary>Bytes of the length in front of each NAL unit: 1, 2 or 4.</summary>
    public int NalLengthSize { get; private init; }

    /// <inheritdoc/>
    public override string Name
    {
        get
        {
            string profile = Profile switch
            {
                1 => "Main",
                2 => "Main 10",
                3 => "Main Still Picture",
                4 => "Range Extensions",
                9 => "Screen Content Coding",
                _ => string.Create(CultureInfo.InvariantCulture, $"profile {Profile}"),
            };
            return string.Create(CultureInfo.InvariantCulture, $"H.265 {profile} {Level / 30}.{Level % 30 / 3}");
        }
    }

    /// <inheritdoc/>
    public override string Rfc6381
    {
        get
        {
            // ISO/IEC 14496-15, annex E.3: the compatibility flags in reverse, trailing zero bytes of constraints left out
            StringBuilder text = new("hvc1.");
            if (ProfileSpace > 0)
            {
                text.Append((char)('A' + ProfileSpace - 1));
            }

            uint reversed = 0;
            for (int i = 0; i < 32; i++)
            {
                reversed |= (ProfileCompatibility >> i & 1) << (31 - i);
            }

            text.Append(CultureInfo.InvariantCulture, $"{Profile}.{reversed:X}.{(IsHighTier ? 'H' : 'L')}{Level}");
            int bytes = 6 - (Constraints == 0 ? 6 : BitOperations.TrailingZeroCount(Constraints) / 8);
            for (int i = 0; i < bytes; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $".{(byte)(Constraints >> (40 - 8 * i)):X}");
            }

            return text.ToString();
        }
    }

    /// <summary>Parses the record.</summary>
    /// <param name="record">The body of <c>hvcC</c>.</param>
    /// <exception cref="CodecFormatException">It ends early, has an unknown version, or a NAL length of 3 bytes.</exception>
    public static HevcConfiguration Parse(ReadOnlySpan<byte> record)
    {
        // version(8)=1 | space(2) tier(1) profile(5) | compatibility(32) | constraints(48) | level(8) | 1s(4) min_spatial_segmentation(12)
        // | 1s(6) parallelism(2) | 1s(6) chroma(2) | 1s(5) luma depth-8(3) | 1s(5) chroma depth-8(3) | avgFrameRate(16)
        // | constantFrameRate(2) layers(3) nested(1) lengthSizeMinusOne(2) | arrays(8)
        // | { completeness(1) 0(1) NAL type(6) | numNalus(16) | { length(16) | NAL } * numNalus } * arrays
        if (record.Length < HeaderLength)
        {
            throw new CodecFormatException($"an HEVC configuration of {record.Length} bytes is too short", record.Length);
        }
        // Early writers left the version 0.
        if (record[0] > 1)
        {
            throw new CodecFormatException($"HEVC configuration version {record[0]} is not known", 0);
        }

        int lengthSize = (record[21] & 3) + 1;
        if (lengthSize == 3)
        {
            throw new CodecFormatException("NAL units with a length of 3 bytes are not allowed", 21);
        }

        ImmutableArray<(int Type, int Start, int End)>.Builder arrays =
            ImmutableArray.CreateBuilder<(int Type, int Start, int End)>(record[22]);
        (int Width, int Height)? picture = null;
        VideoColor? color = null;
        int position = HeaderLength;
        for (int array = record[22]; array > 0; array--)
        {
            if (record.Length - position < 3)
            {
                throw new CodecFormatException("the HEVC configuration ends inside its parameter sets", position);
            }

            int start = position;
            int type = record[position] & 0x3F;
            int count = BinaryPrimitives.ReadUInt16BigEndian(record[(position + 1)..]);
            bool isEmpty = count == 0;
            position += 3;
            for (; count > 0; count--)
            {
                if (record.Length - position < 2)
                {
                    throw new CodecFormatException("the HEVC configuration ends inside its parameter sets", position);
                }

                int length = BinaryPrimitives.ReadUInt16BigEndian(record[position..]);
                position += 2;
                if (record.Length - position < length)
                {
                    throw new CodecFormatException($"a parameter set of {length} bytes reaches past the HEVC configuration", position - 2);
                }

                if (type == SequenceParameterSetType && picture is null
                    && HevcSequenceParameterSet.TryParse(
                        record.Slice(position, length), out int width, out int height, out VideoColor? described))
                {
                    picture = (width, height);
                    color = described;
                }

                position += length;
            }

            if (!isEmpty)
            {
                arrays.Add((type, start, position));
            }
        }

        return new HevcConfiguration([.. record])
        {
            ProfileSpace = record[1] >> 6,
            IsHighTier = (record[1] & 0x20) != 0,
            Profile = record[1] & 0x1F,
            ProfileCompatibility = BinaryPrimitives.ReadUInt32BigEndian(record[2..]),
            Constraints = BinaryPrimitives.ReadUInt64BigEndian(record[4..]) & 0xFFFF_FFFF_FFFF,
            Level = record[12],
            ChromaFormat = record[16] & 3,
            BitDepth = (record[17] & 7) + 8,
            NalLengthSize = lengthSize,
            Picture = picture,
            Color = color,
            _arrays = arrays.DrainToImmutable(),
        };
    }

    /// <summary>Players of Apple take hvc1 alone; where all sets are in the record, hev1 is the same with more allowed.</summary>
    internal override FourCc GetSampleEntry(FourCc source) => IsIncomplete ? new FourCc("hev1") : FourCc;

    /// <inheritdoc/>
    internal override bool IsIncomplete => Needed.Any(kind => Lacks(kind.Type));

    /// <inheritdoc/>
    internal override CodecConfiguration? CompleteFrom(ReadOnlySpan<byte> sample)
    {
        SortedDictionary<int, ParameterSets> found = [];
        foreach ((int type, int most) in Needed)
        {
            if (Lacks(type))
            {
                found[type] = new ParameterSets(most);
            }
        }

        NalUnitReader units = new(sample, NalLengthSize);
        while (units.TryRead(out ReadOnlySpan<byte> unit) && (unit[0] >> 1 & 0x3F) is int type and >= FirstOtherType)
        {
            if (unit.Length > 2 && found.TryGetValue(type, out ParameterSets? sets))
            {
                sets.Add(unit);
            }
        }

        if (found.Values.Any(static sets => sets.Count == 0) || found.Count + _arrays.Length > byte.MaxValue)
        {
            return null;
        }

        // As the standard wants them: video, sequence and picture parameter sets, then what else the record has.
        List<byte> record = [.. Raw.AsSpan(0, HeaderLength - 1), (byte)(found.Count + _arrays.Length)];
        foreach ((int type, int start, int end) in _arrays.Concat(found.Keys.Select(static type => (type, 0, 0)))
            .OrderBy(static array => array.Item1))
        {
            if (end > 0)
            {
                record.AddRange(Raw.AsSpan(start, end - start));
                continue;
            }

            record.AddRange([(byte)type, 0, (byte)found[type].Count]); // not complete: the samples go on having theirs
            found[type].WriteTo(record);
        }

        return Parse(record.ToArray());
    }

    private bool Lacks(int type) => _arrays.All(array => array.Type != type);
}

/// <summary>HEVC, H.265 (ISO/IEC 23008-2).</summary>
internal sealed class HevcCodec : Codec
{
    private HevcCodec()
        : base(TrackKind.Video, "hvc1")
    {
    }

    internal static HevcCodec Instance { get; } = new()
    {
        HasCompositionTime = true,
        PlainNumbers = [12], // never in the specification, but what several players and encoders agreed on before Enhanced RTMP
        SampleEntries = ["hvc1", "hev1", "dvh1", "dvhe"],
        DolbyVisionEntries = ["dvh1", "dvhe"],
        ConfigurationBox = new FourCc("hvcC"),
        HasParameterSets = true,
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => HevcConfiguration.Parse(record);
}
