using System.Collections.Immutable;

namespace Mapwire.Media.Codecs;

/// <summary>
/// AC-3 or E-AC-3, as <c>dac3</c> and <c>dec3</c> describe them (ETSI TS 102 366, annex F). The stream describes itself, too.
/// </summary>
public sealed class DolbyConfiguration : CodecConfiguration
{
    private static readonly int[] Rates = [48_000, 44_100, 32_000];
    private static readonly int[] ChannelsByMode = [2, 1, 2, 3, 3, 4, 4, 5];

    private DolbyConfiguration(bool isEnhanced)
        : base(isEnhanced ? Eac3Codec.Instance : Ac3Codec.Instance, [])
    {
    }

    /// <summary>Whether this is E-AC-3, or else AC-3.</summary>
    public bool IsEnhanced => Codec is Eac3Codec;

    /// <summary>The body of <c>dac3</c> or <c>dec3</c>, made of a frame where that is all there is.</summary>
    internal ImmutableArray<byte> Box { get; private init; } = [];

    /// <inheritdoc/>
    public override string Name => IsEnhanced ? "E-AC-3" : "AC-3";

    /// <inheritdoc/>
    public override string Rfc6381 => FourCc.ToString();

    /// <inheritdoc/>
    public override int FrameSamples => IsEnhanced ? 0 : 1536;

    /// <summary>Parses the body of <c>dac3</c>.</summary>
    /// <exception cref="CodecFormatException">It ends early.</exception>
    public static DolbyConfiguration ParseAc3(ReadOnlySpan<byte> record)
    {
        // fscod(2) bsid(5) bsmod(3) acmod(3) lfeon(1) bit_rate_code(5) reserved(5)
        BitReader bits = new(record);
        uint rate = bits.ReadBits(2);
        uint version = bits.ReadBits(5);
        bits.Skip(3);
        int channels = ReadChannels(ref bits);
        bits.Skip(5);
        return Create(bits, false, rate, channels, version, [.. record]);
    }

    /// <summary>Parses the body of <c>dec3</c>.</summary>
    /// <exception cref="CodecFormatException">It ends early.</exception>
    public static DolbyConfiguration ParseEac3(ReadOnlySpan<byte> record)
    {
        // data_rate(13) num_ind_sub-1(3) | fscod(2) bsid(5) reserved(1) asvc(1) bsmod(3) acmod(3) lfeon(1) reserved(3) num_dep_sub(4)
        // chan_loc(9) if num_dep_sub > 0, else reserved(1) | ...
        BitReader bits = new(record);
        bits.Skip(13 + 3);
        uint rate = bits.ReadBits(2);
        bits.Skip(5 + 1 + 1 + 3);
        int channels = ReadChannels(ref bits);
        bits.Skip(3);
        if (bits.ReadBits(4) > 0)
        {
            // Each bit is a pair of channels or a single one (table F.2.5.6).
            uint locations = bits.ReadBits(9);
            for (int i = 0; i < 9; i++)
            {
                if ((locations >> (8 - i) & 1) != 0)
                {
                    channels += i is 2 or 3 or 7 or 8 ? 1 : 2;
                }
            }
        }

        return Create(bits, true, rate, channels, box: [.. record]);
    }

    /// <summary>Reads the start of a frame (ETSI TS 102 366, 4.3 and E.1.2), which is all that a stream without a record has.</summary>
    /// <param name="frame">At least its first seven bytes.</param>
    /// <param name="isEnhanced">Whether it is said to be E-AC-3.</param>
    /// <returns>Null when this is no such frame.</returns>
    public static DolbyConfiguration? FromFrame(ReadOnlySpan<byte> frame, bool isEnhanced)
    {
        if (frame.Length < 7 || frame[0] != 0x0B || frame[1] != 0x77)
        {
            return null;
        }

        BitReader bits = new(frame[2..]);
        if (isEnhanced)
        {
            // strmtyp(2) substreamid(3) frmsiz(11) fscod(2) numblkscod or fscod2(2) acmod(3) lfeon(1) bsid(5)
            bits.Skip(2 + 3);
            uint words = bits.ReadBits(11) + 1;
            uint code = bits.ReadBits(2);
            uint half = bits.ReadBits(2);
            int rate = code < Rates.Length ? Rates[code] : half < Rates.Length ? Rates[half] / 2 : 0;
            uint enhancedMode = bits.ReadBits(3);
            bool hasLfe = bits.ReadFlag();
            uint blocks = code < Rates.Length && half < 3 ? half + 1 : 6;
            uint kilobits = Math.Min((uint)(words * 16L * rate / (blocks * 256) / 1000), (1 << 13) - 1);
            return new DolbyConfiguration(isEnhanced: true)
            {
                SampleRate = rate,
                Channels = ChannelsByMode[enhancedMode] + (hasLfe ? 1 : 0),
                Box = EnhancedBox(kilobits, code, bits.ReadBits(5), enhancedMode, hasLfe),
            };
        }

        // crc1(16) fscod(2) frmsizecod(6) bsid(5) bsmod(3) acmod(3), then mix levels by acmod, then lfeon(1)
        bits.Skip(16);
        uint rateCode = bits.ReadBits(2);
        uint sizeCode = bits.ReadBits(6);
        uint version = bits.ReadBits(5);
        uint service = bits.ReadBits(3);
        uint mode = bits.ReadBits(3);
        bits.Skip(((mode & 1) != 0 && mode != 1 ? 2 : 0) + ((mode & 4) != 0 ? 2 : 0) + (mode == 2 ? 2 : 0));
        bool isLfeOn = bits.ReadFlag();
        // fscod(2) bsid(5) bsmod(3) acmod(3) lfeon(1) bit_rate_code(5) reserved(5)
        uint box = rateCode << 22 | version << 17 | service << 14 | mode << 11 | (isLfeOn ? 1u : 0) << 10 | sizeCode >> 1 << 5;
        return Create(bits, false, rateCode, ChannelsByMode[mode] + (isLfeOn ? 1 : 0), version,
            [(byte)(box >> 16), (byte)(box >> 8), (byte)box]);
    }

    /// <inheritdoc/>
    internal override ImmutableArray<byte> CreateBox() => Box;

    /// <summary>The body of <c>dec3</c> for a stream of one independent substream.</summary>
    private static ImmutableArray<byte> EnhancedBox(uint kilobits, uint rateCode, uint version, uint mode, bool hasLfe)
    {
        // data_rate(13) num_ind_sub-1(3)=0 | fscod(2) bsid(5) reserved(1) asvc(1) bsmod(3) acmod(3) lfeon(1) | reserved(3)
        // num_dep_sub(4)=0 reserved(1)
        uint stream = rateCode << 14 | version << 9 | mode << 1 | (hasLfe ? 1u : 0);
        return [(byte)(kilobits >> 5), (byte)(kilobits << 3), (byte)(stream >> 8), (byte)stream, 0];
    }

    private static int ReadChannels(ref BitReader bits) => ChannelsByMode[bits.ReadBits(3)] + (bits.ReadFlag() ? 1 : 0);

    /// <param name="bits">What was read.</param>
    /// <param name="isEnhanced">Whether this is E-AC-3.</param>
    /// <param name="rate"><c>fscod</c>.</param>
    /// <param name="channels">As they come out.</param>
    /// <param name="version"><c>bsid</c> of AC-3: 9 halves the rate and 10 quarters it, which encoders do and no standard says.</param>
    /// <param name="box">What MP4 has of it.</param>
    private static DolbyConfiguration Create(
        BitReader bits, bool isEnhanced, uint rate, int channels, uint version = 8, ImmutableArray<byte> box = default)
    {
        if (bits.IsPastEnd)
        {
            throw new CodecFormatException("the Dolby configuration ends early", 0);
        }

        return new DolbyConfiguration(isEnhanced)
        {
            SampleRate =
            rate < Rates.Length ? Rates[rate] >> (version is 9 or 10 ? (int)version - 8 : 0) : 0,
            Channels = channels,
            Box = box,
        };
    }
}

/// <summary>AC-3 (ETSI TS 102 366).</summary>
internal sealed class Ac3Codec : Codec
{
    private Ac3Codec()
        : base(TrackKind.Audio, "ac-3")
    {
    }

    internal static Ac3Codec Instance { get; } =
        new() { NeedsSequenceHeader = false, SampleEntries = ["ac-3"], ConfigurationBox = new FourCc("dac3") };

    /// <inheritdoc/>
    public override CodecConfiguration? ReadFrame(ReadOnlySpan<byte> frame, byte? plainHeader = null) =>
        DolbyConfiguration.FromFrame(frame, isEnhanced: false);

    /// <inheritdoc/>
    internal override CodecConfiguration ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        reason = null;
        return DolbyConfiguration.ParseAc3(box);
    }
}

/// <summary>E-AC-3 (ETSI TS 102 366, annex E).</summary>
internal sealed class Eac3Codec : Codec
{
    private Eac3Codec()
        : base(TrackKind.Audio, "ec-3")
    {
    }

    internal static Eac3Codec Instance { get; } =
        new() { NeedsSequenceHeader = false, SampleEntries = ["ec-3"], ConfigurationBox = new FourCc("dec3") };

    /// <inheritdoc/>
    public override CodecConfiguration? ReadFrame(ReadOnlySpan<byte> frame, byte? plainHeader = null) =>
        DolbyConfiguration.FromFrame(frame, isEnhanced: true);

    /// <inheritdoc/>
    internal override CodecConfiguration ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        reason = null;
        return DolbyConfiguration.ParseEac3(box);
    }
}
