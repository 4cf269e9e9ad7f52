using System.Collections.Immutable;
using System.Globalization;

namespace Mapwire.Media.Codecs;

/// <summary>An AAC <c>AudioSpecificConfig</c> (ISO/IEC 14496-3, 1.6.2.1).</summary>
public sealed class AacConfiguration : CodecConfiguration
{
    private const int SpectralBandReplication = 5;
    private const int ParametricStereo = 29;

    private static readonly int[] Frequencies =
        [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];

    private AacConfiguration(ImmutableArray<byte> raw)
        : base(AacCodec.Instance, raw)
    {
    }

    /// <summary>The audio object type of the core: 2 is AAC LC.</summary>
    public int ObjectType { get; private init; }

    /// <summary>Sound samples a second of the core, in Hz.</summary>
    public int CoreSampleRate { get; private init; }

    /// <summary><c>channelConfiguration</c>, 0 when the channels are in a program config element.</summary>
    public int ChannelConfiguration { get; private init; }

    /// <summary>Whether spectral band replication is signalled (HE-AAC).</summary>
    public bool HasSbr { get; private init; }

    /// <summary>Whether parametric stereo is signalled (HE-AAC v2).</summary>
    public bool HasParametricStereo { get; private init; }

    /// <summary>Sound samples of the core in an access unit: 1024, or 960.</summary>
    public int FrameLength { get; private init; }

    /// <inheritdoc/>
    public override int FrameSamples => CoreSampleRate > 0 ? FrameLength * SampleRate / CoreSampleRate : FrameLength;

    /// <inheritdoc/>
    public override string Name => (HasParametricStereo, HasSbr, ObjectType) switch
    {
        (true, _, _) => "HE-AAC v2",
        (_, true, _) => "HE-AAC",
        (_, _, 1) => "AAC Main",
        (_, _, 2) => "AAC LC",
        (_, _, 3) => "AAC SSR",
        (_, _, 4) => "AAC LTP",
        (_, _, 23) => "AAC LD",
        (_, _, 39) => "AAC ELD",
        (_, _, 42) => "xHE-AAC",
        (_, _, 6) => "AAC Scalable",
        (_, _, 7) => "TwinVQ",
        (_, _, 8) => "MPEG-4 CELP",
        (_, _, 9) => "MPEG-4 HVXC",
        (_, _, 32 or 33 or 34) => "MPEG-1 Audio in MPEG-4",
        (_, _, 35) => "MPEG-4 DST",
        (_, _, 36) => "MPEG-4 ALS",
        (_, _, 37 or 38) => "MPEG-4 SLS",
        _ => string.Create(CultureInfo.InvariantCulture, $"MPEG-4 audio object type {ObjectType}"),
    };

    /// <inheritdoc/>
    public override string Rfc6381
    {
        get
        {
            int type = HasParametricStereo ? ParametricStereo : HasSbr ? SpectralBandReplication : ObjectType;
            return string.Create(CultureInfo.InvariantCulture, $"mp4a.40.{type}");
        }
    }

    /// <summary>The same for all: 44 kHz, 16 bits, stereo, whatever the record says.</summary>
    public override byte? PlainSoundHeader => 0xAF;

    /// <inheritdoc/>
    public override ImmutableArray<(string Name, double Value)> Metadata => [("aacaot", ObjectType)];

    /// <summary>Parses the record.</summary>
    /// <param name="record">The bytes of the decoder specific descriptor; what follows the parts read here is kept.</param>
    /// <exception cref="CodecFormatException">It ends early or names a frequency that is not defined.</exception>
    public static AacConfiguration Parse(ReadOnlySpan<byte> record)
    {
        BitReader bits = new(record);
        int objectType = ReadObjectType(ref bits);
        int coreRate = ReadFrequency(ref bits);
        int channelConfiguration = (int)bits.ReadBits(4);
        int rate = coreRate;
        bool sbr = false;
        bool parametricStereo = false;
        if (objectType is SpectralBandReplication or ParametricStereo)
        {
            sbr = true;
            parametricStereo = objectType == ParametricStereo;
            rate = ReadFrequency(ref bits);
            objectType = ReadObjectType(ref bits);
            if (objectType == 22)
            {
                bits.Skip(4); // extensionChannelConfiguration
            }
        }

        int frameLength = 1024;
        int elementChannels = 0;
        if (objectType is >= 1 and <= 7 and not 5 or 17 or (>= 19 and <= 23))
        {
            // GASpecificConfig, 4.4.1
            frameLength = bits.ReadFlag() ? 960 : 1024;
            if (bits.ReadFlag())
            {
                bits.Skip(14); // coreCoderDelay
            }

            bool extension = bits.ReadFlag();
            if (channelConfiguration == 0)
            {
                elementChannels = ReadProgramConfigElement(ref bits);
            }

            if (objectType is 6 or 20)
            {
                bits.Skip(3); // layerNr
            }

            if (extension)
            {
                if (objectType == 22)
                {
                    bits.Skip(16);
                }

                if (objectType is 17 or 19 or 20 or 23)
                {
                    bits.Skip(3);
                }

                bits.Skip(1);
            }

            if (!sbr && !bits.IsPastEnd)
            {
                ReadBackwardCompatibleExtension(ref bits, ref rate, ref sbr, ref parametricStereo);
            }
        }

        if (bits.IsPastEnd)
        {
            throw new CodecFormatException($"an AudioSpecificConfig of {record.Length} bytes ends early", record.Length);
        }

        if (coreRate <= 0 || rate <= 0)
        {
            throw new CodecFormatException("the AudioSpecificConfig names a sampling frequency that is not defined", 0);
        }

        int channels = channelConfiguration switch
        {
            0 => elementChannels,
            7 or 12 or 14 => 8,
            11 => 7,
            13 => 24,
            _ => channelConfiguration,
        };
        return new AacConfiguration([.. record])
        {
            ObjectType = objectType,
            CoreSampleRate = coreRate,
            SampleRate = rate,
            ChannelConfiguration = channelConfiguration,
            Channels = parametricStereo && channels == 1 ? 2 : channels,
            HasSbr = sbr,
            HasParametricStereo = parametricStereo,
            FrameLength = frameLength,
        };
    }

    private static int ReadObjectType(ref BitReader bits)
    {
        int type = (int)bits.ReadBits(5);
        return type == 31 ? 32 + (int)bits.ReadBits(6) : type;
    }

    private static int ReadFrequency(ref BitReader bits)
    {
        int index = (int)bits.ReadBits(4);
        if (index == 15)
        {
            return (int)bits.ReadBits(24);
        }

        return index < Frequencies.Length ? Frequencies[index] : 0;
    }

    /// <summary>The trailer that older decoders do not look for (1.6.5.3): sync word 0x2B7, then SBR; sync word 0x548, then PS.</summary>
    private static void ReadBackwardCompatibleExtension(ref BitReader bits, ref int rate, ref bool sbr, ref bool parametricStereo)
    {
        if (bits.Remaining < 16 || bits.ReadBits(11) != 0x2B7 || ReadObjectType(ref bits) != SpectralBandReplication || !bits.ReadFlag())
        {
            return;
        }

        int extended = ReadFrequency(ref bits);
        if (bits.IsPastEnd || extended <= 0)
        {
            return;
        }

        sbr = true;
        rate = extended;
        if (bits.Remaining >= 12 && bits.ReadBits(11) == 0x548)
        {
            parametricStereo = bits.ReadFlag();
        }
    }

    /// <summary>Counts the channels of a program config element (4.4.1.1).</summary>
    private static int ReadProgramConfigElement(ref BitReader bits)
    {
        bits.Skip(4 + 2 + 4); // element_instance_tag, object_type, sampling_frequency_index
        int front = (int)bits.ReadBits(4);
        int side = (int)bits.ReadBits(4);
        int back = (int)bits.ReadBits(4);
        int lfe = (int)bits.ReadBits(2);
        int associated = (int)bits.ReadBits(3);
        int coupling = (int)bits.ReadBits(4);
        if (bits.ReadFlag())
        {
            bits.Skip(4); // mono_mixdown_element_number
        }

        if (bits.ReadFlag())
        {
            bits.Skip(4); // stereo_mixdown_element_number
        }

        if (bits.ReadFlag())
        {
            bits.Skip(3); // matrix_mixdown_idx, pseudo_surround_enable
        }

        int channels = lfe;
        for (int i = 0; i < front + side + back; i++)
        {
            channels += bits.ReadFlag() ? 2 : 1;
            bits.Skip(4);
        }

        bits.Skip(4 * lfe + 4 * associated + 5 * coupling);
        // byte_alignment() counts from the start of the AudioSpecificConfig.
        bits.Skip(bits.Remaining % 8);
        bits.Skip(8 * (int)bits.ReadBits(8));
        return channels;
    }
}

/// <summary>AAC (ISO/IEC 14496-3).</summary>
internal sealed class AacCodec : Codec
{
    private AacCodec()
        : base(TrackKind.Audio, "mp4a")
    {
    }

    internal static AacCodec Instance { get; } = new()
    {
        PlainNumbers = [10],
        HasPlainHeader = true,
        SampleEntries = ["mp4a"],
        ConfigurationBox = new FourCc("esds"),
        ObjectTypes = [0x40, 0x66, 0x67, 0x68],
    };

    /// <inheritdoc/>
    public override CodecConfiguration ReadRecord(ReadOnlySpan<byte> record) => AacConfiguration.Parse(record);

    /// <inheritdoc/>
    internal override CodecConfiguration? ReadBox(ReadOnlySpan<byte> box, int rate, int channels, out string? reason)
    {
        if (box.IsEmpty)
        {
            reason = "its AAC has no AudioSpecificConfig";
            return null;
        }

        AacConfiguration configuration = AacConfiguration.Parse(box);
        bool isPlayed = configuration.ObjectType is (>= 1 and <= 4) or 17 or 20 or 22 or 23 or 39 or 42;
        reason = isPlayed ? null : $"audio codec {configuration.Name} is not supported";
        return isPlayed ? configuration : null;
    }
}
